// `bd epic status`: how far each epic is that is not closed.
// Never: closes one.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'epic status',
  also: ['epic'],
  summary: 'how far each epic is',
  usage: '[--eligible-only]',
  writes: false,
  options: { 'eligible-only': { kind: 'flag', about: 'only those whose parts are all closed' } },
  args: { id: { kind: 'id', optional: true } },
  run({ flags, args, beads, print }) {
    const one = args.id === undefined ? undefined : beads.resolve(args.id)
    const epics = beads.epics(flags['eligible-only']).filter(({ epic }) => one === undefined || epic.id === one)
    print(
      () => epics.map(({ epic, ...counts }) => ({ epic: issueJson(beads, epic), ...counts })),
      () =>
        epics.length === 0
          ? ['No open epics']
          : epics.flatMap(({ epic, total_children: all, closed_children: closed, eligible_for_close: isEligible }) => [
              `${isEligible ? '✓' : '○'} ${epic.id} ${epic.title}`,
              `   Progress: ${closed}/${all} children closed (${all === 0 ? 0 : Math.floor((100 * closed) / all)}%)`,
            ]),
    )
  },
})
