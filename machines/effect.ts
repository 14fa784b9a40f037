// Effect: what is said of one: how it bears being repeated, its shapes, and what it waits for.
// Never: names one; the list is `effects.ts`.
import type { z } from 'zod'

/** Every effect may be performed again after a crash: its hand makes the repetition harmless. */
export interface EffectKind<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  input: I
  output: O
  /** Effects of one lane run at most `laneLimit` at once (default 1); null: as many as asked for. */
  lane: (input: z.output<I>) => string | null
  laneLimit?: number
  /** Starts an agent: held while the Overseer has stopped the town or the rig. */
  starts?: boolean
}

/** One entry of the list, its types kept. */
export const effect = <I extends z.ZodType, O extends z.ZodType>(kind: EffectKind<I, O>) => kind
