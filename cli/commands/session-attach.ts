import { spawn } from 'node:child_process'
import process from 'node:process'
import { townLayout } from '../../actors/layout.ts'
import { type Context, command } from '../command.ts'

export default command({
  summary: 'attach to a session; without tmux, watch its output',
  usage: '<rig>/<polecat>',
  examples: ['gt session attach wyvern/Nux    # leave with Ctrl-b d'],
  args: [1, 1],
  async run({ args, ask, town }) {
    const session = await sessionOf(String(args[0]), ask)
    const argv =
      session.backend === 'tmux'
        ? ['tmux', '-L', townLayout(town()).tmuxSocket, 'attach-session', '-t', `=${session.id}`]
        : ['tail', '-n', '+1', '-f', `--pid=${session.pid}`, `${session.dir}/output.log`]
    if (session.backend === 'process')
      process.stderr.write('this session is not in tmux: its output follows, read-only; leave with Ctrl-c\n')
    const [program = '', ...rest] = argv
    return new Promise<number>((resolve) =>
      spawn(program, rest, { stdio: 'inherit' }).on('exit', (code) => resolve(code ?? 0)),
    )
  },
})

async function sessionOf(who: string, ask: Context['ask']) {
  const sessions = await ask('sessions', {})
  const found = sessions.find(
    (session) => session.address === who || session.address.replace('/polecats/', '/') === who,
  )
  if (!found) throw new Error(`${who} has no live session; \`gt session list\` shows who has`)
  return found
}
