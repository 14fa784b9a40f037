// A modelled town as a value: what it holds, and how large it is. Never changed, only followed by others.
// Never: says what may happen next; the model and its surroundings do.
import type { AnyMachineSnapshot } from 'xstate'
import type { BudgetKind } from '../machines/mail.ts'
import type { JsonObject, Role } from '../runtime/contract.ts'
import type { SeenActor } from './invariants.ts'
import type { Purse } from './purse.ts'
import { freshIssue, type SimIssue, type World } from './world.ts'

export interface Scope {
  polecats: number
  issues: readonly SimIssue[]
  /**
   * Things that may go wrong on one way through: an effect fails, its answer is lost, it is performed again; an agent
   * dies, freezes or errs; origin moves, refuses or is away.
   */
  faults: number
  /** Commands of the Overseer on one way through. */
  commands: number
  /** Things that may happen while mail still waits, before it is all handled. */
  races: number
  /** With more mail waiting than this, nothing else happens before it is handled. */
  mailboxMax: number
  /** Starts of a session, and tries at landing, before a worker gives up. */
  tries: number
  /** In answers of models: an agent has one whenever it hands over. */
  budgets?: Purse['budgets']
}

/** A scope by its numbers: issues w-1, w-2 … that wait for nothing, a mailbox of six, two tries. */
export function scopeOf({
  polecats,
  issues,
  faults,
  commands,
  races,
  budget,
}: {
  polecats: number
  issues: number
  faults: number
  commands: number
  races: number
  /** A budget of one answer. */
  budget?: BudgetKind
}): Scope {
  const issue = (n: number) => freshIssue(`w-${n + 1}`)
  return {
    polecats,
    issues: Array.from({ length: issues }, (_, n) => issue(n)),
    faults,
    commands,
    races,
    mailboxMax: 6,
    tries: 2,
    ...(budget ? { budgets: { [budget]: 1 } } : {}),
  }
}

/** A machine's snapshot, one object for all equal ones. */
export interface Stored {
  id: number
  machine: Role
  snapshot: AnyMachineSnapshot
  seen: Pick<SeenActor, 'value' | 'context'>
}

export interface Actor {
  incarnation: number
  status: 'active' | 'done'
  stored: Stored
}

export interface Mail {
  key: number
  id: string
  from: string
  to: string
  type: string
  body: JsonObject
  /** The effect whose result it is, or the timer that fired. */
  invokeId?: string | undefined
  timerId?: string | undefined
}

export interface Effect {
  key: number
  address: string
  invokeId: string | null
  name: string
  input: JsonObject
  lane: string | null
  /** Handed out before the brake was pulled. */
  started: boolean
}

export interface Timer {
  address: string
  id: string
}

/** One state of a town; never changed, only followed by others. */
export interface TownState {
  actors: ReadonlyMap<string, Actor>
  mail: readonly Mail[]
  effects: readonly Effect[]
  timers: readonly Timer[]
  slots: readonly string[]
  world: World
  held: boolean
  /** The Overseer has stopped a worker. */
  paused: boolean
  faults: number
  commands: number
  races: number
  dead: readonly string[]
}

/** Something that may happen next, in words that are unique in its state. */
export interface Choice {
  words: string
  /** Costs one of the faults or commands of the scope: a town must come to rest without it. */
  from: 'town' | 'fault' | 'overseer'
  next(): TownState
}
