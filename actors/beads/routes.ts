// Which of a town's stores an issue is in: the one at hand, unless its id has the prefix of another that has it.
// Never: opens another store for an id that the one at hand has, or may have.
import { dirname } from 'node:path'
import { jsonAt } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { BeadsError, type Opening } from './contract.ts'
import type { Beads } from './embedded.ts'
import { tierOf } from './find.ts'
import { backedBy } from './real/where.ts'
import { nameOf, openTier, rigsIn, type Tier, townsPrefix } from './tiers.ts'

export interface Routes {
  /** The store of this issue. */
  of(id: string): Beads
  /**
   * The one that has all of these. Throws a BeadsError when there are several: what a command does it does to all or
   * to none, and two stores commit apart from each other.
   */
  ofAll(ids: readonly string[]): Beads
}

/**
 * `home` is the store at hand. One that cannot be used throws a BeadsError as its issues are asked for; so does, for
 * what writes, the mirror of what a real `bd` keeps.
 */
export function routesFrom(home: Beads, how: Pick<Opening, 'readonly'> & { writes: boolean }): Routes {
  const opened = new Map<string, Beads>()
  const storeOf = (tier: Tier): Beads => {
    if (how.writes) mustBeKept(tier)
    const beads = opened.get(nameOf(tier)) ?? openTier(tier, { readonly: how.readonly || isMirror(tier) })
    opened.set(nameOf(tier), beads)
    return beads
  }
  /** Undefined: none has it that is known. */
  const having = (id: string): Beads | undefined => {
    if (isHere(home, id)) return home
    const tier = tierWith(home, id)
    const other = tier && storeOf(tier)
    return other?.get(id) ? other : undefined
  }
  return {
    of: (id) => having(id) ?? home,
    ofAll(ids) {
      const byStore = Map.groupBy(ids, having)
      // What is in none is told by the store of the others, or is no id: a label is not.
      byStore.delete(undefined)
      if (byStore.size > 1)
        throw new BeadsError(
          `${[...byStore.values()].map((of) => of.join(', ')).join(' and ')} are kept in different stores of this town. A command changes one of them, all that it names or nothing, and no issue waits for one of another. Nothing was written; say it for each`,
        )
      return [...byStore.keys()][0] ?? home
    },
  }
}

const isMirror = ({ town, rig }: Tier) => rig !== undefined && backedBy(town, rig) !== undefined

/** Throws a BeadsError with words where a real `bd` keeps the issues: here is only what it had when it was asked last. */
export function mustBeKept(tier: Tier | undefined): void {
  if (tier?.rig === undefined || !isMirror(tier)) return
  const { root } = rigLayout(tier.town, tier.rig)
  throw new BeadsError(
    `a real bd keeps the issues of ${tier.rig}, and is asked from its folder: cd ${root}. Nothing was written`,
  )
}

/** A part of an id is meant of the store at hand, and so is what was imported into it. */
const isHere = (home: Beads, id: string) =>
  !/^[a-z][a-z0-9]*-/.test(id) || id.startsWith(`${home.config('issue_prefix')}-`) || home.get(id) !== undefined

/** The tier with the id's prefix; undefined for that at hand, and outside a town. */
function tierWith(home: Beads, id: string): Tier | undefined {
  const at = tierOf(dirname(home.path))
  if (at === undefined) return undefined
  const { town } = at
  const prefix = id.slice(0, id.indexOf('-'))
  const tiers: Tier[] = [undefined, ...rigsIn(town)].map((rig) => ({ town, rig }))
  return tiers.find((tier) => nameOf(tier) !== nameOf(at) && prefixOf(tier) === prefix)
}

function prefixOf({ town, rig }: Tier): unknown {
  if (rig === undefined) return townsPrefix
  return (jsonAt(rigLayout(town, rig).config) as { beads?: { prefix?: unknown } }).beads?.prefix
}
