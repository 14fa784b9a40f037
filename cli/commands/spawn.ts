import { command, Usage } from '../command.ts'

export default command({
  summary: 'give an epic or an issue to workers',
  usage: '(--epic <id> | --issue <id> [--fresh])',
  examples: [
    'gt spawn --epic wyv-1',
    'gt spawn --issue wyv-1.2',
    'gt spawn --issue wyv-1.2 --fresh    # not from kept work',
  ],
  options: {
    epic: { type: 'string', about: 'every open child of this epic, in waves' },
    issue: { type: 'string', about: 'this one issue' },
    fresh: { type: 'boolean', about: 'start from main, not from work kept of earlier tries' },
  },
  args: [0, 0],
  async run({ flags, ask, print }) {
    if ((flags.epic === undefined) === (flags.issue === undefined))
      throw new Usage('say either --epic <id> or --issue <id>')
    const done = await ask('spawn', {
      ...(flags.epic ? { epic: String(flags.epic) } : { issue: String(flags.issue) }),
      fresh: flags.fresh === true,
    })
    print(done, () => [done.text])
    return 0
  },
})
