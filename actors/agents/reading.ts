// Reading: what a session's evidence comes to, for those who must act on it.
// Never: takes the last fact for the state of things; a turn that has begun again is not over. Grows with the evidence.
import { longestAllowanceMs } from '../../machines/accounts.ts'
import type { Receipt } from '../../machines/session-effects.ts'
import { evidenceFrom, type Told } from './evidence.ts'

export interface Reading {
  /** null: nothing new. */
  conversation: string | null
  /** By the ids of the words. */
  receipts: ReadonlyMap<string, Receipt>
  /** Tools that are at work, by their ids. */
  tools: ReadonlySet<string>
  /** Its agent waits to be spoken to, and why. */
  idle:
    | null
    | { kind: 'turn_over'; end: 'done' | 'interrupted' | 'overlong' | 'failed'; why: string }
    | { kind: 'limited'; until: number | null; why: string }
    | { kind: 'refused'; why: string }
  /** When an allowance that is used up is there again, as it was told last. */
  until: number | null
  /** How much of its context is used, in percent, as it was told last. */
  filledPercent: number
  /** Its context was made shorter; false: nothing new. */
  isCompacted: boolean
}

export const nothingRead: Reading = {
  ...{ conversation: null, receipts: new Map(), tools: new Set(), idle: null, until: null, filledPercent: 0 },
  isCompacted: false,
}

/** As many receipts, and tools at work, are kept: the newest. */
const keptMax = 64
/** Of what was read before, so much is looked at again for what still holds, in bytes. */
const lookBackBytes = 256 * 1024

export function readOn(before: Reading, facts: readonly Told[]): Reading {
  const [receipts, tools] = [new Map(before.receipts), new Set(before.tools)]
  let { conversation, idle, until, filledPercent, isCompacted } = before
  for (const fact of facts) {
    if (fact.what === 'started') conversation = fact.conversation
    if (fact.what === 'turn_began') idle = null
    if (fact.what === 'turn_began' || fact.what === 'turn_over') tools.clear()
    if (fact.what === 'tool_began') kept(tools.add(fact.id))
    if (fact.what === 'tool_over') tools.delete(fact.id)
    if (fact.what === 'context') filledPercent = (100 * fact.used) / Math.max(1, fact.window)
    if (fact.what === 'compacted') [filledPercent, isCompacted] = [0, true]
    if (fact.what === 'limited') until = believed(fact)
    if (fact.what === 'message' && fact.state !== 'dropped') {
      receipts.delete(fact.id)
      kept(receipts.set(fact.id, { id: fact.id, state: fact.state }))
    }
    if (fact.what === 'turn_over') idle = idleAfter(until, fact)
  }
  return { conversation, receipts, tools, idle, until, filledPercent, isCompacted }
}

function kept(all: Map<string, unknown> | Set<string>): void {
  const [first] = all.keys()
  if (all.size > keptMax && first !== undefined) all.delete(first)
}

/** A time that is none, or too far away, is as good as none. */
const believed = ({ until, at }: Told & { what: 'limited' }) =>
  until !== null && until >= 0 && until <= at + longestAllowanceMs ? until : null

function idleAfter(until: number | null, { end, why }: Told & { what: 'turn_over' }): Reading['idle'] {
  if (end === 'limited') return { kind: 'limited', until, why }
  if (end === 'refused') return { kind: 'refused', why }
  return { kind: 'turn_over', end, why }
}

/** What was read before, for who reads on: tools at work, and what was told of allowances. */
export class Readings {
  private readonly last = new Map<string, { seen: number; reading: Reading }>()

  /** Everything up to there, but for what was news then. */
  at(dir: string, seen: number): Reading {
    const known = this.last.get(dir)
    const reading = known?.seen === seen ? known.reading : read(dir, seen)
    return { ...reading, ...{ conversation: null, receipts: new Map(), idle: null, isCompacted: false } }
  }

  keep(dir: string, seen: number, reading: Reading): void {
    this.last.set(dir, { seen, reading })
  }

  forget(dir: string): void {
    this.last.delete(dir)
  }
}

/** What still holds of the last of it; who has just come up has read nothing. */
function read(dir: string, until: number): Reading {
  let [reading, at] = [nothingRead, Math.max(0, until - lookBackBytes)]
  while (at < until) {
    const { facts, next } = evidenceFrom(dir, at, until - at)
    if (next === at) break
    reading = readOn(reading, facts)
    at = next
  }
  return reading
}

/** So many windows of evidence are read at a time; others have their turn in between. */
const looksMax = 4

/** What its evidence says from there on. */
export function readSome(
  dir: string,
  since: number,
  before: Reading,
  heard: (facts: readonly Told[]) => void,
): { seen: number; reading: Reading; isMore: boolean } {
  let [seen, reading] = [since, before]
  for (let looks = 0; looks < looksMax; looks++) {
    const look = evidenceFrom(dir, seen)
    if (!(look.next > seen)) return { seen, reading, isMore: false }
    seen = look.next
    reading = readOn(reading, look.facts)
    heard(look.facts)
  }
  return { seen, reading, isMore: true }
}

/** What the evidence of a session that is over shows beside its end. */
export function lookedAt(
  dir: string,
  since: number,
  heard: (facts: readonly Told[]) => void,
): {
  seen: number
  conversation: string | null
  receipts: Receipt[]
  isFull: boolean
  isCompacted: boolean
  watchedMs: number
} {
  let [seen, reading] = [since, nothingRead]
  for (let isMore = true; isMore; ) ({ seen, reading, isMore } = readSome(dir, seen, reading, heard))
  // Of what is over nobody is told any more.
  const nothing = { isFull: false, isCompacted: false, watchedMs: 0 }
  return { seen, conversation: reading.conversation, receipts: [...reading.receipts.values()], ...nothing }
}
