// The beads of a town: the town's own and each rig's, kept open, watched, linked to from where they are looked for, and
// copied once a day.
// Never: writes an issue; what hands write they write through what is opened here.

import { setTimeout as sleep } from 'node:timers/promises'
import { BeadsError, type Issue, type TownIssues } from '../actors/beads/contract.ts'
import { copyToday } from '../actors/beads/copies.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import { matters } from '../actors/beads/feed.ts'
import { fileIn } from '../actors/beads/file.ts'
import { dayOf, isLanded, isUnchanged, whyNot, whyNotWait } from '../actors/beads/hands.ts'
import { type Hears, type Kept, keepOpen } from '../actors/beads/kept.ts'
import { mendLinks, watchLinks } from '../actors/beads/links.ts'
import type { KeptMessage } from '../actors/beads/messages.ts'
import { moveStores } from '../actors/beads/move.ts'
import { type KeepingReal, type KeptReal, keepReal } from '../actors/beads/real/kept.ts'
import { backedByConfig, noteBacked } from '../actors/beads/real/where.ts'
import { placeOf, type Tier } from '../actors/beads/tiers.ts'
import { watchBeads } from '../actors/beads/watch.ts'
import { rigOf } from '../machines/address.ts'
import { Refusal } from '../runtime/open.ts'
import type { IssueReader, Part } from './outlook.ts'

/** How long who looks waits for a real `bd`, in milliseconds; after that what was known last is shown. */
const freshWithinMs = 5000

type Around = Pick<KeepingReal, 'env' | 'ours'>

/** A rig's; the town's own for undefined. */
type Of = string | undefined

