// `gt session attach`: a terminal on an agent's session: in its own program where that lets a person in, in tmux, or
// what it does as it comes. With --take-over its conversation goes on in this terminal, and the worker afterwards.
// Never: ends a session, but where it is taken over.
import { Usage } from '../errors.ts'
import { tell } from '../print.ts'
import { type Context, declare } from '../word.ts'

export const word = declare({
  name: 'session attach',
  group: 'sessions',
  summary: 'join a session, or watch it; or take its conversation over',
  usage: '<rig>/<polecat> [--take-over [--yes]] [--raw]',
  examples: [
    'gt session attach wyvern/Nux    # in tmux, leave with Ctrl-b d',
    'gt session attach wyvern/Nux --take-over    # stops it; its conversation goes on in this terminal',
  ],
  options: {
    'take-over': {
      kind: 'flag',
      about: 'stop the session and go on with its conversation here; the worker goes on when you leave it',
    },
    yes: { kind: 'flag', short: 'y', about: 'take over without being asked' },
    raw: { kind: 'flag', about: 'where it is watched: byte for byte, so that the agent steers your terminal' },
  },
  args: { who: { kind: 'address' } },
  async run(context) {
    const { args, flags, ask, town } = context
    if (flags.yes && !flags['take-over']) throw new Usage('--yes goes with --take-over')
    const { placeOf } = await import('../place.ts')
    const { rig, name, run } = placeOf(town(), args.who)
    if (flags['take-over']) {
      const { takeOver } = await import('../take-over.ts')
      return takeOver(context as unknown as Context, { who: args.who, rig, name, run, isAsked: !flags.yes })
    }
    const session = (await ask('sessions', { rig })).find(({ address }) => address === args.who)
    if (!session) throw new Error(`${args.who} has no live session; \`gt session list\` shows who has`)
    const { inTerminal } = await import('../in-terminal.ts')
    if (run.isSpoken) {
      const { wayIn } = await import('../../actors/agents/attach.ts')
      const way = wayIn(run.dir)
      if (way) {
        const { agentPlace } = await import('../place.ts')
        const { env } = await agentPlace(town(), { rig, name, run })
        return inTerminal(way.argv, { cwd: run.worktree, env: { ...env, ...way.env } })
      }
      tell(
        'nobody can join this agent: what it does follows, read-only; leave with Ctrl-c',
        `its conversation goes on in your own terminal with: gt session attach ${args.who} --take-over`,
      )
    } else if (session.backend === 'tmux') {
      const { townLayout } = await import('../../actors/layout.ts')
      return inTerminal(['tmux', '-L', townLayout(town()).tmuxSocket, 'attach-session', '-t', `=${session.id}`])
    } else tell('this session is not in tmux: its output follows, read-only; leave with Ctrl-c')
    const { followSession } = await import('../session-log.ts')
    await followSession(run, flags.raw ? 'raw' : 'words')
    return 0
  },
})
