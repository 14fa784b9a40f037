// How a git is run: its environment from nothing, its output bounded, its time counted from its last sign of life, and
// an end that takes its whole process group along and waits for nobody who holds its pipes.
// Never: a shell; a question to a person; an environment or a word of configuration that was not asked for.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { ownerOfMine, ownerVariable } from './running.ts'

/** Where a git works, and what it is told before its command. */
export interface At {
  cwd: string
  env: Record<string, string>
  flags: readonly string[]
}

export interface RunOptions {
  env?: Record<string, string>
  input?: string
  /** The longest it may run in all, in milliseconds; what goes over a network has none. */
  mostMs?: number
  /** The longest it may say nothing, in milliseconds. */
  silentMs?: number
  signal?: AbortSignal
  /** Each piece of what it says of its progress. */
  heard?: (words: string) => void
}

export interface Ran {
  stdout: Buffer
  stderr: string
  exitCode: number | undefined
  /** Killed from outside: it has said nothing of the repository. */
  killed: boolean
  /** Why it was ended by us, or could not be started. */
  trouble: string | undefined
}

/** For what takes its time in a big repository: a checkout, a merge, in milliseconds. */
export const longMs = 1_200_000
const shortMs = 120_000
const stdoutMaxBytes = 64 * 1024 * 1024
const stderrEndBytes = 32 * 1024
const graceMs = 2000

/** Programs are found, and temporary files made, as the daemon has it; nothing else of its environment counts. */
const always = ['PATH', 'TMPDIR', 'SystemRoot']
/** What reaches an origin: who the person is, keys, proxies, certificates, and the store of credentials. */
export const networkVariables: readonly string[] = [
  'HOME',
  'USER',
  'LOGNAME',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
  'KRB5CCNAME',
  'SSH_AUTH_SOCK',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_CONFIG_GLOBAL',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_PROXY_SSL_CAINFO',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]),
]

const fixedEnv = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  SSH_ASKPASS: '',
  SSH_ASKPASS_REQUIRE: 'never',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_PAGER: 'cat',
  GIT_EDITOR: ':',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ADVICE: '0',
  GIT_DEFAULT_REF_FORMAT: 'files',
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
}

const fixedFlags = settings({
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'commit.gpgSign': 'false',
  'protocol.ext.allow': 'never',
  'safe.directory': '*',
})

