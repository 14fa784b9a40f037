// The turn: one mail, one transition, everything that follows from it as data. (design: the durable turn)
// Never: performs or stores anything. Same machine, snapshot and event: same result.
import {
  type ActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
  initialTransition,
  transition,
} from 'xstate'
import type { Json, JsonObject } from './contract.ts'

/** What a machine promised, in the order it said it. */
export type Promised =
  | { kind: 'word'; name: string; params: unknown }
  | { kind: 'timer'; id: string; delayMs: number; event: JsonObject }
  | { kind: 'cancelTimer'; id: string }
  | { kind: 'invoke'; id: string; name: string; input: unknown }
  | { kind: 'stop'; id: string }

export interface Turn {
  snapshot: AnyMachineSnapshot
  promises: Promised[]
  /** Something in the machine understood the event. */
  handled: boolean
}

export function begin(machine: AnyStateMachine, input: JsonObject): Turn {
  const [snapshot, actions] = initialTransition(machine, input)
  return {
    snapshot: checked(snapshot as AnyMachineSnapshot),
    promises: actions.map(promiseOf).filter((promise) => promise !== undefined),
    handled: true,
  }
}

export function play(machine: AnyStateMachine, before: AnyMachineSnapshot, event: { type: string }): Turn {
  const [snapshot, actions] = transition(logicOf(machine), before, event)
  return {
    snapshot: checked(snapshot),
    promises: actions.map(promiseOf).filter((promise) => promise !== undefined),
    // A transition that only says something leaves the snapshot as it is.
    handled: snapshot !== before || actions.length > 0,
  }
}

const logics = new WeakMap<AnyStateMachine, Logic>()
type Logic = ActorLogic<AnyMachineSnapshot, EventObject>

/**
 * The machine as one that goes on only. For each transition XState makes an actor, which would enter the machine's
 * first state, to no purpose: nearly half of the work.
 */
function logicOf(machine: AnyStateMachine): Logic {
  const known = logics.get(machine)
  if (known) return known
  const logic: Logic = {
    transition: (snapshot, event, scope) => machine.transition(snapshot, event, scope),
    getInitialSnapshot: () => neverLookedAt,
    getPersistedSnapshot: (snapshot) => snapshot,
  }
  logics.set(machine, logic)
  return logic
}
const neverLookedAt = { status: 'active' } as AnyMachineSnapshot

/** A stored snapshot, live again but never started. */
export function restore(machine: AnyStateMachine, persisted: JsonObject): AnyMachineSnapshot {
  return createActor(machine, { snapshot: persisted as never }).getSnapshot() as AnyMachineSnapshot
}

export function persist(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): string {
  return JSON.stringify(machine.getPersistedSnapshot(snapshot))
}

/** A state value as `a.b` paths, parallel states joined by `+`. */
export function statePath(value: Json): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return ''
  return Object.entries(value)
    .map(([state, inner]) => (statePath(inner) === '' ? state : `${state}.${statePath(inner)}`))
    .join('+')
}

/** An error event nobody handles gives a snapshot of status `error` instead of a throw; here it is a throw. */
function checked(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  if (snapshot.status === 'error')
    throw snapshot.error instanceof Error
      ? snapshot.error
      : new Error(`the machine failed: ${JSON.stringify(snapshot.error)}`)
  return snapshot
}

interface Action {
  type: string
  params?: unknown
}

function promiseOf(action: Action): Promised | undefined {
  const params = action.params as Record<string, unknown> | undefined
  switch (action.type) {
    case 'xstate.raise':
      // Without a delay it was processed inside this very transition.
      return params?.delay === undefined
        ? undefined
        : { kind: 'timer', id: String(params.id), delayMs: Number(params.delay), event: params.event as JsonObject }
    case 'xstate.cancel':
      return { kind: 'cancelTimer', id: String(params?.sendId) }
    case 'xstate.spawnChild':
      return { kind: 'invoke', id: String(params?.id), name: String(params?.src), input: params?.input }
    case 'xstate.stopChild':
      return { kind: 'stop', id: String(params?.id) }
    default:
      if (action.type.startsWith('xstate.'))
        throw new Error(`the machine uses ${action.type}, which is outside the pure profile`)
      return { kind: 'word', name: action.type, params: action.params }
  }
}
