// `bd stale`: what is not done and nobody has touched for long.
// Never: changes it.
import type { IssueFilter } from '../../actors/beads/contract.ts'
import { command, filterOf, filters, listedLine, split } from '../bd-command.ts'

export default command({
  name: 'stale',
  summary: 'what is not done and nobody has touched for long',
  usage: '[--days 30]',
  writes: false,
  options: {
    ...filters,
    days: { kind: 'number', range: [1, 36_500], short: 'd', about: 'for so many days; 30 if left out' },
    status: { kind: 'text', many: true, short: 's', about: 'of these statuses only, by comma' },
    limit: { kind: 'number', range: [0, 1_000_000], short: 'n', about: 'so many at most; 50 if left out' },
  },
  run({ flags, beads, print }) {
    const days = flags.days ?? 30
    const since = new Date(Date.now() - days * 86_400_000).toISOString()
    const status = split(flags.status)
    const filter: IssueFilter = {
      ...{ ...filterOf(flags), updatedBefore: since, sort: 'updated', reverse: true, limit: flags.limit ?? 50 },
      ...(status.length > 0 ? { status } : {}),
    }
    const issues = beads.counted(filter)
    print(
      () => beads.json(filter),
      () =>
        issues.length === 0
          ? ['No stale issues found (all active)']
          : [
              `Stale issues (${issues.length} not touched for ${days} days or more):`,
              ...issues.map((each) => `${listedLine(each)}  (since ${each.updated_at.slice(0, 10)})`),
            ],
    )
  },
})
