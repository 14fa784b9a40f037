// The kernel's words for itself: what hosts an actor, what it is handed, what it gives back. Types only; `open.ts` is
// the door that makes the things described here.
// Never: says what the actors are for, or imports what carries it out.
import type { AnyStateMachine } from 'xstate'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** A mail on its way: committed once, handled at most once. */
export interface Envelope {
  id: string
  /** Order of commitment in this store; mail to one actor is handled in this order. */
  seq: number
  from: string
  to: string
  type: string
  body: JsonObject
  /** Milliseconds since the epoch. */
  sentAt: number
  /** Turns that were tried and rolled back so far. */
  attempt: number
  /** The mail whose turn sent this one; null for mail from outside. */
  causeId: string | null
}

/** A mail before it is committed. A draft whose `id` is known already is a repetition and changes nothing. */
export interface Draft {
  id?: string
  from: string
  to: string
  type: string
  body: JsonObject
  causeId?: string | null
}

/**
 * One kind of actor. Its actors are the addresses it owns, started by their first mail. An actor whose machine is done
 * is begun anew, as its next incarnation, by the next mail that may begin one.
 * A turn that failed `attemptsMax` times is a crash: its mail becomes a dead letter, and the actor goes on from its
 * last
 * committed snapshot.
 * More than `intensity.crashesMax` crashes within `intensity.periodMs` halt the actor: its mail waits, one alert is
 * sent, until `resume`.
 */
export interface Role {
  name: string
  owns(address: string): boolean
  machine: AnyStateMachine
  /** Version of the machine's snapshots; older ones are migrated when next used. */
  version: number
  migrate?(snapshot: JsonObject, from: number): JsonObject
  /**
   * Given to the machine when an incarnation (1, 2, …) begins. Called once for each; the result is in the snapshot
   * from then on.
   */
  input(address: string, incarnation: number): JsonObject
  intensity: { crashesMax: number; periodMs: number }
  /** Mail types the machine understands, and those it ignores on purpose; any other is refused at the door. */
  accepts: readonly string[]
  ignores: readonly string[]
  /**
   * Types that may begin an incarnation; absent: all it accepts. Another type to an actor that is absent or done:
   * ignored if listed so, else a dead letter.
   */
  begins?: readonly string[]
  /** Words and effects its machine may promise; any other fails the turn. Absent: all there are. */
  promises?: readonly string[]
  /** Unhandled mail waiting at once, beyond which `post` refuses. */
  mailboxLengthMax: number
}

export interface EffectSpec {
  /** Throws when the input is not of the effect's shape: the turn that promised it is rolled back. */
  parseInput(input: unknown): JsonObject
  /** Throws when a hand returned something else: reaches the machine as the effect's error. */
  parseOutput(output: unknown): Json
  /** Effects of one lane are performed in the order they were promised, `laneLimit` at once; null: at any time. */
  lane(input: JsonObject): string | null
  laneLimit: number
  /** It starts something, and so waits while a hold says so. */
  starts: boolean
}

/** What the world does in the actors' name. Same key, same effect: a handler may be called again after a crash. */
export type Handler = (input: JsonObject, call: EffectCall) => Promise<Json>

export interface EffectCall {
  /** When the promising turn was committed, milliseconds since the epoch. Equal on repetition. */
  at: number
  /** Aborted when the actor no longer waits for the result, or the host closes. */
  signal: AbortSignal
}

export interface PromisedEffect {
  /** `<address>:<incarnation>.<revision>:<index>`; equal on repetition. */
  key: string
  address: string
  /** The invocation that waits for the result; null when nobody does. */
  invokeId: string | null
  name: string
  input: JsonObject
  lane: string | null
  /** 1 for the first performance, more after crashes and failures. */
  attempt: number
  /** When the promising turn was committed, milliseconds since the epoch. */
  at: number
}

/**
 * `halted`: an actor crashed too often; `resumed`: it was told to go on. `failing`: an effect that nobody waits for
 * fails again and again; `mended`: now it went well.
 */
