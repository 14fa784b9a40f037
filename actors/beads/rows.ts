// How the rooms of a store ask its database: each statement is prepared once.
// Never: knows a table but the one of events.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { inTransaction } from '../transaction.ts'

export type Rows = ReturnType<typeof rowsOf>

export function rowsOf(db: DatabaseSync, now: () => Date) {
  const statements = new Map<string, StatementSync>()
  const sql = (text: string) => {
    let statement = statements.get(text)
    if (!statement) {
      statement = db.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  const run = (text: string, ...values: SQLInputValue[]) => Number(sql(text).run(...values).changes)
  /** As the store keeps it. */
  const at = () => now().toISOString()
  return {
    rows: <T>(text: string, ...values: SQLInputValue[]) => sql(text).all(...values) as T[],
    row: <T>(text: string, ...values: SQLInputValue[]) => sql(text).get(...values) as T | undefined,
    /** One at a time, for what may be much. */
    each: <T>(text: string, ...values: SQLInputValue[]) =>
      sql(text).iterate(...values) as Iterable<unknown> as Iterable<T>,
    /** How many rows were changed. */
    run,
    /** All of it or nothing; what is done within another one is part of that. */
    written: <T>(work: () => T): T => inTransaction(db, work),
    at,
    /** The same of a change: a clock that was set back makes none older than what it changes. */
    since: (before: string) => {
      const now = at()
      return now > before ? now : new Date(Date.parse(before) + 1).toISOString()
    },
    event: (id: string, kind: string, actor: string, detail: string | null = null) =>
      run(
        'INSERT INTO events (issue_id, event_type, actor, detail, created_at) VALUES (?, ?, ?, ?, ?)',
        id,
        kind,
        actor,
        detail,
        at(),
      ),
  }
}
