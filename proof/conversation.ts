// Conversation: what is said between a simulated agent and its town, as its supervisor would write it down.
// Never: decides what an agent does; says only what follows for the evidence.
import { nothingRead, readOn } from '../actors/agents/reading.ts'
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
  /** Under which account it is held; empty: what the environment says. */
  account: string
  /** It has gone on for as long as one may. */
  isOld: boolean
  /** Its worker's notes that it begins with, a line each. */
  notes: readonly string[]
}

export const copied = ({ log, taken, ...talk }: Conversation): Conversation => ({
  ...talk,
  log: [...log],
  taken: [...taken],
})

/** Who has it. */
interface Worker {
  polecat: string
  incarnation: number
}
const keyOf = ({ polecat, incarnation }: Worker) => `${polecat} (${incarnation})`

const write = (conversation: Conversation, fact: Record<string, unknown>) =>
  conversation.log.push({ at: 0, ...fact } as unknown as Fact)

/** What its evidence shows since so many facts, and whether it waits to be spoken to. */
export function shownBy(talk: Conversation | null | undefined, since = 0) {
  const { idle, conversation, receipts, isCompacted } = readOn(nothingRead, talk?.log.slice(since) ?? [])
  return {
    idle,
    seen: talk?.log.length ?? since,
    conversation,
    receipts: [...receipts.values()].map((one) => ({ ...one })),
    isFull: false,
    isCompacted,
    watchedMs: 0,
  }
}

/** Words are handed over; the same words once a run. */
export function handOver(conversation: Conversation, id: string): void {
  const { log, taken } = conversation
  if (taken.includes(id) || log.some((fact) => fact.what === 'message' && fact.id === id)) return
  taken.push(id)
  if (conversation.idle) write(conversation, { what: 'turn_began' })
  conversation.idle = false
}

export function endTurn(conversation: Conversation, end: End, until: number | null = null): void {
  if (end === 'limited') write(conversation, { what: 'limited', until, window: '' })
  write(conversation, { what: 'turn_over', end, why: `it is ${end}` })
  conversation.idle = true
}

/** Its program makes room, and what it was told at first is gone. */
export const compact = (conversation: Conversation) => write(conversation, { what: 'compacted' })

/** What agents speak to, and live on. */
export class Service {
  /** Somebody speaks with the agents of this town. */
  spoken = false
  /** There is no such program. */
  isMissing = false
  /** Accounts of which an allowance is used up (`overdue`: until a time that is over), or the key refused; or gone. */
  readonly held: Map<string, 'limited' | 'overdue' | 'refused' | 'gone'>
  /** Accounts there are; the environment where there are none. */
  accounts: readonly string[] = []
  /** What each conversation's model has had, in all its runs. */
  readonly told: Map<string, ReadonlySet<string>>
  /** The same, and notes, whatever has become of those conversations; what of it nobody can know, or is known as shown. */
  private readonly had: Set<string>
  private readonly lost: Set<string>
  /** What workers wrote to themselves, by the mail. */
  private readonly written: Map<string, string>
  /** By which conversation each note was had. */
  private readonly notes: Map<string, string>
  private readonly shown: Set<string>
  /** By worker, the conversation it is in, and whether another may begin. */
  private readonly known: Map<string, { id: string | null; mayEnd: boolean }>

  constructor(from?: Service) {
    this.told = new Map(from?.told)
    this.had = new Set(from?.had)
    this.lost = new Set(from?.lost)
    this.notes = new Map(from?.notes)
    this.written = new Map(from?.written)
    this.shown = new Set(from?.shown)
    this.held = new Map(from?.held)
    this.known = new Map(from?.known)
    if (from) Object.assign(this, { spoken: from.spoken, isMissing: from.isMissing, accounts: from.accounts })
  }

  /** Everything is well from here on. */
  calm(): void {
    this.isMissing = false
    this.held.clear()
  }

  /** Programs keep their conversations in one place, but for those of the last account. */
  goesOn(begunUnder: string, account: string): boolean {
    const own = this.accounts.length > 1 ? this.accounts.at(-1) : undefined
    return (begunUnder === own) === (account === own)
  }

