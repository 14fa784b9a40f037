// The Refinery's place in the runtime: one a rig.

import { begun } from '../../machines/landing.ts'
import { refineryIgnores, refineryMachine, refineryUnderstands } from '../../machines/refinery.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { role } from './role.ts'

export default role({
  name: 'refinery',
  owns: (at) => at.role === 'refinery',
  machine: refineryMachine,
  version: 3,
  // 2: gates that cannot run and an origin that does not answer are counted apart. 3: what waits says why, and until
  // when; what was being landed is taken up again from the queue.
  migrate(snapshot) {
    const context = snapshot.context as unknown as { rig: string; queue: JsonObject[]; landed: JsonObject[] }
    const fresh = begun(undefined)
    const queue = context.queue.map(({ held, ...request }) => ({
      ...request,
      wait: held ? { what: 'refused', until: null } : null,
      setbacks: 0,
      alone: false,
      maybeOnMain: false,
    }))
    const { rig, landed } = context
    return {
      ...snapshot,
      value: 'idle',
      children: {},
      context: { ...fresh, rig, landed, queue } as unknown as JsonObject,
    }
  },
  input: (at, _incarnation, town) => {
    const { rig } = at as { rig: string }
    const { gated, redMain, tellForeign, judgedBy } = town.rig(rig)
    return { rig, gated, redMain, tellForeign, judgedBy }
  },
  understands: refineryUnderstands,
  ignores: refineryIgnores,
})
