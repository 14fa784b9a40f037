// The table of places: who holds which place of a pool, and how many places a pool was last accepted to have.
// Never: judges who may have one.
import type { Store } from '../contract.ts'

export function slotTable(store: Store) {
  return {
    /** In the order of their places. */
    of: (pool: string) =>
      store.all<{ place: number; holder: string }>(
        'SELECT place, holder FROM slot WHERE pool = ? ORDER BY place',
        pool,
      ),
    take: (pool: string, place: number, holder: string) =>
      store.run('INSERT INTO slot (pool, place, holder) VALUES (?, ?, ?)', pool, place, holder),
    free: (pool: string, holder: string) => store.run('DELETE FROM slot WHERE pool = ? AND holder = ?', pool, holder),
    /** Undefined for a pool that nobody has claimed a place of yet. */
    accepted: (pool: string): number | undefined =>
      store.get<{ places: number }>('SELECT places FROM pool WHERE name = ?', pool)?.places,
    accept: (pool: string, places: number) =>
      store.run(
        'INSERT INTO pool (name, places) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET places = excluded.places',
        pool,
        places,
      ),
  }
}
