// The file of an issue store: what it is called, whose it is, and whether it can be used.
// Never: begins one anew where one should be; changes a file that is not a store of ours.
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { inTransaction } from '../transaction.ts'
import { BeadsError, type Identity, type Opening } from './contract.ts'
import { migrate, schemaVersion } from './schema.ts'

/** Not `….db`: a real `bd` takes any file so called in a `.beads` folder for its own, and rebuilds it. */
export const fileName = 'issues.sqlite'
/** What it was called before; read until `gt up` has moved it, and where there is no town. */
export const formerName = 'beads.db'

export const hasStore = (dir: string) => existsSync(join(dir, fileName)) || existsSync(join(dir, formerName))

export function fileIn(dir: string): string {
  const now = join(dir, fileName)
  const former = join(dir, formerName)
  return !existsSync(now) && existsSync(former) ? former : now
}

/** In the header of each file, where SQLite keeps it for this: "gtBd". */
const applicationId = 0x67744264

/** Makes a store for this prefix in a folder, or the file alone, whole or not at all; one that is there stays. */
export function initBeads(dir: string, prefix: string, identity?: Identity, file?: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const files = { 'config.yaml': `issue-prefix: ${prefix}\n`, '.gitignore': '*\n' }
  for (const [name, text] of file === undefined ? Object.entries(files) : [])
    if (!existsSync(join(dir, name))) writeFileSync(join(dir, name), text)
  const path = file ?? fileIn(dir)
  if (existsSync(path)) openFile(path, { expect: identity }).close()
  else makeFile(path, prefix, identity)
}

function makeFile(path: string, prefix: string, identity?: Identity): void {
  const making = `${path}.${process.pid}.making`
  const db = new DatabaseSync(making)
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(db)
    db.exec('BEGIN IMMEDIATE')
    db.prepare("INSERT INTO config (key, value) VALUES ('issue_prefix', ?)").run(prefix)
    identify(db, identity)
    db.exec('COMMIT')
    db.close()
    chmodSync(making, 0o600)
    // A log that is left of a file that is gone would be taken for the new one's.
    for (const ending of ['-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
    renameSync(making, path)
  } catch (error) {
    if (db.isOpen) db.close()
    for (const ending of ['', '-wal', '-shm']) rmSync(`${making}${ending}`, { force: true })
    throw error
  }
}

/** Writes into a store what it is, and whose; part of the caller's transaction. */
export function identify(db: DatabaseSync, identity: Identity | undefined): void {
  db.exec(`PRAGMA application_id = ${applicationId}`)
  if (identity)
    db.prepare("INSERT OR REPLACE INTO config (key, value) VALUES ('identity', ?)").run(JSON.stringify(identity))
}

/** The same of a store that says nothing; one that names somebody keeps that. Throws for what is no store of ours. */
export function identifyIfSilent(path: string, identity: Identity | undefined): void {
  const db = openFile(path)
  try {
    if (identityIn(db) === undefined) identify(db, identity)
  } finally {
    db.close()
  }
}

/**
 * Opens the store at `path`. Throws a BeadsError that says what is wrong with it when it is missing, empty, damaged,
 * newer, or no store of ours; and, with `expect`, when it is another town's or rig's. The file stays as it is.
 * `asItIs`: also its tables, when they are an older version's.
 */
export function openFile(
  path: string,
  { expect, readonly = false, asItIs = false, busyMs = 30_000 }: Opening & { asItIs?: boolean } = {},
): DatabaseSync {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) throw new BeadsError(`${path} is missing`)
  if (size === 0) throw new BeadsError(`${path} is empty`)
  let db: DatabaseSync | undefined
  const isFixed = !asItIs && cannotBeWritten(path)
  try {
    db = isFixed ? new DatabaseSync(fixed(path), { readOnly: true }) : new DatabaseSync(path, { timeout: busyMs })
    const wrong = strange(db) ?? (expect && foreign(db, path, expect))
    if (wrong !== undefined) throw new BeadsError(`${path} ${wrong}; it was left as it is`)
    const isOlder = !asItIs && versionOf(db) < schemaVersion
    if (isOlder && (readonly || isFixed)) {
      db.close()
      db = broughtUp(isFixed ? fixed(path).href : path)
      db.exec('PRAGMA query_only = ON')
      return db
    }
    if (isFixed) return db
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY',
    )
    if (isOlder) migrate(db)
    if (readonly) db.exec('PRAGMA query_only = ON')
    return db
  } catch (error) {
    db?.close()
    throw error instanceof BeadsError ? error : unreadable(path, error)
  }
}

