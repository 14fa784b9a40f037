// The table of effects that committed turns have promised, until the world has answered.
// Never: chooses which may start, or looks at a clock; a moment is handed in.
import type { JsonObject, PromisedEffect, Store } from '../contract.ts'

/**
 * The condition of effects that are not over. It is in the very words of two indexes, so that effects that are over,
 * which grow with the past, are never read.
 */
const isOpen = "state IN ('pending', 'started')"

/** An effect that is not over. `attempt` counts the performances that were begun. */
export interface OpenEffect extends Omit<PromisedEffect, 'input'> {
  started: boolean
  /** Not to be tried again before; 0 for one that never failed. */
  dueAt: number
}

interface EffectRow {
  key: string
  address: string
  invoke_id: string | null
  name: string
  lane: string | null
  state: 'pending' | 'started'
  attempt: number
  at: number
  due_at: number
}

/** All but the input: most that are open only wait. */
const columns = 'key, address, invoke_id, name, lane, state, attempt, at, due_at'

export function effectTable(store: Store) {
  const countOf = (state: 'pending' | 'started') =>
    store.get<{ n: number }>(`SELECT count(*) AS n FROM effect WHERE ${isOpen} AND state = ?`, state)?.n ?? 0
  return {
    /** Promised already under this key: nothing changes. */
    add: ({ key, address, invokeId, name, input, lane, at }: Omit<PromisedEffect, 'attempt'>) =>
      store.run(
        'INSERT OR IGNORE INTO effect (key, address, invoke_id, name, input, lane, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        key,
        address,
        invokeId,
        name,
        JSON.stringify(input),
        lane,
        at,
      ),
    /** In the order they were promised. */
    open: (): OpenEffect[] =>
      store.all<EffectRow>(`SELECT ${columns} FROM effect WHERE ${isOpen} ORDER BY seq`).map(effectOf),
    /** Undefined when it is over. */
    find(key: string): OpenEffect | undefined {
      const row = store.get<EffectRow>(`SELECT ${columns} FROM effect WHERE key = ? AND ${isOpen}`, key)
      return row && effectOf(row)
    },
    isAnyPending: (): boolean =>
      store.get(`SELECT 1 FROM effect WHERE ${isOpen} AND state = 'pending' LIMIT 1`) !== undefined,
    /** Marks it as started; returns its input. */
    start(key: string): JsonObject {
      const row = store.get<{ input: string }>(
        "UPDATE effect SET state = 'started', attempt = attempt + 1 WHERE key = ? RETURNING input",
        key,
      )
      if (!row) throw new Error(`no effect ${key}`)
      return JSON.parse(row.input) as JsonObject
    },
    settle: (key: string) => store.run("UPDATE effect SET state = 'settled' WHERE key = ?", key),
    tryAgain: (key: string, dueAt: number, reason: string) =>
      store.run("UPDATE effect SET state = 'pending', due_at = ?, reason = ? WHERE key = ?", dueAt, reason, key),
    /** Nobody waits for the result of this invocation any more; the keys of what was cancelled. */
    cancel(address: string, invokeId: string): string[] {
      const keys = store
        .all<{ key: string }>(
          `SELECT key FROM effect WHERE address = ? AND invoke_id = ? AND ${isOpen}`,
          address,
          invokeId,
        )
        .map(({ key }) => key)
      for (const key of keys) store.run("UPDATE effect SET state = 'cancelled' WHERE key = ?", key)
      return keys
    },
    /** What a former host had begun is to be performed again. */
    reopen: () => store.run(`UPDATE effect SET state = 'pending' WHERE ${isOpen} AND state = 'started'`),
    /** When the next failed effect is due that was not due at `after` yet. */
    nextDueAt: (after: number): number | null =>
      store.get<{ at: number | null }>(
        `SELECT min(due_at) AS at FROM effect WHERE ${isOpen} AND state = 'pending' AND due_at > ?`,
        after,
      )?.at ?? null,
    pending: () => countOf('pending'),
    started: () => countOf('started'),
    prune: (olderThan: number) =>
      store.run("DELETE FROM effect WHERE state IN ('settled', 'cancelled') AND at < ?", olderThan),
  }
}

const effectOf = (row: EffectRow): OpenEffect => ({
  key: row.key,
  address: row.address,
  invokeId: row.invoke_id,
  name: row.name,
  lane: row.lane,
  attempt: row.attempt,
  at: row.at,
  started: row.state === 'started',
  dueAt: row.due_at,
})
