// Residents: live snapshots of the actors that had a turn lately, so that a turn need not read them back.
// Never: truth. A snapshot that is not of the revision in the store, because its turn was rolled back, is not used.
import type { AnyMachineSnapshot } from 'xstate'
import type { JsonObject, Role } from './contract.ts'
import type { StoredActor } from './store/actors.ts'
import { restore } from './turn.ts'

export type Residents = ReturnType<typeof makeResidents>

interface Resident {
  incarnation: number
  revision: number
  snapshot: AnyMachineSnapshot
}

export function makeResidents(max: number) {
  // Least recently used first.
  const live = new Map<string, Resident>()
  return {
    snapshotOf(actor: StoredActor, role: Role): AnyMachineSnapshot {
      const known = live.get(actor.address)
      if (known?.revision === actor.revision && known.incarnation === actor.incarnation) return known.snapshot
      let stored = JSON.parse(actor.snapshot) as JsonObject
      if (actor.version < role.version) stored = role.migrate?.(stored, actor.version) ?? stored
      return restore(role.machine, stored)
    },
    /** Those below this prefix. */
    forget(prefix: string): void {
      for (const address of [...live.keys()]) if (address.startsWith(prefix)) live.delete(address)
    },
    keep(address: string, resident: Resident): void {
      live.delete(address)
      live.set(address, resident)
      if (live.size > max) live.delete(live.keys().next().value as string)
    },
  }
}
