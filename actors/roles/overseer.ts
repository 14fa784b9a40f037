// Where mail for people ends: the Overseer, and the Overseer's crew workspaces.
import { overseerIgnores, overseerMachine, overseerUnderstands } from '../../machines/overseer.ts'
import { role } from './role.ts'

export default role({
  name: 'overseer',
  owns: (at, town) => at.role === 'overseer' || (at.role === 'crew' && town.hasCrew(at.rig, at.name)),
  machine: overseerMachine,
  version: 1,
  input: () => ({}),
  understands: overseerUnderstands,
  ignores: overseerIgnores,
})
