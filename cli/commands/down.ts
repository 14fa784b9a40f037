import { command } from '../command.ts'

export default command({
  summary: 'end the town; sessions are stopped, their work is kept',
  usage: '[--keep-sessions]',
  examples: ['gt down', 'gt down --keep-sessions    # agents go on; the next gt up finds them'],
  options: { 'keep-sessions': { type: 'boolean', about: 'let agents go on; the next gt up finds them' } },
  args: [0, 0],
  async run({ flags, ask, town, print }) {
    const done = await ask('down', { keepSessions: flags['keep-sessions'] === true })
    print(done, () => [`${town()} is down${done.stopped.length > 0 ? `; stopped ${done.stopped.join(', ')}` : ''}`])
    return 0
  },
})
