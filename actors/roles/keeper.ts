// A keeper's place in the runtime: `<rig>/witness/<Polecat>`, begun by the Witness with each assignment.
import { keeperIgnores, keeperMachine, keeperUnderstands } from '../../machines/keeper.ts'
import { role } from './role.ts'

export default role({
  name: 'keeper',
  owns: (at) => at.role === 'keeper',
  machine: keeperMachine,
  version: 2,
  // 1 was a retirement, which lived for no longer than it took.
  migrate: (snapshot) => snapshot,
  input: (at, _incarnation, town) => {
    const { rig, name } = at as { rig: string; name: string }
    return { rig, polecat: name, triesMax: town.rig(rig).retireTries }
  },
  begins: ['worker.assigned', 'polecat.working', 'shutdown.requested'],
  understands: keeperUnderstands,
  ignores: keeperIgnores,
})
