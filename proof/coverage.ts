// Coverage: every transition of a machine reached by a shortest path through `xstate/graph`, over the cases its mail
// and effects declare.
// Never: knows a machine by name; a plugin's own is covered the same way.
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  type EventObject,
} from 'xstate'
import { type AdjacencyMap, getAdjacencyMap } from 'xstate/graph'
import type { Json, JsonObject } from '../runtime/contract.ts'
import { statePath } from '../runtime/turn.ts'

export interface Subject {
  name: string
  machine: AnyStateMachine
  input: JsonObject
  /** The mail it may hear, with who says it. */
  mail: readonly { type: string; from: string; body: JsonObject }[]
  /** What each effect may answer. */
  effects: Readonly<Record<string, readonly Json[]>>
  /** Mail types that may begin it; absent: all. */
  begins?: readonly string[] | undefined
}

/**
 * One step of a path: a mail by its place in the subject's list, an effect's answer by its place in the cases, a
 * failure, or a timer.
 */
export type Step =
  | { kind: 'mail'; type: string; from: string; body: JsonObject }
  | { kind: 'done'; invokeId: string; output: Json }
  | { kind: 'failed'; invokeId: string; message: string }
  | { kind: 'timer'; event: string }

export interface Edge {
  /** `state on event #n → target`, unique in its machine. */
  name: string
  /** Why nobody can take it, as the machine itself says (`meta.unreachable`). */
  unreachable: string | null
}

export interface Coverage {
  machine: string
  /** Distinct states the walk saw (value and shape of the context). */
  states: number
  configurations: number
  transitions: number
  edges: readonly Edge[]
  covered: ReadonlySet<string>
  /** Shortest paths that together take every edge that was covered. */
  paths: readonly (readonly Step[])[]
}

interface StepEvent extends EventObject {
  step: Step
}

const nodesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)]
const definitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

/** The event a step is to a machine. `at` and the mail's id are given by whoever plays it. */
export function eventOf(step: Step, at: number, mailId: string): EventObject {
  switch (step.kind) {
    case 'mail':
      return { ...step.body, type: step.type, from: step.from, at, mailId } as EventObject
    case 'done':
      return { type: `xstate.done.actor.${step.invokeId}`, output: step.output, at } as EventObject
    case 'failed':
      return { type: `xstate.error.actor.${step.invokeId}`, error: { message: step.message }, at } as EventObject
    case 'timer':
      return { type: step.event, at } as EventObject
  }
}

/** Nothing takes time on a walk, but for waiting: what a machine waits for by the clock is then over. */
const momentOf = ({ kind }: Step) => (kind === 'timer' ? 600_000 : 1)

/** What may happen to a machine in this state. */
export function stepsFrom(subject: Subject, snapshot: AnyMachineSnapshot, first: boolean): Step[] {
  if (snapshot.status !== 'active') return []
  const mail = subject.mail
    .filter(({ type }) => !first || !subject.begins || subject.begins.includes(type))
    .map((each): Step => ({ kind: 'mail', ...each }))
  const nodes = snapshot._nodes as AnyStateNode[]
  const answers = nodes.flatMap((node) =>
    node.invoke.flatMap(({ id, src }): Step[] => [
      ...(subject.effects[src as string] ?? []).map((output): Step => ({ kind: 'done', invokeId: id, output })),
      { kind: 'failed', invokeId: id, message: 'the world would not' },
    ]),
  )
  // One timer may lead several ways, by its guards; it fires once.
  const fired = new Set(nodes.flatMap((node) => node.after.map(({ eventType }) => eventType)))
  const timers = [...fired].map((event): Step => ({ kind: 'timer', event }))
  return [...mail, ...answers, ...timers]
}

/**
 * Walks the machine until every shape of state was seen or `statesMax` were, and picks the shortest paths that take
 * every edge. As long as an edge is missing it looks further, up to `farMax` states.
 */
