// Reading: what a session's evidence comes to, for those who must act on it.
// Never: takes the last fact for the state of things; a turn that has begun again is not over.
import type { Receipt } from '../../machines/session-effects.ts'
import type { Told } from './evidence.ts'

export interface Reading {
  /** null: nothing new. */
  conversation: string | null
  receipts: Receipt[]
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
}

export const nothingRead: Reading = {
  ...{ conversation: null, receipts: [], tools: new Set(), idle: null, until: null, filledPercent: 0 },
}

export const readOn = (before: Reading, facts: readonly Told[]): Reading => facts.reduce(after, before)

function after(reading: Reading, fact: Told): Reading {
  switch (fact.what) {
    case 'started':
      return { ...reading, conversation: fact.conversation }
    case 'turn_began':
      return { ...reading, idle: null, tools: new Set() }
    case 'tool_began':
      return { ...reading, tools: new Set([...reading.tools, fact.id]) }
    case 'tool_over':
      return { ...reading, tools: new Set([...reading.tools].filter((id) => id !== fact.id)) }
    case 'context':
      return { ...reading, filledPercent: (100 * fact.used) / Math.max(1, fact.window) }
    case 'compacted':
      return { ...reading, filledPercent: 0 }
    case 'limited':
      return { ...reading, until: fact.until }
    case 'message': {
      if (fact.state === 'dropped') return reading
      const others = reading.receipts.filter(({ id }) => id !== fact.id)
      return { ...reading, receipts: [...others, { id: fact.id, state: fact.state }] }
    }
    case 'turn_over':
      return { ...reading, tools: new Set(), idle: idleAfter(reading, fact) }
    default:
      return reading
  }
}

function idleAfter({ until }: Reading, { end, why }: Told & { what: 'turn_over' }): Reading['idle'] {
  if (end === 'limited') return { kind: 'limited', until, why }
  if (end === 'refused') return { kind: 'refused', why }
  return { kind: 'turn_over', end, why }
}
