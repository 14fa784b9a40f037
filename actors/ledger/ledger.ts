// The ledger, daemon/costs.db: what every answer of an agent's model has used, in tokens and in money. It is read off
// the evidence of sessions, and is made again from what of that is still there when its file is gone or damaged.
// Never: counts an answer twice, invents a price, or keeps a town from work because of what has become of its file.
import { chmodSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { evidenceFrom, type Told } from '../agents/evidence.ts'
import { readConfig, type TownConfig, townConfig } from '../config.ts'
import { filesOf, moveAside } from '../copies.ts'
import { foldersIn, writePassing } from '../files.ts'
import { townLayout } from '../layout.ts'
import { inTransaction } from '../transaction.ts'
import { costOf } from './prices.ts'
import { type LedgerKind, schema, schemaVersion, upgrade } from './schema.ts'
import { metaOf, type SessionMeta } from './sessions.ts'

export interface Spent {
  /** Answers of models, or turns of agents that count no finer. */
  answers: number
  /** Tokens; those read from a cache are in `cached` alone. */
  input: number
  output: number
  cached: number
  /** US dollars, as far as prices are known. */
  dollars: number
  /** What of it has no price that anybody knows. */
  unpriced: { answers: number; tokens: number }
}

/** Which usage: all of it where nothing is said. */
export interface Asked {
  rig?: string | undefined
  issue?: string | undefined
  epic?: string | undefined
  account?: string | undefined
  /** A day of the town's calendar, `2026-11-26`. */
  day?: string | undefined
  /** Milliseconds since the epoch. */
  since?: number | undefined
}

export interface LedgerRow extends Spent {
  name: string
  rig: string
}

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
  close(): void
}

export interface LedgerOptions {
  /** Hears what was found wrong and what was done about it. */
  told?(words: string): void
  /** A file that could not be used is tried again after so long. */
  tryAgainMs?: number
}

type Usage = Told & { what: 'usage' }

/** What of these facts tells of tokens. */
export const usedIn = (facts: readonly Told[]): Usage[] => facts.filter((one): one is Usage => one.what === 'usage')

