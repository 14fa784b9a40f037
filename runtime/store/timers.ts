// The table of armed timers: one for each actor and id.
// Never: looks at a clock; a moment is handed in.
import type { JsonObject, Store } from '../contract.ts'

export interface ArmedTimer {
  address: string
  id: string
  /** In watched time, milliseconds. */
  dueAt: number
  event: JsonObject
}

export function timerTable(store: Store) {
  return {
    /** Takes the place of an armed timer of the same id. */
    arm: ({ address, id, dueAt, event }: ArmedTimer) =>
      store.run(
        'INSERT OR REPLACE INTO timer (address, id, due_at, event) VALUES (?, ?, ?, ?)',
        address,
        id,
        dueAt,
        JSON.stringify(event),
      ),
    disarm: (address: string, id: string) => store.run('DELETE FROM timer WHERE address = ? AND id = ?', address, id),
    disarmAll: (address: string) => store.run('DELETE FROM timer WHERE address = ?', address),
    /** Those whose time has come, in the order in which they fire. */
    due: (now: number): ArmedTimer[] =>
      store
        .all<{ address: string; id: string; event: string; due_at: number }>(
          'SELECT * FROM timer WHERE due_at <= ? ORDER BY due_at, address, id',
          now,
        )
        .map(({ due_at, event, ...timer }) => ({ ...timer, dueAt: due_at, event: JSON.parse(event) as JsonObject })),
    nextDueAt: (): number | null => store.get<{ at: number | null }>('SELECT min(due_at) AS at FROM timer')?.at ?? null,
    count: (): number => store.get<{ n: number }>('SELECT count(*) AS n FROM timer')?.n ?? 0,
  }
}
