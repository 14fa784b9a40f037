// Lets go of every actor below a prefix: nothing of theirs waits, is under way or holds a place any more.
// Never: forgets how many lives an actor has had; a later one of the same address is a new incarnation.
import type { Store } from '../contract.ts'

/** In the caller's transaction. Returns the keys of effects whose performance is to be aborted. */
export function forget(store: Store, prefix: string, at: number): string[] {
  const below = (column: string) => `substr(${column}, 1, length(?)) = ?`
  const open = "state IN ('pending', 'started')"
  const keys = store.all<{ key: string }>(
    `SELECT key FROM effect WHERE ${open} AND ${below('address')}`,
    prefix,
    prefix,
  )
  store.run(`DELETE FROM effect WHERE ${open} AND ${below('address')}`, prefix, prefix)
  store.run(
    `UPDATE mail SET state = 'stale', handled_at = ? WHERE state = 'new' AND ${below('to_address')}`,
    at,
    prefix,
    prefix,
  )
  store.run(`DELETE FROM timer WHERE ${below('address')}`, prefix, prefix)
  store.run(`DELETE FROM slot WHERE ${below('pool')}`, prefix, prefix)
  store.run(`DELETE FROM pool WHERE ${below('name')}`, prefix, prefix)
  store.run(`DELETE FROM hold WHERE ${below('scope')}`, prefix, prefix)
  store.run(`UPDATE actor SET status = 'done', updated_at = ? WHERE ${below('address')}`, at, prefix, prefix)
  return keys.map(({ key }) => key)
}
