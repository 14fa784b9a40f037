import { command } from '../command.ts'

/** How long a daemon that restarts is waited for: a finished worker's word must not be lost to it. */
const patienceMs = 120_000

export default command({
  summary: 'a polecat is done: hand the work over and ask to be shut down',
  usage: '',
  examples: ['gt handoff'],
  args: [0, 0],
  async run({ ask, print }) {
    const done = await ask('handoff', {}, undefined, patienceMs)
    print(done, () => [done.text])
    return 0
  },
})
