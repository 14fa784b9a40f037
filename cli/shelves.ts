// The beads of a town: the town's own and each rig's, kept open, watched, linked to from where they are looked for, and
// copied once a day.
// Never: writes an issue; what hands write they write through what is opened here.

import { BeadsError, type Issue } from '../actors/beads/contract.ts'
import { copyToday } from '../actors/beads/copies.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import { fileIn } from '../actors/beads/file.ts'
import { isLanded, isUnchanged, whyNot, whyNotWait } from '../actors/beads/hands.ts'
import { type Hears, type Kept, keepOpen } from '../actors/beads/kept.ts'
import { mendLinks, watchLinks } from '../actors/beads/links.ts'
import { threadOf } from '../actors/beads/mail.ts'
import { moveStores } from '../actors/beads/move.ts'
import { placeOf, type Tier } from '../actors/beads/tiers.ts'
import { watchBeads } from '../actors/beads/watch.ts'
import { rigOf } from '../machines/address.ts'
import { Refusal } from '../runtime/open.ts'
import type { IssueReader, Part } from './outlook.ts'

/** A rig's; the town's own for undefined. */
type Of = string | undefined

export interface Shelves {
  /**
   * Opens those of the town and of these rigs, after those of an older version have been moved; says what was done.
   * Throws a Refusal with words when one of them cannot be used.
   */
  begin(rigs: readonly { rig: Of; prefix: string }[]): string[]
  /** Throws a BeadsError with words while it cannot be used. */
  of(rig: Of): Beads
  /** The same, as soon as it can be used. */
  wait(rig: Of, signal: AbortSignal): Promise<Beads>
  issues: IssueReader
  /** How much unread mail somebody has; undefined while that cannot be read. */
  unread(address: string): number | undefined
  /** What a mail of a rig belongs to, as far as can be read. */
  threadIn(rig: Of, mail: string): string | undefined
  /** In words, which cannot be used now. */
  problems(): string[]
  /** Calls `changed` after every commit of somebody else, and looks after its links. */
  watch(rig: Of, changed: () => void): void
  /** Makes today's copies of those that can be used, and looks after the links. */
  copy(now: number): Promise<void>
  /** Lets go of a rig's. */
  drop(rig: string): Promise<void>
  close(): Promise<void>
}

export interface ShelvesHear {
  /** A store was found wrong and is right again, in words. */
  mended(rig: Of, words: string): void
  /** The same of a link. */
  linked(words: string): void
  unusable(rig: Of, words: string): void
  usable(rig: Of): void
  report(error: unknown): void
}

export function openShelves(town: string, hears: ShelvesHear): Shelves {
  const shelves = new Map<Of, Shelf>()
  const shelf = (rig: Of): Shelf => {
    const known = shelves.get(rig) ?? openShelf({ town, rig }, hears)
    shelves.set(rig, known)
    return known
  }
  /** Rigs that were let go of: nobody opens their issues again on the way out. */
  const dropped = new Set<Of>()
  const of = (rig: Of) => {
    if (dropped.has(rig)) throw new BeadsError(`${rig} is no rig of this town any more`)
    return shelf(rig).kept.use()
  }
  let copying = Promise.resolve()
  const copyAll = async (now: number) => {
    for (const { tier, kept, tellMended } of [...shelves.values()])
      try {
        tellMended()
        if (kept.trouble() === undefined) await copyToday(tier, now)
      } catch (error) {
        hears.report(error)
      }
  }
  return {
    begin(rigs) {
      const tiers = rigs.map(({ rig, prefix }) => ({ tier: { town, rig }, prefix }))
      const said = moved(tiers)
      const wrong = rigs.flatMap(({ rig }) => wordsOf(() => shelf(rig).kept.begin()))
      if (wrong.length > 0) throw new Refusal(wrong.join('\n'))
      return [...said, ...rigs.flatMap(({ rig }) => shelf(rig).mend())]
    },
    of,
    wait: async (rig, signal) => (dropped.has(rig) ? of(rig) : shelf(rig).kept.wait(signal)),
    issues: issuesIn(of),
    unread: (address) => ifUsable(() => of(rigOf(address)).inboxLength(address)),
    threadIn: (rig, mail) => ifUsable(() => threadOf(of(rig), mail)),
    problems: () => [...shelves.values()].flatMap(({ kept }) => kept.trouble() ?? []),
    watch(rig, changed) {
      dropped.delete(rig)
      shelf(rig).watch(changed)
    },
    copy(now) {
      // One after the other: two would write to the same place.
      copying = copying.then(() => copyAll(now))
      return copying
    },
    async drop(rig) {
      dropped.add(rig)
      const gone = shelves.get(rig)
      shelves.delete(rig)
      await copying
      await gone?.close()
    },
    async close() {
      await Promise.all([...shelves.values()].map((each) => each.close()))
    },
  }
}

