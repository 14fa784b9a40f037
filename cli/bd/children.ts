// `bd children`: the parts of an issue.
// Never: shows what is done unless it is asked for.
import { command, listedLine } from '../bd-command.ts'

export default command({
  name: 'children',
  summary: 'the parts of an issue',
  usage: '<id> [--all]',
  writes: false,
  options: { all: { kind: 'flag', about: 'closed ones too' }, pretty: { kind: 'flag', about: 'nothing to do here' } },
  args: { id: { kind: 'id' } },
  run({ flags, args, beads, print }) {
    const id = beads.resolve(args.id)
    const filter = { partOf: id, all: flags.all }
    const issues = beads.listed(filter)
    print(
      () => beads.json(filter),
      () => (issues.length === 0 ? [`${id} has no open parts`] : issues.map(listedLine)),
    )
  },
})
