// Copies of SQLite files that hold what cannot be made again: one a day, some days kept, any of them to be put back.
// Never: holds up whoever asks for one; counts a copy before it is whole on disk; removes the last one there is.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { onDisk, onDiskBeside } from './files.ts'

/** So many of the newest copies are kept. */
export const copiesMax = 14
/** All pages are read in one step, so that a writer never makes it begin anew. */
const pagesAtOnce = 2 ** 31 - 1

export interface Copy {
  /** The day it was made (UTC), `2026-11-26`. */
  name: string
  path: string
  /** Milliseconds since the epoch. */
  at: number
  sizeBytes: number
}

/**
 * Copies a database as it is at one moment; it is on disk, for its owner alone, when this resolves. Others may write to
 * it meanwhile, and the town goes on; a lock of theirs is waited for `busyMs`, in milliseconds.
 */
export async function copyDatabase(from: string, to: string, busyMs: number): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: busyMs })
  try {
    await backup(source, to, { rate: pagesAtOnce })
  } finally {
    source.close()
  }
  chmodSync(to, 0o600)
  await onDiskBeside(to)
}

/**
 * Makes today's copy of a database in `folder`, unless it is there; older ones than are kept go. Others may write to
 * the database meanwhile: the copy is of one moment. Rejects when it cannot be made; then nothing has changed.
 */
export async function copyOfToday(file: string, folder: string, now: number): Promise<void> {
  const path = join(folder, `${new Date(now).toISOString().slice(0, 10)}.db`)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const part = `${path}.part`
  rmSync(part, { force: true })
  try {
    await copyDatabase(file, part, 1000)
    renameSync(part, path)
    await onDiskBeside(folder)
  } finally {
    for (const path of [...filesOf(part), `${part}-journal`]) rmSync(path, { force: true })
  }
  for (const { path: old } of copiesIn(folder).slice(copiesMax)) rmSync(old)
}

/** Newest first. */
export function copiesIn(folder: string): Copy[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.db'))
    .map((file) => {
      const path = join(folder, file)
      const { mtimeMs, size } = statSync(path)
      return { name: file.slice(0, -'.db'.length), path, at: mtimeMs, sizeBytes: size }
    })
    .sort((a, b) => (a.name < b.name ? 1 : -1))
}

/** The newest copy in words. */
export function lastCopyIn(folder: string): string {
  const [last] = copiesIn(folder)
  return last ? `the last copy is ${last.path}, of ${new Date(last.at).toISOString()}` : `there is no copy in ${folder}`
}

/**
 * Moves files or folders into a folder of their own, `<folder>/<name>-<n>`, those that are there; says which, or
 * undefined when none was.
 */
export function moveAside(folder: string, name: string, paths: readonly string[]): string | undefined {
  const there = paths.filter((path) => existsSync(path))
  if (there.length === 0) return undefined
  const to = freeIn(folder, name)
  mkdirSync(to, { mode: 0o700 })
  for (const path of there) renameSync(path, join(to, basename(path)))
  return to
}

/** A path that is free in a folder, which is made: `<folder>/<name>-<n>`. */
export function freeIn(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const taken = readdirSync(folder)
  let n = 1
  while (taken.includes(`${name}-${n}`)) n++
  return join(folder, `${name}-${n}`)
}

/** A database is its file with what its log of writes still holds. */
export const filesOf = (path: string): string[] => [path, `${path}-wal`, `${path}-shm`]

/** Puts a copy where its database belongs; that place must be free. The copy stays. */
export function putBack(copy: Copy, file: string): void {
  const part = `${file}.part`
  copyFileSync(copy.path, part)
  onDisk(part)
  renameSync(part, file)
  onDisk(dirname(file))
}
