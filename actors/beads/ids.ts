// Ids of issues: `prefix-hash`, children `parent.N`; as short as the number of issues allows (facts of the beads
// format, profile 0.30).
// Never: looks at a database; the caller says what is taken.
import { BeadsError } from './contract.ts'

const collisionMax = 0.25

/** Shortest length at which a collision among `count` ids stays unlikely. */
function hashLength(count: number): number {
  for (let length = 3; length < 8; length++)
    if (1 - Math.exp(-(count * count) / (2 * 36 ** length)) <= collisionMax) return length
  return 8
}

interface Content {
  title: string
  description: string
  creator: string
  createdAt: string
}

/** A free id among `count`, as short as it may be. */
export function freeId(prefix: string, content: Content, count: number, isTaken: (id: string) => boolean): string {
  for (let length = hashLength(count); length <= 8; length++) {
    for (let nonce = 0; nonce < 10; nonce++) {
      const id = hashId(prefix, content, length, nonce)
      if (!isTaken(id)) return id
    }
  }
  throw new BeadsError('no free id was found; give one with --id')
}

/** The id for this content; `nonce` is raised until it is free. */
function hashId(prefix: string, { title, description, creator, createdAt }: Content, length: number, nonce: number) {
  const value = spread(`${title}|${description}|${creator}|${createdAt}|${nonce}`) % 36 ** length
  return `${prefix}-${value.toString(36).padStart(length, '0')}`
}

/**
 * 53 bits of a text, evenly (cyrb53). Two issues have the same by chance only, which is all an id has to be: it hides
 * nothing, and node:crypto takes longer to load than an issue to be filed.
 */
function spread(text: string): number {
  let [low, high] = [0xdeadbeef, 0x41c6ce57]
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    low = Math.imul(low ^ code, 2_654_435_761)
    high = Math.imul(high ^ code, 1_597_334_677)
  }
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  return 2 ** 32 * (high & (2 ** 21 - 1)) + (low >>> 0)
}
