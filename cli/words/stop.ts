// `gt stop`: the emergency brake; it also works when there is no daemon.
// Never: loses work; sessions end, their places stay.
import { z } from 'zod'
import { answering, knownRig, stopSessions } from '../asking.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'stop',
  group: 'town',
  summary: 'emergency: end all sessions; nothing starts again until gt up',
  usage: '(--all | --rig <name>)',
  examples: ['gt stop --all', 'gt stop --rig wyvern'],
  options: { all: { kind: 'flag', about: 'the whole town' }, rig: { kind: 'text', about: 'one rig' } },
  async run({ flags: { all, rig }, ask, town, print }) {
    if (all === (rig !== undefined)) throw new Usage('say --all or --rig <name>')
    let stopped: string[]
    try {
      stopped = (await ask('stop', rig === undefined ? {} : { rig })).stopped
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
      stopped = await withoutDaemon(town(), rig)
    }
    print({ stopped }, () => [
      stopped.length === 0 ? 'no session was live' : `stopped ${stopped.join(', ')}`,
      'nothing starts again until `gt up`',
    ])
    return 0
  },
})

/** What still runs is ended by its record first; then the hold, for a daemon that somebody else starts. */
async function withoutDaemon(root: string, rig: string | undefined): Promise<string[]> {
  const { townLayout } = await import('../../actors/layout.ts')
  const { endSessions } = await import('../../actors/sessions/session.ts')
  const { openRecords } = await import('../../actors/records.ts')
  const { holdUnhosted } = await import('../../runtime/open.ts')
  const layout = townLayout(root)
  const ended = await endSessions(layout.sessions, rig ?? null, 2000, new AbortController().signal)
  const store = openRecords(root, { busyMs: 2000 })
  try {
    holdUnhosted(store, rig === undefined ? '*' : `${rig}/`)
  } finally {
    store.close()
  }
  return ended
}

export const answers = {
  /** Kills every session of the town or of one rig; nothing starts again until `resume`. */
  stop: answering({
    word: 'stop',
    shape: z.object({ rig: z.string().optional() }),
    answer: async ({ rig }, asking) => ({
      stopped: await stopSessions(
        asking,
        rig === undefined ? null : knownRig(asking.town, rig),
        'stopped by the Overseer',
      ),
    }),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
