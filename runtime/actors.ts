// Reading actors as they were last committed.
// Never: writes them; only a committed turn does.
import type { ActorState, Json, JsonObject, Store } from './contract.ts'

export interface ActorRow {
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

/** Those whose address begins so, by address. */
export function readActors(store: Store, prefix = ''): ActorState[] {
  return store
    .all<ActorRow>('SELECT * FROM actor WHERE substr(address, 1, ?) = ? ORDER BY address', prefix.length, prefix)
    .map(stateOf)
}

export function stateOf(row: ActorRow): ActorState {
  const persisted = JSON.parse(row.snapshot) as { value: Json; context: JsonObject }
  return {
    address: row.address,
    role: row.role,
    incarnation: row.incarnation,
    revision: row.revision,
    status: row.status,
    value: persisted.value,
    context: persisted.context,
    updatedAt: row.updated_at,
  }
}
