// Finds where a repository keeps itself: a worktree's own folder, and the folder that all its worktrees share. It reads
// git's own files, without a process.
// Never: writes.
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { textOf } from '../files.ts'

/** The folders of a repository: the one of a worktree of its own, and the one that all share. */
export interface Repository {
  own: string
  common: string
}

/** The repository that a folder is in; undefined outside any. */
export function repositoryOf(cwd: string): Repository | undefined {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const link = join(dir, '.git')
    const found = statSync(link, { throwIfNoEntry: false })
    if (found?.isDirectory()) return repositoryAt(link)
    if (found) return found.isFile() ? repositoryAt(linkedFrom(dir)) : undefined
    if (existsSync(join(dir, 'HEAD')) && existsSync(join(dir, 'objects'))) return repositoryAt(dir)
    if (dir === dirname(dir)) return undefined
  }
}

/** What a worktree's `.git` file names: its own folder in the repository. */
export const linkedFrom = (worktree: string): string =>
  resolve(worktree, (textOf(join(worktree, '.git')) ?? '').replace(/^gitdir: /, '').trim())

/** The one whose own folder this is. */
export function repositoryAt(own: string): Repository {
  const common = textOf(join(own, 'commondir'))
  return {
    own: realOf(own),
    common: sharedBy(common === undefined ? own : resolve(own, common.trim())),
  }
}

/** The one that `GIT_DIR` names: its folder, or a worktree's `.git` file. */
export const repositoryNamed = (path: string): Repository =>
  repositoryAt(statSync(path, { throwIfNoEntry: false })?.isFile() ? linkedFrom(dirname(path)) : path)

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
