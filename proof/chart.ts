// Chart: a machine as what can be drawn of it: states, transitions, and the words of both. Every picture of a
// lifecycle is made from this.
// Never: draws; and never holds what the machine itself does not say.
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, not, or } from 'xstate'

export interface ChartState {
  /** `a.b` path; '' for the machine itself. */
  path: string
  name: string
  kind: 'simple' | 'composite' | 'parallel' | 'final'
  /** Path of the state that is entered first. */
  initial: string | null
  description: string
  /** Effects it has done while it is active. */
  invokes: string[]
  /** What it says on entering, by name. */
  entry: string[]
  states: ChartState[]
}

export interface ChartEdge {
  from: string
  /** null: it stays where it is. */
  to: string | null
  /** `merge.requested`, `build answers`, `build fails`, `after retry`; '' when it follows at once. */
  event: string
  /** Of a timer whose wait is always the same; null: no timer, or a wait that the machine reckons. */
  delayMs: number | null
  guard: string
  actions: string[]
  description: string
  /** As XState calls it. */
  eventType: string
}

export interface Chart {
  id: string
  root: ChartState
  edges: ChartEdge[]
}

export function chartOf(machine: AnyStateMachine): Chart {
  const edges: ChartEdge[] = []
  const visit = (node: AnyStateNode): ChartState => {
    for (const definition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])])
      edges.push(edgeOf(machine, node, definition))
    return {
      path: node.path.join('.'),
      name: node.key,
      kind:
        node.type === 'parallel'
          ? 'parallel'
          : node.type === 'final'
            ? 'final'
            : node.type === 'compound'
              ? 'composite'
              : 'simple',
      initial: node.type === 'compound' ? (node.initial.target?.[0]?.path.join('.') ?? null) : null,
      description: node.description ?? '',
      invokes: node.invoke.map(({ src }) => String(src)),
      entry: namesOf(node.entry),
      states: Object.values(node.states).map(visit),
    }
  }
  const root = visit(machine.root)
  return { id: machine.id, root, edges }
}

export const statesOf = (state: ChartState): ChartState[] => [state, ...state.states.flatMap(statesOf)]

/** One line for a transition: `event [guard] / actions`. */
export function labelOf(edge: ChartEdge): string {
  return [
    occasionOf(edge),
    edge.guard && `[${edge.guard}]`,
    edge.actions.length > 0 && `/ ${[...new Set(edge.actions)].join(', ')}`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** What it happens on, with how long a wait is that is always the same. */
export const occasionOf = ({ event, delayMs }: ChartEdge) =>
  delayMs === null ? event : `${event} (${delayMs / 1000} s)`

/** XState's name of an event, in words. */
function eventWords(eventType: string): string {
  const [, kind, invokeId] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType) ?? []
  if (kind) return `${invokeId} ${kind === 'done' ? 'answers' : 'fails'}`
  const delay = delayIn(eventType)
  return delay ? `after ${delay}` : eventType
}

const delayIn = (eventType: string) => /^xstate\.after\.([^.]+)\./.exec(eventType)?.[1]

function delayOf(machine: AnyStateMachine, eventType: string): number | null {
  const ms = machine.implementations.delays[delayIn(eventType) ?? '']
  return typeof ms === 'number' ? ms : null
}

function edgeOf(machine: AnyStateMachine, node: AnyStateNode, definition: AnyTransitionDefinition): ChartEdge {
  return {
    from: node.path.join('.'),
    to: definition.target?.[0]?.path.join('.') ?? null,
    event: eventWords(definition.eventType),
    delayMs: delayOf(machine, definition.eventType),
    guard: guardWords(definition.guard),
    actions: namesOf(definition.actions),
    description: definition.description ?? '',
    eventType: definition.eventType,
  }
}

/** What tells XState's own guards apart; their names are lost in a bundle. */
const checkOf = (guard: unknown) => (guard as { check: unknown }).check

/** A guard in words; `and`, `or`, `not` and `stateIn` are XState's own. */
export function guardWords(guard: unknown): string {
  if (guard === undefined || guard === null) return ''
  if (typeof guard === 'string') return guard
  const { type, params, check, guards, stateValue } = guard as {
    type?: string
    params?: unknown
    check?: unknown
    guards?: unknown[]
    stateValue?: unknown
  }
  if (guards && check === checkOf(not('any'))) return `not ${guardWords(guards[0])}`
  if (guards) return guards.map(guardWords).join(check === checkOf(or([])) ? ' or ' : ' and ')
  if (stateValue !== undefined) return `in ${String(stateValue).replace(/^#\w+\./, '')}`
  // The verdict of an effect reads best alone: `land answers [pushed]`.
  if (type === 'answered') return String(params)
  if (type) return typeof params === 'string' ? `${type} ${params}` : type
  return '…'
}

/** Actions that say or promise something, by name; what only changes the context has none worth drawing. */
function namesOf(actions: readonly unknown[]): string[] {
  return actions.flatMap((action) => {
    const name = typeof action === 'string' ? action : ((action as { type?: string }).type ?? '')
    return name === '' || name.startsWith('xstate.') ? [] : [name]
  })
}
