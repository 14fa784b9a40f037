// `bd blocked`: what is not done and waits for something, or says that it is blocked.
// Never: shows what waits only because what it is a part of does; that one is shown.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { isUnfinishedStatus } from '../../actors/beads/parts.ts'
import { command, filterOf, filters } from '../bd-command.ts'

export default command({
  name: 'blocked',
  summary: 'what waits for something that is not done, with what that is',
  usage: '[--parent <epic>]',
  writes: false,
  options: { ...filters, parent: { kind: 'id', about: 'under this issue only, all levels' } },
  run({ flags, beads, print }) {
    const filter = {
      ...filterOf(flags),
      ...(flags.parent === undefined ? {} : { parent: beads.resolve(flags.parent) }),
    }
    const waiting = [
      ...beads.list({ ...filter, blocked: true }),
      ...beads.list({ ...filter, status: ['blocked'] }).filter(({ waits }) => !waits),
    ]
    const found = waiting
      .map((issue) => ({
        issue,
        by: beads
          .dependencies(issue.id)
          .filter(
            (dep) => dep.type === 'blocks' && isUnfinishedStatus(beads.get(dep.depends_on_id)?.status ?? 'closed'),
          )
          .map((dep) => dep.depends_on_id),
      }))
      .filter(({ issue, by }) => by.length > 0 || issue.status === 'blocked')
      .sort((a, b) => a.issue.priority - b.issue.priority || (a.issue.created_at < b.issue.created_at ? -1 : 1))
    print(
      () => found.map(({ issue, by }) => ({ ...issueJson(beads, issue), blocked_by_count: by.length, blocked_by: by })),
      () =>
        found.length === 0
          ? ['No blocked issues']
          : [
              `Blocked issues (${found.length}):`,
              ...found.flatMap(({ issue, by }) => [
                `[P${issue.priority}] ${issue.id}: ${issue.title}`,
                by.length > 0
                  ? `  Blocked by ${by.length} open dependencies: [${by.join(' ')}]`
                  : '  Says that it is blocked, and by nothing here',
              ]),
            ],
    )
  },
})
