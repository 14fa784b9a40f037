// The Witness's place in the runtime: one a rig.
import { witnessIgnores, witnessMachine, witnessUnderstands } from '../../machines/witness.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'witness',
  owns: (at) => at.role === 'witness',
  machine: witnessMachine,
  version: 5,
  // 2: it knows what the Overseer was asked about. 3: its keepers know the workers. 4: it is shown what may start now,
  // not all there is. 5: it has an allowance, and knows of budgets.
  migrate(snapshot, from) {
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
    const { maxWorkers, spawnDelayMs, mergeTries, budgets = {} } = town.rig(rig)
    return { rig, maxWorkers, spawnDelayMs, triesMax: mergeTries, budgets }
  },
  understands: witnessUnderstands,
  ignores: witnessIgnores,
})
