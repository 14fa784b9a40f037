// Brings a copy of a store back, or begins one anew, when the Overseer says so.
// Never: while a daemon has the store open; deletes what is there.
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { whereabouts } from '../../machines/address.ts'
import { onDisk } from '../files.ts'
import { setAside } from './aside.ts'
import { BeadsError } from './contract.ts'
import { type Beads, type Mark, openBeads } from './embedded.ts'
import { fileName, identifyIfSilent, initBeads } from './file.ts'
import { isUnchanged } from './hands.ts'
import { writeSeen } from './kept.ts'
import { mendLinks } from './links.ts'
import { town } from './parts.ts'
import { behind, copiesOf, daysCopied, identityOf, nameOf, seenOf, storeOf, type Tier } from './tiers.ts'

export interface Restored {
  /** The copy that was brought back; null: it begins with no issues. */
  from: string | null
  mark: Mark
  /** In words, what it lacks of what there was; undefined: nothing. */
  lacks: string | undefined
  /** Where what was there is now. */
  aside: string | undefined
}

/** The file meant by a copy's day, by a path, or by nothing: the last copy. Throws a BeadsError when there is none. */
export function copyMeant(tier: Tier, said: string | undefined): string {
  const days = daysCopied(tier)
  const day = said ?? days.at(-1)
  if (day === undefined)
    throw new BeadsError(
      `there is no copy of ${nameOf(tier)} in ${copiesOf(tier)}; give a file with --from, or begin with no issues: gt restore ${nameOf(tier)} --empty`,
    )
  if (days.includes(day)) return join(copiesOf(tier), day, fileName)
  if (statSync(day, { throwIfNoEntry: false })?.isFile()) return day
  throw new BeadsError(`there is no copy of ${day}; there are: ${days.join(', ') || 'none'}`)
}

/**
 * Puts a copy (null: a store with no issues) in the store's place. Throws a BeadsError, and changes nothing, when it
 * cannot be used.
 */
export function restore(tier: Tier, from: string | null, prefix: string): Restored {
  const store = storeOf(tier)
  const making = join(dirname(store), `.restoring-${nameOf(tier)}`)
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true, mode: 0o700 })
  try {
    const made = join(making, fileName)
    const identity = identityOf(tier)
    if (from !== null) {
      copyOut(from, made)
      // One of an older version does not say whose it is; the Overseer says it.
      identifyIfSilent(made, identity)
    }
    initBeads(making, prefix, identity)
    const beads = openBeads(making, { expect: identity })
    const damage = beads.damage()
    if (damage === undefined) takeBackWords(beads)
    const mark = beads.mark()
    beads.close()
    if (damage !== undefined) throw new BeadsError(`${from} is damaged (${damage}); nothing was changed`)
    const lacks = behind(mark, seenOf(tier))
    onDisk(made)
    const aside = setAside(tier, [store])
    renameSync(making, store)
    onDisk(dirname(store))
    writeSeen(tier, mark)
    mendLinks(tier)
    return { from, mark, lacks, aside }
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

/**
 * What a worker closed itself, and nobody had looked into yet, is in its hands: the issues, or the town's records, are
 * older ones, and the town will not look into it any more. Whoever is given it finds what there is.
 */
export function takeBackWords(beads: Beads): void {
  for (const issue of beads.list({ status: ['closed'] })) {
    const closer = beads.closedBy(issue.id)
    const isItsWorkers = closer !== null && closer === issue.assignee && whereabouts(closer)?.role === 'polecat'
    if (isItsWorkers && !isUnchanged(issue, closer))
      beads.update(issue.id, { status: 'in_progress', assignee: closer }, town)
  }
}

/** All that a file holds, and what of its log of writes is beside it. */
function copyOut(from: string, to: string): void {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(from)
    db.prepare('VACUUM INTO ?').run(to)
    chmodSync(to, 0o600)
  } catch (error) {
    throw new BeadsError(`${from} cannot be brought back: ${error instanceof Error ? error.message : error}`)
  } finally {
    db?.close()
  }
}
