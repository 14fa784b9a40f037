// Where a repository keeps itself: a worktree's own folder, and the one all its worktrees share. Told by git's own
// files, without a process.
// Never: writes.
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'

/** The folders of a repository: the one of a worktree of its own, and the one that all share. */
export interface Repository {
  own: string
  common: string
}

/** The repository that a folder is in; undefined outside any. */
export function repositoryOf(cwd: string): Repository | undefined {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const link = join(dir, '.git')
    if (existsSync(link)) return repositoryAt(statSync(link).isDirectory() ? link : linkedFrom(dir))
    if (existsSync(join(dir, 'HEAD')) && existsSync(join(dir, 'objects'))) return repositoryAt(dir)
    if (dir === dirname(dir)) return undefined
  }
}

/** What a worktree's `.git` file names: its own folder in the repository. */
export const linkedFrom = (worktree: string): string =>
  resolve(
    worktree,
    readFileSync(join(worktree, '.git'), 'utf8')
      .replace(/^gitdir: /, '')
      .trim(),
  )

/** The one whose own folder this is. */
export function repositoryAt(own: string): Repository {
  const common = join(own, 'commondir')
  return {
    own: realOf(own),
    common: sharedBy(existsSync(common) ? resolve(own, readFileSync(common, 'utf8').trim()) : own),
  }
}

/** A common folder that only shows another repository's objects (a lens, a worker's own) is that repository's. */
function sharedBy(common: string): string {
  const objects = join(common, 'objects')
  const isShown = lstatSync(objects, { throwIfNoEntry: false })?.isSymbolicLink() === true && existsSync(objects)
  return isShown ? dirname(realpathSync(objects)) : realOf(common)
}

/** The path as the system knows it, also when its last parts do not exist. */
export function realOf(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  return path === dirname(path) ? path : join(realOf(dirname(path)), basename(path))
}

export const isWithin = (path: string, dir: string): boolean =>
  realOf(path) === realOf(dir) || realOf(path).startsWith(realOf(dir) + sep)
