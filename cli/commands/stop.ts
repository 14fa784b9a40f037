import { townLayout } from '../../actors/layout.ts'
import { TownUnreachable } from '../client.ts'
import { command, Usage } from '../command.ts'

export default command({
  summary: 'emergency: end all sessions; nothing starts again until gt up',
  usage: '(--all | --rig <name>)',
  examples: ['gt stop --all', 'gt stop --rig wyvern'],
  options: { all: { type: 'boolean', about: 'the whole town' }, rig: { type: 'string', about: 'one rig' } },
  args: [0, 0],
  async run({ flags, ask, town, print }) {
    if ((flags.all === true) === (flags.rig !== undefined)) throw new Usage('say --all or --rig <name>')
    let stopped: string[]
    try {
      stopped = (await ask('stop', typeof flags.rig === 'string' ? { rig: flags.rig } : {})).stopped
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
      // No daemon: what still runs is ended by its record first; then the hold, for a daemon that somebody else starts.
      const { aliveIn, endSession } = await import('../../actors/sessions/session.ts')
      const live = aliveIn(townLayout(town()).sessions).filter(
        (session) => flags.all || session.id.startsWith(`gt-${flags.rig}-`),
      )
      await Promise.all(live.map((session) => endSession(session, 2000, new AbortController().signal)))
      const { holdUnhosted, openSqliteStore } = await import('../../runtime/open.ts')
      const store = openSqliteStore(townLayout(town()).db)
      holdUnhosted(store, flags.all ? '*' : `${flags.rig}/`)
      store.close()
      stopped = live.map((session) => session.id)
    }
    print({ stopped }, () => [
      stopped.length === 0 ? 'no session was live' : `stopped ${stopped.join(', ')}`,
      'nothing starts again until `gt up`',
    ])
    return 0
  },
})
