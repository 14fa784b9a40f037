// Draw: a chart as Mermaid, as the tree state-machine-cat draws, as JSON for the XState tools, and as lines for people.
// Never: looks into a machine; that is the chart's part (JSON excepted: it is the machine's own configuration).
import type { AnyStateMachine } from 'xstate'
import { type Chart, type ChartEdge, type ChartState, guardWords, labelOf, occasionOf, statesOf } from './chart.ts'

const idOf = (chart: Chart, path: string) => (path === '' ? chart.id : path.replaceAll('.', '_'))

/**
 * A `stateDiagram-v2`; with `words`, what each state is stands in it. Transitions that stay where they are, are in
 * `remarks`.
 */
export function mermaid(chart: Chart, { words = false } = {}): string {
  const lines = ['stateDiagram-v2']
  const state = (each: ChartState, indent: string) => {
    const id = idOf(chart, each.path)
    if (each.states.length === 0) {
      lines.push(`${indent}state ${quoted(each.name)} as ${id}`)
      if (words && each.description) lines.push(`${indent}${id} : ${escaped(each.description)}`)
      return
    }
    lines.push(`${indent}state ${quoted(each.name)} as ${id} {`)
    inside(each, `${indent}  `)
    lines.push(`${indent}}`)
  }
  const inside = (each: ChartState, indent: string) => {
    if (each.initial) lines.push(`${indent}[*] --> ${idOf(chart, each.initial)}`)
    each.states.forEach((child, n) => {
      if (each.kind === 'parallel' && n > 0) lines.push(`${indent}--`)
      state(child, indent)
    })
  }
  // Regions side by side need a state around them.
  if (chart.root.kind === 'parallel') state({ ...chart.root, name: chart.id }, '  ')
  else inside(chart.root, '  ')
  for (const [ends, labels] of arrows(chart))
    lines.push(`  ${ends}${labels.length > 0 ? ` : ${labels.join('<br/>')}` : ''}`)
  for (const each of statesOf(chart.root)) if (each.kind === 'final') lines.push(`  ${idOf(chart, each.path)} --> [*]`)
  return `${lines.join('\n')}\n`
}

/** Arrows between two states, each pair once, with the labels of all its transitions. */
function arrows(chart: Chart): Map<string, string[]> {
  const all = new Map<string, string[]>()
  for (const edge of chart.edges) {
    if (edge.to === null || edge.from === '') continue
    const ends = `${idOf(chart, edge.from)} --> ${idOf(chart, edge.to)}`
    const label = escaped([occasionOf(edge), edge.guard && `[${edge.guard}]`].filter(Boolean).join(' '))
    const labels = all.get(ends) ?? []
    if (label && !labels.includes(label)) labels.push(label)
    all.set(ends, labels)
  }
  return all
}

const quoted = (text: string) => JSON.stringify(text.replaceAll('_', ' '))
// These end a label or begin something else in Mermaid.
const escaped = (text: string) => text.replaceAll(';', ',').replaceAll(':', '').replaceAll('#', '')

/** What an arrow cannot show of a state. */
export interface Remark {
  /** Path of the state; `in any state` for the machine's own. */
  state: string
  final: boolean
  /** The state's own words. */
  words: string
  /** What it has done and says on entering; '' when nothing. */
  does: string
  /** Mail it answers without moving (the machine's own: wherever that leads). */
  answers: string[]
}

export function remarks(chart: Chart): Remark[] {
  const line = (edge: ChartEdge) => {
    const says = edge.actions.length > 0 ? ` (${[...new Set(edge.actions)].join(', ')})` : ''
    return `${occasionOf(edge)}${edge.guard ? ` [${edge.guard}]` : ''}${edge.to ? ` → ${edge.to}` : ''}${edge.description ? `: ${edge.description}` : ''}${says}`
  }
  return statesOf(chart.root)
    .map((state): Remark => {
      const does = [
        state.invokes.length > 0 && `has ${state.invokes.join(', ')} done`,
        state.entry.length > 0 && `says ${[...new Set(state.entry)].join(', ')}`,
      ]
      return {
        state: state.path || 'in any state',
        final: state.kind === 'final',
        words: state.path === '' ? '' : state.description,
        does: does.filter(Boolean).join('; '),
        answers: chart.edges
          .filter((edge) => edge.from === state.path && (edge.to === null || state.path === ''))
          .map(line),
      }
    })
    .filter(({ words, does, answers }) => words !== '' || does !== '' || answers.length > 0)
}

/** Remarks as a Markdown list. */
export function markdown(list: readonly Remark[]): string[] {
  return list.flatMap(({ state, final, words, does, answers }) => [
    `- **${state}**${final ? ' (final)' : ''}${words ? `: ${words}` : ''}${does ? ` _${does}_` : ''}`,
    ...answers.map((answer) => `  - ${answer}`),
  ])
}

