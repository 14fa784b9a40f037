// `gt session attach`: a terminal on an agent's session, or its output where there is no tmux.
// Never: ends it.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { declare } from '../word.ts'

export const word = declare({
  name: 'session attach',
  group: 'sessions',
  summary: 'attach to a session; without tmux, watch its output',
  usage: '<rig>/<polecat>',
  examples: ['gt session attach wyvern/Nux    # leave with Ctrl-b d'],
  args: { who: { kind: 'address' } },
  async run({ args: { who }, ask, town }) {
    const { townLayout } = await import('../../actors/layout.ts')
    const session = (await ask('sessions', {})).find(({ address }) => address === who)
    if (!session) throw new Error(`${who} has no live session; \`gt session list\` shows who has`)
    const argv =
      session.backend === 'tmux'
        ? ['tmux', '-L', townLayout(town()).tmuxSocket, 'attach-session', '-t', `=${session.id}`]
        : ['tail', '-n', '+1', '-f', `--pid=${session.pid}`, `${session.dir}/output.log`]
    if (session.backend === 'process')
      process.stderr.write('this session is not in tmux: its output follows, read-only; leave with Ctrl-c\n')
    const [program = '', ...rest] = argv
    return new Promise<number>((resolve, reject) =>
      spawn(program, rest, { stdio: 'inherit' })
        .on('error', reject)
        .on('exit', (code) => resolve(code ?? 0)),
    )
  },
})
