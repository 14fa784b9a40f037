// `bd count`: how many issues there are, closed ones too, all together or by what they have in common.
// Never: counts mail.
import { command, filterOf, filters, moreFilters, moreOf } from '../bd-command.ts'

const ways = {
  'by-status': 'status',
  'by-priority': 'priority',
  'by-type': 'type',
  'by-assignee': 'assignee',
  'by-label': 'label',
} as const

export default command({
  name: 'count',
  summary: 'how many issues there are',
  usage: '[--status open] [--by-status]',
  writes: false,
  options: {
    ...filters,
    ...moreFilters,
    'by-status': { kind: 'flag', about: 'by status' },
    'by-priority': { kind: 'flag', about: 'by priority' },
    'by-type': { kind: 'flag', about: 'by type' },
    'by-assignee': { kind: 'flag', about: 'by who has it' },
    'by-label': { kind: 'flag', about: 'by label' },
  },
  run({ flags, beads, print }) {
    const filter = { all: true, ...filterOf(flags), ...moreOf(beads, flags) }
    const [way] = (Object.keys(ways) as (keyof typeof ways)[]).filter((name) => flags[name])
    const total = beads.count(filter)[0]?.count ?? 0
    const groups = way === undefined ? [] : beads.count(filter, ways[way])
    print(
      () => (way === undefined ? { count: total } : { total, groups }),
      () =>
        way === undefined
          ? [`${total}`]
          : [`Total: ${total}`, ...groups.map(({ group, count }) => `  ${group || '(none)'}: ${count}`)],
    )
  },
})
