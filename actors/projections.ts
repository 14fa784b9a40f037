// The `state.json` files of the spec, for people and scripts that look: written after what they show is committed.
// (spec: Directory Structure)
// Never: read back; the truth is in town.db. A file that cannot be written is tried again with the next change.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { mayor, refineryOf, whereabouts, witnessOf } from '../machines/address.ts'
import type { Host } from '../runtime/contract.ts'
import { writePassing } from './files.ts'
import { rigLayout, townLayout } from './layout.ts'

/** Changes within this time, in milliseconds, are one write; of a town so busy that writing takes long, more are. */
const gatherMs = 200
/** Writing takes at most this part of the time. */
const partMost = 1 / 50

/** Follows the host; `stop` writes what is still to be written. */
export function startProjections(
  town: string,
  host: Host,
  rigs: () => readonly string[],
  report: (error: unknown) => void,
): { stop(): void } {
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let tookMs = 0

  const note = (address: string) => {
    if (pathsOf(town, address).length === 0) return
    changed.add(address)
    timer ??= setTimeout(write, Math.max(gatherMs, tookMs / partMost))
  }
  const write = (): void => {
    clearTimeout(timer)
    timer = undefined
    const from = performance.now()
    const due = [...changed]
    changed.clear()
    for (const address of due) {
      const actor = host.actor(address)
      if (!actor) continue
      const text = `${JSON.stringify({ address, state: actor.value, updated_at: new Date(actor.updatedAt).toISOString(), ...actor.context }, null, 2)}\n`
      try {
        for (const path of pathsOf(town, address).filter((each) => existsSync(dirname(each)))) {
          writePassing(path, text)
        }
      } catch (error) {
        report(error)
      }
    }
    tookMs = performance.now() - from
  }
  const unfollow = host.onCommit((entries) => {
    for (const entry of entries) note(entry.address)
  })
  for (const address of [mayor, ...rigs().flatMap((rig) => [witnessOf(rig), refineryOf(rig)])]) note(address)
  return {
    stop() {
      unfollow()
      write()
    },
  }
}

function pathsOf(town: string, address: string): string[] {
  const at = whereabouts(address)
  if (at?.role === 'mayor') return [townLayout(town).mayorState]
  if (at?.role === 'witness') return [rigLayout(town, at.rig).witnessState]
  if (at?.role === 'refinery') return [rigLayout(town, at.rig).refineryState]
  if (at?.role === 'plugin') return [`${rigLayout(town, at.rig).plugin(at.name)}/state.json`]
  return []
}
