// The Refinery's place in the runtime: one a rig.
import { refineryIgnores, refineryMachine, refineryUnderstands } from '../../machines/refinery.ts'
import { role } from './role.ts'

export default role({
  name: 'refinery',
  owns: (at) => at.role === 'refinery',
  machine: refineryMachine,
  version: 1,
  input: (at) => ({ rig: 'rig' in at ? at.rig : '' }),
  restart: 'permanent',
  understands: refineryUnderstands,
  ignores: refineryIgnores,
})
