// `bd dolt`: how other versions say `bd sync`; `push` takes in what others shared first, as it must.
// Never: anything else.
import { type Call, command, isAgents } from '../bd-command.ts'

export default command({
  name: 'dolt',
  isHidden: true,
  summary: 'another way to say it: push is bd sync, pull is bd sync --no-push',
  usage: 'push|pull',
  writes: (_, { words: [word] }) => word === 'push' || word === 'pull',
  options: {
    status: { kind: 'flag', about: 'nothing to do here' },
    check: { kind: 'flag', about: 'nothing to do here' },
    remove: { kind: 'flag', about: 'nothing to do here' },
    force: { kind: 'flag', about: 'nothing to do here: nothing is pushed with force' },
  },
  args: { words: { kind: 'text', many: true } },
  run(call) {
    const [word] = call.args.words
    if (word === 'push' || word === 'pull') return synced(call, word)
    const words = 'nothing to do here: bd sync shares issues'
    call.print(
      () => ({ status: 'not needed', message: words }),
      () => [words],
    )
  },
})

async function synced(call: Pick<Call, 'beads' | 'actor' | 'print'>, word: 'push' | 'pull') {
  const { unneeded, shared } = await import('./sync.ts')
  return isAgents(call) ? unneeded(call) : shared(call, { pull: true, push: word === 'push' })
}
