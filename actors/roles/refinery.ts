// The Refinery's place in the runtime: one a rig.
import { refineryIgnores, refineryMachine, refineryUnderstands } from '../../machines/refinery.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'refinery',
  owns: (at) => at.role === 'refinery',
  machine: refineryMachine,
  version: 2,
  // 2: gates that cannot run and an origin that does not answer are counted apart.
  migrate: (snapshot) => ({ ...snapshot, context: { ...(snapshot.context as JsonObject), breaks: 0 } }),
  input: (at) => ({ rig: 'rig' in at ? at.rig : '' }),
  understands: refineryUnderstands,
  ignores: refineryIgnores,
})
