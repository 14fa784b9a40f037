// What a git that was killed leaves behind: lock files that nobody holds any more, and worktrees that were never finished.
// Never: takes away a lock that a running git may hold, one that was made just now, or one outside the repository that was asked.
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'

/** A lock that has not changed for so long may be stale, in milliseconds: a git that was only just started is not overlooked. */
const youngMs = 3000
/** The same where nobody says who runs: macOS, BSD. */
const youngWithoutProcMs = 600_000

/** The folders of the repository that `cwd` is in: its worktree's own and the common one. Undefined outside any. */
export function repositoryOf(cwd: string): { own: string; common: string } | undefined {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const link = join(dir, '.git')
    if (existsSync(link)) {
      if (statSync(link).isDirectory()) return { own: link, common: link }
      const own = resolve(
        dir,
        readFileSync(link, 'utf8')
          .replace(/^gitdir: /, '')
          .trim(),
      )
      const common = join(own, 'commondir')
      return { own, common: existsSync(common) ? resolve(own, readFileSync(common, 'utf8').trim()) : own }
    }
    if (existsSync(join(dir, 'HEAD')) && existsSync(join(dir, 'objects'))) return { own: dir, common: dir }
    if (dir === dirname(dir)) return undefined
  }
}

/** The lock file in whose way this git was, by its own words; undefined when it failed of something else. */
export function lockNamed(words: string, cwd: string): string | undefined {
  const made = /^(?:fatal|error|warning): (?:.*: )?Unable to create '(.+\.lock)': File exists/im.exec(words)?.[1]
  const config = /^(?:fatal|error): could not lock config file (.+): File exists/m.exec(words)?.[1]
  const path = made ?? (config === undefined ? undefined : `${config}.lock`)
  return path === undefined ? undefined : resolve(cwd, path)
}

/** Takes the lock away if a git that is gone left it there. True when it is not there any more. */
export function releaseStale(lock: string, cwd: string, nowMs = Date.now()): boolean {
  const repository = repositoryOf(cwd)
  const sinceMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  if (sinceMs === undefined) return true
  if (!repository || !within(lock, repository.common)) return false
  const known = existsSync('/proc/self/stat')
  if (nowMs - sinceMs < (known ? youngMs : youngWithoutProcMs)) return false
  if (known && gitRunsIn(repository.common, sinceMs)) return false
  rmSync(lock, { force: true })
  return true
}

/** The locks a worker's git can have left: those of its own worktree, and of its branch. */
export function locksOf(worktree: string, branch: string): string[] {
  const repository = repositoryOf(worktree)
  if (!repository) return []
  const own = readdirSync(repository.own)
    .filter((file) => file.endsWith('.lock'))
    .map((file) => join(repository.own, file))
  const ref = join(repository.common, `refs/heads/${branch}.lock`)
  return existsSync(ref) ? [...own, ref] : own
}

/** Whether a git was killed while it made this worktree: nobody has worked in it yet. */
export function isHalfMade(worktree: string): boolean {
  if (!lstatSync(worktree).isDirectory()) return false
  const link = join(worktree, '.git')
  // Killed before the folder says whose it is.
  if (readdirSync(worktree).every((file) => file === '.git' && statSync(link).size === 0)) return true
  if (!existsSync(link) || !statSync(link).isFile()) return false
  const mark = join(
    resolve(
      worktree,
      readFileSync(link, 'utf8')
        .replace(/^gitdir: /, '')
        .trim(),
    ),
    'locked',
  )
  return existsSync(mark) && readFileSync(mark, 'utf8').trim() === 'initializing'
}

/** Gits that run for long and lock nothing. */
const readers = ['cat-file', 'fsmonitor--daemon']

/** Whether a git works in this repository now, in whichever of its worktrees, that was started before this moment, in milliseconds since the epoch. */
export function gitRunsIn(common: string, startedBefore = Number.POSITIVE_INFINITY): boolean {
  if (!existsSync('/proc/self/stat')) return false
  const asked = realOf(common)
  const bootedAtMs = Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]) * 1000
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const close = stat.lastIndexOf(')')
      const [state, ...fields] = stat.slice(close + 2).split(' ')
      if (!stat.slice(stat.indexOf('(') + 1, close).startsWith('git') || state === 'Z') return false
      if (bootedAtMs + Number(fields[18]) * tickMs - clockErrorMs > startedBefore) return false
      const theirs = repositoryOf(readlinkSync(`/proc/${entry}/cwd`))
      if (theirs === undefined || realOf(theirs.common) !== asked) return false
      return !readFileSync(`/proc/${entry}/cmdline`, 'utf8')
        .split('\0')
        .some((word) => readers.includes(word))
    } catch {
      return false // gone since it was listed, or somebody else's
    }
  })
}

/** What /proc counts starts in, and how wrong the moment it counts from may be: both in milliseconds. */
const tickMs = 10
const clockErrorMs = 2000

const realOf = (path: string) => (existsSync(path) ? realpathSync(path) : path)
const within = (path: string, dir: string) => realOf(dirname(path)) === realOf(dir) || realOf(dirname(path)).startsWith(realOf(dir) + sep)
