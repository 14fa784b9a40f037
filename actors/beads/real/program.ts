// Runs a real `bd` on one store: one call after the other, also those of other processes of this machine that go by the
// lock beside it; each within bounds of time and output.
// Never: a shell; anything of the person's environment or configuration; believes that nothing was said when it failed.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import type { Environment } from '../../environment.ts'
import { markOf } from '../../processes.ts'
import { runProgram } from '../../programs.ts'
import { BeadsError } from '../contract.ts'
import { lockStore } from './lock.ts'
import { asShown, type Version, versionIn } from './version.ts'
import { storeVariables } from './where.ts'

/** Bounds: milliseconds and bytes. What is longer in time was stuck, for even a big store is read in a part of that. */
export const limits = { callMs: 90_000, wholeMs: 600_000, lockMs: 120_000, versionMs: 30_000, outputBytes: 512 << 20 }
const errorChars = 32 * 1024
/** What the system takes as one argument, in bytes; what is longer goes in another way or not at all. */
export const argumentBytesMax = 120_000

export interface Said {
  code: number
  out: string
  err: string
}
export interface Calling {
  /** Under whose name it is written. */
  actor?: string
  input?: string
  limitMs?: number
}
export type Call = (args: readonly string[], calling?: Calling) => Promise<Said>

export interface Program {
  path: string
  /** The `.beads` folder. */
  dir: string
  version: Version
  /** Calls that belong together: nobody else's come between them. */
  inTurn<T>(work: (call: Call) => Promise<T>): Promise<T>
  close(): void
}

export interface Where {
  path: string
  dir: string
  /** A home for it that is nobody's, made when it is not there. */
  home: string
  env: Environment
  limits?: Partial<typeof limits>
}

/** Throws a BeadsError with words when this is no `bd` that can be used. */
export async function openProgram(where: Where): Promise<Program> {
  const bounds = { ...limits, ...where.limits }
  const closing = new AbortController()
  mkdirSync(where.home, { recursive: true, mode: 0o700 })
  const run = (args: readonly string[], calling: Calling = {}) => ran(where, bounds, closing.signal, args, calling)
  const version = await askVersion(where.path, run, bounds.versionMs)
  // A daemon of its own would answer for a store that others write; a push of its own would be waited for.
  const first = version.family === 'classic' ? ['--no-daemon'] : ['--sandbox']
  const call: Call = (args, calling) => run([...first, ...args], calling)
  let last: Promise<unknown> = Promise.resolve()
  return {
    path: where.path,
    dir: where.dir,
    version,
    inTurn(work) {
      const turn = last.then(async () => {
        const lock = await lockStore(where.dir, bounds.lockMs, closing.signal)
        try {
          return await work(call)
        } finally {
          lock.free()
        }
      })
      last = turn.catch(() => undefined)
      return turn
    },
    close: () => closing.abort(),
  }
}

/** The version of a program, as it says it. */
async function askVersion(
  path: string,
  run: (args: readonly string[], calling: Calling) => Promise<Said>,
  limitMs: number,
): Promise<Version> {
  const { code, out, err } = await run(['version'], { limitMs })
  if (code !== 0) throw new BeadsError(`${path} version failed (exit code ${code}): ${asShown(err || out)}`)
  return versionIn(out, path)
}

/** What a `bd` finds around it: nothing of anybody's, nobody to ask, nothing that is sent home. */
const environmentFor = (where: Pick<Where, 'dir' | 'home' | 'env'>, actor: string): Record<string, string> => ({
  PATH: where.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  HOME: where.home,
  XDG_CONFIG_HOME: join(where.home, '.config'),
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  ...(where.env.TMPDIR === undefined ? {} : { TMPDIR: where.env.TMPDIR }),
  ...storeVariables(where.dir, actor),
  CI: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
})

async function ran(
  where: Where,
  bounds: typeof limits,
  signal: AbortSignal,
  args: readonly string[],
  { actor = 'gastown', input, limitMs = bounds.callMs }: Calling,
): Promise<Said> {
  const tooLong = args.find((arg) => Buffer.byteLength(arg) > argumentBytesMax)
  if (tooLong !== undefined)
    throw new BeadsError(`${asShown(tooLong)} is too long for this bd: a text can be ${argumentBytesMax} bytes`)
  // Below the town, so that one whose daemon was killed is ended by the next (`actors/ends.ts`).
  const run = `${where.home}#${process.pid}-${Math.random().toString(36).slice(2)}`
  const out: Buffer[] = []
  let outBytes = 0
  let err = ''
  const tooMuch = new AbortController()
  const ended = await runProgram({
    argv: [where.path, ...args],
    // Beside the store: no repository around a worker's place is looked at.
    cwd: dirname(where.dir),
    env: { ...environmentFor(where, actor), GT_RUN: run },
    mark: markOf('GT_RUN', run),
    limitMs,
    signal: AbortSignal.any([signal, tooMuch.signal]),
    ...(input === undefined ? {} : { input }),
    onOutput(chunk) {
      outBytes += chunk.length
      if (outBytes > bounds.outputBytes) tooMuch.abort()
      else out.push(chunk)
    },
    onErrors(chunk) {
      if (err.length < errorChars) err += chunk.toString()
    },
  })
  const said = `${where.path} ${args
    .filter((arg) => !arg.startsWith('--'))
    .slice(0, 2)
    .join(' ')}`
  if ('why' in ended) throw passing(`${where.path} cannot be started: ${ended.why}`)
  if (tooMuch.signal.aborted) throw passing(`${said} printed more than ${bounds.outputBytes >> 20} MiB`)
  if (ended.timedOut) throw passing(`${said} did not end within ${limitMs / 1000} s and was ended`)
  if (ended.exitCode === null) throw passing(`${said} was ended by ${ended.endedBy}`)
  return { code: ended.exitCode, out: Buffer.concat(out).toString(), err }
}

const sqliteBusy = 5
/** Trouble that may pass, and is told as such while it lasts: the town waits, and tries again by itself. */
export const passing = (words: string): BeadsError => Object.assign(new BeadsError(words), { errcode: sqliteBusy })
