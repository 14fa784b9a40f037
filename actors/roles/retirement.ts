// A retirement's place in the runtime: `<rig>/witness/<Polecat>`, begun by the Witness for each polecat that ends.
import { retirementIgnores, retirementMachine, retirementUnderstands } from '../../machines/retirement.ts'
import { role } from './role.ts'

export default role({
  name: 'retirement',
  owns: (at) => at.role === 'retirement',
  machine: retirementMachine,
  version: 1,
  input: (at, _incarnation, town) => {
    const rig = 'rig' in at ? at.rig : ''
    return { rig, polecat: 'name' in at ? at.name : '', triesMax: town.rig(rig).retireTries }
  },
  begins: ['retirement.requested'],
  understands: retirementUnderstands,
  ignores: retirementIgnores,
})
