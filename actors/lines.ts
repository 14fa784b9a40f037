// Lines out of what comes in pieces, each no longer than it may be.
// Never: keeps more than one line's worth of what it was given.
import { Buffer } from 'node:buffer'

const firstBytes = 4096

/**
 * Hands on each whole line. One longer than `bytesMax` is told of once, by `tooLong`, and nothing after it is heard.
 * The function it gives takes the pieces; `held` says how many bytes of a line that is not whole it keeps.
 */
export function linesWithin(bytesMax: number, line: (text: string) => void, tooLong: () => void) {
  let kept = Buffer.alloc(0)
  let length = 0
  let over = false
  const keep = (piece: Buffer) => {
    if (length + piece.length > kept.length) {
      const bigger = Buffer.allocUnsafe(Math.max(firstBytes, length + piece.length, Math.min(bytesMax, 2 * length)))
      kept.copy(bigger, 0, 0, length)
      kept = bigger
    }
    piece.copy(kept, length)
    length += piece.length
  }
  const take = (chunk: Buffer): void => {
    for (let from = 0; from < chunk.length && !over; ) {
      const end = chunk.indexOf(0x0a, from)
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end)
      if (length + piece.length > bytesMax) {
        over = true
        kept = Buffer.alloc(0)
        length = 0
        return void tooLong()
      }
      if (end === -1) return void keep(piece)
      from = end + 1
      // Most lines come whole: nothing of them is kept.
      if (length === 0) {
        line(piece.toString())
        continue
      }
      keep(piece)
      const text = kept.toString('utf8', 0, length)
      kept = Buffer.alloc(0)
      length = 0
      line(text)
    }
  }
  return { take, held: () => kept.length }
}
