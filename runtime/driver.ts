// The driver: moves a host in real time. Turns first, then effects, then sleep until something is due.
// Never: wakes up while there is nothing to do.
import type { Clock, Driver, Handler, Host, PromisedEffect } from './contract.ts'
import { wordsOf } from './errors.ts'
import type { Outcome } from './outbox.ts'

/** So many turns wait for the disk together; more would keep others from being heard. */
const turnsPerCommit = 16
/** Whoever asks is heard after so many milliseconds of turns, or of effects being begun, however many more there are. */
const heardWithinMs = 10
const effectsAtOnce = 256
const sleepMaxMs = 2 ** 31 - 1

export interface DriverOptions {
  host: Host
  handlers: Readonly<Record<string, Handler>>
  clock: Clock
  /** The host cannot go on: its lease is lost, or its store fails. */
  onFatal(error: unknown): void
}

export function openDriver({ host, handlers, clock, onFatal }: DriverOptions): Driver {
  const running = new Map<string, { abort: AbortController; done: Promise<void> }>()
  const ownTurn = oneByOne()
  const results: { key: string; outcome: Outcome }[] = []
  let stopped = true
  let scheduled = false
  let alarm: NodeJS.Timeout | undefined

  host.onCancelled((keys) => {
    for (const key of keys) running.get(key)?.abort.abort()
  })

  function pump(): void {
    if (stopped) return
    try {
      const from = performance.now()
      for (let isMore = true; isMore; ) {
        if (performance.now() - from > heardWithinMs) {
          soon()
          return
        }
        // Results, the turns they lead to and the start of what these promise wait for the disk together, once.
        const settled = results.splice(0)
        const effects = host.together(() => {
          for (const { key, outcome } of settled) host.settle(key, outcome)
          host.fireTimers()
          isMore = host.run(turnsPerCommit) === turnsPerCommit
          return host.takeEffects(effectsAtOnce)
        })
        for (const effect of effects) perform(effect)
      }
      sleep()
    } catch (error) {
      stopped = true
      onFatal(error)
    }
  }

  function perform(effect: PromisedEffect): void {
    const abort = new AbortController()
    const handler = handlers[effect.name]
    const work = async () => {
      await ownTurn()
      if (stopped) return
      let outcome: Outcome
      try {
        if (!handler) throw new Error(`no hand keeps the promise "${effect.name}"`)
        outcome = {
          ok: true,
          output: await handler(effect.input, { at: effect.at, signal: abort.signal }),
        }
      } catch (error) {
        outcome = { ok: false, error: wordsOf(error) }
      }
      running.delete(effect.key)
      // A driver that is stopping leaves the effect unsettled: the next one performs it again.
      if (stopped) return
      results.push({ key: effect.key, outcome })
      soon()
    }
    running.set(effect.key, { abort, done: work() })
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
    if (due !== null) alarm = setTimeout(pump, Math.min(sleepMaxMs, Math.max(1, due - clock.now())))
  }

  return {
    start() {
      stopped = false
      pump()
    },
    poke: pump,
    async stop(graceMs) {
      stopped = true
      clearTimeout(alarm)
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

/** Lets one after the other begin, and between them, again and again, whatever else has come in. */
function oneByOne(): () => Promise<void> {
  const waiting: (() => void)[] = []
  const next = () => {
    const from = performance.now()
    const begin = () => {
      waiting.shift()?.()
      if (waiting.length === 0) return
      // What it does at once it does before this.
      if (performance.now() - from > heardWithinMs) setImmediate(next)
      else queueMicrotask(begin)
    }
    begin()
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(next)
    })
}
