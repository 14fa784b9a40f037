// Where mail for people ends: the Overseer, and the Overseer's crew workspaces, also one that is still to be made.
import { overseerIgnores, overseerMachine, overseerUnderstands } from '../../machines/overseer.ts'
import { role } from './role.ts'

export default role({
  name: 'overseer',
  owns: (at) => at.role === 'overseer' || at.role === 'crew',
  machine: overseerMachine,
  version: 1,
  input: () => ({}),
  understands: overseerUnderstands,
  ignores: overseerIgnores,
})
