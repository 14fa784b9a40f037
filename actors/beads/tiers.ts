// The stores of a town, its own and one a rig: where each is, whose it must be, and what is said when it cannot be
// used.
// Never: makes a store; imports anything slow: `bd` is called by agents all day.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { jsonAt } from '../files.ts'
import { copiesIn, storeIn, storeLinksIn, townLayout } from '../layout.ts'
import { BeadsError, type Identity, type Opening } from './contract.ts'
import { type Beads, type Mark, openBeads } from './embedded.ts'
import { fileIn, fileName, formerName, unreadable } from './file.ts'

/** Whose issues: a rig's, or the town's own for undefined. */
export interface Tier {
  town: string
  rig: string | undefined
}

/** Of the issues that a town itself keeps. */
export const townsPrefix = 'gm'

/** What a tier is called by whoever brings a copy back: no rig can be called mayor. */
export const nameOf = ({ rig }: Tier) => rig ?? 'mayor'
const theIssues = ({ rig }: Tier) => (rig === undefined ? 'the issues of the town itself' : `the issues of ${rig}`)

export const storeOf = ({ town, rig }: Tier) => storeIn(town, rig)
export const copiesOf = ({ town, rig }: Tier) => copiesIn(town, rig)

/** The paths by which others know a store; each a link to it. */
export const linksOf = ({ town, rig }: Tier): string[] => storeLinksIn(town, rig)

/** Where the store is now: towns of an older version have it in one of these paths until they come up. */
export function placeOf(tier: Tier): string {
  const store = storeOf(tier)
  if (existsSync(join(store, fileName))) return store
  return linksOf(tier).find((dir) => existsSync(join(dir, formerName))) ?? store
}

/**
 * Opens the store of a tier. Throws a BeadsError that names the file, what is wrong, and how it is brought back: also
 * when it is older than the town has seen it.
 */
export function openTier(tier: Tier, how: Pick<Opening, 'readonly' | 'busyMs'> = {}): Beads {
  const expect = identityOf(tier)
  const place = placeOf(tier)
  let beads: Beads | undefined
  try {
    beads = openBeads(place, { ...how, expect })
    const older = behind(beads.mark(), seenOf(tier))
    if (older !== undefined)
      throw new BeadsError(
        `${fileIn(place)} ${older}; it was left as it is (to take it all the same: gt restore ${nameOf(tier)} --from ${fileIn(place)})`,
      )
    return beads
  } catch (error) {
    beads?.close()
    throw inWords(tier, error)
  }
}

/** What the disk or SQLite says is trouble of the store's; anything else is a mistake of ours. */
export function inWords(tier: Tier, error: unknown): unknown {
  if (error instanceof BeadsError) return Object.assign(lost(tier, error.message), { errcode: error.errcode ?? 0 })
  const isOfWorld = error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
  return isOfWorld ? inWords(tier, unreadable(fileIn(placeOf(tier)), error)) : error
}

/** How far the town has seen a tier's store come: kept apart from it, and evidence only. */
export const seenPath = (tier: Tier) => join(copiesOf(tier), 'seen.json')
export const seenOf = (tier: Tier) => jsonAt(seenPath(tier)) as Partial<Mark>

/** In words that a store has come less far than it had. */
export function behind(mark: Mark, seen: Partial<Mark>): string | undefined {
  const [issues, events] = [seen.issues ?? 0, seen.events ?? 0]
  if (mark.issues >= issues && (mark.events ?? 0) >= events) return undefined
  return `is older than it has been: it has ${mark.issues} issues and ${mark.events ?? 0} changes, and there were ${issues} and ${events}`
}

/** What is said of a store that cannot be used. */
export function lost(tier: Tier, what: string): BeadsError {
  const copy = daysCopied(tier).at(-1)
  const back =
    copy === undefined
      ? `There is no copy of it. Put the file back, or, to begin with no issues: gt restore ${nameOf(tier)} --empty`
      : `Its last copy is of ${copy} (${join(copiesOf(tier), copy)}). To bring it back, while the town is down: gt restore ${nameOf(tier)}`
  return new BeadsError(`${theIssues(tier)} cannot be used: ${what}. ${back}`)
}

/** The days of which there are copies, oldest first. */
export function daysCopied(tier: Tier): string[] {
  const dir = copiesOf(tier)
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => /^\d{4}-\d\d-\d\d$/.test(name))
    .sort()
}

/** Whose the store must be, as the town's own files say; undefined when they do not. */
export function identityOf({ town, rig }: Tier): Identity | undefined {
  const { townJson, rigsJson } = townLayout(town)
  const { created_at: made } = jsonAt(townJson)
  if (typeof made !== 'string') return undefined
  if (rig === undefined) return { town: made, since: made, rig: null }
  const { rigs } = jsonAt(rigsJson) as { rigs?: Record<string, { added_at?: unknown } | undefined> }
  const since = rigs?.[rig]?.added_at
  return typeof since === 'string' ? { town: made, since, rig } : undefined
}

/** The rigs of a town, as its list says. */
export const rigsIn = (town: string): string[] =>
  Object.keys((jsonAt(townLayout(town).rigsJson) as { rigs?: object }).rigs ?? {})
