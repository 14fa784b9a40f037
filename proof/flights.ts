// Flights: effects that were begun and whose result is not told yet. By chance one fails, meets bad luck, is done and
// its answer lost, comes late, or is told twice.
// Never: performs anything by itself; that is `hands.ts`.

import type { EffectName } from '../machines/effects.ts'
import type { JsonObject, PromisedEffect } from '../runtime/contract.ts'
import { mayMeet, performIn, waitsFor } from './hands.ts'
import type { Stage } from './inhabitants.ts'
import { Violation } from './invariants.ts'
import { seen, watched } from './watching.ts'
import type { World } from './world.ts'

/** Its result is there once the world has performed it. */
export interface Flight {
  effect: PromisedEffect
  result: JsonObject | Error | undefined
}

export interface FlightOptions {
  /** Whether an effect starts something, which the Overseer's brake keeps from it. */
  starts(name: string): boolean
  stopped(): boolean
  /** Sees each effect before it is performed. */
  begun(effect: PromisedEffect): void
  /** Hears what each effect answered. */
  heard?: ((effect: string, answer: JsonObject | Error) => void) | undefined
}

export function makeFlights(
  { world, host, chance, pick, say, reckless }: Stage,
  { starts, stopped, begun, heard }: FlightOptions,
) {
  let inFlight: Flight[] = []
  const isWatch = ({ effect }: Flight) => effect.name === 'watchSession'

  /** Those that can be over now. */
  const finishable = () =>
    inFlight.filter((flight) =>
      isWatch(flight) ? watched(world, flight.effect.input) !== undefined : !waitsFor(world, flight.effect),
    )

  function perform(flight: Flight): void {
    try {
      flight.result = performIn(world, flight.effect)
    } catch (error) {
      if (error instanceof Violation) throw error
      flight.result = error as Error
    }
    say(
      `${flight.effect.name} for ${flight.effect.address}${flight.result instanceof Error ? ` fails: ${flight.result.message}` : ''}`,
    )
  }

  function settle(flight: Flight, twice = false): void {
    inFlight = inFlight.filter((other) => other !== flight)
    const outcome =
      flight.result instanceof Error
        ? ({ ok: false, error: flight.result.message } as const)
        : ({ ok: true, output: flight.result } as const)
    if (flight.result) heard?.(flight.effect.name, flight.result)
    if (isFailedStart(flight)) failedStart(world, flight.effect.input)
    host().settle(flight.effect.key, outcome)
    if (twice) host().settle(flight.effect.key, outcome)
  }

  return {
    finishable,

    /** Hands at work; while the brake holds, none of them starts anything. */
    take(most: number): number {
      const taken = host().takeEffects(most)
      const starting = taken.find(({ name }) => starts(name))
      if (stopped() && starting)
        throw new Violation(`${starting.name} of ${starting.address} is begun after stop --all (invariant 10)`)
      for (const effect of taken) begun(effect)
      inFlight.push(...taken.map((effect) => ({ effect, result: undefined })))
      return taken.length
    },

    finish(flight: Flight): void {
      const faults = reckless()
      if (isWatch(flight)) {
        flight.result =
          faults && chance(0.05) ? new Error('it cannot be watched') : (seen(world, flight.effect.input) as JsonObject)
        settle(flight)
        return
      }
      if (flight.result !== undefined) {
        settle(flight)
        return
      }
      const any = mayMeet(world, flight.effect)
      if (faults && chance(0.04)) flight.result = new Error('the world would not')
      else if (faults && any.length > 0 && chance(0.1)) flight.result = pick(any)
      else perform(flight)
      if (faults && chance(0.04) && !(flight.result instanceof Error))
        flight.result = new Error('done, but the answer was lost')
      // Late: the answer comes after other things have happened.
      if (!faults || !chance(0.2)) settle(flight, faults && chance(0.1))
    },

    /** Hands that were at work may have finished what nobody heard of. */
    crash(): void {
      for (const flight of inFlight)
        if (!isWatch(flight) && flight.result === undefined && finishable().includes(flight) && chance(0.5))
          perform(flight)
      inFlight = []
    },
  }
}

/** Steps on the way to a session. */
const ofStarts = new Set<string>(['createWorktree', 'setUpWorktree', 'startSession'] satisfies EffectName[])

const isFailedStart = ({ effect, result }: Flight) =>
  ofStarts.has(effect.name) && (result instanceof Error || result?.['kind'] === 'failed')

/** It may cost a start, and what was to go on there may not be found again. */
function failedStart(world: World, input: JsonObject): void {
  const worker = input as { polecat: string; incarnation: number }
  world.tries.befell(worker)
  world.service.mayEnd(worker)
}
