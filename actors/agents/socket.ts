// Where a run's own sockets are: in its folder, or, where that is too deep for one, in a folder of its own.
// Never: where anybody else can reach it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The longest path that a socket can have everywhere. */
const socketBytesMax = 100

/** A free path for a socket of this name. */
export function socketIn(dir: string, name: string): string {
  const socket = join(dir, name)
  rmSync(socket, { force: true })
  return Buffer.byteLength(socket) <= socketBytesMax ? socket : join(mkdtempSync(join(tmpdir(), 'gt-')), name)
}

/** It is gone, with the folder that was made for it. */
export const forgetSocket = (dir: string, socket: string): void =>
  rmSync(dirname(socket) === dir ? socket : dirname(socket), { recursive: true, force: true })
