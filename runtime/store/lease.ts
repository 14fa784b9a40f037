// Who may write the store, and what may not start: the lease of its one host, and the holds.
// Never: judges whether a holder is alive.
import type { Store } from '../contract.ts'

export function leaseTable(store: Store) {
  return {
    /** Undefined before the first host. */
    read: () => store.get<{ holder: string; epoch: number }>("SELECT holder, epoch FROM lease WHERE name = 'host'"),
    write: (holder: string, epoch: number) =>
      store.run(
        `INSERT INTO lease (name, holder, epoch) VALUES ('host', ?, ?)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch`,
        holder,
        epoch,
      ),
  }
}

export function holdTable(store: Store) {
  return {
    add: (scope: string) => store.run('INSERT OR IGNORE INTO hold (scope) VALUES (?)', scope),
    remove: (scope: string) => store.run('DELETE FROM hold WHERE scope = ?', scope),
    all: (): string[] =>
      store.all<{ scope: string }>('SELECT scope FROM hold ORDER BY scope').map(({ scope }) => scope),
  }
}

/** Holds what starts something, in a store that no host has open: the next host finds it held. */
export function holdUnhosted(store: Store, scope: string): void {
  holdTable(store).add(scope)
}
