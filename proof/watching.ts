// Watching: what a watch of a simulated session sees, as the real hand would tell it.
// Never: changes the session.
import type { EffectInput } from '../machines/effects.ts'
import type { JsonObject } from '../runtime/contract.ts'
import { shownBy } from './conversation.ts'
import type { World } from './world.ts'

/** undefined while it goes on waiting. */
export function watched(world: World, input: JsonObject): JsonObject | undefined {
  const { session, stallMatters, since, pause, lastedMs } = input as unknown as EffectInput<'watchSession'>
  const agent = world.agents.get(session.id)
  const { idle, ...looked } = shownBy(agent?.talk, since)
  const asksToCycle = agent?.asksToCycle === true
  if (idle) return { ...idle, ...(idle.kind === 'turn_over' ? { asksToCycle } : {}), ...looked }
  if (!agent || agent.state === 'dead') {
    const { exitCode = null, cutOff = false } = agent ?? {}
    return { kind: 'ended', exitCode, tail: 'last words', cutOff, asksToCycle, ...looked }
  }
  const isOld = agent.talk?.isOld === true && lastedMs !== null
  if (looked.conversation !== null || looked.receipts.length > 0 || looked.isCompacted || isOld)
    return { kind: 'heard', isOld, ...looked }
  if (pause !== null) return { kind: 'pause_over', ...looked }
  const isSilent = agent.state === 'frozen' && stallMatters
  return isSilent ? { kind: 'stalled', silentMs: 1_800_000, tail: '', ...looked } : undefined
}

/** The same, told by a watch: nobody of a session that is over is left then. */
export function seen(world: World, input: JsonObject): JsonObject | undefined {
  const news = watched(world, input)
  if (news?.['kind'] === 'ended') world.left.delete((input as unknown as EffectInput<'watchSession'>).session.id)
  return news
}
