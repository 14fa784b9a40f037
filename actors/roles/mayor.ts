// The Mayor's place in the runtime.
import { mayorIgnores, mayorMachine, mayorUnderstands } from '../../machines/mayor.ts'
import { role } from './role.ts'

export default role({
  name: 'mayor',
  owns: (at) => at.role === 'mayor',
  machine: mayorMachine,
  version: 1,
  input: () => ({}),
  understands: mayorUnderstands,
  ignores: mayorIgnores,
})
