// The daemon: one a town. Opens the town, answers on its socket, ends on a signal or when told to, at any moment.
// Never: listens to anything but a unix socket of mode 0600; is up by half: what fails while it begins ends it, and
// leaves nothing.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { noteDoing, whoIs } from '../actors/alone.ts'
import { ConfigUnusable, writeConfig } from '../actors/config.ts'
import { gitsApart } from '../actors/git/apart.ts'
import { startGitsBy } from '../actors/git/run.ts'
import { townLayout } from '../actors/layout.ts'
import { isAlive, startOf } from '../actors/processes.ts'
import { daemonIn, socketsOf } from '../actors/remains.ts'
import { makeSocketFolder } from '../actors/socket-folder.ts'
import { closeToOthers } from '../actors/umask.ts'
import { isPassing, Refusal, StoreUnusable } from '../runtime/open.ts'
import { openLog } from './daemon-log.ts'
import { type Door, openDoor } from './door.ts'
import { tell } from './print.ts'
import { type Serving, serveAt } from './serve.ts'
import { openTown } from './town.ts'
import type { DaemonOptions } from './word.ts'

/** How long what is open may take to close, in milliseconds: whatever hangs then ends with the process. */
const closeWithinMs = 10_000
/** How long a start that is to end may take to hear of it, in milliseconds. */
const settleWithinMs = 3000

/** One daemon, from its start to its end. */
interface Life {
  /** What is open, in the order it was opened, each as how it is closed. */
  opened: (() => void | Promise<void>)[]
  ending: AbortController
  isUp: boolean
  code: number
  end(code: number): void
  fatal(error: unknown): void
  log: ReturnType<typeof openLog>
}

/** Runs until the town goes down; resolves with the exit code. Trouble at the start is printed in words. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  closeToOthers()
  const log = openLog()
  const ending = new AbortController()
  const life: Life = {
    opened: [],
    ending,
    isUp: false,
    code: 0,
    end(code) {
      life.code = Math.max(life.code, code)
      ending.abort(new Refusal(`${options.town} goes down`))
    },
    fatal(error) {
      log.fatal(error)
      life.end(1)
    },
    log,
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => life.end(0))
  // What a full disk has interrupted has kept nothing, and is tried again by whoever needs it.
  process.on('uncaughtException', (error) => (isPassing(error) ? log.error(error) : life.fatal(error)))

  const begun = begin(options, life)
  try {
    // Told to end, it waits for nothing that it has begun.
    await Promise.race([begun, aborted(ending.signal)])
  } catch (error) {
    const expected = error instanceof Refusal || error instanceof StoreUnusable || error instanceof ConfigUnusable
    if (!expected && !isPassing(error)) log.error(error)
    tell(...(error instanceof Error ? error.message : String(error)).split('\n'))
    life.end(1)
  }
  await aborted(ending.signal)
  // What it was about to open is open by then, and closed with the rest.
  await Promise.race([begun.catch(() => undefined), sleep(settleWithinMs, undefined, { ref: false })])
  await close(life)
  leave(options.town, life)
  if (life.code === 0) log.info(`${options.town} is down`)
  // Whatever is still open then is nothing that anybody waits for.
  setTimeout(() => process.exit(life.code), 500).unref()
  return life.code
}

/** Opens all there is, each with its end in `opened`; throws when anything cannot be, or it is told to end. */
async function begin(options: DaemonOptions, life: Life): Promise<void> {
  const { opened, log } = life
  const { signal } = life.ending
  const layout = townLayout(options.town)
  // Bundled only; from its sources a daemon starts gits itself.
  const gits = join(dirname(options.entry.gt), 'gits.cjs')
  if (existsSync(gits)) startGitsBy(gitsApart(options.entry.node, gits))
  const report = (error: unknown) => log.error(error)
  const strange = makeSocketFolder(layout.socket, options.town)
  if (strange !== undefined) throw new Refusal(strange)
  const hasBegun = noteDoing(options.town, 'beginning')
  opened.push(hasBegun)
  const restoring = whoIs(options.town, 'restoring')
  if (restoring !== undefined)
    throw new Refusal(`a copy is being put back into ${options.town} (pid ${restoring}); say gt up once that is done`)
  const town = await openTown({
    ...options,
    pid: process.pid,
    signal,
    onFatal: life.fatal,
    report,
    warn: (problem) => log.warn(problem),
    goDown: () => setImmediate(() => life.end(0)),
  })
  opened.push(() => town.close())
  signal.throwIfAborted()

  // Whoever is answered can also read who answered.
  const record = {
    pid: process.pid,
    pid_start: startOf(process.pid) ?? '',
    socket: layout.socket,
    version: options.version,
    started_at: new Date().toISOString(),
  }
  writeConfig(layout.daemonJson, record)
  hasBegun()
  // The lease is ours: a socket file that is still here is a dead daemon's.
  for (const path of socketsOf(options.town)) rmSync(path, { force: true })
  // Whoever waits for it hears at once that it is not to be.
  const begun = Promise.race([town.begin(signal), aborted(signal).then(() => signal.throwIfAborted())])
  begun.catch(() => undefined)
  const answer = onceBegun(openDoor(town.behind), begun)
  const servings: Serving[] = []
  for (const path of socketsOf(options.town)) {
    const serving = await serveAt(path, answer, report)
    opened.push(() => serving.close())
    servings.push(serving)
  }
  await begun
  const keep = () => {
    const isGone = daemonIn(options.town)?.pid !== process.pid
    if (isGone) writeConfig(layout.daemonJson, record)
    return [...(isGone ? [layout.daemonJson] : []), ...town.mend()]
  }
  opened.push(staysReachable(options.town, servings, keep, log))
  life.isUp = true
  log.info(`${options.town} is up`)
  flushCompileCache()
}

