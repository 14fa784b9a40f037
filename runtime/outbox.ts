// The outbox: effects that committed turns have promised, until the world has answered.
// Never: performs one; hands out what may start now, and takes results in.
import type { HostOptions, Json, JsonObject, PromisedEffect, Trouble } from './contract.ts'
import { wordsOf } from './errors.ts'

/**
 * Performances of what nobody waits for that came to nothing, until somebody is told; it is tried again all the same.
 */
const failuresMax = 5
const backoffMs = 1000
const backoffMaxMs = 300_000

/**
 * The effects that are not over: in these very words, which are the index's, so that those that are over are never
 * read.
 */
export const isOpen = "state IN ('pending', 'started')"

interface EffectRow {
  seq: number
  key: string
  address: string
  invoke_id: string | null
  name: string
  input: string
  lane: string | null
  state: string
  attempt: number
  at: number
}

export function makeOutbox(options: HostOptions) {
  const { store, clock, effects } = options
  const specOf = (name: string) => {
    const spec = effects[name]
    if (!spec) throw new Error(`no effect is called "${name}"`)
    return spec
  }

  return {
    promise(key: string, address: string, invokeId: string | null, name: string, input: unknown): void {
      const spec = specOf(name)
      const parsed = spec.parseInput(input)
      store.run(
        'INSERT OR IGNORE INTO effect (key, address, invoke_id, name, input, lane, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        key,
        address,
        invokeId,
        name,
        JSON.stringify(parsed),
        spec.lane(parsed),
        clock.now(),
      )
    },

    /** Nobody waits for it any more; its key is returned so that its performance can be aborted. */
    cancel(address: string, invokeId: string): string[] {
      const rows = store.all<{ key: string }>(
        `SELECT key FROM effect WHERE address = ? AND invoke_id = ? AND ${isOpen}`,
        address,
        invokeId,
      )
      for (const { key } of rows) store.run("UPDATE effect SET state = 'cancelled' WHERE key = ?", key)
      store.run(
        "UPDATE mail SET state = 'stale', handled_at = ? WHERE to_address = ? AND state = 'new' AND effect_key IS NOT NULL AND type IN (?, ?)",
        clock.now(),
        address,
        `xstate.done.actor.${invokeId}`,
        `xstate.error.actor.${invokeId}`,
      )
      return rows.map((row) => row.key)
    },

    /** Leftovers of a former host are to be performed again. */
    reopen(): void {
      store.run(`UPDATE effect SET state = 'pending' WHERE ${isOpen} AND state = 'started'`)
    },

    somethingPending: (): boolean =>
      store.get(`SELECT 1 FROM effect WHERE ${isOpen} AND state = 'pending' LIMIT 1`) !== undefined,

    take(max: number): PromisedEffect[] {
      const open = store.all<EffectRow & { due_at: number }>(`SELECT * FROM effect WHERE ${isOpen} ORDER BY seq`)
      const holds = store.all<{ scope: string }>('SELECT scope FROM hold').map((row) => row.scope)
      const busy = new Map<string, number>()
      // One that is to be tried again keeps its place: what comes after it in its lane may rely on it.
      const keepsPlace = (row: EffectRow & { due_at: number }) => row.state === 'started' || row.due_at > clock.now()
      for (const row of open) if (row.lane && keepsPlace(row)) busy.set(row.lane, (busy.get(row.lane) ?? 0) + 1)
      const taken: PromisedEffect[] = []
      for (const row of open) {
        if (taken.length >= max) break
        if (keepsPlace(row)) continue
        const spec = specOf(row.name)
        if (spec.starts && holds.some((scope) => scope === '*' || row.address.startsWith(scope))) continue
        if (row.lane && (busy.get(row.lane) ?? 0) >= spec.laneLimit) continue
        if (row.lane) busy.set(row.lane, (busy.get(row.lane) ?? 0) + 1)
        taken.push({
          key: row.key,
          address: row.address,
          invokeId: row.invoke_id,
          name: row.name,
          input: JSON.parse(row.input) as JsonObject,
          lane: row.lane,
          attempt: row.attempt + 1,
          at: row.at,
        })
      }
      for (const effect of taken)
        store.run("UPDATE effect SET state = 'started', attempt = attempt + 1 WHERE key = ?", effect.key)
      return taken
    },

    /** Records a result; returns the mail that carries it when somebody waits for it, and what is to be told of it. */
    settle(
      key: string,
      outcome: { ok: true; output: unknown } | { ok: false; error: string },
    ): { mail?: { to: string; type: string; body: JsonObject }; trouble?: Trouble } {
      const row = store.get<EffectRow>(`SELECT * FROM effect WHERE key = ? AND ${isOpen}`, key)
      if (!row) return {}
      let result: { ok: true; output: Json } | { ok: false; error: string }
      try {
        result = outcome.ok ? { ok: true, output: specOf(row.name).parseOutput(outcome.output) } : outcome
      } catch (error) {
        result = { ok: false, error: `${row.name} gave a result of the wrong shape: ${wordsOf(error)}` }
      }
      if (row.invoke_id === null) {
        const of = { address: row.address, effect: row.name }
        if (result.ok) {
          store.run("UPDATE effect SET state = 'settled' WHERE key = ?", key)
          return row.attempt > failuresMax ? { trouble: { kind: 'mended', ...of } } : {}
        }
        const dueAt = clock.now() + Math.min(backoffMaxMs, backoffMs * 2 ** row.attempt)
        store.run("UPDATE effect SET state = 'pending', due_at = ?, reason = ? WHERE key = ?", dueAt, result.error, key)
        return row.attempt >= failuresMax ? { trouble: { kind: 'failing', ...of, error: result.error } } : {}
      }
      store.run("UPDATE effect SET state = 'settled' WHERE key = ?", key)
      const mail = result.ok
        ? { to: row.address, type: `xstate.done.actor.${row.invoke_id}`, body: { output: result.output } }
        : { to: row.address, type: `xstate.error.actor.${row.invoke_id}`, body: { error: { message: result.error } } }
      return { mail }
    },
  }
}
