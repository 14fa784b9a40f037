// A session: one run of an agent's program in a polecat's worktree, found again by what was recorded at its start,
// never by name alone.
// Never: outlives its record unseen; ends a process whose start time is not the recorded one.
import { existsSync, mkdirSync, rmSync, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import { longestAllowanceMs } from '../../machines/accounts.ts'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { SessionRecord } from '../../machines/session-effects.ts'
import type { Clock } from '../../runtime/contract.ts'
import { afterWatched, watchEvery } from '../../runtime/open.ts'
import { boundOutput, evidenceFile, type Told } from '../agents/evidence.ts'
import { nothingRead, type Readings, readSome } from '../agents/reading.ts'
import { askToEnd } from '../agents/supervisor.ts'
import { lastBytes, lastLines, writePassing } from '../files.ts'
import { linkedFrom } from '../git/repository.ts'
import { endAll, isAlive, letGoOn, type Mark, markOf, startOf, type Whose } from '../processes.ts'
import { writeEnvironment } from './launcher.ts'
import { aliveIn, exitCode, markIn, recorded } from './runs.ts'
import { asksToCycle } from './state.ts'

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
  /** false: what held the session is gone, and an end of it without a word was no end of its own. */
  holds(id: string): Promise<boolean>
  /** Removes what the backend itself keeps of an ended session. Safe to repeat. */
  forget(id: string): Promise<void>
  /** Ends what holds all sessions of the town, and those with it. Safe to repeat. */
  end(): Promise<void>
  /** The command a person attaches with; undefined when the session can only be watched. */
  attach(id: string): readonly string[] | undefined
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
    // Its own tmux, should it use one: neither the town's nor the Overseer's is reached from inside.
    const tmux = join(spec.dir, 'tmux')
    mkdirSync(tmux, { recursive: true, mode: 0o700 })
    writeEnvironment(environment, { ...spec.env, GT_SESSION: spec.dir, TMUX_TMPDIR: tmux })
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
  // It outlives this daemon, and no longer than the machine what it names.
  writePassing(join(spec.dir, 'identity.json'), JSON.stringify(record), 0o600)
  return record
}

type Watched = EffectOutput<'watchSession'>

/** An agent's tool may be at work for so many times as long as an agent may be silent. */
const toolFactor = 4
/** For how long a conversation has gone on is told so often, so that a daemon that ends forgets no more of it. */
const countedMs = 600_000

type WatchFrom = Pick<EffectInput<'watchSession'>, 'since' | 'pause'> & {
  /** Hears what was read of its evidence. */
  heard(facts: readonly Told[]): void
  /** What is known of the evidence that was read before. */
  known: Pick<Readings, 'at' | 'keep'>
  /** From how much of its context an agent is told that it is nearly full; null: that is no news. */
  fullAtPercent: number | null
  /** After how long of this watch, in milliseconds, its conversation has gone on for too long; null: that is no news. */
  oldAfterMs: number | null
}

/** Of a session that nobody speaks with. */
const unspoken: WatchFrom = {
  ...{ since: 0, pause: null, fullAtPercent: null, oldAfterMs: null, heard: () => {} },
  known: { at: () => nothingRead, keep: () => {} },
}

/**
 * Resolves when the session is over, when its evidence says something that somebody must act on, when a pause is over,
 * or when it has shown no progress for hangAfterMs of watched time (null: never for that). No subprocess; looks every
 * pollMs, and when something is written. After a time in which nobody watched it has all of hangAfterMs again, and so
 * it has once when it is silent because somebody stopped it: then it is let go on.
 */
