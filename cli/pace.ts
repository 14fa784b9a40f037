// The pace of a session’s requests: an agent that never stops calling `gt` waits for its turn, and holds up nobody.
// Never: lets one asker keep more than a few waiting; remembers more than one time for each.
import { setTimeout as pause } from 'node:timers/promises'
import { Refusal } from '../runtime/open.ts'

/** As many at once, then one in so many milliseconds, and so many that wait. No agent at work asks so much. */
export const pace = { burst: 60, everyMs: 1000, waiting: 20 }

/**
 * Resolves when it is this asker's turn; rejects when nobody waits for the answer any more, which gives the turn back,
 * and with a Refusal when too many wait already.
 */
export function paced({ burst, everyMs, waiting } = pace, now: () => number = () => performance.now()) {
  const lastAt = new Map<string, number>()
  return async (asker: string, gone: AbortSignal): Promise<void> => {
    const at = Math.max(lastAt.get(asker) ?? Number.NEGATIVE_INFINITY, now() - burst * everyMs) + everyMs
    if (at - now() > waiting * everyMs)
      throw new Refusal(`${asker} has asked too much at once, and ${waiting} requests of it wait; ask again in a while`)
    lastAt.set(asker, at)
    if (at <= now()) return
    try {
      await pause(at - now(), undefined, { signal: gone })
    } catch (error) {
      lastAt.set(asker, (lastAt.get(asker) as number) - everyMs)
      throw error
    }
  }
}