export interface Shelves {
  /**
   * Opens those of the town and of these rigs, after those of an older version have been moved; says what was done.
   * Throws a Refusal with words when one of them cannot be used.
   */
  begin(rigs: readonly { rig: Of; prefix: string }[]): string[]
  /** Reads what a real `bd` keeps. Rejects with a Refusal with words when one of them cannot be used. */
  beginReal(rigs: readonly string[]): Promise<void>
  /** Throws a BeadsError with words while it cannot be used. Of a rig whose issues a real `bd` keeps, the mirror. */
  of(rig: Of): Beads
  /** Whoever keeps its issues. Throws a BeadsError with words while that cannot be used. */
  keeper(rig: Of): TownIssues
  /** The same, as soon as it can be used. */
  wait(rig: Of, signal: AbortSignal): Promise<TownIssues>
  issues: IssueReader
  /** A message of this id, wherever it is kept; undefined: nowhere, or where it cannot be read now. */
  message(id: string): KeptMessage | undefined
  /** How much unread mail somebody has; undefined while that cannot be read. */
  unread(address: string): number | undefined
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

/** `around`: what a real `bd` is looked for in, and which commands are the town's own. */
export function openShelves(town: string, around: Around, hears: ShelvesHear): Shelves {
  const shelves = new Map<Of, Shelf>()
  const shelf = (rig: Of): Shelf => {
    const known = shelves.get(rig) ?? openShelf({ town, rig }, around, hears)
    shelves.set(rig, known)
    return known
  }
  /** Rigs that were let go of: nobody opens their issues again on the way out. */
  const dropped = new Set<Of>()
  const of = (rig: Of) => {
    if (dropped.has(rig)) throw new BeadsError(`${rig} is no rig of this town any more`)
    return shelf(rig).kept.use()
  }
  const keeper = (rig: Of): TownIssues => {
    const beads = of(rig)
    return shelf(rig).real?.issues ?? beads
  }
  const fresh = async (rig: Of) => {
    try {
      await Promise.race([shelf(rig).real?.fresh(), sleep(freshWithinMs, undefined, { ref: false })])
    } catch (error) {
      // Who looks is shown what was known last, and what is wrong beside it.
      if (!(error instanceof BeadsError)) throw error
    }
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
      const wrong = rigs.flatMap(({ rig }) => wordsNow(() => shelf(rig).kept.begin()))
      if (wrong.length > 0) throw new Refusal(wrong.join('\n'))
      return [...said, ...rigs.flatMap(({ rig }) => shelf(rig).mend())]
    },
    async beginReal(rigs) {
      const begin = async (rig: string) => {
        noteBacked(town, rig, await shelf(rig).real?.begin())
      }
      const each = await Promise.all(rigs.map((rig) => wordsOf(() => begin(rig))))
      if (each.flat().length > 0) throw new Refusal(each.flat().join('\n'))
    },
    of,
    keeper,
    async wait(rig, signal) {
      if (!dropped.has(rig)) await shelf(rig).kept.wait(signal)
      return keeper(rig)
    },
    issues: issuesIn(of, fresh),
    message: (id) =>
      [...shelves.keys()].map((rig) => whileUsable(() => of(rig).message(id))).find((each) => each !== undefined),
    unread: (address) => whileUsable(() => of(rigOf(address)).inboxLength(address)),
    problems: () =>
      [...shelves.values()].flatMap(({ kept, real }) => [kept.trouble() ?? [], real?.problems() ?? []].flat()),
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

/** A day is awaited by looking so often at least, in milliseconds. */
const clockMs = 60_000
/** Of more changes at once one is a reason to look. */
const newsMax = 100

interface Shelf {
  tier: Tier
  kept: Kept
  /** Where a real `bd` keeps the issues: the store that is kept open mirrors them, and has the mail. */
  real: KeptReal | undefined
  /** Makes its links right; says in words what was done, or what is in the way. */
  mend(): string[]
  tellMended(): void
  watch(changed: () => void): void
  close(): Promise<void>
}

function openShelf(tier: Tier, around: Around, hears: ShelvesHear): Shelf {
  let watching: (() => Promise<void>) | undefined
  let endLinks: (() => void) | undefined
  let changed = () => {}
  /** How far what others wrote was looked at. */
  let cursor = 0
  const begin = () => {
    cursor = lastChange()
    awaitDay()
    return watchBeads(fileIn(placeOf(tier)), { dataVersion }, () => {
      if (isNews()) changed()
      awaitDay()
    })
  }
  let day: string | undefined
  let untilDay: NodeJS.Timeout | undefined
  /** Looks when the next day has come before which something is not to be begun: nobody writes then. */
  function awaitDay(): void {
    clearTimeout(untilDay)
    if (day !== undefined && day <= new Date().toISOString()) changed()
    day = asked((beads) => beads.nextDay(), undefined)
    // Somebody may set the clock meanwhile.
    if (day !== undefined) untilDay = setTimeout(awaitDay, Math.min(Date.parse(day) - Date.now() + 1, clockMs))
  }
  /** Its file is another one now. */
  const again = () => {
    void watching?.().catch(hears.report)
    watching = begin()
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
  const backed = tier.rig === undefined ? undefined : backedByConfig(tier.town, tier.rig)
  const real =
    backed && tier.rig !== undefined
      ? keepReal({ ...around, rig: tier.rig, backed, mirror: kept.use, report: hears.report })
      : undefined
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
  /** An answer of the store; `without` it, while it cannot be used. */
  function asked<T>(question: (beads: Beads) => T, without: T): T {
    try {
      return question(kept.use())
    } catch (error) {
      if (error instanceof BeadsError) return without
      throw error
    }
  }
  const lastChange = () => asked((beads) => beads.lastChange(), 0)
  /** Whether something was written that may be a reason to give out other work; also when that cannot be known. */
  function isNews(): boolean {
    const last = lastChange()
    const news = asked((beads) => beads.changesSince(cursor, newsMax), undefined)
    cursor = news === undefined || news.more ? last : news.cursor
    return news === undefined || news.more || news.rows.some(matters)
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
    real,
    mend,
    tellMended,
    watch(heard) {
      changed = heard
      real?.watch(heard)
      watching = begin()
      endLinks = watchLinks(tier, tellMended, hears.report)
    },
    async close() {
      endLinks?.()
      real?.close()
      clearTimeout(untilDay)
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

/** The words of what cannot be; none when it can. */
function wordsNow(work: () => void): string[] {
  try {
    work()
    return []
  } catch (error) {
    if (error instanceof BeadsError) return [error.message]
    throw error
  }
}

/** The same of what takes its time. */
async function wordsOf(work: () => Promise<void>): Promise<string[]> {
  try {
    await work()
    return []
  } catch (error) {
    if (error instanceof BeadsError) return [error.message]
    throw error
  }
}

/** What is read is brought up first (`fresh`), where that is anybody's to do. */
export function issuesIn(of: Shelves['of'], fresh: (rig: Of) => Promise<void> = async () => undefined): IssueReader {
  const part = (rig: string, issue: Issue): Part => {
    const { id, title, issue_type: type, status, assignee, close_reason: reason } = issue
    const closer = status === 'closed' ? of(rig).closedBy(id) : null
    const ended = { landed: isLanded(closer, reason), unchanged: isUnchanged(issue, closer), reason }
    return { id, title, type, status, assignee, ...ended }
  }
  return {
    async issue(rig, id) {
      await fresh(rig)
      const issue = of(rig).get(id)
      return issue && part(rig, issue)
    },
    async progress(rig, epic) {
      await fresh(rig)
      return of(rig).progress(epic)
    },
    parts: async (rig, epic, state, most) =>
      of(rig)
        .parts(epic, state, most)
        .flatMap((id) => of(rig).get(id) ?? [])
        .map((issue) => part(rig, issue)),
    isIn: async (rig, id, whole) => of(rig).lineage(id).includes(whole),
    whyNotWait: (rig, id, on) => whyNotWait(of(rig), id, on),
    async whyNot(rig, id) {
      const issue = of(rig).get(id)
      return issue && issue.status !== 'closed' ? whyNot(of(rig), issue, new Date()) : undefined
    },
    day: (rig, id) => dayOf(of(rig), id, new Date()),
  }
}

function whileUsable<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (!(error instanceof BeadsError)) throw error
    return undefined
  }
}
