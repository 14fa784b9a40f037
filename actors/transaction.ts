// A transaction on one of the town's own SQLite files: all of it, or nothing.
// Never: hides why it could not be. A full disk may have rolled it back already, and a second rollback would say only
// that there is none.
import type { DatabaseSync } from 'node:sqlite'

/** What is done within another one is part of that. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  if (db.isTransaction) return work()
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
