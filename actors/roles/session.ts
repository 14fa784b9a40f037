// A session actor's place in the runtime: one a polecat's name, for all its incarnations, so that epochs only grow.
import { sessionIgnores, sessionMachine, sessionUnderstands, unspoken } from '../../machines/session.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'session',
  owns: (at) => at.role === 'session',
  machine: sessionMachine,
  version: 4,
  // 2: somebody may speak with its agent. 3: it knows how long its conversation lasts, and why the one before is over.
  // 4: it keeps several notes of its agent's.
  migrate(snapshot) {
    const { toldFull = false, note = '', ...context } = snapshot.context as JsonObject
    const notes = note === '' ? [] : [{ id: '', text: note }]
    return { ...snapshot, context: { ...unspoken, toldToCycle: toldFull, notes, ...context } }
  },
  input: (at) => {
    const { rig, name } = at as { rig: string; name: string }
    return { rig, polecat: name, address: `${rig}/polecats/${name}` }
  },
  understands: sessionUnderstands,
  ignores: sessionIgnores,
})
