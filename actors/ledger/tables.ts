// What is written into the tables of one open ledger, and asked of them.
// Never: opens a file, or counts an answer twice.
import { statSync } from 'node:fs'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Told } from '../agents/evidence.ts'
import type { TownConfig } from '../config.ts'
import { inTransaction } from '../transaction.ts'
import { dayOf } from './days.ts'
import { costOf } from './prices.ts'
import type { LedgerKind } from './schema.ts'
import type { SessionMeta } from './sessions.ts'
import type { Spent } from './spent.ts'

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

export type Usage = Told & { what: 'usage' }

/** The path of a ledger that is nowhere. */
export const inMemory = ':memory:'

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

export type Tables = ReturnType<typeof tablesIn>

/** What is asked of one open ledger. */
export function tablesIn(db: DatabaseSync, path: string) {
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
    const termOf = (column: string) =>
      column === 'epic' ? 'issue IN (SELECT issue FROM within WHERE above = ?)' : `${column} = ?`
    return {
      text: ['true', ...terms.map(([column]) => termOf(column)), ...(since === undefined ? [] : ['at >= ?'])].join(
        ' AND ',
      ),
      values: [...terms.map(([, value]) => value as string), ...(since === undefined ? [] : [since])],
    }
  }

  /** What its issue is a part of now. */
  function place({ rig, issue, within }: SessionMeta): void {
    const above = JSON.stringify(within.length === 0 ? [''] : within)
    sql(`DELETE FROM within WHERE rig = ? AND issue = ? AND above NOT IN (SELECT value FROM json_each(?))`).run(
      ...[rig, issue, above],
    )
    sql(`INSERT INTO within SELECT ?, ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`).run(
      ...[rig, issue, above],
    )
  }

  /** Until when a session's usages are gathered: what is told once more of that time is counted. */
  const gatheredUntil = (session: string) =>
    (
      sql(`SELECT max(at) AS at FROM usage WHERE session = ? AND id >= 'gathered ' AND id < 'gathered!'`).get(
        session,
      ) as { at: number | null }
    ).at ?? -1

  return {
    close: () => db.close(),
    isInMemory: path === inMemory,
    isInPlace: () => inode() === ours,

    note(meta: SessionMeta, used: readonly Usage[], prices: TownConfig['prices']): number {
      if (used.length === 0) return 0
      const { session, rig, polecat, issue, preset, account = '' } = meta
      return written(() => {
        place(meta)
        const gathered = gatheredUntil(session)
        for (const one of used) {
          const at = momentOf(one.at)
          if (at <= gathered) continue
          const sizes = { input: tokens(one.input), output: tokens(one.output), cached: tokens(one.cached) }
          sql(`INSERT INTO usage
            (session, id, at, day, rig, issue, polecat, preset, model, account, input, output, cached, nanos)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session, id) DO UPDATE SET at = excluded.at,
            day = excluded.day, model = excluded.model, input = excluded.input, output = excluded.output,
            cached = excluded.cached, nanos = excluded.nanos`).run(
            ...[session, one.id, at, dayOf(at), rig, issue, polecat, preset, one.model, account],
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
        sql(`INSERT INTO usage (session, id, at, day, rig, issue, polecat, preset, model, account, answers, input,
          output, cached, nanos)
          SELECT session, 'gathered ' || day || ' ' || model || (nanos IS NULL) || ' ' || max(at), max(at), day, rig,
          issue, polecat, preset, model, account, sum(answers), sum(input), sum(output), sum(cached), sum(nanos)
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
      const [name, from] = by === 'epic' ? ['above', 'usage JOIN within USING (rig, issue)'] : [by, 'usage']
      const found = isWhole
        ? sql(
            `SELECT name, rig, ${shownSums} FROM total WHERE kind = ? AND ${text} GROUP BY name, rig ORDER BY ${order}`,
          ).all(by, ...values)
        : sql(
            `SELECT ${name} AS name, rig, ${shownUsage} FROM ${from} WHERE ${text} GROUP BY ${name}, rig ORDER BY ${order}`,
          ).all(...values)
      return (found as unknown as (SumsRow & { name: string; rig: string })[]).map((row) => ({
        name: row.name,
        rig: row.rig,
        ...spentOf(row),
      }))
    },
  }
}
