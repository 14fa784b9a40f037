// `gt down`: sessions end, their work is kept, and the daemon is gone when this returns.
// Never: kills the daemon; it is told to end.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { isAlive, startOf } from '../../actors/processes.ts'
import { answering, stopSessions } from '../asking.ts'
import { declare } from '../word.ts'

/** How long a daemon may take to end, in milliseconds. */
const goneWithinMs = 15_000

export const word = declare({
  name: 'down',
  group: 'town',
  summary: 'end the town; sessions are stopped, their work is kept',
  usage: '[--keep-sessions]',
  examples: ['gt down', 'gt down --keep-sessions    # agents go on; the next gt up finds them'],
  options: { 'keep-sessions': { kind: 'flag', about: 'let agents go on; the next gt up finds them' } },
  async run({ flags, ask, town, print }) {
    const done = await ask('down', { keepSessions: flags['keep-sessions'] })
    // Down is when the daemon is gone and has let go of its files.
    const daemon = { pid: done.pid, pidStart: startOf(done.pid) ?? 'gone' }
    for (let waitedMs = 0; isAlive(daemon) && waitedMs < goneWithinMs; waitedMs += 5) await sleep(5)
    if (isAlive(daemon))
      throw new Error(`the daemon (pid ${done.pid}) was told to end and is still there; its log is daemon/daemon.log`)
    print(done, () => [`${town()} is down${done.stopped.length > 0 ? `; stopped ${done.stopped.join(', ')}` : ''}`])
    return 0
  },
})

export const answers = {
  /** Ends the daemon. Sessions are stopped, their work kept for the next `gt up`, unless keepSessions. */
  down: answering({
    word: 'down',
    shape: z.object({ keepSessions: z.boolean().optional() }),
    answer: async ({ keepSessions }, asking) => {
      const stopped = keepSessions ? [] : await stopSessions(asking, null, 'the town goes down')
      asking.town.goDown({ keepSessions: keepSessions ?? false })
      return { stopped, pid: asking.town.pid }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
