// A polecat's place in the runtime: each assignment is a new incarnation.
import { polecatIgnores, polecatMachine, polecatUnderstands } from '../../machines/polecat.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'polecat',
  owns: (at) => at.role === 'polecat',
  machine: polecatMachine,
  version: 2,
  // 2: several may wait for one handoff; it may be stopped between two sessions.
  migrate(snapshot) {
    const { askId, ...context } = snapshot.context as JsonObject
    return { ...snapshot, context: { ...context, askIds: askId ? [askId] : [], paused: false } }
  },
  input: (at, incarnation, town) => {
    const rig = 'rig' in at ? at.rig : ''
    return { rig, name: 'name' in at ? at.name : '', incarnation, startsMax: town.rig(rig).sessionTries }
  },
  begins: ['polecat.assigned'],
  understands: polecatUnderstands,
  ignores: polecatIgnores,
})
