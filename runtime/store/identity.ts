// Which store this is, how often it was opened, and how much has happened in it.
// Never: changed.
import type { Store } from '../contract.ts'
import { leaseTable } from './lease.ts'

export interface StoreIdentity {
  /** Chance, drawn when the store was made. */
  id: string
  /** How often a host has opened it. */
  epoch: number
  /** Turns that were ever written into its journal, also those that are not kept any more. */
  turns: number
}

export function readIdentity(store: Store): StoreIdentity {
  const { id } = store.get<{ id: string }>('SELECT id FROM identity') as { id: string }
  const last = store.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'journal'")
  return { id, epoch: leaseTable(store).read()?.epoch ?? 0, turns: last?.seq ?? 0 }
}
