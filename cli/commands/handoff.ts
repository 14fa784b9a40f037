import { command } from '../command.ts'

export default command({
  summary: 'a polecat is done: hand the work over and ask to be shut down',
  usage: '',
  examples: ['gt handoff'],
  args: [0, 0],
  async run({ ask, print }) {
    const done = await ask('handoff', {})
    print(done, () => [done.text])
    return 0
  },
})
