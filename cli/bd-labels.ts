// What `bd label add` and `bd label remove` have in common.
// Never: does some of what was asked.
import type { Call } from './bd-command.ts'
import { Usage } from './errors.ts'

type Labelling = Omit<Call, 'args' | 'flags'> & { args: { words: readonly string[] } }

export function labelling({ args: { words }, beads, actor, print }: Labelling, done: 'added' | 'removed'): void {
  const [label, given] = [words.at(-1), words.slice(0, -1)]
  if (label === undefined || given.length === 0)
    throw new Usage(`usage: bd label ${done === 'added' ? 'add' : 'remove'} <id> … <label>`)
  const ids = [...new Set(given.map((id) => beads.resolve(id)))]
  beads.written(() => {
    for (const id of ids) beads.relabel(id, done === 'added' ? { add: [label] } : { remove: [label] }, actor)
  })
  print(
    () => ids.map((id) => ({ status: done, issue_id: id, label })),
    () =>
      ids.map((id) =>
        done === 'added' ? `✓ Added label '${label}' to ${id}` : `✓ Removed label '${label}' from ${id}`,
      ),
  )
}
