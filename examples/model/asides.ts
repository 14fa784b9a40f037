// What agents ask beside the work: titles, checks of a quota, routes, summaries of a conversation that has grown long.
// Such a request is answered with text, and takes no step of a script.
// Never: takes a request for work as one, unless it offers no tools.

import type { Asked } from './protocol.ts'
import { lastSaid } from './turns.ts'

/** How agents ask for a summary; they offer their tools with it. */
const summary =
  /create a detailed summary of (the|this|our) conversation|CONTEXT CHECKPOINT COMPACTION|<state_snapshot>|Respond with TEXT ONLY/i

/** How aider asks for the message of a commit; it offers no tools with anything. */
const commitMessage = /^# Diffs:$/m

const asksForSummary = (asked: Asked) => summary.test(lastSaid(asked, 'user'))

export const isAside = (asked: Asked, { withoutTools }: { withoutTools: boolean }) =>
  asksForSummary(asked) || (asked.tools.length === 0 && (!withoutTools || commitMessage.test(lastSaid(asked, 'user'))))

/** A text that will do. */
export function asideAnswer(asked: Asked): string {
  if (asksForSummary(asked)) return '<summary>All steps of the script so far were taken.</summary>'
  return asked.schema === undefined ? 'Scripted work' : JSON.stringify(example(asked.schema))
}

/** A value that a small JSON schema allows. */
function example(schema: unknown): unknown {
  const { type, properties, minimum, enum: values, const: value } = Object(schema) as Record<string, unknown>
  if (value !== undefined) return value
  if (Array.isArray(values)) return values[0]
  switch (String(type).toLowerCase()) {
    case 'object':
      return Object.fromEntries(Object.entries(Object(properties)).map(([name, inner]) => [name, example(inner)]))
    case 'array':
      return []
    case 'number':
    case 'integer':
      return minimum ?? 1
    case 'boolean':
      return false
    default:
      return 'scripted'
  }
}
