// Whether what `bd` is asked is for a rig whose issues a real `bd` keeps.
// Never: imports anything slow, for every `bd` asks this first.
import { resolve } from 'node:path'
import process from 'node:process'
import { tierMeant } from '../actors/beads/find.ts'
import { type Backed, backedBy } from '../actors/beads/real/where.ts'
import { storeIn } from '../actors/layout.ts'
import { whoIsHere } from './here.ts'

export interface Meant {
  town: string
  rig: string
  backed: Backed
}

/** The rig whose issues are meant, if a real `bd` keeps them. */
export function realMeant(argv: readonly string[]): Meant | undefined {
  const { BEADS_DIR: dir, BEADS_DB: db, GT_TOWN: town, GT_RIG: rig } = process.env
  // Another store was named.
  if (argv.some((word) => word === '--db' || word.startsWith('--db='))) return undefined
  if (town !== undefined && rig !== undefined && dir !== undefined) {
    const backed = backedBy(town, rig)
    if (backed?.dir === resolve(dir)) return { town, rig, backed }
  }
  const tier = tierMeant({ named: undefined, dir, db, cwd: resolve(directoryIn(argv)) })
  if (tier?.rig === undefined) return undefined
  const backed = backedBy(tier.town, tier.rig)
  return backed && { town: tier.town, rig: tier.rig, backed }
}

/** What `-C` says, wherever it stands. */
function directoryIn(argv: readonly string[]): string {
  const at = argv.findIndex((word) => /^(-C|--directory)(=|$)|^-C./.test(word))
  const word = argv[at] ?? ''
  return (['-C', '--directory'].includes(word) ? argv[at + 1] : word.replace(/^(-C|--directory)=?/, '')) ?? ''
}

/**
 * What the town does itself, whoever keeps the issues: its mail, and for what it runs the sharing of issues, which
 * would go by what is checked out where they are. It is said of the mirror.
 */
export function isOfTown({ town, rig }: Meant, argv: readonly string[]): boolean {
  const word = wordIn(argv)
  if (word !== 'mail' && !(['sync', 'dolt'].includes(word) && whoIsHere(town))) return false
  process.env.BEADS_DIR = storeIn(town, rig)
  return true
}

/** Flags of a real `bd`, before its command, that take the next word with them. */
const withValue = new Set([
  ...['--actor', '--database', '--db', '--directory', '-C', '--dolt-auto-commit', '--format', '--lock-timeout'],
  ...['--mem-profile'],
])

/** Which command is said; empty: none. */
function wordIn(argv: readonly string[]): string {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    if (!word.startsWith('-')) return word
    if (withValue.has(word)) at++
  }
  return ''
}