export function cover(
  subject: Subject,
  { statesMax = 4000, farMax }: { statesMax?: number; farMax?: number } = {},
): Coverage {
  const { machine } = subject
  const names = new Map<AnyTransitionDefinition, string>()
  const edges: Edge[] = []
  for (const node of nodesOf(machine.root)) {
    for (const definition of definitionsOf(node)) {
      const twins = definitionsOf(node).filter((other) => other.eventType === definition.eventType)
      const target = definition.target?.map((state) => state.path.join('.')).join(', ')
      const state = node === machine.root ? 'anywhere' : node.path.join('.')
      const name = `${state} on ${definition.eventType || 'entering'}${twins.length > 1 ? ` (${twins.indexOf(definition) + 1} of ${twins.length})` : ''}${target ? ` → ${target}` : ''}`
      names.set(definition, name)
      edges.push({ name, unreachable: (definition.meta as { unreachable?: string } | undefined)?.unreachable ?? null })
    }
  }

  const witness = instrumented(machine)
  const missing = new Set(edges.flatMap(({ name, unreachable }) => (unreachable === null ? [name] : [])))
  const covered = new Set<string>()
  /** The first steps that take an edge. */
  const firsts = new WeakSet<object>()
  const begun = new WeakSet<object>()
  const known = new Set<string>()
  const keyOf = (snapshot: AnyMachineSnapshot) => `${statePath(snapshot.value)} ${shapeOf(snapshot.context)}`
  let [walked, transitions] = [0, 0]
  const adjacency = getAdjacencyMap(machine, {
    input: subject.input as never,
    events: (snapshot: AnyMachineSnapshot) =>
      stepsFrom(subject, snapshot, !begun.has(snapshot)).map(
        (step) => ({ ...eventOf(step, momentOf(step), 'm-1'), step }) as StepEvent,
      ),
    // What leads nowhere new by no new edge is not kept: there are hundreds of those to one that is.
    filterEvents: (snapshot: AnyMachineSnapshot, event: EventObject) => {
      transitions++
      const { next, taken } = witness(snapshot, event)
      const fresh = taken.flatMap((definition) => names.get(definition) ?? []).filter((name) => !covered.has(name))
      const key = keyOf(next)
      if (known.has(key) && fresh.length === 0) return false
      known.add(key)
      if (fresh.length > 0) firsts.add(event)
      for (const name of fresh) {
        covered.add(name)
        missing.delete(name)
      }
      return true
    },
    serializeState: (snapshot: AnyMachineSnapshot, event: EventObject | undefined) => {
      if (event) begun.add(snapshot)
      return event ? keyOf(snapshot) : 'not begun'
    },
    serializeEvent: (event: EventObject) => JSON.stringify((event as StepEvent).step),
    stopWhen: () => ++walked > (missing.size > 0 ? (farMax ?? statesMax) : statesMax),
  } as never) as unknown as AdjacencyMap<AnyMachineSnapshot, StepEvent>

  const paths: Step[][] = []
  const configurations = new Set<string>()
  const pathTo = new Map<AnyMachineSnapshot, Step[]>()
  // The walk went breadth first, so the first way to a state is a shortest one.
  for (const { state, transitions: out } of Object.values(adjacency)) {
    const here = pathTo.get(state) ?? []
    const fresh = configurations.size
    configurations.add(statePath(state.value))
    if (configurations.size > fresh && here.length > 0) paths.push(here)
    for (const { event, state: next } of Object.values<{ event: StepEvent; state: AnyMachineSnapshot }>(out)) {
      const path = [...here, event.step]
      if (!pathTo.has(next)) pathTo.set(next, path)
      if (firsts.has(event)) paths.push(path)
    }
  }
  return {
    machine: subject.name,
    states: known.size + 1,
    configurations: configurations.size,
    transitions,
    edges,
    covered,
    paths: withoutPrefixes(paths),
  }
}

/** Edges nobody took and the machine does not call unreachable; edges it calls so and somebody took. */
export function holesOf({ edges, covered }: Coverage): string[] {
  return edges.flatMap(({ name, unreachable }) => {
    if (unreachable === null) return covered.has(name) ? [] : [`${name}: no case takes it`]
    return covered.has(name) ? [`${name}: said to be unreachable (${unreachable}), and taken`] : []
  })
}

/**
 * The shape of a value: small numbers and words as they are, long lists and big numbers cut, so that a machine that
 * counts has few shapes.
 */
function shapeOf(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === 'number') return Math.min(part, 4)
    if (typeof part === 'string') return part.slice(0, 24)
    return Array.isArray(part) ? part.slice(0, 2) : part
  })
}

/** Where a step leads, and which transition definitions it takes; XState tells those to whoever inspects. */
function instrumented(
  machine: AnyStateMachine,
): (
  snapshot: AnyMachineSnapshot,
  event: EventObject,
) => { next: AnyMachineSnapshot; taken: AnyTransitionDefinition[] } {
  const taken: AnyTransitionDefinition[] = []
  const actor = createActor(machine, {
    snapshot: undefined,
    inspect: (inspected: { type: string }) => {
      if (inspected.type === '@xstate.microstep')
        taken.push(...(inspected as unknown as { _transitions: AnyTransitionDefinition[] })._transitions)
    },
  } as never)
  const nothing = () => {}
  const scope = {
    self: actor,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: nothing,
    system: actor.system,
  }
  return (snapshot, event) => {
    taken.length = 0
    const next = machine.transition(snapshot, event as never, scope as never)
    return { next, taken: [...taken] }
  }
}

function withoutPrefixes(paths: readonly Step[][]): Step[][] {
  const texts = paths.map((path) => path.map((step) => JSON.stringify(step)).join('\n'))
  return paths.filter(
    (_, n) => !texts.some((other, m) => other.startsWith(`${texts[n]}\n`) || (m < n && other === texts[n])),
  )
}
