import { command, table } from '../command.ts'

export default command({
  summary: 'list the live sessions',
  usage: '[rig]',
  examples: ['gt session list'],
  args: [0, 1],
  async run({ args, ask, print }) {
    const sessions = await ask('sessions', args[0] === undefined ? {} : { rig: args[0] })
    print(sessions, () =>
      sessions.length === 0
        ? ['no session is live']
        : table(
            sessions.map((session) => [
              session.address,
              session.issue,
              session.state,
              session.backend,
              `pid ${session.pid}`,
            ]),
          ),
    )
    return 0
  },
})