export interface SmcatMachine {
  states: SmcatState[]
  transitions?: SmcatTransition[]
}
interface SmcatState {
  name: string
  type: 'regular' | 'initial' | 'final' | 'parallel'
  label?: string
  actions?: { type: 'entry' | 'activity'; body: string }[]
  statemachine?: SmcatMachine
  active?: boolean
  class?: string
}
interface SmcatTransition {
  id: number
  from: string
  to: string
  label?: string
  event?: string
  cond?: string
  action?: string
  type?: 'internal' | 'external'
  class?: string
}

/**
 * The tree that `state-machine-cat` renders. For pictures, what a state answers without moving is a line in it; for
 * SCXML it is a transition.
 */
export function smcat(chart: Chart, stays: 'lines' | 'transitions'): SmcatMachine {
  let id = 0
  const linesIn = (path: string) =>
    stays === 'transitions'
      ? []
      : chart.edges
          .filter((edge) => edge.from === path && edge.to === null)
          .map((edge) => ({ type: 'activity' as const, body: labelOf(edge) }))
  const inside = (state: ChartState): SmcatMachine => {
    const states: SmcatState[] = []
    const transitions: SmcatTransition[] = []
    if (state.initial) {
      const initial = `${idOf(chart, state.path)}.initial`
      states.push({ name: initial, type: 'initial' })
      transitions.push({ id: ++id, from: initial, to: idOf(chart, state.initial) })
    }
    for (const each of state.states) {
      const type = each.kind === 'final' ? 'final' : each.kind === 'parallel' ? 'parallel' : 'regular'
      const actions = [
        ...(stays === 'lines' ? wrapped(each.description).map((body) => ({ type: 'activity' as const, body })) : []),
        ...[...new Set(each.entry)].map((body) => ({ type: 'entry' as const, body })),
        ...each.invokes.map((body) => ({ type: 'activity' as const, body: `has ${body} done` })),
        ...linesIn(each.path),
      ]
      states.push({
        name: idOf(chart, each.path),
        type,
        label: each.name.replaceAll('_', ' '),
        class: 'state',
        ...(actions.length > 0 ? { actions } : {}),
        ...(each.states.length > 0 ? { statemachine: inside(each) } : {}),
      })
    }
    return { states, ...(transitions.length > 0 ? { transitions } : {}) }
  }
  // A machine's own transitions are drawn at one frame around all of it.
  const { states, transitions } = inside(chart.root)
  const frame: SmcatState = {
    name: chart.id,
    type: chart.root.kind === 'parallel' ? 'parallel' : 'regular',
    label: chart.id,
    ...(linesIn('').length > 0 ? { actions: linesIn('') } : {}),
    statemachine: { states, ...(transitions ? { transitions } : {}) },
  }
  const moves = chart.edges.filter((edge) => stays === 'transitions' || edge.to !== null)
  const edges = moves.map((edge): SmcatTransition => {
    const [event, cond, action] = [edge.eventType, edge.guard, [...new Set(edge.actions)].join(', ')]
    return {
      id: ++id,
      from: idOf(chart, edge.from),
      to: idOf(chart, edge.to ?? edge.from),
      label: labelOf(edge),
      ...(event ? { event } : {}),
      ...(cond ? { cond } : {}),
      ...(action ? { action } : {}),
      ...(edge.to === null ? { type: 'internal' as const } : {}),
    }
  })
  return { states: [frame], transitions: edges }
}

/** Lines of at most 44 characters, where words allow. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 44) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

type Config = Record<string, unknown>
const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])

/**
 * The machine's configuration as plain JSON: what `createMachine` and the Stately tools read. Functions are left out,
 * or stand by name.
 */
export function json(machine: AnyStateMachine): Config {
  const action = (each: unknown) => ({
    type: typeof each === 'string' ? each : ((each as { type?: string }).type ?? 'inline'),
  })
  const transition = (each: unknown): Config => {
    if (typeof each === 'string') return { target: each }
    const { target, guard, actions, description, reenter, meta } = each as Config
    return clean({
      target,
      guard: guard === undefined ? undefined : guardWords(guard),
      actions: list(actions).map(action),
      description,
      reenter,
      meta,
    })
  }
  const transitions = (map: unknown) =>
    map && Object.fromEntries(Object.entries(map as Config).map(([event, each]) => [event, list(each).map(transition)]))
  const state = (each: Config): Config =>
    clean({
      id: each.id,
      description: each.description,
      type: each.type,
      initial: each.initial,
      entry: list(each.entry).map(action),
      exit: list(each.exit).map(action),
      invoke: list(each.invoke).map((invoke) => {
        const { id, src, onDone, onError } = invoke as Config
        return clean({ id, src, onDone: list(onDone).map(transition), onError: list(onError).map(transition) })
      }),
      always: list(each.always).map(transition),
      on: transitions(each.on),
      after: transitions(each.after),
      states:
        each.states &&
        Object.fromEntries(
          Object.entries(each.states as Record<string, Config>).map(([name, child]) => [name, state(child)]),
        ),
    })
  return state(machine.config as Config)
}

const clean = (config: Config): Config =>
  Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  )
