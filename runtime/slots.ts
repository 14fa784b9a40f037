// Slots: places in a pool. No turn is given more than there are, whatever its machine believes.
// Never: takes a place away that somebody holds.
import type { HostOptions } from './contract.ts'
import type { Tables } from './store/tables.ts'

export type Slots = ReturnType<typeof makeSlots>

export function makeSlots({ slotCapacity }: HostOptions, { slots }: Pick<Tables, 'slots'>) {
  /** A machine says when it goes by a smaller number; never that there are more than are, or were, configured. */
  const accept = (pool: string, places: number): void => {
    const most = Math.max(slotCapacity(pool), slots.accepted(pool) ?? 0)
    slots.accept(pool, Math.min(places, most))
  }
  return {
    accept,
    /** Throws when all places are taken; a holder that has one keeps it. */
    claim(pool: string, holder: string): void {
      const taken = slots.of(pool)
      if (taken.some((slot) => slot.holder === holder)) return
      const configured = slotCapacity(pool)
      const accepted = slots.accepted(pool)
      if (accepted === undefined) accept(pool, configured)
      // A smaller number counts once a machine has heard of it.
      const capacity = Math.max(configured, accepted ?? 0)
      const free = Array.from({ length: capacity }, (_, place) => place).find(
        (place) => !taken.some((slot) => slot.place === place),
      )
      if (free === undefined || taken.length >= capacity) throw new Error(`all ${capacity} places of ${pool} are taken`)
      slots.take(pool, free, holder)
    },
    free: (pool: string, holder: string) => void slots.free(pool, holder),
    holders: (pool: string): string[] => slots.of(pool).map(({ holder }) => holder),
  }
}
