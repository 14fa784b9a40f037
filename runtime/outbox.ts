// The outbox: effects that committed turns have promised, until the world has answered.
// Never: performs one; hands out what may start now, and takes results in.
import type { HostOptions, Json, JsonObject, PromisedEffect, Trouble } from './contract.ts'
import { wordsOf } from './errors.ts'
import { type EffectWrite, effectOf } from './plan.ts'
import type { OpenEffect } from './store/effects.ts'
import type { Tables } from './store/tables.ts'

/**
 * Performances of what nobody waits for that came to nothing, until somebody is told; it is tried again all the same.
 */
const failuresMax = 5
const backoffMs = 1000
const backoffMaxMs = 300_000

export type Outbox = ReturnType<typeof makeOutbox>
export type Outcome = { ok: true; output: unknown } | { ok: false; error: string }

export function makeOutbox(options: HostOptions, tables: Pick<Tables, 'effects' | 'mail' | 'holds'>) {
  const { clock } = options
  return {
    /** Keeps what a turn has promised. */
    keep: (address: string, { kind: _, ...effect }: EffectWrite) =>
      void tables.effects.add({ ...effect, address, at: clock.now() }),

    /**
     * Keeps an effect that nobody waits for. Throws when there is none of this name, or its input is of another
     * shape.
     */
    promise(key: string, address: string, name: string, input: unknown): void {
      this.keep(address, effectOf(options.effects, key, null, name, input))
    },

    /** Nobody waits for it any more; its keys are returned so that its performance can be aborted. */
    cancel(address: string, invokeId: string): string[] {
      const keys = tables.effects.cancel(address, invokeId)
      tables.mail.dropResult(address, [doneType(invokeId), errorType(invokeId)], clock.now())
      return keys
    },

    /** What may start now, marked as started. */
    take(max: number): PromisedEffect[] {
      const ready = startable(tables.effects.open(), tables.holds.all(), options.effects, clock.watched()).slice(0, max)
      return ready.map(({ key, address, invokeId, name, lane, attempt, at }) => {
        const input = tables.effects.start(key)
        return { key, address, invokeId, name, input, lane, attempt: attempt + 1, at }
      })
    },

    /** Records a result; returns the mail that carries it when somebody waits for it, and what is to be told of it. */
    settle(
      key: string,
      outcome: Outcome,
    ): { mail?: { to: string; type: string; body: JsonObject }; trouble?: Trouble } {
      const effect = tables.effects.find(key)
      if (!effect) return {}
      const result = shaped(options.effects, effect.name, outcome)
      if (effect.invokeId === null) {
        const trouble = settleUnawaited(effect, result)
        return trouble ? { trouble } : {}
      }
      tables.effects.settle(key)
      const mail = result.ok
        ? { type: doneType(effect.invokeId), body: { output: result.output } }
        : { type: errorType(effect.invokeId), body: { error: { message: result.error } } }
      return { mail: { to: effect.address, ...mail } }
    },
  }

  /** What nobody waits for is tried again until it goes well; returns what is to be told. */
  function settleUnawaited({ key, address, name, attempt }: OpenEffect, result: Result): Trouble | undefined {
    if (result.ok) {
      tables.effects.settle(key)
      return attempt > failuresMax ? { kind: 'mended', address, effect: name } : undefined
    }
    const dueAt = clock.watched() + Math.min(backoffMaxMs, backoffMs * 2 ** attempt)
    tables.effects.tryAgain(key, dueAt, result.error)
    return attempt >= failuresMax ? { kind: 'failing', address, effect: name, error: result.error } : undefined
  }
}

const doneType = (invokeId: string) => `xstate.done.actor.${invokeId}`
const errorType = (invokeId: string) => `xstate.error.actor.${invokeId}`

/** Those that lanes and holds let start, in the order they were promised. */
function startable(
  open: readonly OpenEffect[],
  holds: readonly string[],
  specs: HostOptions['effects'],
  now: number,
): OpenEffect[] {
  const busy = new Map<string, number>()
  const enter = ({ lane }: OpenEffect) => lane !== null && busy.set(lane, (busy.get(lane) ?? 0) + 1)
  // One that is to be tried again keeps its place: what comes after it in its lane may rely on it.
  const keepsPlace = (effect: OpenEffect) => effect.started || effect.dueAt > now
  for (const effect of open) if (keepsPlace(effect)) enter(effect)
  return open.filter((effect) => {
    if (keepsPlace(effect)) return false
    const spec = specs[effect.name]
    if (!spec) throw new Error(`no effect is called "${effect.name}"`)
    if (spec.starts && holds.some((scope) => scope === '*' || effect.address.startsWith(scope))) return false
    if (effect.lane !== null && (busy.get(effect.lane) ?? 0) >= spec.laneLimit) return false
    enter(effect)
    return true
  })
}

type Result = { ok: true; output: Json } | { ok: false; error: string }

/** A result of another shape than the effect's own counts as a failure. */
function shaped(specs: HostOptions['effects'], name: string, outcome: Outcome): Result {
  if (!outcome.ok) return outcome
  const spec = specs[name]
  if (!spec) return { ok: false, error: `no effect is called "${name}"` }
  try {
    return { ok: true, output: spec.parseOutput(outcome.output) }
  } catch (error) {
    return { ok: false, error: `${name} gave a result of the wrong shape: ${wordsOf(error)}` }
  }
}
