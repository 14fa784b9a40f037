// Which conversation a request belongs to, and how far it is in its script.
// Never: remembers more than a thousand conversations; the one that was silent longest is forgotten first.
import { createHash } from 'node:crypto'
import { isAside } from './asides.ts'
import type { Asked } from './protocol.ts'
import type { Rule, Step } from './script.ts'
import { waitingCalls } from './tools.ts'
import { opening } from './turns.ts'

const conversationsMax = 1000

/** `over`: nothing is left, or no rule is for it. `aside`: it is not about the work. `waiting`: a command goes on. */
export type Stepless = 'over' | 'aside' | 'waiting'

/** What a request takes of the script. */
export interface Taken {
  conversation: string
  step: Step | Stepless
}

interface Place {
  /** The step that is next, and how many requests it has answered already. */
  next: number
  answered: number
  last: Step | undefined
}

export interface Conversations {
  take(asked: Asked): Taken
}

export function conversationsOver(rules: readonly Rule[]): Conversations {
  const places = new Map<string, Place>()
  return {
    take(asked) {
      const conversation = asked.session ?? `begun with ${digest(opening(asked))}`
      const text = asked.turns.filter(({ who }) => who === 'user' || who === 'tool').map(({ text }) => text)
      const index = rules.findIndex(({ match }) => match.test(text.join('\n')))
      const rule = rules[index]
      if (isAside(asked, { withoutTools: rule?.withoutTools ?? false })) return { conversation, step: 'aside' }
      if (waitingCalls(asked).length > 0) return { conversation, step: 'waiting' }
      if (!rule) return { conversation, step: 'over' }
      const key = `${index} ${conversation}`
      const place = beginsAgain(asked, places.get(key)) ? undefined : places.get(key)
      const { step, now } = advance(rule.steps, place ?? { next: 0, answered: 0, last: undefined })
      // Put last again: the first in the map is the one that was silent longest.
      places.delete(key)
      places.set(key, now)
      if (places.size > conversationsMax) places.delete(places.keys().next().value ?? key)
      return { conversation, step }
    },
  }
}

function advance(steps: readonly Step[], { next, answered, last }: Place): { step: Step | 'over'; now: Place } {
  const step = steps[next]
  if (!step) return { step: 'over', now: { next, answered, last } }
  const isOver = answered + 1 >= step.times
  return { step, now: { next: isOver ? next + 1 : next, answered: isOver ? 0 : answered + 1, last: step } }
}

/**
 * Without a session's name, a conversation in which the model has said nothing is a new one, though it begins with the
 * words of an earlier one; unless the model's answer was none, and this is the agent's next attempt.
 */
function beginsAgain(asked: Asked, place: Place | undefined): boolean {
  if (asked.session !== undefined || asked.turns.some(({ who }) => who === 'model')) return false
  const last = place?.last?.does
  return last?.kind === 'answers' && last.breaks === undefined
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)
