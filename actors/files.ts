// Files written whole, and read by a part of known size. The one place that opens what an agent, a gate or a setup can
// write: it may have put a link there that leads elsewhere, a pipe that never ends, or more than memory holds.
// Never: lets two writers meet in one half-written file; reads more of a file than was asked for; follows a link that
// was put where a file should be, or waits for a pipe.
import {
  closeSync,
  constants,
  existsSync,
  type FSWatcher,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  promises,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

/** Writes a file whole or not at all; it and its folder are on disk when this returns. */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  putInPlace(path, text, mode, true)
  onDisk(dirname(path))
}

/** The same, for what means nothing once the machine has gone down: it waits for no disk. */
export function writePassing(path: string, text: string | Uint8Array, mode = 0o600): void {
  putInPlace(path, text, mode, false)
}

/** As `writeWhole`; others go on while the disk is at it. */
export async function writeWholeBeside(path: string, text: string, mode = 0o600): Promise<void> {
  const part = partOf(path)
  try {
    await promises.writeFile(part, text, { flag: 'wx', mode, flush: true })
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  await onDiskBeside(dirname(path))
}

function partOf(path: string): string {
  // Loaded here only: node:crypto takes longer to load than most commands take to run.
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  return `${path}.${randomBytes(6).toString('hex')}.part`
}

function putInPlace(path: string, text: string | Uint8Array, mode: number, onDisk: boolean): void {
  const part = partOf(path)
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

/** What was written to a file is on disk when this returns; a new name is once its folder is. */
export function onDisk(path: string): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } catch (error) {
    if (!isUnknownThere(error)) throw error
  } finally {
    closeSync(fd)
  }
}

/** Some network file systems know no such thing. */
const isUnknownThere = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EINVAL'

/** The same; others go on while the disk is at it. */
export async function onDiskBeside(path: string): Promise<void> {
  const file = await promises.open(path, constants.O_RDONLY)
  try {
    await file.sync()
  } catch (error) {
    if (!isUnknownThere(error)) throw error
  } finally {
    await file.close()
  }
}

// What others can write