/** How often it is looked whether the town can still be asked, in milliseconds. */
const lookMs = 5000

/** Temporary folders are tidied, and people delete: a daemon nobody can ask could not be ended. Returns how to stop. */
function staysReachable(
  town: string,
  servings: readonly Serving[],
  keep: () => string[],
  log: Life['log'],
): () => void {
  const { daemon, socket } = townLayout(town)
  const look = async () => {
    const gone = servings.filter((serving) => serving.isDeaf())
    // Another one may have taken over while this one was held up; its next commit will tell it so.
    const named = daemonIn(town)
    if (named && named.pid !== process.pid && isAlive(named)) return
    mkdirSync(daemon, { recursive: true, mode: 0o700 })
    const strange = makeSocketFolder(socket, town)
    if (strange !== undefined) throw new Refusal(strange)
    // First of all that it can be asked: what else is to be made again may not be.
    for (const serving of gone) await serving.again()
    const kept = keep()
    const paths = [...kept, ...gone.map(({ path }) => path)]
    if (paths.length > 0) log.warn(`${paths.join(', ')}: was taken away, and is there again`)
  }
  const timer = setInterval(() => void look().catch((error) => log.error(error)), lookMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Whoever asks while the town begins is answered when it has, or told why it does not; only its end is not waited for. */
function onceBegun(door: Door, begun: Promise<void>): Door {
  return async (raw, ...asking) => {
    if ((raw as { method?: unknown } | null)?.method !== 'down') await begun
    return door(raw, ...asking)
  }
}

/**
 * What shows where the daemon is goes with it, unless there is another one by now. After a fatal end its record stays:
 * it says that the town did not mean to go down.
 */
function leave(town: string, { isUp, code }: Life): void {
  if (daemonIn(town)?.pid !== process.pid) return
  const { daemonJson } = townLayout(town)
  for (const path of socketsOf(town)) rmSync(path, { force: true })
  if (!isUp || code === 0) rmSync(daemonJson, { force: true })
}

/** Closes all, the last first; what cannot be closed keeps nothing else open. */
async function close({ opened, log }: Life): Promise<void> {
  const all = async () => {
    for (const one of opened.toReversed())
      try {
        await one()
      } catch (error) {
        log.error(error)
      }
  }
  await Promise.race([all(), sleep(closeWithinMs, undefined, { ref: false })])
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
