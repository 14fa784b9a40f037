// An agent's hooks: programs that it runs at each turn of its work, and whose answer it heeds. Each is the same few
// lines of Node that take what they are told to the supervisor and bring back what that answers.
// Never: keeps an agent waiting for a supervisor that is gone; writes into a worktree.
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { writeWhole } from '../files.ts'
import { forgetSocket, socketIn } from './socket.ts'

/** Of what a hook is told; more of it is not read. */
const toldBytesMax = 8 * 1024 * 1024

const carrier = `const s = require('node:net').connect(process.argv[2])
s.on('error', () => process.exit(0))
process.stdin.pipe(s)
s.pipe(process.stdout)
`

/**
 * Listens; `hear` has what each hook is told, one after the other, and says what it answers. Returns the command line
 * of a hook.
 */
export function listenToHooks(dir: string, hear: (told: unknown) => object): { command: string; close(): void } {
  const socket = socketIn(dir, 'hooks.sock')
  const program = join(dir, 'hook.cjs')
  writeWhole(program, carrier)
  const server = createServer({ allowHalfOpen: true }, (line) => {
    const pieces: Buffer[] = []
    let bytes = 0
    line.on('error', () => undefined)
    line.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= toldBytesMax) pieces.push(piece)
    })
    line.on('end', () => line.end(JSON.stringify(hear(objectIn(Buffer.concat(pieces).toString())))))
  })
  server.listen(socket)
  return {
    command: [process.execPath, program, socket].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '),
    close() {
      server.close()
      rmSync(program, { force: true })
      forgetSocket(dir, socket)
    },
  }
}

function objectIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
