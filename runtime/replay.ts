// Replay: the journal played again through the machines, to show that the snapshots are exactly what the mail made
// them.
// Never: writes. Evidence that was pruned cannot be replayed; what begins after it still can.
import type { AnyMachineSnapshot } from 'xstate'
import type { JsonObject, Role, Store } from './contract.ts'
import { wordsOf } from './errors.ts'
import { tablesOf } from './store/tables.ts'
import { begin, persist, play, restore, statePath } from './turn.ts'

export interface ReplayResult {
  /** Turns played again. */
  turns: number
  /** Actors whose whole present life is in the journal, and came out equal. */
  equal: string[]
  /** Actors whose journal was pruned, or who were never in it. */
  partial: string[]
  /** What came out otherwise, in words. */
  differing: { address: string; why: string }[]
  /**
   * Every actor as it was at the last turn played, for a replay that stops early. Those in `partial` are not among
   * them.
   */
  states: { address: string; status: 'active' | 'done'; state: string; context: JsonObject }[]
}

/** Plays the journal up to `until` (a journal seq; all when absent). The roles must be those the host ran with. */
export function replay(store: Store, roles: readonly Role[], until?: number): ReplayResult {
  const tables = tablesOf(store)
  const rows = tables.journal.played(until ?? Number.MAX_SAFE_INTEGER)
  const lives = new Map<string, { role: Role; incarnation: number; revision: number; snapshot: AnyMachineSnapshot }>()
  const broken = new Map<string, string>()
  let turns = 0
  for (const row of rows) {
    const role = roles.find((each) => each.owns(row.address))
    if (!role || broken.has(row.address)) continue
    const known = lives.get(row.address)
    const first = row.revision === 1
    // The beginning of this life is not in the journal any more, or another version of the machine played it.
    if (
      row.version !== role.version ||
      (!first && (known?.incarnation !== row.incarnation || known.revision !== row.revision - 1))
    ) {
      lives.delete(row.address)
      continue
    }
    try {
      const before = first
        ? begin(role.machine, row.input ?? role.input(row.address, row.incarnation)).snapshot
        : (known as { snapshot: AnyMachineSnapshot }).snapshot
      const { id: mailId, type, from, body } = row.mail
      const event = { ...body, type, from, at: row.watchedAt, mailId }
      const { snapshot } = before.status === 'active' ? play(role.machine, before, event) : { snapshot: before }
      lives.set(row.address, { role, incarnation: row.incarnation, revision: row.revision, snapshot })
      turns++
      if (statePath(snapshot.value) !== row.after)
        broken.set(
          row.address,
          `turn ${row.seq} (${row.mail.type}) led to ${statePath(snapshot.value)}, the journal says ${row.after}`,
        )
    } catch (error) {
      broken.set(row.address, `turn ${row.seq} (${row.mail.type}) cannot be played: ${wordsOf(error)}`)
    }
  }

  const result: ReplayResult = {
    turns,
    equal: [],
    partial: [],
    differing: [...broken].map(([address, why]) => ({ address, why })),
    states: [],
  }
  for (const [address, { snapshot }] of lives)
    result.states.push({
      address,
      status: snapshot.status === 'active' ? 'active' : 'done',
      state: statePath(snapshot.value),
      context: snapshot.context as JsonObject,
    })
  if (until !== undefined) {
    result.partial = [...new Set(rows.map(({ address }) => address))]
      .filter((address) => !lives.has(address) && !broken.has(address))
      .sort()
    return result
  }
  for (const actor of tables.actors.stored()) {
    const life = lives.get(actor.address)
    if (broken.has(actor.address)) continue
    if (life?.incarnation !== actor.incarnation || life.revision !== actor.revision) result.partial.push(actor.address)
    else {
      // Both the way a restart would read them.
      const [ours, stored] = [life.snapshot, restore(life.role.machine, JSON.parse(actor.snapshot))].map((snapshot) =>
        persist(life.role.machine, restore(life.role.machine, JSON.parse(persist(life.role.machine, snapshot)))),
      )
      if (ours === stored) result.equal.push(actor.address)
      else result.differing.push({ address: actor.address, why: 'its snapshot is not what the journal makes of it' })
    }
  }
  return result
}
