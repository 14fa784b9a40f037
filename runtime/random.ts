// Chance, handed in. The only file of the kernel that knows where it comes from.
// Never: gives two seeds’ hosts the same, or one seed’s host another.
import { randomBytes } from 'node:crypto'
import type { Random } from './contract.ts'

export const systemRandom: Random = { uint32: () => randomBytes(4).readUInt32LE(0) }

/** The same numbers for the same seed (splitmix32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    uint32: () => {
      state = (state + 0x9e3779b9) >>> 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a2d97)
      return (mixed ^ (mixed >>> 15)) >>> 0
    },
  }
}
