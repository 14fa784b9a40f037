// The pace of a session’s requests: an agent that never stops calling `gt` waits for its turn, and holds up nobody.
// Never: refuses; remembers more than one time for each asker.
import { setTimeout as pause } from 'node:timers/promises'

/** As many at once, and then one in so many milliseconds. No agent at work asks so much. */
export const pace = { burst: 60, everyMs: 1000 }

/** Resolves when it is this asker's turn; rejects when nobody waits for the answer any more. */
export function paced({ burst, everyMs } = pace, now: () => number = () => performance.now()) {
  const lastAt = new Map<string, number>()
  return async (asker: string, gone: AbortSignal): Promise<void> => {
    const at = Math.max(lastAt.get(asker) ?? Number.NEGATIVE_INFINITY, now() - burst * everyMs) + everyMs
    lastAt.set(asker, at)
    if (at > now()) await pause(at - now(), undefined, { signal: gone })
  }
}
