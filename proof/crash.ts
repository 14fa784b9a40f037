// Crash: a store that dies when told to, in the middle of a write or at the last moment before a commit; and what
// must be the same when it is opened again.
// Never: chooses when.
import type { Store } from '../runtime/contract.ts'

/** The process is gone from here on. */
export class Crash extends Error {}

/**
 * `dies` is asked before each write and each commit; once it has said yes, nothing of this store works any more.
 * `written` is told of each write.
 */
export function mortal(store: Store, dies: () => boolean, written: () => void): Store {
  let dead = false
  const step = <T>(work: () => T): T => {
    dead ||= dies()
    if (dead) throw new Crash()
    return work()
  }
  return {
    ...store,
    transaction: (work) =>
      store.transaction(() => {
        const result = work()
        return step(() => result)
      }),
    run: (sql, ...params) => {
      written()
      return step(() => store.run(sql, ...params))
    },
  }
}

/**
 * What a restart may not change, as text: actors, mail, timers, places, holds, and which effects are open. What was
 * begun is to be begun again.
 */
export function kept(store: Store): string {
  const effects =
    "SELECT seq, key, CASE state WHEN 'started' THEN 'pending' ELSE state END AS state, due_at FROM effect ORDER BY seq"
  const rows = [
    'SELECT * FROM actor ORDER BY address',
    'SELECT * FROM mail ORDER BY seq',
    'SELECT * FROM timer ORDER BY address, id',
    'SELECT * FROM slot ORDER BY pool, place',
    'SELECT * FROM hold',
  ]
  return JSON.stringify([...rows, effects].map((sql) => store.all(sql)))
}
