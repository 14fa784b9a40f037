// A session: one run of an agent's program in a polecat's worktree, found again by what was recorded at its start,
// never by name alone.
// Never: outlives its record unseen; ends a process whose start time is not the recorded one.
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type SessionRecord, sessionRecord } from '../../machines/effects.ts'
import { beginAgain, lastBytes, lastLines, textOf, writePassing, writeWhole } from '../files.ts'
import { linkedFrom } from '../git/repository.ts'
import { argumentsOf, endAll, isAlive, type Mark, markOf, startOf } from '../processes.ts'
import { writeEnvironment } from './launcher.ts'

export interface SessionSpec {
  id: string
  /** The session's own folder: output, start mark, exit status, identity. */
  dir: string
  argv: readonly string[]
  cwd: string
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>
}

/**
 * The contract of a backend. `launch` starts the launcher and returns; everything after is told by the session's
 * folder.
 */
export interface SessionBackend {
  name: 'tmux' | 'process'
  launch(spec: SessionSpec): Promise<void>
  /**
   * The whole of what an ended session last showed, where the backend knows it sooner than the output file;
   * undefined: the file has it.
   */
  lastWords(id: string): Promise<string | undefined>
  /** Removes what the backend itself keeps of an ended session. Safe to repeat. */
  forget(id: string): Promise<void>
  /** The command a person attaches with; undefined when the session can only be watched. */
  attach(id: string): readonly string[] | undefined
}

/** A mark counts once its line is whole: the session writes it without a process of its own. */
const markIn = (dir: string, name: 'started' | 'exit'): number | undefined => {
  const text = lastBytes(join(dir, name), 64)
  return text.endsWith('\n') ? Number(text) : undefined
}

/** What everything that a session starts bears in its environment: the session's own folder. */
const markOfSession = (dir: string): Mark => markOf('GT_SESSION', dir)

/**
 * Starts the session, or finds the one that was started under this id before a crash; resolves when it has said so
 * itself.
 */
export async function start(
  backend: SessionBackend,
  spec: SessionSpec,
  epoch: number,
  withinMs: number,
  signal: AbortSignal,
): Promise<SessionRecord | { why: string }> {
  mkdirSync(spec.dir, { recursive: true, mode: 0o700 })
  const known = recorded(spec.dir)
  if (known) return known
  // What it began may be under way all the same, and nobody would know of it.
  const callOff = async (why: string) => {
    await cancelStart(spec.dir, 0, signal)
    return { why }
  }
  const environment = join(spec.dir, 'environment')
  if (markIn(spec.dir, 'started') === undefined) {
    writeEnvironment(environment, { ...spec.env, GT_SESSION: spec.dir })
    try {
      await backend.launch(spec)
    } catch (error) {
      return callOff(error instanceof Error ? error.message : String(error))
    }
  }
  const begun = await appears(spec.dir, ['started', 'exit'], withinMs, signal)
  if (!begun) return callOff(`the session did not start within ${withinMs / 1000} s`)
  rmSync(environment, { force: true })
  const pid = markIn(spec.dir, 'started') ?? 0
  // Gone before its start time could be read: the record still tells its exit from its folder.
  const record: SessionRecord = {
    id: spec.id,
    backend: backend.name,
    pid,
    pidStart: startOf(pid) ?? 'ended',
    epoch,
    dir: spec.dir,
  }
  writeWhole(join(spec.dir, 'identity.json'), JSON.stringify(record), 0o600)
  return record
}

/**
 * What was recorded at a session's start; undefined when nothing whole was, and then the start looks at the session's
 * own mark.
 */
