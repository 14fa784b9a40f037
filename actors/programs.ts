// Runs a program for the town (a gate, a setup, a plugin) and ends it, with all it started.
// Never: waits for a pipe that somebody it left behind still holds; keeps its output; a shell between the town and it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterWatched } from '../runtime/open.ts'
import type { ProcessIdentity } from './proc.ts'
import { endAll, identityOf, type Mark } from './processes.ts'
import { asThePerson } from './umask.ts'

export interface Program {
  argv: readonly string[]
  cwd: string
  /** The whole environment; nothing is inherited. */
  env: Readonly<Record<string, string>>
  /** What everything it starts bears in its environment. */
  mark: Mark
  /** It is ended after so many milliseconds of watched time. */
  limitMs: number
  /** It is ended when this comes. */
  signal: AbortSignal
  /** For its standard input; absent: it has none. */
  input?: string
  onOutput(chunk: Buffer): void
  /** Absent: its errors go where its output goes. */
  onErrors?(chunk: Buffer): void
  /** Told before anything waits for it, so that it is found again if nobody lives to end it. */
  onStarted?(program: ProcessIdentity): void
}

export interface ProgramEnd {
  /** null: it was ended by a signal. */
  exitCode: number | null
  endedBy: NodeJS.Signals | null
  timedOut: boolean
  durationMs: number
}

/** Output that is on its way when a program ends has this long to arrive, in milliseconds. */
const lastWordsMs = 2000

/** Resolves when the program itself has ended and nothing of it is left; `why`: it could not be started. */
export async function runProgram(run: Program): Promise<ProgramEnd | { why: string }> {
  const begun = performance.now()
  let child: ChildProcess
  try {
    child = asThePerson(() => start(run))
    await once(child, 'spawn')
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
  child.on('error', () => undefined)
  const pid = child.pid as number
  const leader = identityOf(pid)
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve([child.exitCode, child.signalCode])
    else child.once('exit', (...how) => resolve(how))
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.stdout?.on('data', run.onOutput)
  child.stderr?.on('data', run.onErrors ?? run.onOutput)
  // It may end without having read what it was given.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(run.input)
  run.onStarted?.(leader)

  let timedOut = false
  const endIt = () => endAll({ leader, mark: run.mark }, 0)
  const { promise: stuck, reject: onStuck } = Promise.withResolvers<never>()
  const limit = afterWatched(run.limitMs, () => {
    timedOut = true
    endIt().catch(onStuck)
  })
  const calledOff = () => void endIt().catch(onStuck)
  run.signal.addEventListener('abort', calledOff, { once: true })
  if (run.signal.aborted) calledOff()
  try {
    const [exitCode, endedBy] = await Promise.race([ended, stuck])
    const durationMs = performance.now() - begun
    limit.stop()
    await endIt()
    await drained(child, closed)
    return { exitCode, endedBy, timedOut, durationMs }
  } finally {
    limit.stop()
    run.signal.removeEventListener('abort', calledOff)
  }
}

const start = ({ argv: [program = '', ...args], cwd, env, input }: Program): ChildProcess =>
  spawn(program, args, {
    cwd,
    env: { ...env },
    // It leads a process group of its own: all of it ends with it.
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })

/** Whoever held the pipes has been ended; one that could not be is not waited for. */
async function drained(child: ChildProcess, closed: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lastWordsMs)
  })
  await Promise.race([closed, late])
  clearTimeout(timer)
  child.stdout?.destroy()
  child.stderr?.destroy()
}
