// `gt session attach`: a terminal on an agent's session, or its output where there is no tmux.
// Never: ends it.
import { spawn } from 'node:child_process'
import { tell } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'session attach',
  group: 'sessions',
  summary: 'attach to a session; without tmux, watch its output',
  usage: '<rig>/<polecat> [--raw]',
  examples: ['gt session attach wyvern/Nux    # leave with Ctrl-b d'],
  options: { raw: { kind: 'flag', about: 'without tmux: byte for byte, so that the agent steers your terminal' } },
  args: { who: { kind: 'address' } },
  async run({ args: { who }, flags, ask, town }) {
    const { townLayout } = await import('../../actors/layout.ts')
    const session = (await ask('sessions', {})).find(({ address }) => address === who)
    if (!session) throw new Error(`${who} has no live session; \`gt session list\` shows who has`)
    if (session.backend === 'process') {
      tell('this session is not in tmux: its output follows, read-only; leave with Ctrl-c')
      const { followOutput } = await import('./session-logs.ts')
      await followOutput(session.dir, flags.raw)
      return 0
    }
    const argv = ['-L', townLayout(town()).tmuxSocket, 'attach-session', '-t', `=${session.id}`]
    return new Promise<number>((resolve, reject) =>
      spawn('tmux', argv, { stdio: 'inherit' })
        .on('error', reject)
        .on('exit', (code) => resolve(code ?? 0)),
    )
  },
})
