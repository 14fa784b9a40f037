// Files written whole, and read by their last bytes only.
// Never: lets two writers meet in one half-written file; reads more of a file than was asked for; waits for a pipe that
// somebody put where a file should be.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Writes a file whole or not at all; it and its folder are on disk when this returns. */
export function writeWhole(path: string, text: string, mode = 0o644): void {
  putInPlace(path, text, mode, true)
  syncFolder(dirname(path))
}

/** The same, for what means nothing once the machine has gone down: it waits for no disk. */
export function writePassing(path: string, text: string, mode = 0o644): void {
  putInPlace(path, text, mode, false)
}

function putInPlace(path: string, text: string, mode: number, onDisk: boolean): void {
  const part = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    const fd = openSync(part, 'wx', mode)
    try {
      writeFileSync(fd, text)
      if (onDisk) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/** Writes what is missing; what a person may have changed stays. */
export function writeIfMissing(path: string, text: string, mode?: number): void {
  if (!existsSync(path)) writeWhole(path, text, mode)
}

/** What a file holds is on disk when this returns. */
export function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDWR)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A new name is on disk once its folder is. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } catch (error) {
    // Some network file systems know no such thing.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  } finally {
    closeSync(fd)
  }
}

/** The last bytes of a file, at most `bytesMax`; empty when there is no such file, or it is none (a pipe, a folder). */
export function lastBytes(path: string, bytesMax: number): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENXIO', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return ''
    const bytes = Buffer.alloc(Math.min(stat.size, bytesMax))
    const length = readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length)
    // The cut may go through the middle of a letter.
    return bytes.toString('utf8', 0, length).replace(/^\uFFFD+/, '')
  } finally {
    closeSync(fd)
  }
}

/** The last lines of a text; a line without end gives its own last part. */
export function lastLines(text: string, linesMax = 40, bytesMax = 8192, lineMax = 400): string {
  return text
    .trim()
    .slice(-bytesMax)
    .split('\n')
    .slice(-linesMax)
    .map((line) => (line.length > lineMax ? `…${line.slice(-lineMax)}` : line))
    .join('\n')
}
