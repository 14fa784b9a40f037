// The table of actors, each as its last committed turn left it.
// Never: plays one.
import type { ActorState, Json, JsonObject, Store } from '../contract.ts'

export interface StoredActor {
  address: string
  incarnation: number
  revision: number
  status: ActorState['status']
  /** Of the machine that made the snapshot. */
  version: number
  /** As text: read only where it is not in memory. */
  snapshot: string
  /** Moments of its latest crashes, milliseconds since the epoch. */
  crashes: number[]
}

interface ActorRow {
  address: string
  role: string
  version: number
  incarnation: number
  revision: number
  status: ActorState['status']
  snapshot: string
  crashes: string
  updated_at: number
}

export function actorTable(store: Store) {
  const row = (address: string) => store.get<ActorRow>('SELECT * FROM actor WHERE address = ?', address)
  return {
    find(address: string): StoredActor | undefined {
      const found = row(address)
      if (!found) return undefined
      const { incarnation, revision, status, version, snapshot } = found
      return { address, incarnation, revision, status, version, snapshot, crashes: JSON.parse(found.crashes) }
    },
    state(address: string): ActorState | undefined {
      const found = row(address)
      return found && stateOf(found)
    },
    addresses: (): string[] =>
      store.all<{ address: string }>('SELECT address FROM actor').map(({ address }) => address),
    stored: () =>
      store.all<{ address: string; incarnation: number; revision: number; snapshot: string }>(
        'SELECT address, incarnation, revision, snapshot FROM actor ORDER BY address',
      ),
    put: (actor: Omit<StoredActor, 'crashes'> & { role: string; at: number }) =>
      store.run(
        `INSERT INTO actor (address, role, version, incarnation, revision, status, snapshot, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (address) DO UPDATE SET role = excluded.role, version = excluded.version,
           incarnation = excluded.incarnation, revision = excluded.revision, status = excluded.status,
           snapshot = excluded.snapshot, updated_at = excluded.updated_at`,
        actor.address,
        actor.role,
        actor.version,
        actor.incarnation,
        actor.revision,
        actor.status,
        actor.snapshot,
        actor.at,
      ),
    crashed: (address: string, crashes: readonly number[], status: ActorState['status'], at: number) =>
      store.run(
        'UPDATE actor SET crashes = ?, status = ?, updated_at = ? WHERE address = ?',
        JSON.stringify(crashes),
        status,
        at,
        address,
      ),
    /** Lets a halted actor go on as its machine is, active or done; false when it is not halted. */
    goOn: (address: string): boolean =>
      store.run(
        `UPDATE actor SET crashes = '[]', status = CASE snapshot ->> 'status' WHEN 'active' THEN 'active' ELSE 'done' END
         WHERE address = ? AND status = 'halted'`,
        address,
      ).changes > 0,
  }
}

/** Those whose address begins so, by address. */
export function readActors(store: Store, prefix = '', role: string | null = null): ActorState[] {
  const which = 'substr(address, 1, ?) = ? AND role = coalesce(?, role)'
  return store
    .all<ActorRow>(`SELECT * FROM actor WHERE ${which} ORDER BY address`, prefix.length, prefix, role)
    .map(stateOf)
}

function stateOf(row: ActorRow): ActorState {
  const { value, context } = JSON.parse(row.snapshot) as { value: Json; context: JsonObject }
  return {
    address: row.address,
    role: row.role,
    incarnation: row.incarnation,
    revision: row.revision,
    status: row.status,
    value,
    context,
    updatedAt: row.updated_at,
  }
}
