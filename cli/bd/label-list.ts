// `bd label list`: the labels of an issue.
// Never: changes them.
import { command } from '../bd-command.ts'

export default command({
  name: 'label list',
  summary: 'the labels of an issue',
  usage: '<id>',
  writes: false,
  args: { id: { kind: 'id' } },
  run({ args, beads, print }) {
    const id = beads.resolve(args.id)
    const labels = beads.labels(id)
    print(
      () => labels,
      () =>
        labels.length === 0 ? [`${id} has no labels`] : [`Labels for ${id}:`, ...labels.map((label) => `  - ${label}`)],
    )
  },
})
