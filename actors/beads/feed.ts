// What was written to a store, in the order in which it was committed: every change of an issue leaves a row, and who
// follows asks for those after the last one it has seen.
// Never: tells of what is no issue's (configuration, memories, a holder that is still at it), or of a change by halves.
import { BeadsError } from './contract.ts'
import type { Rows } from './rows.ts'

export interface Change {
  /** Greater than all before it, and never given again. */
  id: number
  /** `created`, `updated`, `claimed`, `closed`, `imported`, `synced`, `deleted`, …; `renamed` is of all ids at once. */
  event: string
  /** The issue; empty for `renamed`, whose detail says from what to what. */
  issue: string
  /** Of which type it is now; null when it is gone. */
  type: string | null
  actor: string
  /** What was changed, as far as it was noted. */
  detail: string | null
  at: string
}

export interface Feed {
  rows: Change[]
  /** To ask with the next time. */
  cursor: number
  /** There are others after these. */
  more: boolean
}

export function feedIn({ rows, row }: Rows) {
  const lastChange = () => row<{ id: number | null }>('SELECT max(id) AS id FROM events')?.id ?? 0
  return {
    /** Where the feed ends now: nothing has been missed from here on. */
    lastChange,
    /** Throws a BeadsError when it has not come so far: it is an older copy, and whoever follows begins anew. */
    changesSince(cursor: number, most: number): Feed {
      const found = rows<Change>(
        `SELECT e.id, e.event_type AS event, e.issue_id AS issue, i.issue_type AS type, e.actor, e.detail,
         e.created_at AS at FROM events e LEFT JOIN issues i ON i.id = e.issue_id WHERE e.id > ? ORDER BY e.id LIMIT ?`,
        cursor,
        most + 1,
      )
      if (found.length === 0 && lastChange() < cursor)
        throw new BeadsError(
          `it has not come as far as change ${cursor}: it is another store, or an older copy; begin anew with --since 0`,
        )
      const told = found.slice(0, most)
      return { rows: told, cursor: told.at(-1)?.id ?? cursor, more: found.length > most }
    },
  }
}

/** What an update changes that says who may work on what, and when. */
const deciding = ['status', 'assignee', 'priority', 'issue_type', 'defer_until', 'ephemeral']

/** Whether a change may be a reason to give out other work: mail, words and comments are none. */
export function matters({ event, type, detail }: Change): boolean {
  if (type === 'message' || event === 'commented') return false
  if (event !== 'updated' || detail === null) return true
  return Object.keys(JSON.parse(detail) as object).some((field) => deciding.includes(field))
}