interface Shelf {
  tier: Tier
  kept: Kept
  /** Makes its links right; says in words what was done, or what is in the way. */
  mend(): string[]
  tellMended(): void
  watch(changed: () => void): void
  close(): Promise<void>
}

function openShelf(tier: Tier, hears: ShelvesHear): Shelf {
  let watching: (() => Promise<void>) | undefined
  let endLinks: (() => void) | undefined
  let changed = () => {}
  /** Its file is another one now. */
  const again = () => {
    void watching?.().catch(hears.report)
    watching = watchBeads(fileIn(placeOf(tier)), { dataVersion }, changed)
    endLinks?.()
    endLinks = watchLinks(tier, tellMended, hears.report)
    tellMended()
    changed()
  }
  const kept = keepOpen(tier, {
    healed(words) {
      again()
      hears.mended(tier.rig, words)
    },
    unusable: (words) => hears.unusable(tier.rig, words),
    usable() {
      again()
      hears.usable(tier.rig)
    },
  } satisfies Hears)
  let version = 0
  function dataVersion(): number {
    try {
      version = kept.use().dataVersion()
      kept.note()
    } catch (error) {
      if (!(error instanceof BeadsError)) throw error
    }
    return version
  }
  const mend = () => {
    const { made, wrong } = mendLinks(tier)
    return [...made.map((path) => `${path} was no link to the issues, and is one again`), ...wrong]
  }
  const tellMended = () => {
    for (const words of mend()) hears.linked(words)
  }
  return {
    tier,
    kept,
    mend,
    tellMended,
    watch(heard) {
      changed = heard
      watching = watchBeads(fileIn(placeOf(tier)), { dataVersion }, changed)
      endLinks = watchLinks(tier, tellMended, hears.report)
    },
    async close() {
      endLinks?.()
      await watching?.()
      kept.close()
    },
  }
}

function moved(tiers: readonly { tier: Tier; prefix: string }[]): string[] {
  try {
    return moveStores(tiers)
  } catch (error) {
    throw error instanceof BeadsError ? new Refusal(error.message) : error
  }
}

/** Undefined while it cannot be used. */
function ifUsable<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof BeadsError) return undefined
    throw error
  }
}

/** The words of what cannot be; none when it can. */
function wordsOf(work: () => void): string[] {
  try {
    work()
    return []
  } catch (error) {
    if (error instanceof BeadsError) return [error.message]
    throw error
  }
}

export function issuesIn(of: Shelves['of']): IssueReader {
  const part = (rig: string, issue: Issue): Part => {
    const { id, title, issue_type: type, status, assignee, close_reason: reason } = issue
    const closer = status === 'closed' ? of(rig).closedBy(id) : null
    const ended = { landed: isLanded(closer, reason), unchanged: isUnchanged(issue, closer), reason }
    return { id, title, type, status, assignee, ...ended }
  }
  return {
    async issue(rig, id) {
      const issue = of(rig).get(id)
      return issue && part(rig, issue)
    },
    progress: async (rig, epic) => of(rig).progress(epic),
    parts: async (rig, epic, state, most) =>
      of(rig)
        .parts(epic, state, most)
        .flatMap((id) => of(rig).get(id) ?? [])
        .map((issue) => part(rig, issue)),
    isIn: async (rig, id, whole) => of(rig).lineage(id).includes(whole),
    whyNotWait: (rig, id, on) => whyNotWait(of(rig), id, on),
    async whyNot(rig, id) {
      const issue = of(rig).get(id)
      return issue && issue.status !== 'closed' ? whyNot(of(rig), issue) : undefined
    },
  }
}