/**
 * On a disk or in a folder that cannot be written there is no room for SQLite's log of writes, which it wants for
 * reading, too. Throws a BeadsError for a log that is there and has something in it.
 */
function cannotBeWritten(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK)
    return false
  } catch {
    const log = `${path}-wal`
    if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0) return true
    throw new BeadsError(
      `${path} is where nothing can be written, and ${log} has changes that can then not be read; copy both to another folder, and say bd --db <folder>`,
    )
  }
}

/** As it lies there, with no look at who else has it. */
function fixed(path: string): URL {
  const url = pathToFileURL(path)
  url.search = 'immutable=1'
  return url
}

/** One of an older version as it would be of this one, in memory. */
function broughtUp(path: string): DatabaseSync {
  const db = new DatabaseSync(':memory:', { enableForeignKeyConstraints: false })
  db.prepare('ATTACH ? AS older').run(path)
  inTransaction(db, () => {
    const parts = db.prepare(
      "SELECT type, name, sql FROM older.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    const all = parts.all() as { type: string; name: string; sql: string }[]
    const tables = all.filter(({ type }) => type === 'table')
    for (const { name, sql } of tables) db.exec(`${sql}; INSERT INTO main.${name} SELECT * FROM older.${name}`)
    for (const { sql } of all.filter(({ type }) => type !== 'table')) db.exec(sql)
    const { user_version: version } = db.prepare('PRAGMA older.user_version').get() as { user_version: number }
    db.exec(`PRAGMA main.user_version = ${version}`)
  })
  db.exec('DETACH older')
  migrate(db)
  return db
}

/** What SQLite says of a file, in words. */
export function unreadable(path: string, error: unknown): BeadsError {
  const { errcode = 0 } = error as { errcode?: number }
  const said = error instanceof Error ? error.message : String(error)
  const isKnown: Record<number, string> = { 26: `is no database (${said})`, 11: `is damaged (${said})` }
  const words = `${path} ${isKnown[errcode & 0xff] ?? `cannot be read: ${said}`}. The file was left as it is`
  return Object.assign(new BeadsError(words), { errcode })
}

/** Why this is no store of ours, or one that cannot be used yet. */
function strange(db: DatabaseSync): string | undefined {
  const { application_id: id } = db.prepare('PRAGMA application_id').get() as { application_id: number }
  const version = versionOf(db)
  if (version > schemaVersion && (id === applicationId || isOurs(db)))
    return `was written by a newer version (schema ${version}, this one knows ${schemaVersion})`
  if (id === applicationId || (version > 0 && isOurs(db))) return undefined
  return tables(db).includes('issues')
    ? 'is another program’s, perhaps another bd’s'
    : 'is a database, but not one of issues'
}

const versionOf = (db: DatabaseSync) =>
  (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version

/** Files of the first version do not say what they are. */
const isOurs = (db: DatabaseSync) =>
  ['issues', 'events', 'config', 'child_counters'].every((table) => tables(db).includes(table))

const tables = (db: DatabaseSync) =>
  (db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]).map(
    ({ name }) => name,
  )

const identityIn = (db: DatabaseSync) =>
  (db.prepare("SELECT value FROM config WHERE key = 'identity'").get() as { value: string } | undefined)?.value

function foreign(db: DatabaseSync, path: string, expect: Identity): string | undefined {
  const said = identityIn(db)
  // One that has not been moved yet does not say it.
  if (said === undefined) return basename(path) === formerName ? undefined : 'does not say whose it is'
  if (said === JSON.stringify(expect)) return undefined
  const { town, rig } = JSON.parse(said) as Identity
  if (town !== expect.town) return 'holds the issues of another town'
  return rig === expect.rig
    ? `holds the issues of an earlier rig ${rig}`
    : `holds the issues of ${rig === null ? 'the town itself' : `the rig ${rig}`}`
}
