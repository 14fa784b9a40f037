// The store on node:sqlite: one file, WAL, every commit on disk before it counts.
// Never: repairs or replaces a file it cannot use; keeps half of a transaction.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SqlValue, Store } from '../contract.ts'
import { StoreUnusable, wordsOf } from '../errors.ts'
import first from './migrations/001-first.ts'
import evidence from './migrations/002-evidence.ts'
import openEffects from './migrations/003-open-effects.ts'

const migrations = [first, evidence, openEffects]

/**
 * Opens or creates the file at `path`; with `readOnly`, reads one that is there and changes nothing of it.
 * Throws StoreUnusable, and leaves the file as it is, when it is damaged, no database, of a newer version, or, to be
 * read only, of an older one.
 */
export function openSqliteStore(path: string, { readOnly = false } = {}): Store {
  const db = openChecked(path, readOnly)
  const statements = new Map<string, StatementSync>()
  let depth = 0
  const prepared = (sql: string) => {
    const known = statements.get(sql)
    if (known) return known
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    transaction(work) {
      const name = `nested_${depth}`
      prepared(depth === 0 ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${name}`).run()
      depth++
      try {
        const result = work()
        depth--
        prepared(depth === 0 ? 'COMMIT' : `RELEASE ${name}`).run()
        return result
      } catch (error) {
        depth = Math.min(depth, Number(name.slice(7)))
        // A full disk may have rolled everything back already.
        if (db.isTransaction && depth > 0) db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`)
        else if (db.isTransaction) prepared('ROLLBACK').run()
        throw written(error, path)
      }
    },
    run(sql, ...params) {
      const { changes, lastInsertRowid } = prepared(sql).run(...params)
      return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) }
    },
    get: <T>(sql: string, ...params: SqlValue[]) => prepared(sql).get(...params) as T | undefined,
    all: <T>(sql: string, ...params: SqlValue[]) => prepared(sql).all(...params) as T[],
    close: () => db.close(),
  }
}

/** A full or failing disk, in words; anything else as it is. The transaction is rolled back by now. */
function written(error: unknown, path: string): unknown {
  const code = (error as { errcode?: number }).errcode
  const disk = code !== undefined && [10, 13].includes(code & 0xff) // SQLITE_IOERR and SQLITE_FULL with all their kinds
  return disk
    ? new StoreUnusable(
        `${path} cannot be written: ${wordsOf(error)}. Nothing of this was kept, nothing before it is lost; make room on the disk, then try again`,
      )
    : error
}

function openChecked(path: string, readOnly: boolean): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: 10_000, readOnly })
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version > migrations.length) {
      throw new StoreUnusable(
        `${path} was written by a newer version (schema ${version}, this one knows ${migrations.length}); use that version, nothing was changed`,
      )
    }
    if (readOnly) {
      if (version < migrations.length)
        throw new StoreUnusable(
          `${path} was written by an older version and cannot be read yet; it is brought up to date when it is next opened to be written`,
        )
      return db
    }
    if (version > 0) {
      const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
      if (verdict !== 'ok')
        throw new StoreUnusable(
          `${path} is damaged (${verdict}); it was left as it is. Move it away or restore a copy, then start again`,
        )
    }
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000')
    for (let next = version; next < migrations.length; next++) {
      db.exec(`BEGIN IMMEDIATE; ${migrations[next]}; PRAGMA user_version = ${next + 1}; COMMIT`)
    }
    return db
  } catch (error) {
    db?.close()
    if (error instanceof StoreUnusable) throw error
    throw new StoreUnusable(
      `${path} cannot be used: ${wordsOf(error)}. The file was left as it is; move it away or restore a copy, then start again`,
    )
  }
}
