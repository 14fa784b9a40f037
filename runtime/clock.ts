// Clocks, and the one idea of time: what is due, and what has lasted too long, is decided by watched time alone. It
// passes while this process can see what happens: not while the machine sleeps, the process is stopped or nobody
// hosts, and whatever becomes of the clock on the wall. The only file that knows what time it is.
// Never: lets the wall clock or the age of a file decide anything.
import type { Clock } from './contract.ts'

export const systemClock: Clock = { now: () => Date.now(), watched: () => Math.floor(performance.now()) }

/** Of the time since the last turn of a former host so much may have been watched, in milliseconds. */
const unknownMaxMs = 60_000

/**
 * The same clock, its watched time going on from the last turn of a former host. How long that one still watched after
 * it nobody knows; a minute at most, or one that is killed again and again would wait for ever.
 */
export function continued(
  clock: Clock,
  last: { at: number; watchedAt: number } | undefined,
): Clock & { behindMs: number } {
  const unknownMs = last === undefined ? 0 : Math.min(unknownMaxMs, Math.max(0, clock.now() - last.at))
  const behindMs = (last?.watchedAt ?? clock.now()) + unknownMs - clock.watched()
  return { now: clock.now, watched: () => clock.watched() + behindMs, behindMs }
}

/** How much longer than meant a pause may take while this process is at work, in milliseconds. */
const lateMs = 2000

/** What is looked at again and again, `lookMs` (milliseconds) apart: how long that was so, of what was watched. */
export interface Watch {
  /** Watched milliseconds since the last look; null: nobody watched in between, or the clock was moved. */
  look(): number | null
}

/**
 * Tells by both clocks whether this process really looked all the time: when it was stopped, the pause was longer than
 * meant; when the machine slept, the clock on the wall moved on by itself.
 */
export function watchEvery(lookMs: number, { now, watched }: Clock = systemClock): Watch {
  let last = { wall: now(), watched: watched() }
  return {
    look() {
      const before = last
      last = { wall: now(), watched: watched() }
      const passedMs = last.watched - before.watched
      const movedMs = last.wall - before.wall - passedMs
      return passedMs > lookMs + lateMs || Math.abs(movedMs) > lateMs ? null : passedMs
    },
  }
}

/** The longest that a limit waits without a look, in milliseconds. */
const sliceMs = 5000
/** After a time in which nobody watched, what has happened meanwhile is heard first, in milliseconds. */
const afreshMs = 1000

export interface Limit {
  /** Begins anew. */
  refresh(): void
  stop(): void
}

/**
 * Calls `over` once `ms` (milliseconds) of watched time have passed. A time in which this process was stopped counts as
 * one look at most, and what came in meanwhile is heard before the limit is over.
 */
export function afterWatched(ms: number, over: () => void, clock: Clock = systemClock): Limit {
  let leftMs = ms
  let from = 0
  let timer: NodeJS.Timeout | undefined
  const wait = () => {
    const pauseMs = Math.min(leftMs, sliceMs)
    const watch = watchEvery(pauseMs, clock)
    from = clock.watched()
    timer = setTimeout(() => {
      const wasWatched = watch.look() !== null
      leftMs -= Math.min(pauseMs, Math.ceil(clock.watched() - from))
      if (!wasWatched) leftMs = Math.max(leftMs, afreshMs)
      if (leftMs > 0) wait()
      else over()
    }, pauseMs)
  }
  wait()
  return {
    refresh() {
      leftMs = ms
      from = clock.watched()
    },
    stop: () => clearTimeout(timer),
  }
}

/** A clock that moves only when told to; for tests and simulation. `set` goes to a moment of its watched time. */
export function virtualClock(startMs = 0): Clock & {
  advance(ms: number): void
  set(watchedMs: number): void
  /** The clock on the wall alone is moved: set by somebody, or the machine slept. */
  jump(ms: number): void
} {
  let at = startMs
  let jumpedMs = 0
  return {
    now: () => at + jumpedMs,
    watched: () => at,
    advance: (ms) => {
      at += ms
    },
    set: (watchedMs) => {
      at = watchedMs
    },
    jump: (ms) => {
      jumpedMs += ms
    },
  }
}
