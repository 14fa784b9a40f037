// What is said of issues, in the order in which it was said.
// Never: changed or taken back.
import process from 'node:process'
import { BeadsError, type Comment } from './contract.ts'
import { checkText } from './limits.ts'
import type { Room } from './room.ts'

export function commentsIn({ rows, run, written, event, at, since, mustBeWork }: Room) {
  return {
    comments: (id: string) => rows<Comment>('SELECT * FROM comments WHERE issue_id = ? ORDER BY created_at, rowid', id),
    comment(id: string, text: string, actor: string): Comment {
      if (text.trim() === '') throw new BeadsError('a comment needs words; nothing was written')
      checkText('comment', text)
      return written(() => {
        const { updated_at: before } = mustBeWork(id)
        // Loaded here only: no other command needs it, and it is slow to load.
        const { randomUUID } = process.getBuiltinModule('node:crypto')
        const comment: Comment = { id: randomUUID(), issue_id: id, author: actor, text, created_at: at() }
        run(
          'INSERT INTO comments (id, issue_id, author, text, created_at) VALUES (?, ?, ?, ?, ?)',
          comment.id,
          id,
          actor,
          text,
          comment.created_at,
        )
        run('UPDATE issues SET updated_at = ? WHERE id = ?', since(before), id)
        event(id, 'commented', actor)
        return comment
      })
    },
    /** One that was said elsewhere, as it was said there. */
    takeInComment({ id, issue_id, author, text, created_at: at }: Comment): void {
      checkText('comment', text)
      written(() => {
        mustBeWork(issue_id)
        run(
          'INSERT OR IGNORE INTO comments (id, issue_id, author, text, created_at) VALUES (?, ?, ?, ?, ?)',
          ...[id, issue_id, author, text, at],
        )
        run('UPDATE issues SET updated_at = max(updated_at, ?) WHERE id = ?', at, issue_id)
        event(issue_id, 'commented', author)
      })
    },
  }
}
