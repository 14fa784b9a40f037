// The Witness's place in the runtime: one a rig.
import { environment, heldForMs } from '../../machines/accounts.ts'
import { witnessIgnores, witnessMachine, witnessUnderstands } from '../../machines/witness.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'witness',
  owns: (at) => at.role === 'witness',
  machine: witnessMachine,
  version: 6,
  // 2: it knows what the Overseer was asked about. 3: its keepers know the workers. 4: it is shown what may start now,
  // not all there is. 5: it has an allowance, and knows of budgets. 6: and of accounts, each of which may be held.
  migrate(snapshot, from) {
    if (from === 5) return withHolds(snapshot)
    const value = { allowance: 'there', ...(snapshot.value as JsonObject) }
    const fresh = { budgets: {}, usedUp: [], warned: [], ready: [], more: false, look: true }
    const shown = { ...(snapshot.context as JsonObject), ...fresh }
    if (from >= 3) return { ...snapshot, value, context: shown }
    const context = shown as unknown as { workers: Record<string, JsonObject> }
    const workers = Object.fromEntries(
      Object.entries(context.workers).map(([name, { issue, title, attempt, since }]) => [
        name,
        { issue, title, attempt, since, returned: null },
      ]),
    )
    return { ...snapshot, value, context: { escalated: [], ...context, workers, conflicts: {} } as JsonObject }
  },
  input: (at, _incarnation, town) => {
    const rig = 'rig' in at ? at.rig : ''
    const { maxWorkers, spawnDelayMs, mergeTries, budgets = {}, agent, accounts, sharers } = town.rig(rig)
    const own = {
      ...(agent === undefined ? {} : { agent }),
      ...(accounts ? { accounts } : {}),
      ...(sharers ? { sharers } : {}),
    }
    return { rig, maxWorkers, spawnDelayMs, triesMax: mergeTries, budgets, ...own }
  },
  understands: witnessUnderstands,
  ignores: witnessIgnores,
})

/** What held the rig held the one account it had. */
function withHolds(snapshot: JsonObject): JsonObject {
  const { allowance, ...context } = snapshot.context as unknown as JsonObject & {
    allowance?: { until: number | null; at: number } | null
  }
  const { brake, allowance: was } = snapshot.value as JsonObject
  const hold =
    was === 'used_up' && allowance
      ? { what: 'limited', until: allowance.until, end: allowance.at + heldForMs(allowance) }
      : brake === 'halted'
        ? { what: 'refused', until: null, end: null }
        : undefined
  return { ...snapshot, context: hold ? { ...context, holds: { [environment]: hold } } : context }
}
