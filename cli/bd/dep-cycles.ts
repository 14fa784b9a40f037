// `bd dep cycles`: issues that wait for each other, which only an import can bring.
// Never: mends one; which edge is wrong is for a person to say.
import { command, jsonOf } from '../bd-command.ts'

export default command({
  name: 'dep cycles',
  summary: 'issues that wait for each other in a circle',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const cycles = beads.cycles()
    print(
      () => cycles.map((circle) => jsonOf(beads, circle)),
      () =>
        cycles.length === 0
          ? ['✓ No dependency cycles detected']
          : [
              `${cycles.length} dependency cycles:`,
              ...cycles.map((circle) => `  ${[...circle, circle[0]].map((each) => each?.id).join(' → ')}`),
              'Open one of each with bd dep remove <id> <id>',
            ],
    )
  },
})