const { O_RDONLY, O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
const noWaiting = O_NONBLOCK | O_NOFOLLOW
/** Nothing is there, or something that is no plain file. */
const noFile = ['ENOENT', 'ENOTDIR', 'ENXIO', 'ELOOP', 'EISDIR', 'ENODEV']

/** Opens a plain file; undefined when there is none, or a link, a pipe, a device or a folder is in its place. */
function opened(path: string, flags: number): number | undefined {
  let fd: number
  try {
    fd = openSync(path, flags, 0o600)
  } catch (error) {
    if (noFile.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  return undefined
}

/** Works with a plain file and closes it; undefined when there is none. */
function withFile<T>(path: string, flags: number, work: (fd: number, sizeBytes: number) => T): T | undefined {
  const fd = opened(path, flags | noWaiting)
  if (fd === undefined) return undefined
  try {
    return work(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

function bytesAt(fd: number, from: number, bytesMax: number): Buffer {
  const bytes = Buffer.allocUnsafe(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const read = readSync(fd, bytes, length, bytesMax - length, from + length)
    if (read === 0) break
    length += read
  }
  return bytes.subarray(0, length)
}

const textBytesMax = 1024 * 1024

/** The whole text of a small file; undefined when there is none, it is no plain file, or it is bigger than that. */
export const textOf = (path: string, bytesMax = textBytesMax): string | undefined =>
  withFile(path, O_RDONLY, (fd, size) => (size > bytesMax ? undefined : bytesAt(fd, 0, size).toString('utf8')))

/**
 * The same of a file that must be there and may be a link that a person made, as of the town's own configuration;
 * throws when it is not there, is no file, or is bigger than that.
 */
export function textAt(path: string, bytesMax = textBytesMax): string {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new Error(`${path} is no file`)
    if (stat.size > bytesMax) throw new Error(`${path} is bigger than ${bytesMax >> 20} MiB`)
    return bytesAt(fd, 0, stat.size).toString('utf8')
  } finally {
    closeSync(fd)
  }
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false }
}

/** What the town noted for itself, as JSON; undefined when it is missing, cut, or not as the town writes it. */
export function noteAt<T>(path: string, schema: Schema<T>): T | undefined {
  try {
    const read = schema.safeParse(JSON.parse(textOf(path) ?? 'null'))
    return read.success ? read.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A JSON file of the town's, without its schema: `{}` when it is missing or holds none, which others tell of. */
export function jsonAt(path: string): Record<string, unknown> {
  // Looked for first: an error takes longer to make than the rest of a short command.
  if (!existsSync(path)) return {}
  try {
    const value: unknown = JSON.parse(textAt(path))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** The first bytes of a program, which may be a link to it; empty when there is none. */
export function firstBytes(path: string, bytesMax: number): Buffer {
  const fd = opened(path, O_RDONLY | O_NONBLOCK)
  if (fd === undefined) return Buffer.alloc(0)
  try {
    return bytesAt(fd, 0, bytesMax)
  } finally {
    closeSync(fd)
  }
}

/** The last bytes of a file, at most `bytesMax`; empty when there is no such file. */
export const lastBytes = (path: string, bytesMax: number): string =>
  withFile(path, O_RDONLY, (fd, size) => {
    const length = Math.min(size, bytesMax)
    // The cut may go through the middle of a letter.
    return bytesAt(fd, size - length, length)
      .toString('utf8')
      .replace(/^\uFFFD+/, '')
  }) ?? ''

/**
 * The bytes of a growing file from `from` on, at most `bytesMax`, and where they start: at its beginning when it has
 * begun again. None when there is no such file.
 */
export const bytesFrom = (path: string, from: number, bytesMax: number): { bytes: Buffer; start: number } =>
  withFile(path, O_RDONLY, (fd, size) => {
    const start = size < from ? 0 : from
    return { bytes: bytesAt(fd, start, Math.min(bytesMax, size - start)), start }
  }) ?? { bytes: Buffer.alloc(0), start: from }

/**
 * Adds to the end of a file, which is made if it is not there, and is on disk when this returns; throws when something
 * else is in its place.
 */
export function append(path: string, text: string): void {
  const fd = openForAppending(path)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The same; others go on while the disk is at it. */
export async function appendBeside(path: string, text: string): Promise<void> {
  const fd = openForAppending(path)
  try {
    writeFileSync(fd, text)
    // What was opened: something else may have its name by now.
    await promisify(fsync)(fd)
  } finally {
    closeSync(fd)
  }
}

/** A file that programs write to, open; who asks closes it. */
export function openForAppending(path: string): number {
  const fd = opened(path, O_WRONLY | O_APPEND | O_CREAT | noWaiting)
  if (fd === undefined)
    throw new Error(
      existsSync(dirname(path)) ? `${path} is no file; take away what is there` : `${dirname(path)} is gone`,
    )
  return fd
}

/**
 * Bounds a file that programs go on appending to: when it is longer, its last `bytesMax` become `<path>.1` and it
 * begins again.
 */
export function beginAgain(path: string, bytesMax: number): void {
  withFile(path, O_RDWR, (fd, size) => {
    if (size <= bytesMax) return
    writePassing(`${path}.1`, bytesAt(fd, size - bytesMax, bytesMax))
    ftruncateSync(fd)
  })
}

/** A plain file, open for reading; undefined when there is none. Who asks closes it. */
export async function openPlain(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle
  try {
    // By way of `promises`, which is loaded only where it is used: `bd` reads this file.
    file = await promises.open(path, O_RDONLY | noWaiting)
  } catch (error) {
    if (noFile.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  return undefined
}

const openFile = (fd: number) => `/proc/self/fd/${fd}`
const hasProc = existsSync(openFile(0).replace(/\d+$/, ''))

/**
 * Copies a plain file `path` below `root`, with its mode, to a file that is not there yet; false when there is no plain
 * file, or a link leads to it. Throws EEXIST when something is at `to`.
 */
export async function copyPlain(root: string, path: string, to: string): Promise<boolean> {
  const file = await openPlain(join(root, path))
  if (!file) return false
  try {
    // What was opened, and not what has its name by now.
    const from = hasProc ? openFile(file.fd) : join(root, path)
    if (hasProc && readlinkSync(from) !== join(realpathSync(root), path)) return false
    await promises.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await promises.chmod(to, (await file.stat()).mode & 0o777)
    return true
  } finally {
    await file.close()
  }
}

/**
 * Calls `heard` with the name of what has changed in a folder. Undefined, and told as trouble, where there can be no
 * watch: there are too many, or no such folder.
 */
export function watchFolder(
  path: string,
  heard: (name: string | null) => void,
  trouble: (error: unknown) => void,
): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, (_, name) => heard(name)).on('error', trouble)
  } catch (error) {
    trouble(error)
    return undefined
  }
}

/** Names of the folders in a folder, links to some left away; none when there is no such folder. */
export function foldersIn(path: string): string[] {
  return existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : []
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
