// The labels of issues: a set each.
// Never: labels mail, which stays as it was sent.
import { checkLabel } from './limits.ts'
import type { Room } from './room.ts'

export function labelsIn({ rows, run, written, event, mustBeWork }: Room) {
  const labels = (id: string) =>
    rows<{ label: string }>('SELECT label FROM labels WHERE issue_id = ? ORDER BY label', id).map((each) => each.label)
  return {
    labels,
    /** Nobody said it: the town's own marks, which no event tells of. */
    addLabel: (id: string, label: string) =>
      void written(() => run('INSERT OR IGNORE INTO labels VALUES (?, ?)', id, checkLabel(label))),
    /** Adds some, takes others away; false when all was so already. */
    relabel(
      id: string,
      { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] },
      actor: string,
    ) {
      return written(() => {
        mustBeWork(id)
        const added = add.filter(
          (label) => run('INSERT OR IGNORE INTO labels VALUES (?, ?)', id, checkLabel(label)) > 0,
        )
        const removed = remove.filter(
          (label) => run('DELETE FROM labels WHERE issue_id = ? AND label = ?', id, label) > 0,
        )
        for (const label of added) event(id, 'label_added', actor, label)
        for (const label of removed) event(id, 'label_removed', actor, label)
        return added.length + removed.length > 0
      })
    },
    /** Every label there is, with how many bear it. */
    labelCounts: () =>
      rows<{ label: string; count: number }>(
        'SELECT label, count(*) AS count FROM labels GROUP BY label ORDER BY label',
      ),
  }
}
