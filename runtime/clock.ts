// Clocks. The only file of the kernel that knows what time it is.
// Never: waits.
import type { Clock } from './contract.ts'

export const systemClock: Clock = { now: () => Date.now() }

/** A clock that moves only when told to; for tests and simulation. */
export function virtualClock(startMs = 0): Clock & { advance(ms: number): void; set(ms: number): void } {
  let at = startMs
  return {
    now: () => at,
    advance: (ms) => {
      at += ms
    },
    set: (ms) => {
      at = ms
    },
  }
}
