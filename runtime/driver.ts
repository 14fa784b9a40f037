// The driver: moves a host in real time. Turns first, then effects, then sleep until something is due.
// Never: wakes up while there is nothing to do; gives up, or loses what is to be kept, because a disk is full or
// somebody has locked a file.
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Clock, Draft, Driver, Handler, Host, PromisedEffect } from './contract.ts'
import { isPassing, Refusal, StoreBusy, wordsOf } from './errors.ts'
import type { Outcome } from './outbox.ts'

/** So many turns wait for the disk together; more would keep others from being heard. */
const turnsPerCommit = 16
/** Whoever asks is heard after so many milliseconds of turns, or of effects being begun, however many more there are. */
const heardWithinMs = 10
const effectsAtOnce = 256
const sleepMaxMs = 2 ** 31 - 1
/** What cannot be done just now is tried again after so long, in milliseconds, and each time twice as long. */
const againMs = 250
const againMaxMs = 5000
const againAfterMs = (tries: number) => Math.min(againMaxMs, againMs * 2 ** Math.min(tries, 10))

export interface DriverOptions {
  host: Host
  handlers: Readonly<Record<string, Handler>>
  clock: Clock
  /** The host cannot go on: its lease is lost, or its store is damaged. */
  onFatal(error: unknown): void
  /** What cannot be done just now and is tried again, in words, each once; called whenever that changes. */
  onWait?(words: readonly string[]): void
  /** What else than a full disk and a lock a hand may meet that is over by itself, or once somebody has mended it. */
  passes?(error: unknown): boolean
  /** A mail that was to be posted is refused. */
  onRefused?(refusal: Refusal): void
}

export function openDriver({ host, handlers, clock, onFatal, onWait, passes, onRefused }: DriverOptions): Driver {
  const running = new Map<string, { abort: AbortController; done: Promise<void> }>()
  const begins = inTurns()
  const results: { key: string; outcome: Outcome }[] = []
  const drafts: Draft[] = []
  const waits = makeWaits(onWait)
  let failedPumps = 0
  let stopped = true
  let scheduled = false
  let pumping = false
  let alarm: NodeJS.Timeout | undefined
  let retry: NodeJS.Timeout | undefined

  host.onCancelled((keys) => {
    for (const key of keys) running.get(key)?.abort.abort()
  })

  function pump(): void {
    if (stopped) return
    // Whoever hears of a commit may have something to say: after it.
    if (pumping) return void soon()
    pumping = true
    try {
      const from = performance.now()
      for (let isMore = true; isMore; ) {
        if (performance.now() - from > heardWithinMs) {
          soon()
          return
        }
        const [posted, settled] = [[...drafts], [...results]]
        // Results, the turns they lead to and the start of what these promise wait for the disk together, once.
        const effects = host.together(() => {
          for (const draft of posted) postOrRefuse(draft)
          for (const { key, outcome } of settled) host.settle(key, outcome)
          host.fireTimers()
          isMore = host.run(turnsPerCommit) === turnsPerCommit
          return host.takeEffects(effectsAtOnce)
        })
        // What was not committed stays to be told.
        drafts.splice(0, posted.length)
        results.splice(0, settled.length)
        for (const effect of effects) perform(effect)
      }
      failedPumps = 0
      waits.end('store')
      sleep()
    } catch (error) {
      if (error instanceof StoreBusy) {
        waits.begin('store', error)
        tryAgain()
        return
      }
      stopped = true
      onFatal(error)
    } finally {
      pumping = false
    }
  }

  /** Whoever pokes meanwhile does not put it off. */
  function tryAgain(): void {
    clearTimeout(alarm)
    retry ??= setTimeout(() => {
      retry = undefined
      pump()
    }, againAfterMs(failedPumps++))
  }

  function postOrRefuse(draft: Draft): void {
    try {
      host.post(draft)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      onRefused?.(error)
    }
  }

  function perform(effect: PromisedEffect): void {
    const abort = new AbortController()
    const handler = handlers[effect.name]
    const work = async () => {
      let outcome: Outcome | undefined
      for (let tries = 0; outcome === undefined; tries++) {
        try {
          if (!handler) throw new Error(`no hand keeps the promise "${effect.name}"`)
          outcome = {
            ok: true,
            output: await handler(effect.input, { at: effect.at, signal: abort.signal }),
          }
        } catch (error) {
          // A full disk is nobody's fault, and no answer: no machine is to judge by it.
          const again = (isPassing(error) || passes?.(error) === true) && !abort.signal.aborted
          if (again) waits.begin(effect.key, error)
          if (!again || !(await paused(againAfterMs(tries), abort.signal)))
            outcome = { ok: false, error: wordsOf(error) }
        }
      }
      waits.end(effect.key)
      running.delete(effect.key)
      // A driver that is stopping leaves the effect unsettled: the next one performs it again.
      if (stopped) return
      results.push({ key: effect.key, outcome })
      soon()
    }
    const done = new Promise<void>((resolve) => begins(() => resolve(stopped ? undefined : work())))
    running.set(effect.key, { abort, done })
  }

  function soon(): void {
    if (scheduled || stopped) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      pump()
    })
  }

  function sleep(): void {
    clearTimeout(alarm)
    const due = host.nextDueAt()
    if (due !== null) alarm = setTimeout(pump, Math.min(sleepMaxMs, Math.max(1, due - clock.watched())))
  }

  return {
    start() {
      stopped = false
      pump()
    },
    poke: pump,
    post(draft) {
      drafts.push(draft)
      pump()
    },
    async stop(graceMs) {
      stopped = true
      clearTimeout(alarm)
      clearTimeout(retry)
      for (const { abort } of running.values()) abort.abort()
      let limit: NodeJS.Timeout | undefined
      await Promise.race([
        Promise.allSettled([...running.values()].map((effect) => effect.done)),
        new Promise((resolve) => {
          limit = setTimeout(resolve, graceMs)
        }),
      ])
      clearTimeout(limit)
    },
  }
}

/** Begins one after the other, at once or, when enough has been begun in one go, after whatever else has come in. */
function inTurns(): (begin: () => void) => void {
  const waiting: (() => void)[] = []
  let from: number | undefined
  const isLong = () => {
    from ??= performance.now()
    return performance.now() - from > heardWithinMs
  }
  const next = () => {
    from = undefined
    while (waiting.length > 0 && !isLong()) waiting.shift()?.()
    setImmediate(waiting.length > 0 ? next : rest)
  }
  const rest = () => {
    from = undefined
  }
  return (begin) => {
    if (from === undefined) setImmediate(rest)
    if (waiting.length === 0 && !isLong()) return begin()
    if (waiting.push(begin) === 1) setImmediate(next)
  }
}

/** Whether so many milliseconds went by before the signal came. */
const paused = (ms: number, signal: AbortSignal): Promise<boolean> => sleepFor(ms, true, { signal }).catch(() => false)

/** What is waited for, by who waits; several may wait for the same. */
function makeWaits(onWait: DriverOptions['onWait']) {
  const all = new Map<string, string>()
  const change = (work: () => void) => {
    const before = new Set(all.values())
    work()
    const now = new Set(all.values())
    if (now.size !== before.size || [...now].some((words) => !before.has(words))) onWait?.([...now])
  }
  return {
    begin: (who: string, error: unknown) => change(() => all.set(who, wordsOf(error))),
    end(who: string) {
      if (all.has(who)) change(() => all.delete(who))
    },
  }
}