export type Trouble =
  | { kind: 'halted'; address: string; error: string }
  | { kind: 'resumed'; address: string }
  | { kind: 'failing'; address: string; effect: string; error: string }
  | { kind: 'mended'; address: string; effect: string }

/** What the kernel is told about the world it hosts. Everything ambient is handed in. */
export interface HostOptions {
  store: Store
  clock: Clock
  random: Random
  roles: readonly Role[]
  effects: Readonly<Record<string, EffectSpec>>
  /** Parses a mail body by type; throws for an unknown type or a body of the wrong shape. */
  parseMail(type: string, body: unknown): JsonObject
  /**
   * Why this sender may not send mail of this type to that recipient, in words; undefined: it may. `post` refuses with
   * these words; a machine's mail becomes a dead letter with them, and its turn goes on.
   */
  refuses?(mail: { from: string; to: string; type: string }): string | undefined
  /** A fresh id for a mail to this address. */
  newMailId(to: string, random: Random): string
  /** Effects that every committed mail of some kind brings with it (a copy for people, say). Pure. */
  project?(envelope: Envelope): readonly { name: string; input: JsonObject }[]
  /**
   * Places in a pool of slots, as configured now. Claims beyond it roll the turn back, whatever the machine believes;
   * a smaller number counts once a machine has said `acceptCapacity`.
   */
  slotCapacity(pool: string): number
  /**
   * What the kernel says of trouble of its own, and to whom; null: nothing. The same trouble may be told more than
   * once.
   */
  alert?(trouble: Trouble): Draft | null
  /** Who holds the lease on this store: `holder` is unique to this process. */
  holder: string
  /** Whether a former holder's process is certainly gone. "Unknown" must be false. */
  holderGone(holder: string): boolean
  /** Actors whose snapshots are kept in memory at once, 2000 when absent; others are read back from the store. */
  residentMax?: number
  /** Times a mail's turn is tried before it is a dead letter; 3 when absent. */
  attemptsMax?: number
}

/** What a machine answers to a mail from outside. */
export interface Reply {
  ok: boolean
  text: string
  data: Json
  at: number
}

export interface JournalEntry {
  seq: number
  /** Milliseconds since the epoch, for people. */
  at: number
  /** The same moment in watched time: what the machine was told, and what its timers count from. */
  watchedAt: number
  address: string
  incarnation: number
  revision: number
  mailId: string
  mailType: string
  from: string
  causeId: string | null
  /** State before and after, as `a.b` paths joined by `+` for parallel states. Equal when the mail changed no state. */
  before: string
  after: string
  /** What the machine said of it for people. */
  notes: { text: string; issue: string | null }[]
  /**
   * What the turn promised: `invoke createWorktree`, `mail some/actor work.done`, `timer silentTooLong 5000`, `cancel
   * …`.
   */
  promised: string[]
}

export interface ActorState {
  address: string
  role: string
  incarnation: number
  revision: number
  /** `active`; `done`: its machine is in a final state; `halted`: crashed too often. */
  status: 'active' | 'done' | 'halted'
  value: Json
  context: JsonObject
  updatedAt: number
}

export interface DeadLetter {
  envelope: Envelope
  reason: string
  at: number
}

/**
 * The synchronous, deterministic core: no promise, no timer, no clock but the one handed in. A driver (or a
 * simulation) moves it.
 * Every method that writes does so in one transaction that first checks this host's lease; a lost lease throws
 * LeaseLost and nothing is written.
 */
export interface Host {
  /** All that `work` does here is one commit, which waits for the disk once. What it throws rolls all of it back. */
  together<T>(work: () => T): T
  /**
   * Commits a mail from outside. An unknown address, type or body throws a Refusal with words; a known id is a
   * repetition.
   */
  post(draft: Draft): { id: string; repeated: boolean }
  /**
   * Handles up to `turnsMax` mails in one transaction (group commit); returns how many were handled. 0: nothing to do
   * now.
   */
  run(turnsMax: number): number
  /** Turns every timer that is due into mail; returns how many. */
  fireTimers(): number
  /**
   * When the next timer, mail in back-off or failed effect is due, in the clock's watched time; null: none. What is
   * due already and still waits is left out: it waits for a lane, a hold or a `resume`, not for a moment.
   */
  nextDueAt(): number | null
  /** Promised effects that may start now, as lanes and holds allow, marked as started. */
  takeEffects(max: number): PromisedEffect[]
  /** The result of an effect; one that nobody waits for any more is dropped. Safe to repeat. */
  settle(key: string, outcome: { ok: true; output: unknown } | { ok: false; error: string }): void
  /** Called after a commit with keys of effects nobody waits for any more. */
  onCancelled(listener: (keys: readonly string[]) => void): void
  /** Called after each commit with what it added to the journal; returns how to stop listening. */
  onCommit(
    listener: (entries: readonly JournalEntry[], replies: readonly { to: string; reply: Reply }[]) => void,
  ): () => void

