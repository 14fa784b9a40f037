// The one runner of git. Fixed environment, no prompts, no hooks of the user's, arguments as an array.
// Never: a shell; a push without a condition; loads execa before there is something to run (a daemon that restarts
// answers sooner).
import { lockedMaxMs, lockNamed, waitForLock } from './locks.ts'
import { ownerOfMine, ownerVariable } from './running.ts'

export class GitFailed extends Error {
  override name = 'GitFailed'
  readonly output: string
  readonly exitCode: number | undefined
  /** Killed from outside (a person, the kernel short of memory): it has said nothing of the repository. */
  readonly killed: boolean
  constructor(message: string, output: string, exitCode: number | undefined, killed = false) {
    super(message)
    this.output = output
    this.exitCode = exitCode
    this.killed = killed
  }
}

export interface GitOptions {
  /** Exit codes that are answers, not failures. Default: 0 only. */
  okCodes?: readonly number[]
  env?: Record<string, string>
  input?: string
  /** Default 60,000 ms. */
  timeoutMs?: number
  signal?: AbortSignal
}

const fixed = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'gc.auto=0',
  '-c',
  'commit.gpgsign=false',
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'advice.detachedHead=false',
  '-c',
  'worktree.useRelativePaths=false',
]

/** A limit for what takes its time in a big repository, a checkout or a fetch, in milliseconds. */
export const longMs = 1_200_000

/** Runs git in `cwd`. Resolves with what it printed (trailing newline cut); throws GitFailed with git's own words. */
export async function git(
  cwd: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  for (let waitedMs = 0; ; ) {
    const done = await once(cwd, args, options)
    const lock = done.exitCode === 0 ? undefined : lockNamed(done.stderr, cwd)
    if (lock !== undefined && waitedMs < lockedMaxMs && !options.signal?.aborted) {
      waitedMs += await waitForLock(lock, cwd, lockedMaxMs - waitedMs)
      continue
    }
    const { stdout, stderr, exitCode } = done
    if (exitCode === undefined || !(options.okCodes ?? [0]).includes(exitCode)) {
      const words = stderr.trim() || stdout.trim() || done.shortMessage || 'no words'
      throw new GitFailed(`git ${args[0]} failed in ${cwd}: ${words}`, `${stdout}\n${stderr}`, exitCode, done.killed)
    }
    return { stdout, stderr, exitCode }
  }
}

async function once(cwd: string, args: readonly string[], options: GitOptions) {
  const { execa } = await import('execa')
  const { stdout, stderr, exitCode, shortMessage, isTerminated, timedOut, isCanceled } = await execa(
    'git',
    [...fixed, ...args],
    {
      cwd,
      env: {
        ...identity,
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        GIT_OPTIONAL_LOCKS: '0',
        [ownerVariable]: ownerOfMine(),
        ...unset,
        ...options.env,
      },
      reject: false,
      timeout: options.timeoutMs ?? 60_000,
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    },
  )
  return { stdout, stderr, exitCode, shortMessage, killed: isTerminated && !timedOut && !isCanceled }
}

/** A repository named by the caller's environment must not be the one that is written. */
const unset = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_NAMESPACE: undefined,
} as unknown as Record<string, string>

/** Who makes the town's own commits. */
export const identity = {
  GIT_AUTHOR_NAME: 'Gas Town Refinery',
  GIT_AUTHOR_EMAIL: 'refinery@gastown.invalid',
  GIT_COMMITTER_NAME: 'Gas Town Refinery',
  GIT_COMMITTER_EMAIL: 'refinery@gastown.invalid',
}

/** The object a revision names; undefined when there is none. */
export async function revision(cwd: string, name: string): Promise<string | undefined> {
  const { stdout, exitCode } = await git(cwd, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
    okCodes: [0, 1, 128],
  })
  return exitCode === 0 ? stdout : undefined
}

export async function contains(cwd: string, ancestor: string, descendant: string): Promise<boolean> {
  return (await git(cwd, ['merge-base', '--is-ancestor', ancestor, descendant], { okCodes: [0, 1] })).exitCode === 0
}

/** The commit every empty repository starts from: an empty tree at a fixed moment, so that all make the same one. */
export async function emptyRoot(cwd: string): Promise<string> {
  const { stdout: tree } = await git(cwd, ['hash-object', '-t', 'tree', '-w', '--stdin'], { input: '' })
  const at = '1970-01-01T00:00:00Z'
  const { stdout } = await git(cwd, ['commit-tree', tree, '-m', 'Begin'], {
    env: { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at },
  })
  return stdout
}
