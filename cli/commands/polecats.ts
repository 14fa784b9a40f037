import { command, table } from '../command.ts'

export default command({
  summary: 'list the polecats of a rig',
  usage: '<rig>',
  examples: ['gt polecats wyvern'],
  args: [1, 1],
  async run({ args, ask, print }) {
    const cats = await ask('polecats', { rig: String(args[0]) })
    print(cats, () =>
      cats.length === 0
        ? ['nobody works']
        : table(
            cats.map((cat) => [cat.name, cat.issue, cat.state, cat.session ? `pid ${cat.session.pid}` : '', cat.title]),
          ),
    )
    return 0
  },
})