/** In a repository that only the town writes, with nobody's configuration but that repository's own. */
export function plainly(cwd: string): At {
  return {
    cwd,
    env: { ...picked(always), ...fixedEnv, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    flags: fixedFlags,
  }
}

/**
 * In a repository that only the town writes, with the person's own configuration for credentials, proxies and ssh:
 * for what talks to an origin, by its address.
 */
export function overNetwork(cwd: string): At {
  return {
    cwd,
    env: { ...picked([...always, ...networkVariables]), ...fixedEnv },
    flags: [
      ...fixedFlags,
      ...settings({
        'protocol.allow': 'always',
        ...Object.fromEntries(
          ['file', 'git', 'http', 'https', 'ssh'].map((name) => [`protocol.${name}.allow`, 'always']),
        ),
        'fetch.prune': 'false',
        'fetch.pruneTags': 'false',
        'fetch.recurseSubmodules': 'false',
        'fetch.fsckObjects': 'false',
        'fetch.writeCommitGraph': 'false',
        'fetch.all': 'false',
        'fetch.output': 'full',
        'transfer.fsckObjects': 'false',
        'submodule.recurse': 'false',
        'push.followTags': 'false',
        'push.gpgSign': 'false',
        'push.recurseSubmodules': 'no',
        'push.useForceIfIncludes': 'false',
      }),
    ],
  }
}

/** Who makes the town's own commits. */
export const identity = {
  GIT_AUTHOR_NAME: 'Gas Town Refinery',
  GIT_AUTHOR_EMAIL: 'refinery@gastown.invalid',
  GIT_COMMITTER_NAME: 'Gas Town Refinery',
  GIT_COMMITTER_EMAIL: 'refinery@gastown.invalid',
}

function settings(all: Record<string, string>): string[] {
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

function picked(names: readonly string[]): Record<string, string> {
  const known = names.map((name) => [name, process.env[name]] as const)
  return Object.fromEntries(known.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Runs one git to its end, whatever that is; only its own end is waited for, not that of what it leaves behind. */
export function runGit(at: At, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn('git', [...at.flags, ...args], {
    cwd: at.cwd,
    env: { ...identity, ...at.env, [ownerVariable]: ownerOfMine(), ...options.env },
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  if (options.input !== undefined) {
    // One that ends without reading all of it has said why.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input)
  }
  return watched(child, at.cwd, options)
}

function watched(child: ChildProcess, cwd: string, options: RunOptions): Promise<Ran> {
  const { pid } = child
  let trouble: string | undefined
  const end = (why: string) => {
    if (trouble !== undefined) return
    trouble = why
    endWithAll(child)
  }
  noteRunning(child)
  const output = collected(child, () => end(`it printed more than ${stdoutMaxBytes >> 20} MiB`))
  const limits = limitsOn(child, options, end)
  const aborted = () => end('it was called off')
  if (options.signal?.aborted) aborted()
  options.signal?.addEventListener('abort', aborted, { once: true })
  if (options.heard) child.stderr?.on('data', (piece: Buffer) => options.heard?.(piece.toString()))
  return new Promise((resolve) => {
    const done = async (exitCode: number | null, signal: string | null) => {
      limits.stop()
      running.delete(child)
      // What was to end ends with all that it started.
      if (trouble !== undefined) signalGroup(child, 'SIGKILL')
      options.signal?.removeEventListener('abort', aborted)
      await drained(child)
      resolve({
        ...output(),
        exitCode: exitCode ?? undefined,
        killed: signal !== null && trouble === undefined,
        trouble,
      })
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      trouble ??= unstartable(error, cwd)
      if (pid === undefined) void done(null, null)
    })
    child.once('exit', (code, signal) => void done(code, signal))
  })
}

/** Gits that run now; each leads a process group of its own. */
const running = new Set<ChildProcess>()

function noteRunning(child: ChildProcess): void {
  // Who goes takes its gits along; each cleans up behind itself.
  if (running.size === 0 && process.listeners('exit').every((each) => each !== endRunning))
    process.on('exit', endRunning)
  running.add(child)
}

/** Asks every git of this process to end. */
export function endRunning(): void {
  for (const child of running) signalGroup(child, 'SIGTERM')
}

/** Its whole group: SIGTERM, and SIGKILL when it has not ended after a while. */
function endWithAll(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM')
  // A stopped process hears SIGTERM only once it goes on.
  signalGroup(child, 'SIGCONT')
  const last = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs)
  child.once('exit', () => clearTimeout(last))
}

/** While its leader is ours to wait for, or anybody is in the group, its number is nobody else's. */
function signalGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // All of it is gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function unstartable(error: NodeJS.ErrnoException, cwd: string): string {
  if (error.code !== 'ENOENT') return `git cannot be started: ${error.message}`
  return existsSync(cwd) ? 'git is not found on the PATH; install it' : `${cwd} does not exist`
}

/** Its output so far, bounded; of what it says of itself the beginning and the end. */
function collected(child: ChildProcess, tooMuch: () => void): () => { stdout: Buffer; stderr: string } {
  const out: Buffer[] = []
  let outBytes = 0
  let head = ''
  let tail = ''
  child.stdout?.on('data', (piece: Buffer) => {
    outBytes += piece.length
    if (outBytes > stdoutMaxBytes) tooMuch()
    else out.push(piece)
  })
  child.stderr?.on('data', (piece: Buffer) => {
    const words = piece.toString()
    if (head.length < stderrEndBytes) head += words
    else tail = (tail + words).slice(-stderrEndBytes)
  })
  return () => ({ stdout: Buffer.concat(out), stderr: tail === '' ? head : `${head}\n…\n${tail}` })
}

function limitsOn(child: ChildProcess, options: RunOptions, end: (why: string) => void): { stop(): void } {
  const seconds = (ms: number) => `${ms / 1000} s`
  const { silentMs, mostMs = silentMs === undefined ? shortMs : undefined } = options
  const most =
    mostMs === undefined
      ? undefined
      : setTimeout(() => end(`it was not done after ${seconds(mostMs)} and was ended`), mostMs)
  const silent =
    silentMs === undefined
      ? undefined
      : setTimeout(() => end(`it said nothing for ${seconds(silentMs)} and was ended`), silentMs)
  if (silent) for (const stream of [child.stdout, child.stderr]) stream?.on('data', () => silent.refresh())
  return {
    stop() {
      clearTimeout(most)
      clearTimeout(silent)
    },
  }
}

const drainStepMs = 200
const drainMostMs = 2000

/** What is still in its pipes is read; somebody else who holds them is not waited for. */
async function drained(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null)
  const isOpen = () => streams.some((stream) => !stream.readableEnded && !stream.destroyed)
  if (!isOpen()) return
  await new Promise<void>((resolve) => {
    const most = setTimeout(finish, drainMostMs)
    const quiet = setTimeout(finish, drainStepMs)
    function finish() {
      clearTimeout(most)
      clearTimeout(quiet)
      resolve()
    }
    for (const stream of streams) {
      stream.on('data', () => quiet.refresh())
      stream.once('close', () => isOpen() || finish())
    }
  })
  for (const stream of streams) stream.destroy()
}
