// Which store this is, and of which of its openings.
// Never: changed.
import type { Store } from '../contract.ts'
import { leaseTable } from './lease.ts'

export interface StoreIdentity {
  /** Chance, drawn when the store was made. */
  id: string
  /** How often a host has opened it. */
  epoch: number
}

export function readIdentity(store: Store): StoreIdentity {
  const { id } = store.get<{ id: string }>('SELECT id FROM identity') as { id: string }
  return { id, epoch: leaseTable(store).read()?.epoch ?? 0 }
}
