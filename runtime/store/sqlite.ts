// The store on node:sqlite: one file, WAL, every commit on disk before it counts.
// Never: repairs or replaces a file it cannot use; keeps half of a transaction; goes on in a file that is not in its
// place any more.
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SqlValue, Store } from '../contract.ts'
import { StoreBusy, StoreUnusable, wordsOf } from '../errors.ts'
import first from './migrations/001-first.ts'
import evidence from './migrations/002-evidence.ts'
import watched from './migrations/003-watched.ts'
import identity from './migrations/004-identity.ts'
import openEffects from './migrations/005-open-effects.ts'
import { told } from './trouble.ts'

const migrations = [first, evidence, watched, identity, openEffects]
/** The first version that says which store it is. */
const namedSince = migrations.indexOf(identity) + 1

export interface SqliteOptions {
  /** Reads one that is there, and changes nothing of it. */
  readOnly?: boolean
  /** The store must be this one, by the id of its identity. */
  id?: string
  /** How long a lock of somebody else is waited for, in milliseconds; nothing else is done meanwhile. */
  busyMs?: number
  /** The file was gone from its place, or another one was in it, and it is back, with all it held; in words. */
  healed?(words: string): void
}

/**
 * Opens or creates the file at `path`. Throws StoreUnusable, and leaves the file as it is, when it is damaged, no
 * store, another one than was asked for, of a newer version, or, to be read only, of an older one.
 */
export function openSqliteStore(path: string, options: SqliteOptions = {}): Store {
  let db = openChecked(path, options)
  const place = placeOf(path)
  const statements = new Map<string, StatementSync>()
  let depth = 0
  const prepared = (sql: string) => {
    const known = statements.get(sql)
    if (known) return known
    const statement = db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const asked = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw told(error, path)
    }
  }
  /** Somebody removed a file of the store, or put another in its place: what is open still has everything. */
  const heal = () => {
    const was = db
    const whole = `${path}.${process.pid}.part`
    const aside = `${path}.${Date.now()}.aside`
    const replaced = place.isTaken()
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      rmSync(whole, { force: true })
      was.exec(`VACUUM INTO '${whole.replaceAll("'", "''")}'`)
      if (replaced) renameSync(path, aside)
      for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
      renameSync(whole, path)
      const { id } = was.prepare('SELECT id FROM identity').get() as { id: string }
      db = openChecked(path, { ...options, id })
    } catch (error) {
      rmSync(whole, { force: true })
      throw new StoreBusy(
        `${path} was removed while it was in use, and could not be put back yet: ${wordsOf(error)}. All it held is still open, and it is tried again`,
      )
    }
    // Not before what was put back is open: who removes it may still be at it.
    was.close()
    statements.clear()
    place.remember()
    options.healed?.(
      `${path}, or a file beside it that it needs, was removed while it was in use; it is back with all it held${replaced ? `, and what was put in its place is ${aside}` : ''}`,
    )
  }
  return {
    transaction: (work) =>
      asked(() => {
        if (depth === 0 && !options.readOnly && !place.isOurs()) heal()
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
          throw error
        }
      }),
    run: (sql, ...params) =>
      asked(() => {
        const { changes, lastInsertRowid } = prepared(sql).run(...params)
        return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) }
      }),
    get: <T>(sql: string, ...params: SqlValue[]) => asked(() => prepared(sql).get(...params) as T | undefined),
    all: <T>(sql: string, ...params: SqlValue[]) => asked(() => prepared(sql).all(...params) as T[]),
    close: () => db.close(),
  }
}

/** The files of a store, and whether they are still those that were opened. One in memory is nowhere. */
function placeOf(path: string) {
  const files = path === ':memory:' ? [] : ['', '-wal', '-shm'].map((end) => `${path}${end}`)
  const there = () => files.map((file) => statSync(file, { throwIfNoEntry: false })?.ino)
  let ours = there()
  return {
    isOurs: () => there().every((ino, n) => ino === ours[n]),
    /** By another file. */
    isTaken: () => ![undefined, ours[0]].includes(there()[0]),
    remember: () => {
      ours = there()
    },
  }
}

function openChecked(path: string, { readOnly = false, id, busyMs = 10_000 }: SqliteOptions): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    if (!readOnly) besideAsItself(path)
    db = new DatabaseSync(path, { timeout: busyMs, readOnly })
    const version = versionOf(db, path, id)
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
        throw new StoreUnusable(`${path} is damaged (${verdict.split('\n').at(-1)}); it was left as it is`)
    }
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000')
    for (let next = version; next < migrations.length; next++) {
      db.exec(`BEGIN IMMEDIATE; ${migrations[next]}; PRAGMA user_version = ${next + 1}; COMMIT`)
    }
    // The files beside it are there once it has been read.
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return db
  } catch (error) {
    db?.close()
    const ours = told(error, path)
    if (ours instanceof StoreUnusable) throw ours
    throw new StoreUnusable(`${path} cannot be used: ${wordsOf(error)}. The file was left as it is`)
  }
}

/** What was made beside a file while nobody could write it, nobody can write either: not even once the file can be. */
function besideAsItself(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  for (const end of ['-wal', '-shm']) {
    const beside = statSync(`${path}${end}`, { throwIfNoEntry: false })
    if (mode !== undefined && beside && beside.mode !== mode) chmodSync(`${path}${end}`, mode & 0o777)
  }
}

/** 0 for a file that is only just made. */
function versionOf(db: DatabaseSync, path: string, id: string | undefined): number {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
  const isStore = ['lease', 'actor', 'mail'].every((table) => tables.some(({ name }) => name === table))
  if (version > 0 || tables.length > 0) {
    if (!isStore) throw new StoreUnusable(`${path} is a database of something else; it was left as it is`)
    if (version > migrations.length)
      throw new StoreUnusable(
        `${path} was written by a newer version (schema ${version}, this one knows ${migrations.length}); use that version, nothing was changed`,
      )
  }
  if (id !== undefined) {
    const found = version < namedSince ? undefined : db.prepare('SELECT id FROM identity').get()?.id
    if (found !== id) throw new StoreUnusable(`${path} is another one than was here before; it was left as it is`)
  }
  return version
}
