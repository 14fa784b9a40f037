// `bd list`: issues, by priority, the newest first.
// Never: shows what is closed unless it is asked for.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command, defined, filterOf, filters, line, split } from '../bd-command.ts'

export default command({
  name: 'list',
  summary: 'issues that are not closed',
  usage: '[--status open,in_progress] [--parent <id>] [--all]',
  writes: false,
  options: {
    ...filters,
    status: { kind: 'text', short: 's', about: 'of these statuses only, by comma' },
    all: { kind: 'flag', about: 'closed ones too' },
    limit: { kind: 'number', range: [0, 1_000_000], short: 'n', about: 'so many at most; 0, and left out: all' },
  },
  run({ flags, beads, print }) {
    const issues = beads.list({
      ...filterOf(beads, flags),
      ...defined({
        status: flags.status === undefined ? undefined : split([flags.status]),
        all: flags.all,
        limit: flags.limit,
      }),
    })
    print(
      () =>
        issues.map((issue) => ({
          ...issueJson(beads, issue),
          dependency_count: beads.dependencies(issue.id).length,
          dependent_count: beads.dependents(issue.id).length,
        })),
      () => issues.map(line),
    )
  },
})
