// Runs a git. Its output is bounded, and its time is counted from its last sign of life. When it is ended, its whole
// process group goes along; nobody who holds its pipes is waited for.
// Never: a shell; an environment that was not asked for (`at.ts`).
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { afterWatched, type Limit } from '../../runtime/open.ts'
import { asThePerson } from '../umask.ts'
import { type At, identity } from './at.ts'
import { isWithin } from './repository.ts'
import { ownerOfMine, ownerVariable } from './running.ts'

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

/** Runs one git to its end, whatever that is; only its own end is waited for, not that of what it leaves behind. */
export function runGit(at: At, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if ([...ended].some((town) => isWithin(at.cwd, town))) return Promise.resolve(notBegun)
  return (beside?.run ?? runHere)(at, args, options)
}

/** Another process that starts gits for this one (`apart.ts`). */
export interface Starter {
  run(at: At, args: readonly string[], options: RunOptions): Promise<Ran>
  /** Ends its gits, and itself. */
  end(): void
}
let beside: Starter | undefined
export function startGitsBy(other: Starter | undefined): void {
  beside = other
}

const notBegun: Ran = {
  stdout: Buffer.alloc(0),
  stderr: '',
  exitCode: undefined,
  killed: false,
  trouble: 'the town goes down',
}

/** As runGit does, by this very process. */
export function runHere(at: At, args: readonly string[], options: RunOptions): Promise<Ran> {
  let child: ChildProcess
  try {
    const how: SpawnOptions = {
      cwd: at.cwd,
      env: { ...identity, ...at.env, [ownerVariable]: ownerOfMine(), ...options.env },
      detached: true,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    }
    child = asThePerson(() => spawn('git', [...at.flags, ...args], how))
  } catch (error) {
    // An argument or a variable that the system does not take, such as a very long name.
    return Promise.resolve({ ...notBegun, trouble: unstartable(error as NodeJS.ErrnoException, at.cwd) })
  }
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
  noteRunning(child, cwd)
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

/** Gits that run now, and where; each leads a process group of its own. */
const running = new Map<ChildProcess, string>()

function noteRunning(child: ChildProcess, cwd: string): void {
  // Who goes takes its gits along; each cleans up behind itself.
  if (running.size === 0 && process.listeners('exit').every((each) => each !== endAtOnce)) process.on('exit', endAtOnce)
  running.set(child, cwd)
}

const endAtOnce = () => {
  for (const child of running.keys()) signalGroup(child, 'SIGTERM')
}

/** Towns of this process that are down. */
const ended = new Set<string>()

/** From now on gits may be run in this town. */
export function allowRunning(town: string): void {
  ended.delete(town)
}

/**
 * Ends every git that works in this town, with all that it started. None is begun there any more: one that was killed
 * would be tried again.
 */
export function endRunning(town: string): void {
  ended.add(town)
  beside?.end()
  for (const [child, cwd] of running) if (isWithin(cwd, town)) endWithAll(child)
}

/** Ends every git of this process, with all that it started. */
export function endEveryRunning(): void {
  for (const child of running.keys()) endWithAll(child)
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

function limitsOn(child: ChildProcess, options: RunOptions, end: (why: string) => void): Pick<Limit, 'stop'> {
  const seconds = (ms: number) => `${ms / 1000} s`
  const { silentMs, mostMs = silentMs === undefined ? shortMs : undefined } = options
  const most =
    mostMs === undefined
      ? undefined
      : afterWatched(mostMs, () => end(`it was not done after ${seconds(mostMs)} and was ended`))
  const silent =
    silentMs === undefined
      ? undefined
      : afterWatched(silentMs, () => end(`it said nothing for ${seconds(silentMs)} and was ended`))
  if (silent) for (const stream of [child.stdout, child.stderr]) stream?.on('data', () => silent.refresh())
  return {
    stop() {
      most?.stop()
      silent?.stop()
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
