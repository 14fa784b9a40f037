// One command in one place: a gate, or a step of the setup before it. Its environment, its log, and how it ended.
// Never: decides what comes next; hands on anything of the daemon's environment that is not on a list.
import { existsSync } from 'node:fs'
import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from '../commands.ts'
import type { RigConfig } from '../config.ts'
import { type Environment, gateEnv } from '../environment.ts'
import { lastBytes, lastLines, writePassing } from '../files.ts'
import type { ProcessIdentity } from '../proc.ts'
import { markOf } from '../processes.ts'
import { runProgram } from '../programs.ts'
import { openLog } from './log.ts'
import { type History, missingProgram } from './missing.ts'

export interface Step {
  name: string
  command: Command
  limitMs: number
}

/** Where steps run. */
export interface Surroundings {
  place: string
  /** A folder that is this place's alone; it is empty at first, and goes with it. */
  home: string
  /** The environment of every step there. */
  env: Record<string, string>
  /** What stands before each command; empty: nothing does. */
  namespace: readonly string[]
  /** Absent: nobody's change is judged here. */
  history?: History
  onStarted?(program: ProcessIdentity): void
}

export type StepEnd =
  | { kind: 'passed'; durationMs: number }
  | { kind: 'failed'; exitCode: number | null; timedOut: boolean; tail: string; log: string }
  /** It could not be run, or not to its end: no verdict on the work. */
  | { kind: 'broken'; why: string }

/** How a step failed, and where the whole of it is, in words. */
export const endWords = (
  { limitMs }: Step,
  { timedOut, exitCode, log }: Extract<StepEnd, { kind: 'failed' }>,
): string => `${timedOut ? `took longer than ${limitMs / 1000} s` : `failed (exit ${exitCode})`}; its log is ${log}`

/** The environment of a gate; `own` says that the home is its own. The daemon's PATH, and what the rig names. */
export function stepEnv(
  daemon: Environment,
  rig: RigConfig,
  { place, home, cache, own }: { place: string; home: string; cache: string; own: boolean },
): Record<string, string> {
  return {
    ...gateEnv(daemon, [...rig.extra_env, ...rig.gate_env]),
    PATH: daemon.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    ...(own ? { ...toolchains(daemon), HOME: home } : daemon.HOME === undefined ? {} : { HOME: daemon.HOME }),
    CI: 'true',
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...rig.env,
    GT_CACHE: cache,
    GT_GATE: place,
  }
}

/** Programs on the PATH that look for the rest of themselves in the home: they are told where that was. */
const toolHomes = {
  ASDF_DATA_DIR: '.asdf',
  MISE_DATA_DIR: '.local/share/mise',
  PYENV_ROOT: '.pyenv',
  RBENV_ROOT: '.rbenv',
  RUSTUP_HOME: '.rustup',
  VOLTA_HOME: '.volta',
}

function toolchains(daemon: Environment): Record<string, string> {
  const found = Object.entries(toolHomes).flatMap(([name, folder]) => {
    const dir = daemon[name] ?? join(daemon.HOME ?? '/nonexistent', folder)
    return existsSync(dir) ? [[name, dir] as const] : []
  })
  return Object.fromEntries(found)
}

/** A home with a git configuration of its own, in which programs may write whatever they like. */
export async function makeHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const identity = '[user]\n\tname = Gas Town Gate\n\temail = gate@gastown.invalid\n'
  await writeFile(join(home, '.gitconfig'), `${identity}[init]\n\tdefaultBranch = main\n`)
}

/** Runs a step to its end, and ends all it started. */
export async function runStep(step: Step, at: Surroundings, logPath: string, signal: AbortSignal): Promise<StepEnd> {
  const env = { ...at.env, ...step.command.env }
  const [program = ''] = step.command.argv
  const missing = await missingProgram(program, { history: at.history, place: at.place, path: env.PATH ?? '' })
  if (missing?.byTheChange) {
    const tail = `${missing.why}: the change took it away or altered it`
    writePassing(logPath, `${tail}\n`)
    return { kind: 'failed', exitCode: null, timedOut: false, tail, log: logPath }
  }
  if (missing) return { kind: 'broken', why: missing.why }
  const log = openLog(logPath)
  const done = await runProgram({
    argv: [...at.namespace, ...step.command.argv],
    cwd: at.place,
    env,
    mark: markOf('GT_GATE', at.place),
    limitMs: step.limitMs,
    signal,
    onOutput: log.write,
    ...(at.onStarted ? { onStarted: at.onStarted } : {}),
  })
  if (!('why' in done) && done.timedOut) log.say(`\n[ended: it took longer than ${step.limitMs / 1000} s]`)
  try {
    await log.close()
  } catch (error) {
    return { kind: 'broken', why: `its log ${logPath} cannot be written: ${(error as Error).message}` }
  }
  signal.throwIfAborted()
  if ('why' in done) return { kind: 'broken', why: done.why }
  if (done.exitCode === 0 && !done.timedOut) return { kind: 'passed', durationMs: done.durationMs }
  const why = done.timedOut ? undefined : await notItsFault(done, at)
  if (why !== undefined) return { kind: 'broken', why }
  const tail = lastLines(lastBytes(logPath, 8192), 60)
  return { kind: 'failed', exitCode: done.timedOut ? null : done.exitCode, timedOut: done.timedOut, tail, log: logPath }
}

const killed = 128 + 9

/** What a machine does to a program, rather than the work in it; undefined: nothing that is known. */
async function notItsFault(
  { exitCode, endedBy }: { exitCode: number | null; endedBy: string | null },
  { place, home }: Surroundings,
): Promise<string | undefined> {
  if (endedBy === 'SIGKILL' || exitCode === killed)
    return 'it was killed from outside (SIGKILL), as a machine does that is short of memory'
  for (const dir of [place, home]) {
    const { bavail, bsize, files, ffree } = await statfs(dir)
    if (bavail * bsize < 1024 * 1024 || (files > 0 && ffree === 0)) return `the disk of ${dir} is full`
  }
  return undefined
}
