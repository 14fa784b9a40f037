// Runs git and gives its answer: what it printed, or a failure in its own words. It waits for locks. The few questions
// that every room here asks are answered here too.
// Never: a push without a condition; git in a folder that an agent can write but through a lens (`lens.ts`).

import { type At, plainly } from './at.ts'
import { lockedMaxMs, lockNamed, waitForLock } from './locks.ts'
import { type RunOptions, runGit } from './run.ts'
import { shown } from './shown.ts'

export { identity } from './at.ts'
export { longMs } from './run.ts'

export class GitFailed extends Error {
  override name = 'GitFailed'
  readonly output: string
  readonly exitCode: number | undefined
  /** Killed from outside (a person, the kernel short of memory): it has said nothing of the repository. */
  readonly killed: boolean
  /** Ended by us after its time, or never begun. */
  readonly trouble: string | undefined
  constructor(
    message: string,
    output: string,
    exitCode: number | undefined,
    { killed = false, trouble }: { killed?: boolean; trouble?: string | undefined } = {},
  ) {
    super(shown(message))
    this.output = shown(output)
    this.exitCode = exitCode
    this.killed = killed
    this.trouble = trouble
  }
}

/** No room on a disk of this machine: it says nothing of the repository, and goes well once there is room again. */
class NoRoom extends Error {
  override name = 'NoRoom'
  /** As the system calls it. */
  readonly code = 'ENOSPC'
}

/** An origin's own disk is its own matter. */
const noRoom = /^(?!remote:).*(No space left on device|Disk quota exceeded)/m

export interface GitOptions extends RunOptions {
  /** Exit codes that are answers, not failures. Default: 0 only. */
  okCodes?: readonly number[]
}

export interface GitAnswer {
  /** What it printed, its last line end cut. */
  stdout: string
  bytes: Buffer
  stderr: string
  exitCode: number
}

/**
 * Runs git. `at` says where and as what; a path is a repository that only the town writes. Throws GitFailed with git's
 * own words.
 */
export async function git(at: At | string, args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> {
  const where = typeof at === 'string' ? plainly(at) : at
  for (let waitedMs = 0; ; ) {
    const done = await runGit(where, args, options)
    const { stderr, exitCode, trouble, killed } = done
    const lock = exitCode === 0 ? undefined : lockNamed(stderr, where.cwd)
    if (lock !== undefined && waitedMs < lockedMaxMs && !options.signal?.aborted) {
      waitedMs += await waitForLock(
        lock,
        where.env.GIT_COMMON_DIR ?? where.env.GIT_DIR ?? where.cwd,
        lockedMaxMs - waitedMs,
      )
      continue
    }
    const stdout = done.stdout.toString('utf8').replace(/\r?\n$/, '')
    if (trouble !== undefined || exitCode === undefined || !(options.okCodes ?? [0]).includes(exitCode)) {
      const words = [stderr.trim() || stdout.trim(), trouble].filter(Boolean).join('; ') || 'no words'
      if (noRoom.test(stderr)) throw new NoRoom(shown(`git ${args[0]} failed in ${where.cwd}: ${words}`))
      throw new GitFailed(`git ${args[0]} failed in ${where.cwd}: ${words}`, `${stdout}\n${stderr}`, exitCode, {
        killed,
        trouble,
      })
    }
    return { stdout, bytes: done.stdout, stderr, exitCode }
  }
}

/** The object a revision names; undefined when there is none. */
export async function revision(at: At | string, name: string): Promise<string | undefined> {
  const { stdout, exitCode } = await git(at, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
    okCodes: [0, 1, 128],
  })
  return exitCode === 0 ? stdout : undefined
}

export async function contains(at: At | string, ancestor: string, descendant: string): Promise<boolean> {
  if (ancestor === descendant) return true
  return (await git(at, ['merge-base', '--is-ancestor', ancestor, descendant], { okCodes: [0, 1] })).exitCode === 0
}

/** The commit every empty repository starts from: an empty tree at a fixed moment, so that all make the same one. */
export async function emptyRoot(at: At | string): Promise<string> {
  const { stdout: tree } = await git(at, ['hash-object', '-t', 'tree', '-w', '--stdin'], { input: '' })
  const moment = '1970-01-01T00:00:00Z'
  const { stdout } = await git(at, ['commit-tree', tree, '-m', 'Begin'], {
    env: { GIT_AUTHOR_DATE: moment, GIT_COMMITTER_DATE: moment },
  })
  return stdout
}