export async function watchSession(
  backend: SessionBackend,
  session: SessionRecord,
  worktree: string,
  hangAfterMs: number | null,
  clock: Clock,
  signal: AbortSignal,
  pollMs = 2000,
  { since, pause, fullAtPercent, oldAfterMs, heard, known }: WatchFrom = unspoken,
): Promise<Watched> {
  const watch = watchEvery(pollMs, clock)
  let shown = progressOf(session.dir, worktree)
  let [silentMs, allMs] = [0, 0]
  let wasLetGoOn = false
  let seen = since
  let reading = known.at(session.dir, since)
  // A clock that is set back meanwhile makes it no longer; a second more, for clocks differ.
  const leftMs =
    pause?.until == null ? (pause?.ms ?? 0) : Math.min(longestAllowanceMs, pause.until - clock.now()) + 1000
  const isPauseOver = ({ until, atLeastMs }: NonNullable<typeof pause>) =>
    allMs >= atLeastMs && (allMs >= leftMs || (until !== null && clock.now() >= until))
  const isFull = () => fullAtPercent !== null && reading.filledPercent >= fullAtPercent
  const isOld = () => oldAfterMs !== null && allMs >= oldAfterMs
  const isNews = () =>
    [reading.conversation !== null, reading.receipts.size > 0, reading.isCompacted, isFull(), isOld()].includes(true) ||
    // Not while it is silent: that would be counted anew, too.
    (oldAfterMs !== null && allMs >= countedMs && silentMs === 0)
  const looked = () => {
    const { conversation, receipts, isCompacted } = reading
    known.keep(session.dir, seen, reading)
    const watchedMs = Math.round(allMs)
    return { seen, conversation, receipts: [...receipts.values()], isFull: isFull(), isCompacted, watchedMs }
  }
  for (;;) {
    signal.throwIfAborted()
    // Before the evidence is read: what it said last is in it.
    const isOver = markIn(session.dir, 'exit') !== undefined || !isAlive(session)
    const look = readSome(session.dir, seen, reading, heard)
    seen = look.seen
    reading = look.reading
    if (look.isMore) {
      await immediate()
      continue
    }
    const asks = { asksToCycle: (isOver || reading.idle !== null) && asksToCycle(session.dir) }
    if (reading.idle?.kind === 'turn_over') return { ...reading.idle, ...asks, ...looked() }
    if (reading.idle) return { ...timed(reading.idle, clock.now()), ...looked() }
    if (isOver) return { ...(await over(backend, session, signal)), ...asks, ...looked() }
    if (isNews()) return { kind: 'heard', isOld: isOld(), ...looked() }
    // The session goes on appending to it.
    boundOutput(session.dir)
    const watchedMs = watch.look()
    allMs += watchedMs ?? 0
    if (pause && isPauseOver(pause)) return { kind: 'pause_over', ...looked() }
    const before = shown
    shown = progressOf(session.dir, worktree)
    silentMs = watchedMs === null || shown === undefined || shown !== before ? 0 : silentMs + watchedMs
    const limitMs =
      hangAfterMs === null ? Number.POSITIVE_INFINITY : hangAfterMs * (reading.tools.size > 0 ? toolFactor : 1)
    if (silentMs > limitMs) {
      if (wasLetGoOn || !(await letGoOn(belongingTo(session))))
        return { kind: 'stalled', silentMs: Math.round(silentMs), tail: tail(session.dir), ...looked() }
      wasLetGoOn = true
      silentMs = 0
    }
    await stirs(session.dir, pollMs, signal)
  }
}

/** When an allowance is there again is told by a clock on the wall; how long that is, is read off it once. */
const timed = (idle: Exclude<NonNullable<ReturnType<Readings['at']>['idle']>, { kind: 'turn_over' }>, now: number) =>
  idle.kind === 'limited' ? { ...idle, leftMs: idle.until === null ? null : Math.max(0, idle.until - now) } : idle

/** It has ended: how, and what it said last. */
async function over(
  backend: SessionBackend,
  session: SessionRecord,
  signal: AbortSignal,
): Promise<{ kind: 'ended'; exitCode: number | null; tail: string; cutOff: boolean }> {
  const exit = exitCode(session.dir)
  const cutOff = exit === null && !(await backend.holds(session.id))
  const words = (await backend.lastWords(session.id)) ?? output(session.dir)
  // A session that is over leaves nobody behind who would go on in its name.
  await endAll(belongingTo(session), 200, signal)
  return { kind: 'ended', exitCode: exit, tail: lastLines(words), cutOff }
}

