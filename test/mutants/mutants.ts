// Mutants: small wrong changes, each a mistake somebody could make. `npm run mutants` makes them one at a time in a
// copy; each must be caught.
// The text to find must be there exactly once: a mutant that no longer fits fails loudly.
import { hands } from './hands.ts'
import { kernel } from './kernel.ts'
import type { Mutant } from './mutant.ts'
import { queue } from './queue.ts'
import { stewards } from './stewards.ts'
import { stores } from './stores.ts'
import { workers } from './workers.ts'

export const mutants: readonly Mutant[] = [...kernel, ...workers, ...queue, ...stewards, ...hands, ...stores]
