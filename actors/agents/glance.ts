// What an agent does now, as its evidence says: facts folded into what a person wants to know at a glance.
// Never: decides anything by it; whether its session lives is another's to say.
import { evidenceOf, type Fact, type Told } from './evidence.ts'

type Of<W extends Fact['what']> = Told & { what: W }
export type WordsState = Of<'message'>['state']

/** Moments are milliseconds since the epoch; null is what it did not tell, or what is over. */
export interface Glance {
  started: Of<'started'> | null
  /** The turn that is on, or the last one and how it ended. */
  turn: Of<'turn_began'> | Of<'turn_over'> | null
  /** The tools that run, the eldest first. */
  tools: Of<'tool_began'>[]
  said: Of<'said'> | null
  /** How many words for it have come how far; each counts once. */
  words: Record<WordsState, number>
  context: Of<'context'> | null
  limited: Of<'limited'> | null
  retrying: Of<'retrying'> | null
  gone: Of<'gone'> | null
}

/** The evidence of one session, all of it. */
export function glanceAt(dir: string): Glance {
  const glance = begin()
  for (const one of evidenceOf(dir)) glance.hear(one)
  return glance.seen()
}

function begin(): { hear(one: Told): void; seen(): Glance } {
  const last: { [W in Fact['what']]?: Of<W> } = {}
  const tools = new Map<string, Of<'tool_began'>>()
  const words = new Map<string, WordsState>()
  let turn: Glance['turn'] = null
  return {
    hear(one) {
      Object.assign(last, { [one.what]: one })
      if (one.what === 'turn_began' || one.what === 'turn_over') turn = one
      if (one.what === 'tool_began') tools.set(one.id, one)
      if (one.what === 'tool_over') tools.delete(one.id)
      if (one.what === 'message') words.set(one.id, one.state)
      if (['turn_began', 'turn_over', 'gone'].includes(one.what)) tools.clear()
      // A turn is begun once the allowance is back.
      if (one.what === 'turn_began') delete last.limited
      if (goesOn.includes(one.what)) delete last.retrying
    },
    seen: () => ({
      ...{ turn, tools: [...tools.values()], words: counted([...words.values()]) },
      ...{ started: last.started ?? null, said: last.said ?? null, context: last.context ?? null },
      ...{ limited: last.limited ?? null, retrying: last.retrying ?? null, gone: last.gone ?? null },
    }),
  }
}

/** With these it has had an answer, or tries no more. */
const goesOn: readonly Fact['what'][] = ['said', 'tool_began', 'usage', 'turn_began', 'turn_over', 'gone']

function counted(states: readonly WordsState[]): Glance['words'] {
  const count = { taken: 0, delivered: 0, answered: 0, dropped: 0 }
  for (const state of states) count[state]++
  return count
}