export function recorded(dir: string): SessionRecord | undefined {
  const text = textOf(join(dir, 'identity.json'))
  if (text === undefined) return undefined
  try {
    return sessionRecord.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What lies among them and is no folder is nobody's run. */
const foldersIn = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
    : []

/** Folders of a polecat's runs, newest first. */
export function runsOf(sessionsDir: string, rig: string, polecat: string): string[] {
  const prefix = `gt-${rig}-${polecat}-`
  return foldersIn(sessionsDir)
    .filter((id) => id.startsWith(prefix) && /^\d+-\d+$/.test(id.slice(prefix.length)))
    .map((id) => join(sessionsDir, id))
    .sort((a, b) => statSync(b).birthtimeMs - statSync(a).birthtimeMs)
}

/** Removes the folders of runs that ended before this moment, in milliseconds since the epoch. */
export function pruneRuns(sessionsDir: string, before: number): void {
  for (const id of foldersIn(sessionsDir)) {
    const dir = join(sessionsDir, id)
    const record = recorded(dir)
    const touched = Math.max(
      ...[dir, ...readdirSync(dir).map((file) => join(dir, file))].map(
        (path) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
      ),
    )
    if (touched < before && !(record && isAlive(record))) rmSync(dir, { recursive: true })
  }
}

/** Every recorded session that is alive. */
export function aliveIn(sessionsDir: string): SessionRecord[] {
  return foldersIn(sessionsDir)
    .map((id) => recorded(join(sessionsDir, id)))
    .filter((record) => record !== undefined)
    .filter(isAlive)
}

export type WatchResult =
  | { kind: 'ended'; exitCode: number | null; tail: string }
  | { kind: 'stalled'; silentMs: number; tail: string }

/**
 * Resolves when the session is over, or has shown no progress for hangAfterMs (null: never for that). No subprocess;
 * looks every pollMs.
 */
export async function watchSession(
  backend: SessionBackend,
  session: SessionRecord,
  worktree: string,
  hangAfterMs: number | null,
  now: () => number,
  signal: AbortSignal,
  pollMs = 2000,
): Promise<WatchResult> {
  for (;;) {
    signal.throwIfAborted()
    if (markIn(session.dir, 'exit') !== undefined || !isAlive(session)) {
      const words = (await backend.lastWords(session.id)) ?? output(session.dir)
      // A session that is over leaves nobody behind who would go on in its name.
      await endAll({ leader: session, mark: markOfSession(session.dir) }, 200, signal)
      return { kind: 'ended', exitCode: exitCode(session.dir), tail: lastLines(words) }
    }
    // The session goes on appending to it.
    beginAgain(join(session.dir, 'output.log'), outputBytesMax)
    const silentMs = now() - progressAt(session.dir, worktree)
    if (hangAfterMs !== null && silentMs > hangAfterMs)
      return { kind: 'stalled', silentMs: Math.round(silentMs), tail: tail(session.dir) }
    await appears(session.dir, ['exit'], pollMs, signal)
  }
}

/**
 * Ends the session and all it started, wherever that went: SIGTERM, SIGKILL after graceMs. Safe to repeat; an absent
 * session counts as ended.
 */
export async function endSession(
  session: SessionRecord,
  graceMs: number,
  signal: AbortSignal,
): Promise<{ exitCode: number | null; tail: string }> {
  await endAll({ leader: session, mark: markOfSession(session.dir) }, graceMs, signal)
  return { exitCode: exitCode(session.dir), tail: tail(session.dir) }
}

/** Ends every session of a rig (null: of the town), and what sessions that are over have left. Returns who was live. */
export async function endSessions(
  sessionsDir: string,
  rig: string | null,
  graceMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const isOf = (id: string) =>
    rig === null || (id.startsWith(`gt-${rig}-`) && /^[A-Za-z]\w*(-\d+)*-\d+-\d+$/.test(id.slice(`gt-${rig}-`.length)))
  const live = aliveIn(sessionsDir).filter(({ id }) => isOf(id))
  await Promise.all(live.map((session) => endSession(session, graceMs, signal)))
  const holds = (dir: string) => dirname(dir) === sessionsDir && isOf(basename(dir))
  await endAll({ mark: { variable: 'GT_SESSION', holds } }, graceMs, signal)
  return live.map(({ id }) => id)
}

/** Ends a start that was never confirmed: the launcher finds the mark, or its process is ended. */
export async function cancelStart(dir: string, graceMs: number, signal: AbortSignal): Promise<void> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writePassing(join(dir, 'cancelled'), '')
  rmSync(join(dir, 'environment'), { force: true })
  const pid = markIn(dir, 'started')
  const pidStart = pid === undefined ? undefined : startOf(pid)
  const mark = markOfSession(dir)
  // The number alone may be somebody else's by now; the launcher names the session's folder.
  if (pid !== undefined && pidStart !== undefined && (await argumentsOf(pid)).includes(dir))
    await endAll({ leader: { pid, pidStart }, mark }, graceMs, signal)
  else await endAll({ mark }, graceMs, signal)
}

/** The last lines of a session's output. */
export const tail = (dir: string): string => lastLines(output(dir))

const output = (dir: string): string => lastBytes(join(dir, 'output.log'), 65_536)

const exitCode = (dir: string): number | null => markIn(dir, 'exit') ?? null

/**
 * The newest evidence of work: output, and what git wrote in the worktree. Unreadable evidence is no evidence of
 * silence.
 */
function progressAt(dir: string, worktree: string): number {
  const git = join(worktree, '.git')
  const admin = existsSync(git) && statSync(git).isFile() ? linkedFrom(worktree) : git
  const times = [
    join(dir, 'output.log'),
    join(dir, 'started'),
    worktree,
    join(admin, 'index'),
    join(admin, 'HEAD'),
    join(admin, 'logs/HEAD'),
  ]
    .map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs)
    .filter((time) => time !== undefined)
  return times.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...times)
}

const outputBytesMax = 8 * 1024 * 1024

/** Resolves true as soon as one of the files is there, false after withinMs. */
function appears(
  dir: string,
  names: readonly ('started' | 'exit')[],
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const there = () => names.some((name) => markIn(dir, name) !== undefined)
  if (there()) return Promise.resolve(true)
  return new Promise((resolve, reject) => {
    const watcher = watch(dir, () => there() && finish(true))
    const limit = setTimeout(() => finish(there()), withinMs)
    const aborted = () => {
      clean()
      reject(signal.reason)
    }
    const clean = () => {
      watcher.close()
      clearTimeout(limit)
      signal.removeEventListener('abort', aborted)
    }
    const finish = (result: boolean) => {
      clean()
      resolve(result)
    }
    signal.addEventListener('abort', aborted, { once: true })
    if (signal.aborted) aborted()
    else if (there()) finish(true)
  })
}
