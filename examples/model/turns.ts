// What was said in a conversation, by whom.
// Never: changes it.
import type { Asked, Turn } from './protocol.ts'

/** What the user said before the model said anything. */
export function opening({ turns }: Asked): string {
  const first = turns.findIndex(({ who }) => who === 'model')
  return textOf(first < 0 ? turns : turns.slice(0, first), 'user')
}

const textOf = (turns: readonly Turn[], who: Turn['who']) =>
  turns
    .filter((turn) => turn.who === who)
    .map(({ text }) => text)
    .join('\n')

/** What tools gave back since the model spoke last. */
export const lastResults = ({ turns }: Asked) =>
  turns
    .slice(turns.findLastIndex(({ who }) => who === 'model') + 1)
    .filter(({ who }) => who === 'tool')
    .map(({ text }) => text)

/** All that is the system's. */
export const systemText = ({ turns }: Asked) => textOf(turns, 'system')

/** The last text of the user's, or of a tool. */
export const lastSaid = ({ turns }: Asked, who: 'user' | 'tool') =>
  turns.findLast((turn) => turn.who === who && turn.text !== '')?.text ?? ''
