// The log of a gate: its beginning and its end, whatever it prints, and a line that says how much is left out.
// Never: grows beyond its limit, on disk or in memory.
import { createWriteStream, rmSync } from 'node:fs'

/** All of a log, in bytes: half of it from the beginning, half from the end. */
export const logBytesMax = 4 * 1024 * 1024

export interface CappedLog {
  write(chunk: Buffer): void
  /** A line of the town's own. */
  say(line: string): void
  /** Resolves when all of it is written; throws when it could not be. */
  close(): Promise<void>
}

export function openLog(path: string, bytesMax = logBytesMax): CappedLog {
  rmSync(path, { force: true })
  const out = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  let trouble: Error | undefined
  out.on('error', (error) => {
    trouble ??= error
  })
  const half = Math.floor(bytesMax / 2)
  let headBytes = 0
  let tailBytes = 0
  let leftOut = 0
  const tail: Buffer[] = []
  const write = (chunk: Buffer) => {
    const toHead = chunk.subarray(0, half - headBytes)
    if (toHead.length > 0) out.write(toHead)
    headBytes += toHead.length
    const rest = chunk.subarray(toHead.length)
    if (rest.length === 0) return
    tail.push(rest)
    tailBytes += rest.length
    for (let first = tail[0]; first && tailBytes > half; first = tail[0]) {
      const over = Math.min(first.length, tailBytes - half)
      leftOut += over
      tailBytes -= over
      if (over === first.length) tail.shift()
      else tail[0] = first.subarray(over)
    }
  }
  return {
    write,
    say: (line) => write(Buffer.from(`${line}\n`)),
    async close() {
      if (leftOut > 0) out.write(`\n[… ${leftOut} bytes left out …]\n`)
      for (const chunk of tail) out.write(chunk)
      await new Promise<void>((resolve) => out.once('close', resolve).end())
      if (trouble) throw trouble
    },
  }
}
