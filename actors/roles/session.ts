// A session actor's place in the runtime: one a polecat's name, for all its incarnations, so that epochs only grow.
import { sessionIgnores, sessionMachine, sessionUnderstands, unspoken } from '../../machines/session.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'session',
  owns: (at) => at.role === 'session',
  machine: sessionMachine,
  version: 3,
  // 2: somebody may speak with its agent. 3: it knows how long its conversation lasts, and why the one before is over.
  migrate(snapshot) {
    const { toldFull = false, ...context } = snapshot.context as JsonObject
    return { ...snapshot, context: { ...unspoken, toldToCycle: toldFull, ...context } }
  },
  input: (at) => {
    const { rig, name } = at as { rig: string; name: string }
    return { rig, polecat: name, address: `${rig}/polecats/${name}` }
  },
  understands: sessionUnderstands,
  ignores: sessionIgnores,
})
