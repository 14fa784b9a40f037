// Ids of issues: `prefix-hash`, children `parent.N`; as short as the number of issues allows (facts of the beads
// format, profile 0.30).
// Never: looks at a database; the caller says what is taken.
import process from 'node:process'
import { BeadsError } from './contract.ts'

const bytesFor: Record<number, number> = { 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 5 }
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
  createdAtNs: bigint
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
function hashId(prefix: string, content: Content, length: number, nonce: number): string {
  // Loaded here only: reading commands need no id, and node:crypto is slow to load.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const digest = createHash('sha256')
    .update(`${content.title}|${content.description}|${content.creator}|${content.createdAtNs}|${nonce}`)
    .digest()
  let value = 0n
  for (const byte of digest.subarray(0, bytesFor[length] ?? 5)) value = (value << 8n) | BigInt(byte)
  return `${prefix}-${value.toString(36).padStart(length, '0').slice(-length)}`
}