/** The day of a moment in the town's own calendar. */
export function dayOf(at: number): string {
  const date = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** Milliseconds until that day is over. */
export const leftOfDay = (at: number): number => new Date(at).setHours(24, 0, 0, 0) - at

/** The town's ledger, to be written. One that is not there, or is damaged, begins anew from the evidence there is. */
export function openLedger(town: string, { told = () => {}, tryAgainMs = 60_000 }: LedgerOptions = {}): Ledger {
  const { costs, costsBehind, sessions, aside, townJson } = townLayout(town)
  const { prices } = readConfig(townJson, townConfig)
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
    const fresh = tablesIn(made(costs), costs)
    const again = rebuildFrom(sessions, fresh, prices)
    // A town that has had no agents yet has nothing to be told of.
    if (was !== undefined || again > 0)
      told(
        `${costs} ${why}: it was begun anew, with ${again} usages that the sessions’ evidence still tells of${was === undefined ? '' : `; what was there is in ${was}`}`,
      )
    return fresh
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
  if ('why' in found) throw new Error(`${costs} ${found.why}; it is made anew from the sessions’ evidence by \`gt up\``)
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

const inMemory = ':memory:'
const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined

type Tables = ReturnType<typeof tablesIn>

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
    const versionOf = (open: DatabaseSync) =>
      (open.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
    if (!readOnly && versionOf(db) === 1) db.exec(upgrade)
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

/** Looked for by who may begin it anew. */
function damageOf(db: DatabaseSync, readOnly: boolean): string | undefined {
  if (readOnly) return undefined
  const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  return verdict === 'ok' ? undefined : `is damaged (${verdict.split('\n').at(-1)})`
}

/** SQLite's CORRUPT, CANTOPEN and NOTADB; the low byte is the result. */
const isDamage = (error: unknown) => [11, 14, 26].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff)

/** An agent can write its own evidence: no number of it is larger than one answer could ever be. */
const tokensMax = 1_000_000_000
const nanosMax = 10_000 * 1_000_000_000
const latest = 8_640_000_000_000_000
const momentOf = (at: number) => Math.min(latest, Math.max(0, Math.round(at)))
const tokens = (count: number) => Math.min(tokensMax, Math.max(0, count))
const nanosOf = (dollars: number | null) =>
  dollars === null || !Number.isFinite(dollars)
    ? null
    : Math.min(nanosMax, Math.max(0, Math.round(dollars * 1_000_000_000)))

const shownSums = `sum(answers) AS answers, sum(input) AS input, sum(output) AS output, sum(cached) AS cached,
  sum(nanos) AS nanos, sum(unpriced) AS unpriced, sum(unpriced_tokens) AS unpriced_tokens`
const shownUsage = `sum(answers) AS answers, sum(input) AS input, sum(output) AS output, sum(cached) AS cached,
  coalesce(sum(nanos), 0) AS nanos, sum(answers * (nanos IS NULL)) AS unpriced,
  sum(CASE WHEN nanos IS NULL THEN input + output + cached ELSE 0 END) AS unpriced_tokens`

type SumsRow = Record<
  'answers' | 'input' | 'output' | 'cached' | 'nanos' | 'unpriced' | 'unpriced_tokens',
  number | null
>

const spentOf = (row: SumsRow): Spent => ({
  answers: row.answers ?? 0,
  input: row.input ?? 0,
  output: row.output ?? 0,
  cached: row.cached ?? 0,
  dollars: (row.nanos ?? 0) / 1_000_000_000,
  unpriced: { answers: row.unpriced ?? 0, tokens: row.unpriced_tokens ?? 0 },
})

/** What is asked of one open ledger. */
function tablesIn(db: DatabaseSync, path: string) {
  const statements = new Map<string, StatementSync>()
  const sql = (text: string) => {
    const known = statements.get(text) ?? db.prepare(text)
    statements.set(text, known)
    return known
  }
  const written = <T>(work: () => T): T => inTransaction(db, work)
  const inode = () => (path === inMemory ? 0 : statSync(path, { throwIfNoEntry: false })?.ino)
  const ours = inode()

  /** Where the sums have it: of one kind of thing, or all of it. */
  function inSums(asked: Asked): { kind: LedgerKind; name: string | undefined } | undefined {
    if (asked.since !== undefined) return undefined
    const named = (['issue', 'epic', 'day', 'account'] as const).filter((kind) => asked[kind] !== undefined)
    const [kind] = named
    if (named.length > 1) return undefined
    return kind === undefined ? { kind: 'rig', name: asked.rig } : { kind, name: asked[kind] }
  }

  /** The usages asked for, by the index of what there is least of. */
  function where({ rig, issue, epic, day, account, since }: Asked): { text: string; values: SQLInputValue[] } {
    const terms = Object.entries({ issue, epic, account, day, rig }).filter(([, value]) => value !== undefined)
    return {
      text: ['true', ...terms.map(([column]) => `${column} = ?`), ...(since === undefined ? [] : ['at >= ?'])].join(
        ' AND ',
      ),
      values: [...terms.map(([, value]) => value as string), ...(since === undefined ? [] : [since])],
    }
  }

  return {
    close: () => db.close(),
    isInMemory: path === inMemory,
    isInPlace: () => inode() === ours,

    note(meta: SessionMeta, used: readonly Usage[], prices: TownConfig['prices']): number {
      if (used.length === 0) return 0
      const { session, rig, polecat, issue, epic, preset, account = '' } = meta
      return written(() => {
        for (const one of used) {
          const at = momentOf(one.at)
          const sizes = { input: tokens(one.input), output: tokens(one.output), cached: tokens(one.cached) }
          sql(`INSERT INTO usage
            (session, id, at, day, rig, issue, epic, polecat, preset, model, account, input, output, cached,
            nanos) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (session, id) DO UPDATE SET at = excluded.at,
            day = excluded.day, model = excluded.model, input = excluded.input, output = excluded.output,
            cached = excluded.cached, nanos = excluded.nanos`).run(
            ...[session, one.id, at, dayOf(at), rig, issue, epic ?? '', polecat, preset, one.model, account],
            ...[sizes.input, sizes.output, sizes.cached, nanosOf(one.cost ?? costOf(prices, one.model, sizes))],
          )
        }
        return used.length
      })
    },

    /** What had no price when it was noted has one since. */
    price(prices: TownConfig['prices']): void {
      const models = sql('SELECT DISTINCT model FROM usage WHERE nanos IS NULL').all() as { model: string }[]
      for (const { model } of models) {
        const each = (which: keyof Spent & ('input' | 'output' | 'cached')) =>
          costOf(prices, model, { input: 0, output: 0, cached: 0, [which]: 1_000_000 })
        const perToken = [each('input'), each('output'), each('cached')].map((dollars) => (dollars ?? 0) * 1000)
        if (each('input') === null) continue
        sql(`UPDATE usage SET nanos = min(?, CAST(round(input * ? + output * ? + cached * ?) AS INTEGER))
          WHERE nanos IS NULL AND model = ?`).run(nanosMax, ...perToken, model)
      }
    },

    gather(before: number): boolean {
      const single = "at < ? AND substr(id, 1, 9) <> 'gathered '"
      const found = sql(`SELECT session FROM usage WHERE ${single} LIMIT 1`).get(before)
      if (!found) return false
      const { session } = found as { session: string }
      return written(() => {
        sql(`INSERT INTO usage (session, id, at, day, rig, issue, epic, polecat, preset, model, account, answers, input,
          output, cached, nanos)
          SELECT session, 'gathered ' || day || ' ' || model || (nanos IS NULL) || ' ' || max(at), max(at), day, rig,
          issue, epic, polecat, preset, model, account, sum(answers), sum(input), sum(output), sum(cached), sum(nanos)
          FROM usage WHERE ${single} AND session = ? GROUP BY day, model, nanos IS NULL`).run(before, session)
        sql(`DELETE FROM usage WHERE ${single} AND session = ?`).run(before, session)
        return true
      })
    },

    spent(asked: Asked): Spent {
      const summed = inSums(asked)
      if (!summed) {
        const { text, values } = where(asked)
        return spentOf(sql(`SELECT ${shownUsage} FROM usage WHERE ${text}`).get(...values) as SumsRow)
      }
      const terms = [
        ...(summed.name === undefined ? [] : ([['name', summed.name]] as const)),
        ...(asked.rig === undefined ? [] : ([['rig', asked.rig]] as const)),
      ]
      return spentOf(
        sql(
          `SELECT ${shownSums} FROM total WHERE kind = ?${terms.map(([column]) => ` AND ${column} = ?`).join('')}`,
        ).get(summed.kind, ...terms.map(([, value]) => value)) as SumsRow,
      )
    },

    rows(by: LedgerKind, asked: Asked): LedgerRow[] {
      const order = by === 'day' ? 'name, rig' : 'nanos DESC, sum(input) + sum(output) + sum(cached) DESC, name'
      const { rig, ...rest } = asked
      const isWhole = Object.values(rest).every((value) => value === undefined)
      const { text, values } = where(isWhole ? { rig } : asked)
      const found = isWhole
        ? sql(
            `SELECT name, rig, ${shownSums} FROM total WHERE kind = ? AND ${text} GROUP BY name, rig ORDER BY ${order}`,
          ).all(by, ...values)
        : sql(
            `SELECT ${by} AS name, rig, ${shownUsage} FROM usage WHERE ${text} GROUP BY ${by}, rig ORDER BY ${order}`,
          ).all(...values)
      return (found as unknown as (SumsRow & { name: string; rig: string })[]).map((row) => ({
        name: row.name,
        rig: row.rig,
        ...spentOf(row),
      }))
    },
  }
}
