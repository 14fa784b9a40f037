// `gt down`: sessions end, their work is kept, and the daemon is gone when this returns; also one that does not answer,
// and what one that is gone has left.
// Never: kills a daemon that answers before it has had time to end.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { endEach, isAlive, startOf } from '../../actors/processes.ts'
import { answering, stopSessions } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { declare } from '../word.ts'

/** How long a daemon that was told to end may take, in milliseconds, before it is killed. */
const goneWithinMs = 15_000

export const word = declare({
  name: 'down',
  group: 'town',
  summary: 'end the town; sessions are stopped, their work is kept',
  usage: '[--keep-sessions]',
  examples: ['gt down', 'gt down --keep-sessions    # agents go on; the next gt up finds them'],
  options: { 'keep-sessions': { kind: 'flag', about: 'let agents go on; the next gt up finds them' } },
  async run({ flags, ask, town, print }) {
    const root = town()
    const keepSessions = flags['keep-sessions']
    let done: { stopped: string[]; pid: number; killed: boolean }
    try {
      const { stopped, pid } = await ask('down', { keepSessions })
      done = { stopped, pid, killed: await gone(pid) }
      // It had no time to end what it had started.
      if (done.killed) done.stopped.push(...(await left(root, keepSessions)))
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
      done = await withoutAnswer(root, keepSessions, error)
    }
    print(done, ({ stopped, pid, killed }) => [
      `${root} is down${stopped.length > 0 ? `; stopped ${stopped.join(', ')}` : ''}`,
      ...(killed
        ? [`its daemon (pid ${pid}) did not end by itself and was killed; nothing that was decided is lost`]
        : []),
    ])
    return 0
  },
})

/** Down is when the daemon is gone and has let go of its files; says whether it had to be killed. */
async function gone(pid: number): Promise<boolean> {
  const daemon = { pid, pidStart: startOf(pid) ?? 'gone' }
  for (const end = performance.now() + goneWithinMs; isAlive(daemon) && performance.now() < end; ) await sleep(5)
  if (!isAlive(daemon)) return false
  await endEach([daemon], 1000)
  return true
}

/** Rethrows `error` for a town that is down, and has left nothing that runs. */
async function withoutAnswer(root: string, keepSessions: boolean, error: TownUnreachable) {
  const { endDaemon } = await import('../../actors/remains.ts')
  const pid = await endDaemon(root)
  const stopped = await left(root, keepSessions)
  if (pid === undefined && stopped.length === 0) throw error
  return { stopped, pid: pid ?? 0, killed: pid !== undefined }
}

async function left(root: string, keepSessions: boolean): Promise<string[]> {
  const { readTown } = await import('../../actors/facts.ts')
  const { endRemains } = await import('../../actors/remains.ts')
  return endRemains(root, [...readTown(root).rigs.keys()], keepSessions)
}

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