/** The folder says who it is, not the record: an agent can write that. */
const belongingTo = (session: SessionRecord): Whose => ({ noted: session, mark: markOfSession(session.dir) })

/** Asks an agent that is spoken to to end by its own protocol, and gives it so long. */
export async function endPolitely({ dir }: SessionRecord, graceMs: number, signal: AbortSignal): Promise<void> {
  if (markIn(dir, 'exit') !== undefined) return
  askToEnd(dir)
  await appears(dir, ['exit'], graceMs, signal)
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
  await endAll(belongingTo(session), graceMs, signal)
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
  const ended = await Promise.all(
    aliveIn(sessionsDir)
      .filter(({ id }) => isOf(id))
      .map(async (session) => ((await endAll(belongingTo(session), graceMs, signal)) ? [session.id] : [])),
  )
  await endLeftOf(sessionsDir, isOf, graceMs, signal)
  return ended.flat()
}

/** Ends whatever bears the mark of one of these sessions, wherever it went and whatever has become of its leader. */
export async function endLeftOf(
  sessionsDir: string,
  isOne: (id: string) => boolean,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const holds = (dir: string) => dirname(dir) === sessionsDir && isOne(basename(dir))
  await endAll({ mark: { variable: 'GT_SESSION', holds } }, graceMs, signal)
}

/** Ends a start that was never confirmed: the launcher finds the mark, or its process is ended. */
export async function cancelStart(dir: string, graceMs: number, signal: AbortSignal): Promise<void> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writePassing(join(dir, 'cancelled'), '')
  rmSync(join(dir, 'environment'), { force: true })
  const pid = markIn(dir, 'started')
  const pidStart = pid === undefined ? undefined : startOf(pid)
  const mark = markOfSession(dir)
  const known = pid === undefined || pidStart === undefined ? {} : { noted: { pid, pidStart } }
  await endAll({ ...known, mark }, graceMs, signal)
}

/** The last lines of a session's output. */
export const tail = (dir: string): string => lastLines(output(dir))

const output = (dir: string): string => lastBytes(join(dir, 'output.log'), 65_536)

/**
 * What shows that there is work: output, and what git wrote in the worktree, as they are now. That it is another text
 * than before is the evidence; how old a file says it is, is none. undefined: nothing can be read, which is no evidence
 * of silence.
 */
function progressOf(dir: string, worktree: string): string | undefined {
  const git = join(worktree, '.git')
  const admin = existsSync(git) && statSync(git).isFile() ? linkedFrom(worktree) : git
  const found = [
    join(dir, 'output.log'),
    evidenceFile(dir),
    join(dir, 'started'),
    worktree,
    join(admin, 'index'),
    join(admin, 'HEAD'),
    join(admin, 'logs/HEAD'),
  ]
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((stat) => stat && `${stat.ino}:${stat.size}:${stat.mtimeMs}`)
  return found.every((each) => each === undefined) ? undefined : found.join(' ')
}

/** Resolves true as soon as one of the files is there, false after withinMs. */
const appears = (dir: string, names: readonly ('started' | 'exit')[], withinMs: number, signal: AbortSignal) =>
  changes(dir, () => names.some((name) => markIn(dir, name) !== undefined), withinMs, signal)

/** Resolves as soon as it has ended, or written down more, and after withinMs in any case. */
function stirs(dir: string, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const sizeNow = () => statSync(evidenceFile(dir), { throwIfNoEntry: false })?.size ?? 0
  const size = sizeNow()
  return changes(dir, () => markIn(dir, 'exit') !== undefined || sizeNow() !== size, withinMs, signal)
}

/** Resolves true as soon as it is there, by what the folder tells of changes; false after withinMs. */
function changes(dir: string, there: () => boolean, withinMs: number, signal: AbortSignal): Promise<boolean> {
  if (there()) return Promise.resolve(true)
  return new Promise((resolve, reject) => {
    const watcher = watch(dir, () => there() && finish(true))
    const limit = afterWatched(withinMs, () => finish(there()))
    const aborted = () => {
      clean()
      reject(signal.reason)
    }
    const clean = () => {
      watcher.close()
      limit.stop()
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
