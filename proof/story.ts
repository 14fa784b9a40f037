// What a simulated story is asked, and what it comes to.
// Never: plays one; that is `simulation.ts`.
import type { JsonObject, Role } from '../runtime/contract.ts'

export interface SimOptions {
  seed: number
  /** Steps of chance before the faults stop. */
  steps?: number
  issues?: number
  maxWorkers?: number
  /** Faults never stop: only what must hold at every moment is asked, not that all comes to rest. */
  safety?: boolean
  trace?: boolean
  /**
   * Plugins of the rig that bring a machine of their own: they are written to, crash and come to rest with the town.
   */
  plugins?: readonly Role[]
  /** Hears what each effect answered. */
  heard?: ((effect: string, answer: JsonObject | Error) => void) | undefined
}
export interface SimResult {
  seed: number
  steps: number
  crashes: number
  turns: number
  landed: number
  escalated: number
  /** What went wrong; null: nothing. */
  violation: string | null
  /** The story, with `trace` or when something went wrong. */
  story: string[]
}
