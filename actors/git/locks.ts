// Takes away locks that a killed git left behind. A lock is left behind when of the gits that ran when it was first
// met, and could hold it, none runs any more.
// Never: takes a lock from a git that may hold it, or one that is outside the repository that was asked. A git that
// cannot be seen into may hold it, but for ten minutes at most.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../runtime/open.ts'
import { isAlive } from '../processes.ts'
import { isWithin, type Repository, realOf, repositoryAt, repositoryOf } from './repository.ts'
import { commandOf, type RunningGit, runningGits } from './running.ts'

/**
 * A lock made just now may be of somebody who is not seen (another container): how old one must be, in milliseconds, by
 * its file or by how long it has been seen.
 */
const youngMs = 3000

/**
 * For how long a git that nobody can see into (another user's, another container's, one on macOS) may hold a lock, in
 * milliseconds of watched time: a machine that slept makes every file old, and no git gone.
 */
const unseenMaxMs = 600_000

/** Gits that run for long and lock nothing. */
const readers = ['cat-file', 'fsmonitor--daemon', 'log', 'show', 'blame', 'grep']

/** The lock file in whose way this git was, by its own words; undefined when it failed of something else. */
export function lockNamed(words: string, cwd: string): string | undefined {
  const made = /^(?:fatal|error|warning): (?:.*: )?Unable to create '(.+\.lock)': File exists/im.exec(words)?.[1]
  // Made as exclusively as a lock.
  const packed = /^(?:fatal|error): unable to create file (.+packed-refs\.new): File exists/im.exec(words)?.[1]
  const config = /^(?:fatal|error): could not lock config file (.+): File exists/m.exec(words)?.[1]
  const path = made ?? packed ?? (config === undefined ? undefined : `${config}.lock`)
  // Git names the link through which it went (`lens.ts`), and locks what that leads to.
  return path === undefined ? undefined : resolve(cwd, path).replace(/^(.+)\.lock$/, (_, of) => `${realOf(of)}.lock`)
}

/** A lock as it was first met. Who came later cannot hold what was there before. */
interface Met {
  id: string
  /** In watched time. */
  at: number
  holders: readonly RunningGit[]
}
/** Locks that were met and are in the way still, by their paths. */
const met = new Map<string, Met>()

/**
 * Watches a lock that is in the way. Each call says whether to try again: it is gone, is another one by now, or was
 * taken away because nobody who could hold it lives.
 */
export function watchLock(lock: string, cwd: string, now: () => number = systemClock.watched): () => boolean {
  const repository = repositoryOf(cwd)
  const id = seen(lock)
  const known = met.get(lock)
  const first = id !== undefined && known?.id === id ? known : id && meet(lock, id, repository, now())
  const isOver = () => {
    if (met.get(lock)?.id === id) met.delete(lock)
    return true
  }
  return () => {
    if (!first || seen(lock) !== first.id) return isOver()
    if (!repository || !isWithin(lock, repository.common)) return false
    const seenMs = now() - first.at
    const holders = first.holders.filter(isAlive)
    const isYoung = seenMs < youngMs && Date.now() - (madeAt(lock) ?? 0) < youngMs
    if (isYoung || holders.some(({ repository: its }) => its || seenMs < unseenMaxMs)) return false
    if (seen(lock) === first.id) rmSync(lock, { force: true })
    return isOver()
  }
}

function meet(lock: string, id: string, repository: Repository | undefined, at: number): Met {
  const holders = repository ? runningGits().filter((git) => couldHold(git, lock, repository)) : []
  const first = { id, at, holders }
  met.set(lock, first)
  return first
}

/** How long anybody waits for another one's lock, in milliseconds; one that nobody holds is gone before. */
export const lockedMaxMs = 10_000
const pauseMs = 100

/** Waits until the lock is out of the way, but no longer than `mostMs`. Returns how long it took, in milliseconds. */
export async function waitForLock(lock: string, cwd: string, mostMs = lockedMaxMs): Promise<number> {
  const isGone = watchLock(lock, cwd)
  let waitedMs = 0
  do {
    await pause(pauseMs)
    waitedMs += pauseMs
  } while (!isGone() && waitedMs < mostMs)
  return waitedMs
}

function couldHold({ repository: its, argv }: RunningGit, lock: string, { common }: Repository): boolean {
  if (readers.includes(commandOf(argv) ?? '')) return false
  if (!its) return true
  if (its.common !== common) return false
  // The files of one worktree are locked from within it.
  return !isWithin(lock, join(common, 'worktrees')) || isWithin(lock, its.own)
}

const madeAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs

function seen(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found && `${found.ino}:${found.mtimeMs}:${found.size}`
}

/** The locks a worker's git can have left: those of its own folders in the clone, and of its branch. */
export function locksOf(admin: string, branch: string): string[] {
  if (!existsSync(admin)) return []
  const { own, common } = repositoryAt(admin)
  const found = [own, join(own, 'common'), join(own, 'common/refs')].filter(existsSync).flatMap((dir) =>
    readdirSync(dir)
      .filter((file) => file.endsWith('.lock'))
      .map((file) => join(dir, file)),
  )
  return [...found, join(common, `refs/heads/${branch}.lock`)].filter((lock) => seen(lock) !== undefined)
}
