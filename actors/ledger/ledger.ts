// The ledger, daemon/costs.db: what every answer of an agent's model has used, in tokens and in money. It is read off
// the evidence of sessions, and is made again from its last copy and that evidence when its file is gone or damaged.
// Never: counts an answer twice, invents a price, or keeps a town from work because of what has become of its file.
import { chmodSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { evidenceFrom, type Told } from '../agents/evidence.ts'
import { readConfig, type TownConfig, townConfig } from '../config.ts'
import { copiesIn, filesOf, moveAside, putBack } from '../copies.ts'
import { foldersIn, writePassing } from '../files.ts'
import { townLayout } from '../layout.ts'
import { type LedgerKind, schema, schemaVersion, upgrade } from './schema.ts'
import { metaOf, type SessionMeta } from './sessions.ts'
import type { Spent } from './spent.ts'
import { type Asked, inMemory, type LedgerRow, type Tables, tablesIn, type Usage } from './tables.ts'

export interface Ledger {
  /** Takes down what facts tell of tokens; how many of them did. Again is the same as once: the last word counts. */
  note(meta: SessionMeta, facts: readonly Told[]): number
  spent(asked: Asked): Spent
  /** One row for each name there is, the dearest first; days in their order. */
  rows(by: LedgerKind, asked: Asked): LedgerRow[]
  /**
   * Usage from before this moment (milliseconds since the epoch) is kept a session, model and day: all sums stay. One
   * session at a time, for others wait meanwhile; true: there may be more.
   */
  gather(before: number): boolean
  /** The prices of town.json as they are now, also for what had none; such as cannot be read are told, and change none. */
  readPrices(): void
  close(): void
}

export interface LedgerOptions {
  /** Hears what was found wrong and what was done about it. */
  told?(words: string): void
  /** A file that could not be used is tried again after so long. */
  tryAgainMs?: number
}

/** What of these facts tells of tokens. */
export const usedIn = (facts: readonly Told[]): Usage[] => facts.filter((one): one is Usage => one.what === 'usage')

/** The town's ledger, to be written. One that is not there, or is damaged, begins anew from the evidence there is. */
export function openLedger(town: string, { told = () => {}, tryAgainMs = 60_000 }: LedgerOptions = {}): Ledger {
  const { costs, costsBehind, costsCopies, sessions, aside, townJson } = townLayout(town)
  let { prices } = readConfig(townJson, townConfig)
  let open = begin()
  let isClosed = false
  /** When a file that could not be used is tried again. */
  let againAtMs = performance.now() + tryAgainMs

  function begin(): Tables {
    try {
      const found = isThere(costs) ? usable(costs) : { why: 'is not there' }
      if ('why' in found) return anew(found.why)
      chmodSync(costs, 0o600)
      found.price(prices)
      if (isThere(costsBehind)) rebuildFrom(sessions, found, prices)
      rmSync(costsBehind, { force: true })
      return found
    } catch (error) {
      // Counted in memory is counted: the evidence has it, and the file will, once it can be used.
      const memory = tablesIn(made(inMemory), inMemory)
      const again = rebuildFrom(sessions, memory, prices)
      if (!isThere(costsBehind))
        told(
          `${costs} cannot be used (${error instanceof Error ? error.message : error}): what agents use is counted without it until it can, beginning with ${again} usages of the sessions’ evidence`,
        )
      writePassing(costsBehind, '')
      return memory
    }
  }

  function anew(why: string): Tables {
    const was = moveAside(aside, 'costs', filesOf(costs))
    const { fresh, copied } = copy() ?? { fresh: tablesIn(made(costs), costs), copied: undefined }
    fresh.price(prices)
    const again = rebuildFrom(sessions, fresh, prices)
    const from = copied === undefined ? '' : `, on top of its copy of ${copied}`
    // A town that has had no agents yet has nothing to be told of.
    if (was !== undefined || copied !== undefined || again > 0)
      told(
        `${costs} ${why}: it was begun anew, with ${again} usages that the sessions’ evidence still tells of${from}${was === undefined ? '' : `; what was there is in ${was}`}`,
      )
    return fresh
  }

  /** The newest copy that can be used, put where the ledger belongs. */
  function copy(): { fresh: Tables; copied: string } | undefined {
    for (const each of copiesIn(costsCopies)) {
      putBack(each, costs)
      const fresh = usable(costs)
      if (!('why' in fresh)) return { fresh, copied: each.name }
      for (const file of filesOf(costs)) rmSync(file, { force: true })
    }
    return undefined
  }

  /** A file that somebody removed or damaged meanwhile is no reason to lose what comes. */
  function using<T>(work: (tables: Tables) => T): T {
    if (open.isInMemory ? performance.now() > againAtMs : !open.isInPlace()) again()
    try {
      return work(open)
    } catch (error) {
      if (!isDamage(error)) throw error
      again()
      return work(open)
    }
  }

  function again(): void {
    open.close()
    open = begin()
    againAtMs = performance.now() + tryAgainMs
  }

  return {
    note: (meta, facts) => {
      const used = usedIn(facts)
      return used.length === 0 ? 0 : using((tables) => tables.note(meta, used, prices))
    },
    spent: (asked) => using((tables) => tables.spent(asked)),
    rows: (by, asked) => using((tables) => tables.rows(by, asked)),
    gather: (before) => !isClosed && using((tables) => tables.gather(before)),
    readPrices() {
      if (isClosed) return
      try {
        prices = readConfig(townJson, townConfig).prices
      } catch (error) {
        told(`the prices that count are those of before: ${(error as Error).message}`)
        return
      }
      using((tables) => tables.price(prices))
    },
    close() {
      isClosed = true
      open.close()
    },
  }
}

/** The ledger to be read, as it is; a town that has none yet has used nothing. Throws with words when it is damaged. */
export function readLedger(town: string): Pick<Ledger, 'spent' | 'rows' | 'close'> {
  const { costs } = townLayout(town)
  const found = isThere(costs) ? usable(costs, true) : tablesIn(made(inMemory), inMemory)
  if ('why' in found)
    throw new Error(`${costs} ${found.why}; \`gt up\` puts it right, from its last copy and the sessions’ evidence`)
  return found
}

/** Takes down what the sessions' folders tell; how many usages that were. */
function rebuildFrom(sessionsDir: string, tables: Tables, prices: TownConfig['prices']): number {
  let count = 0
  for (const id of foldersIn(sessionsDir)) {
    const dir = join(sessionsDir, id)
    const meta = metaOf(dir)
    if (!meta) continue
    for (let from = 0; ; ) {
      const { facts, next } = evidenceFrom(dir, from)
      count += tables.note(meta, usedIn(facts), prices)
      if (next === from) break
      from = next
    }
  }
  return count
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined

/** An empty ledger, for its owner alone. */
function made(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  if (path !== inMemory) chmodSync(path, 0o600)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${schema}; COMMIT`)
  return db
}

/** How long somebody else's lock is waited for, in milliseconds. */
const busyMs = 1000

function usable(path: string, readOnly = false): Tables | { why: string } {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly, timeout: busyMs })
    if (!readOnly && versionOf(db) === 1) db.exec(`BEGIN IMMEDIATE; ${upgrade}; COMMIT`)
    const version = versionOf(db)
    const why = version === schemaVersion ? damageOf(db, readOnly) : `is of another version (${version})`
    if (why === undefined) {
      if (!readOnly) db.exec('PRAGMA synchronous = FULL')
      return tablesIn(db, path)
    }
    db.close()
    return { why }
  } catch (error) {
    db?.close()
    if (!isDamage(error)) throw error
    return { why: `is damaged (${(error as Error).message})` }
  }
}

const versionOf = (db: DatabaseSync) =>
  (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version

/** Looked for by who may begin it anew. */
function damageOf(db: DatabaseSync, readOnly: boolean): string | undefined {
  if (readOnly) return undefined
  const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  return verdict === 'ok' ? undefined : `is damaged (${verdict.split('\n').at(-1)})`
}

/** SQLite's CORRUPT, CANTOPEN and NOTADB; the low byte is the result. */
const isDamage = (error: unknown) => [11, 14, 26].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff)
