// A polecat's place in the runtime: each assignment is a new incarnation.
import { polecatIgnores, polecatMachine, polecatUnderstands } from '../../machines/polecat.ts'
import type { Json, JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'polecat',
  owns: (at) => at.role === 'polecat',
  machine: polecatMachine,
  version: 5,
  // 2: several may wait for one handoff; it may be stopped between two sessions. 3: it says how it ended. 5: its
  // session keeps what its agent writes to itself.
  migrate(snapshot, from) {
    const { note: _note, ...known } = snapshot.context as JsonObject
    if (from >= 3) return { ...snapshot, context: known }
    const { askId, refusals: _, ...context } = known
    const before = { askIds: askId ? [askId] : [], paused: false, ...context }
    const value = snapshot.value === 'failed' ? 'pending_shutdown' : snapshot.value
    const ending = { outcome: 'handed_over', reason: '', blockedBy: null, asked: false }
    return { ...snapshot, value: value as Json, context: { ...before, ...ending } }
  },
  input: (at, incarnation, town) => {
    const rig = 'rig' in at ? at.rig : ''
    const { sessionTries, reminders, cycles } = town.rig(rig)
    const most = { startsMax: sessionTries, remindersMax: reminders, cyclesMax: cycles }
    return { rig, name: 'name' in at ? at.name : '', incarnation, ...most }
  },
  begins: ['worker.assigned'],
  understands: polecatUnderstands,
  ignores: polecatIgnores,
})
