// Issues that are deleted: gone from every question, kept whole as a tombstone.
// Never: deletes what somebody works on, or mail; gives a deleted id to another issue.
import { BeadsError } from './contract.ts'
import type { Room } from './room.ts'

export interface Tombstone {
  id: string
  deleted_at: string
  deleted_by: string
  reason: string
  /** The issue as its line in `issues.jsonl` was. */
  was: string
}

export function deletionIn({ rows, row, run, written, event, at, since, mustBeWork }: Room) {
  const gone = (id: string) => row<Tombstone>('SELECT * FROM tombstones WHERE id = ?', id)
  /** Cuts it off from all others, which are told. Returns how many edges that were. */
  const untie = (id: string, actor: string): number => {
    for (const { issue_id: other } of rows<{ issue_id: string }>(
      'SELECT issue_id FROM dependencies WHERE depends_on_id = ? ORDER BY issue_id',
      id,
    ))
      event(other, 'dependency_removed', actor, id)
    return (
      run('DELETE FROM dependencies WHERE issue_id = ?', id) +
      run('DELETE FROM dependencies WHERE depends_on_id = ?', id)
    )
  }
  return {
    tombstone: gone,
    tombstones: () => rows<Tombstone>('SELECT * FROM tombstones ORDER BY id'),
    /** Says so where others speak of it. Returns how many edges and texts that were. */
    remove(id: string, was: string, actor: string, reason: string): { edges: number; texts: number } {
      return written(() => {
        const issue = mustBeWork(id)
        if (issue.status === 'in_progress' && issue.assignee && issue.assignee !== actor)
          throw new BeadsError(`cannot delete ${id}: ${issue.assignee} works on it; nothing was deleted`)
        const [before, after] = [
          new RegExp(`(?<![\\w-])${id.replaceAll('.', '\\.')}(?![\\w-]|\\.\\d)`, 'g'),
          `[deleted:${id}]`,
        ]
        let texts = 0
        const near = rows<{
          id: string
          description: string
          notes: string
          design: string
          acceptance_criteria: string
        }>(
          `SELECT id, description, notes, design, acceptance_criteria FROM issues
           WHERE issue_type <> 'message' AND id IN (
             SELECT issue_id FROM dependencies WHERE depends_on_id = ?
             UNION SELECT depends_on_id FROM dependencies WHERE issue_id = ?)`,
          id,
          id,
        )
        for (const { id: other, ...texted } of near)
          for (const [column, text] of Object.entries(texted)) {
            const now = text.replace(before, after)
            if (now === text) continue
            texts++
            run(`UPDATE issues SET ${column} = ?, updated_at = ? WHERE id = ?`, now, at(), other)
            event(other, 'updated', actor, JSON.stringify({ [column]: now }))
          }
        const edges = untie(id, actor)
        run('DELETE FROM issues WHERE id = ?', id)
        run('INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?)', id, since(issue.updated_at), actor, reason, was)
        event(id, 'deleted', actor, reason)
        return { edges, texts }
      })
    },
    /** As another store says: what it deleted later than this one changed it is deleted here. False: older news. */
    bury(stone: Tombstone): boolean {
      return written(() => {
        const known = row<{ updated_at: string; issue_type: string }>(
          'SELECT updated_at, issue_type FROM issues WHERE id = ?',
          stone.id,
        )
        if (known && (known.issue_type === 'message' || known.updated_at > stone.deleted_at)) return false
        if (!known && gone(stone.id)) return false
        untie(stone.id, stone.deleted_by)
        run('DELETE FROM issues WHERE id = ?', stone.id)
        const { id, deleted_at: when, deleted_by: who, reason, was } = stone
        run('INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?)', id, when, who, reason, was)
        event(id, 'deleted', who, reason)
        return true
      })
    },
  }
}
