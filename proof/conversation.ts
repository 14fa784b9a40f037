// Conversation: what is said between a simulated agent and its town, as its supervisor would write it down.
// Never: decides what an agent does; says only what follows for the evidence.
import { nothingRead, type Reading, readOn } from '../actors/agents/reading.ts'
import { Violation } from './invariants.ts'

type Facts = Parameters<typeof readOn>[1]
type Fact = Facts[number]
type End = (Fact & { what: 'turn_over' })['end']

export interface Conversation {
  /** What it is resumed with. */
  id: string
  log: Fact[]
  /** Its turn is over: it waits to be spoken to. */
  idle: boolean
  /** What its program has, and its model has not. */
  taken: string[]
}

export const begun = (id: string): Conversation => ({ id, log: [], idle: false, taken: [] })
export const copied = ({ id, log, idle, taken }: Conversation): Conversation => ({
  id,
  log: [...log],
  idle,
  taken: [...taken],
})

const write = (conversation: Conversation, fact: Record<string, unknown>) =>
  conversation.log.push({ at: 0, ...fact } as unknown as Fact)

/** What is new of it since so many facts. */
export function newsOf({ log }: Conversation, since: number): { reading: Reading; seen: number } {
  return { reading: readOn(nothingRead, log.slice(since)), seen: log.length }
}

/** Words are handed over; the same words once a run. */
export function handOver(conversation: Conversation, id: string): void {
  const { log, taken } = conversation
  if (taken.includes(id) || log.some((fact) => fact.what === 'message' && fact.id === id)) return
  taken.push(id)
  if (conversation.idle) write(conversation, { what: 'turn_began' })
  conversation.idle = false
}

/** Before it does anything its model hears what its program has. `heard`: what its model has had, in all its runs. */
export function listen(conversation: Conversation, heard: Set<string>): void {
  if (conversation.log.length === 0) write(conversation, { what: 'started', conversation: conversation.id })
  for (const id of conversation.taken.splice(0)) {
    if (heard.has(id)) throw new Violation(`${id} is said twice in the conversation ${conversation.id} (invariant 1)`)
    heard.add(id)
    write(conversation, { what: 'message', id, state: 'delivered' })
  }
}

export function endTurn(conversation: Conversation, end: End, until: number | null = null): void {
  if (end === 'limited') write(conversation, { what: 'limited', until, window: '' })
  write(conversation, { what: 'turn_over', end, why: `it is ${end}` })
  conversation.idle = true
}
