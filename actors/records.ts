// The town's records, daemon/town.db: which they are, and whether they are what the town had. A town that has had
// records is refused in words when they are gone, empty, damaged, older or another town's.
// Never: begins records anew but for a town that never had any, or on the Overseer's word.
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Host, Store } from '../runtime/contract.ts'
import {
  isPassing,
  openSqliteStore,
  readIdentity,
  type SqliteOptions,
  StoreBusy,
  StoreUnusable,
} from '../runtime/open.ts'
import { writeConfig } from './config.ts'
import { type Copy, filesOf, lastCopyIn, moveAside, putBack } from './copies.ts'
import { lastBytes, noteAt } from './files.ts'
import { townLayout } from './layout.ts'
import { endSessions } from './sessions/session.ts'

/** What the town remembers of its records beside them: `config/town-db.json`. */
const mark = z.object({ id: z.string().min(1), epoch: z.int().nonnegative() })
type Mark = z.output<typeof mark>

/** Opens the records that are there, to be read or written. Throws StoreUnusable with the way out in its words. */
export function openRecords(town: string, options: Omit<SqliteOptions, 'id'> = {}): Store {
  const { db } = townLayout(town)
  const known = markOf(town)
  // Before they are looked at: a daemon may be writing.
  const written = turnsWritten(town)
  return withWayOut(town, () => {
    const why = whyNot(town)
    if (why !== undefined) throw new StoreUnusable(why)
    const store = openSqliteStore(db, { ...options, ...(known ? { id: known.id } : {}) })
    try {
      const { epoch, turns } = readIdentity(store)
      if (known && epoch < known.epoch)
        throw new StoreUnusable(
          `${db} is older than what the town went by last (it was opened ${epoch} times, the town’s ${known.epoch} times)`,
        )
      if (turns < written)
        throw new StoreUnusable(
          `${db} lacks the last ${written - turns} turns that the town had written: it is older, or ${db}-wal is gone, which held them`,
        )
      return store
    } catch (error) {
      store.close()
      throw error
    }
  })
}

/** Somebody else's lock is waited for so long when the town begins, and so long by one try, in milliseconds. */
const freeWithinMs = 10_000
const busyMs = 250

/** Opens the records for the town's own daemon, and makes it their host. A lock of somebody else is waited for. */
export async function hostRecords(
  town: string,
  { signal, healed, hosted }: { signal: AbortSignal; healed(words: string): void; hosted(store: Store): Host },
): Promise<Host> {
  const store = await whenFree(() => openRecords(town, { busyMs, healed }), signal)
  const { dbMark, dbOpen } = townLayout(town)
  let note: number | undefined
  const close = () => {
    if (note !== undefined) closeSync(note)
    if (note !== undefined) rmSync(dbOpen, { force: true })
    store.close()
  }
  try {
    const host = await whenFree(() => hosted({ ...store, close }), signal)
    const { id, epoch, turns } = readIdentity(store)
    writeConfig(dbMark, { id, epoch } satisfies Mark)
    note = openSync(dbOpen, 'w', 0o600)
    noteTurns(note, turns)
    host.onCommit((entries) => {
      const last = entries.at(-1)
      if (last && note !== undefined) noteTurns(note, last.seq)
    })
    return host
  } catch (error) {
    close()
    throw error
  }
}

/** After the commit, and never waited for: what could not be noted is not missed. */
function noteTurns(note: number, turns: number): void {
  try {
    writeSync(note, String(turns).padEnd(noteBytes), 0)
  } catch (error) {
    if (!isPassing(error)) throw error
  }
}

/** Always as many, so that what is written over needs no room. */
const noteBytes = 16

/** How many turns the last daemon had written, when it did not close; 0 when it did, or nothing is known. */
function turnsWritten(town: string): number {
  const { dbOpen } = townLayout(town)
  return Number.parseInt(lastBytes(dbOpen, noteBytes), 10) || 0
}

/** Between two tries a signal can be heard. */
async function whenFree<T>(work: () => T, signal: AbortSignal): Promise<T> {
  for (const end = performance.now() + freeWithinMs; ; ) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof StoreBusy) || performance.now() > end) throw error
      await sleep(busyMs, undefined, { signal })
    }
  }
}

