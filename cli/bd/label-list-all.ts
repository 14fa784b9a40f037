// `bd label list-all`: every label there is.
// Never: changes any.
import { command } from '../bd-command.ts'

export default command({
  name: 'label list-all',
  summary: 'every label there is, with how many issues bear it',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const labels = beads.labelCounts()
    print(
      () => labels,
      () =>
        labels.length === 0
          ? ['No labels']
          : [
              `All labels (${labels.length} unique):`,
              ...labels.map(({ label, count }) => `  ${label}  (${count} issues)`),
            ],
    )
  },
})
