// The Witness's place in the runtime: one a rig.
import { witnessIgnores, witnessMachine, witnessUnderstands } from '../../machines/witness.ts'
import { role } from './role.ts'

export default role({
  name: 'witness',
  owns: (at) => at.role === 'witness',
  machine: witnessMachine,
  version: 1,
  input: (at, _incarnation, town) => {
    const rig = 'rig' in at ? at.rig : ''
    const { maxWorkers, spawnDelayMs, mergeTries } = town.rig(rig)
    return { rig, maxWorkers, spawnDelayMs, triesMax: mergeTries }
  },
  restart: 'permanent',
  understands: witnessUnderstands,
  ignores: witnessIgnores,
})