/**
 * Makes the records of a town that never had any; says whether it did. Safe to repeat: records that are gone are not
 * made anew.
 */
export function makeRecords(town: string): boolean {
  if (hadRecords(town)) return false
  adopt(town)
  return true
}

/** How long a session has to end before its town goes by other records, in milliseconds. */
const sessionGraceMs = 2000

export interface Replaced {
  /** Where what was there is now. */
  aside?: string
  /** Sessions that the records to come may know nothing of. */
  stopped: string[]
}

/** The town goes by what is there, whatever it went by before. Throws StoreUnusable when that cannot be used. */
export async function keepRecords(town: string): Promise<Replaced> {
  const { aside: folder, db, sessions } = townLayout(town)
  if ((statSync(db, { throwIfNoEntry: false })?.size ?? 0) === 0) throw new StoreUnusable(`${db} is missing or empty`)
  const store = openSqliteStore(db)
  store.close()
  const stopped = await endSessions(sessions, null, sessionGraceMs, new AbortController().signal)
  const aside = moveAside(folder, 'daemon', [sessions])
  adopt(town)
  return { stopped, ...(aside === undefined ? {} : { aside }) }
}

/** Puts a copy in the place of the records, or new ones when there is no copy to be. What is there is moved aside. */
export async function replaceRecords(town: string, copy?: Copy): Promise<Replaced> {
  const { aside: folder, db, sessions } = townLayout(town)
  const trial = `${db}.part`
  try {
    // One that cannot be used is told before anything is moved.
    if (copy) {
      putBack(copy, trial)
      openSqliteStore(trial).close()
    }
    const stopped = await endSessions(sessions, null, sessionGraceMs, new AbortController().signal)
    // Sessions too: those to come may bear the names of those that were.
    const aside = moveAside(folder, 'daemon', [...filesOf(db), sessions])
    if (copy) renameSync(trial, db)
    adopt(town)
    return { stopped, ...(aside === undefined ? {} : { aside }) }
  } finally {
    for (const path of filesOf(trial)) rmSync(path, { force: true })
  }
}

/** The records that are there, or new ones, are the town's. */
function adopt(town: string): void {
  const { db, dbMark, dbOpen } = townLayout(town)
  const store = openSqliteStore(db)
  const { id, epoch } = readIdentity(store)
  store.close()
  writeConfig(dbMark, { id, epoch } satisfies Mark)
  rmSync(dbOpen, { force: true })
}

/** Why the records cannot be used, in words and with the way out; undefined when they can. */
export function recordsTrouble(town: string): string | undefined {
  try {
    openRecords(town, { readOnly: true }).close()
    return undefined
  } catch (error) {
    if (!(error instanceof StoreUnusable)) throw error
    return error.message
  }
}

/** By its mark, by the file itself, or by the log of a daemon that some older version started. */
function hadRecords(town: string): boolean {
  const { db, daemonLog } = townLayout(town)
  return markOf(town) !== undefined || existsSync(db) || (statSync(daemonLog, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** What is wrong with the file before it is opened: opening an empty one would make it a new one. */
function whyNot(town: string): string | undefined {
  const { db } = townLayout(town)
  const file = statSync(db, { throwIfNoEntry: false })
  if (!file) return `${db} is missing, and this town has had one`
  if (!file.isFile()) return `${db} is no file`
  if (file.size === 0) return `${db} is empty, and this town has had one`
  return undefined
}

/** One that cannot be read is made again from the records themselves. */
const markOf = (town: string): Mark | undefined => noteAt(townLayout(town).dbMark, mark)

function withWayOut<T>(town: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    // What passes by itself needs no copy.
    if (!(error instanceof StoreUnusable) || error instanceof StoreBusy) throw error
    throw new StoreUnusable(
      `${error.message}; ${lastCopyIn(townLayout(town).dbCopies)}; \`gt restore daemon\` puts it back, \`gt restore\` lists all`,
    )
  }
}