  /** A run begins, and with it a conversation, or one goes on. */
  begins(
    { id, account, first, note, ...worker }: Worker & { id: string; account: string; first: string; note: string },
    conversation: string | null,
  ): Conversation {
    const known = this.known.get(keyOf(worker))
    if (known && !known.mayEnd && known.id !== conversation)
      throw new Violation(`${id} begins a conversation beside ${known.id}, which is not over (invariant 15)`)
    // One that begins is not known before its agent is there.
    if (conversation === null) this.known.set(keyOf(worker), { id: null, mayEnd: false })
    const notes = conversation === null && note !== '' ? note.split('\n\n') : []
    return { id: conversation ?? `c-${id}`, account, log: [], idle: false, taken: [first], isOld: false, notes }
  }

  /** From here on another one may begin for it: its own is full, was noted down, or cannot go on. */
  mayEnd(worker: Worker): void {
    this.known.set(keyOf(worker), { id: this.known.get(keyOf(worker))?.id ?? null, mayEnd: true })
  }

  /** It ended: one that had not come back into its conversation may not find it again. */
  mayForget(agent: Worker & { talk: Conversation | null }): void {
    if (agent.talk?.log.length === 0) this.mayEnd(agent)
  }

  /** Nobody knows of any of them any more, nor what they were told. */
  forget(): void {
    this.known.clear()
    this.told.clear()
    this.notes.clear()
  }

  /** Before an agent does anything its model hears what its program has. */
  hears(talk: Conversation, worker: Worker): void {
    if (talk.log.length === 0) {
      write(talk, { what: 'started', conversation: talk.id })
      const { id = null, mayEnd = false } = this.known.get(keyOf(worker)) ?? {}
      if (id !== talk.id) this.known.set(keyOf(worker), { id: talk.id, mayEnd: id === null && mayEnd })
      this.reads(talk)
    }
    for (const id of talk.taken.splice(0)) {
      const heard = this.told.get(talk.id) ?? new Set()
      if (heard.has(id)) throw new Violation(`${id} is said twice in the conversation ${talk.id} (invariant 1)`)
      this.told.set(talk.id, new Set([...heard, id]))
      this.had.add(id)
      write(talk, { what: 'message', id, state: 'delivered' })
    }
  }

  /** Its notes are had by it alone, in the order they were written: they end with their number. */
  private reads({ id, notes }: Conversation): void {
    const numbers = notes.map((note) => Number(note.split(' ').at(-1)))
    if (numbers.some((number, n) => number <= (numbers[n - 1] ?? 0)))
      throw new Violation(`${id} begins with notes out of order: ${notes.join('; ')} (invariant 17)`)
    for (const note of notes) {
      const by = this.notes.get(note)
      if (by !== undefined && by !== id)
        throw new Violation(`“${note}” is told to ${id}, and ${by} had it (invariant 17)`)
      this.notes.set(note, id)
      this.had.add(note)
    }
  }

  /** All of its evidence is gone: what it had may be told to another. */
  lose(talk: Conversation | null): void {
    for (const note of talk?.notes ?? []) this.notes.delete(note)
    for (const id of this.told.get(talk?.id ?? '') ?? []) this.lost.add(id)
    this.told.delete(talk?.id ?? '')
  }

  /** A worker's agent wrote to itself. */
  wrote(id: string, note: string): void {
    this.written.set(id, note)
  }

  /** It is told of a mail that it was shown; what it is nobody can tell before it is filed. */
  isShown(id: string, isFiled: boolean): void {
    const note = this.written.get(id)
    // Of an agent that nobody speaks with nobody knows more than that it has its notes.
    if (note !== undefined && (this.had.has(note) || !this.spoken)) return
    if (isFiled && !this.had.has(id))
      throw new Violation(`${id} is told as shown, and no model has had it (invariant 16)`)
    this.shown.add(id)
  }

  /** Of these mails, each that a model has had is known as shown. */
  mustKnow(mails: Iterable<string>): void {
    for (const id of mails)
      if (this.had.has(id) && !this.lost.has(id) && !this.shown.has(id))
        throw new Violation(`${id} was shown to a model, and is not known as shown (invariant 16)`)
  }

  /** Whether the account keeps an agent from its turn, which is over then. */
  isHeldUp(talk: Conversation): boolean {
    const held = this.held.get(talk.account)
    if (held === undefined || held === 'gone') return false
    if (held === 'refused') endTurn(talk, 'refused', null)
    else endTurn(talk, 'limited', held === 'overdue' ? 1 : 3_600_000)
    return true
  }
}
