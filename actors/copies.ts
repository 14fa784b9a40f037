// Copies of SQLite files that hold what cannot be made again: one a day, some days kept, any of them to be put back.
// Never: holds up whoever asks for one; counts a copy before it is whole on disk; removes the last one there is.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { onDisk } from './files.ts'

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
 * Makes today's copy of a database in `folder`, unless it is there; older ones than are kept go. Others may write to
 * the database meanwhile: the copy is of one moment. Rejects when it cannot be made; then nothing has changed.
 */
export async function copyOfToday(file: string, folder: string, now: number): Promise<void> {
  const path = join(folder, `${new Date(now).toISOString().slice(0, 10)}.db`)
  if (existsSync(path)) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const part = `${path}.part`
  rmSync(part, { force: true })
  const source = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
  try {
    await backup(source, part, { rate: pagesAtOnce })
    onDisk(part)
    renameSync(part, path)
    onDisk(folder)
  } finally {
    source.close()
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${part}${end}`, { force: true })
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
    .sort((a, b) => b.at - a.at)
}

/** The newest copy in words. */
export function lastCopyIn(folder: string): string {
  const [last] = copiesIn(folder)
  return last ? `the last copy is ${last.path}, of ${new Date(last.at).toISOString()}` : `there is no copy in ${folder}`
}

/** Moves a database out of its place into a folder, with what its journals still hold; says where it is now. */
export function moveAside(file: string, folder: string, now: number): string | undefined {
  const there = ['', '-wal', '-shm'].filter((end) => existsSync(`${file}${end}`))
  if (there.length === 0) return undefined
  const to = join(folder, `${basename(file)}.${new Date(now).toISOString().replaceAll(':', '.')}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const end of there) renameSync(`${file}${end}`, `${to}${end}`)
  return to
}

/** Puts a copy where its database belongs; that place must be free. The copy stays. */
export function putBack(copy: Copy, file: string): void {
  const part = `${file}.part`
  copyFileSync(copy.path, part)
  onDisk(part)
  renameSync(part, file)
  onDisk(dirname(file))
}