  /**
   * Keeps effects that start something from starting (`*`: everywhere; else addresses under that prefix), over
   * restarts, until released.
   */
  hold(scope: string): void
  release(scope: string): void
  holds(): string[]

  actor(address: string): ActorState | undefined
  actors(prefix?: string, role?: string): ActorState[]
  /**
   * Lets go of every actor below this prefix, for good: what waits, is promised or held of theirs is over. The next
   * mail to one of them, when there is a role for it, begins a new incarnation.
   */
  forget(prefix: string): void
  /** Lets a halted actor go on. */
  resume(address: string): void
  reply(mailId: string): Reply | undefined
  mail(id: string): (Envelope & { state: 'new' | 'done' | 'dead' | 'stale' }) | undefined
  /** Newest last. `after`: entries with a greater seq. */
  journal(query: { after?: number; address?: string; issue?: string; last?: number; sinceMs?: number }): JournalEntry[]
  deadLetters(): DeadLetter[]
  /** Puts a dead letter back into its mailbox. Throws a Refusal when there is none, or its sender may not send it. */
  redeliver(mailId: string): void
  slots(pool: string): string[]
  /** Counts for `status`: mail waiting, effects pending and started, timers set. */
  depth(): { mail: number; effectsPending: number; effectsStarted: number; timers: number }
  /**
   * Drops journal rows and done mail older than this (milliseconds since the epoch); evidence, never truth.
   */
  prune(olderThan: number): void
  /** Now, in the watched time of this host: it goes on from where that of a former host ended. */
  watched(): number
  /** When this moment of watched time was, milliseconds since the epoch: for people. */
  shownAt(watchedAt: number): number
  /**
   * By how much the clock that people read has moved against watched time, in milliseconds, since the last turn that is
   * at least `withinMs` of watched time old, or else since the first there is; null: there was no turn yet. Sleep, a
   * time when nobody watched, and a clock that was set all count.
   */
  clockMoved(withinMs: number): number | null
  close(): void
}

export interface Driver {
  /** Runs until `stop`. Effects left over from a former run are performed again. */
  start(): void
  /** To be called after `post` from outside: handles what there is, at once and synchronously, then starts effects. */
  poke(): void
  /**
   * Posts from outside what nobody waits for: as soon as the driver runs and the store takes it, in this order.
   */
  post(draft: Draft): void
  /** Stops taking mail, aborts running handlers, waits for them up to graceMs. */
  stop(graceMs: number): Promise<void>
}

export interface Clock {
  /** Milliseconds since the epoch, as the machine has it: for people to read. It may jump, forward and back. */
  now(): number
  /**
   * Milliseconds of watched time, from any beginning: they pass while this process can see what happens, not while the
   * machine sleeps, and never go back. What is due, and what has lasted too long, is decided by them alone.
   */
  watched(): number
}

export interface Random {
  /** A uniform 32-bit unsigned integer. */
  uint32(): number
}

/** One SQL store of one host. Only its implementation knows the driver; the same contract is to fit other databases. */
export interface Store {
  /** All or nothing; nests as savepoints. */
  transaction<T>(work: () => T): T
  run(sql: string, ...params: SqlValue[]): { changes: number; lastInsertRowid: number }
  get<T>(sql: string, ...params: SqlValue[]): T | undefined
  all<T>(sql: string, ...params: SqlValue[]): T[]
  close(): void
}
export type SqlValue = null | number | string
