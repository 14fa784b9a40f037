// What was asked of the scripted model, for tests that look at what an agent was really told.
// Never: keeps more than its bounds; the oldest goes first.

import type { Asked, Protocol } from './protocol.ts'
import { lastSaid, systemText } from './turns.ts'

export interface Heard {
  /** When it had come, in milliseconds since the epoch. */
  at: number
  method: string
  path: string
  /** Missing for what is no request for an answer. */
  protocol: Protocol['name'] | undefined
  /** The agent's name for its conversation, or one made of how it began. */
  conversation?: string
  model?: string
  /** The last text of the user's, and of a tool. */
  lastUser?: string
  lastResult?: string
  /** All texts of the user's in this conversation, oldest first. */
  saidByUser?: readonly string[]
  system?: string
  tools?: readonly string[]
  streams?: boolean
  /** What it was answered with: “step 3”, `over`, `aside` or `waiting`. */
  step?: string
  /** Why it was not understood, and has no step. */
  refused?: string
  /** Known once the answer is over. */
  status?: number | undefined
  /** The agent hung up before the answer’s end, or the script cut it off. */
  leftEarly?: boolean
}

export function heardWithin({ entriesMax, charsMax }: { entriesMax: number; charsMax: number }) {
  const entries: Heard[] = []
  let chars = 0
  const drop = () => {
    while (entries.length > entriesMax || (chars > charsMax && entries.length > 1))
      for (const entry of entries.splice(0, 1)) chars -= charsIn(entry)
  }
  return {
    entries: entries as readonly Heard[],
    add(entry: Heard): Heard {
      entries.push(entry)
      drop()
      return entry
    },
    /** What has been understood of a request. */
    tell(entry: Heard, asked: Asked, conversation: string, step: string): void {
      const { model, streams, tools } = asked
      const texts = {
        system: systemText(asked),
        lastUser: lastSaid(asked, 'user'),
        lastResult: lastSaid(asked, 'tool'),
        saidByUser: asked.turns.filter(({ who }) => who === 'user').map(({ text }) => text),
      }
      Object.assign(entry, { conversation, model, streams, step, ...texts, tools: tools.map(({ name }) => name) })
      if (!entries.includes(entry)) return
      chars += charsIn(entry)
      drop()
    },
  }
}

/** The last that the user said is among all that the user said. */
const charsIn = ({ system, lastUser, lastResult, saidByUser = [lastUser ?? ''], tools = [] }: Heard) =>
  [system, lastResult, ...saidByUser, ...tools].reduce((sum, text) => sum + (text?.length ?? 0), 0)
