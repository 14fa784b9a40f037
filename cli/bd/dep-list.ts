// `bd dep list`: what an issue directly hangs on, or what hangs on it.
// Never: changes anything.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'dep list',
  summary: 'what an issue hangs on, or what hangs on it',
  usage: '<id> [--direction up]',
  writes: false,
  options: {
    direction: {
      kind: 'text',
      choices: ['down', 'up'],
      about: 'down: what it hangs on (if left out); up: what hangs on it',
    },
    type: { kind: 'text', short: 't', about: 'of this kind only' },
  },
  args: { id: { kind: 'id' } },
  run({ flags, args, beads, print }) {
    const id = beads.resolve(args.id)
    const isUp = flags.direction === 'up'
    const found = (isUp ? beads.dependents(id) : beads.dependencies(id))
      .filter(({ type }) => flags.type === undefined || type === flags.type)
      .flatMap((dep) => {
        const issue = beads.get(isUp ? dep.issue_id : dep.depends_on_id)
        return issue ? [{ issue, type: dep.type }] : []
      })
    print(
      () => found.map(({ issue, type }) => ({ ...issueJson(beads, issue), dependency_type: type })),
      () =>
        found.length === 0
          ? [isUp ? `Nothing hangs on ${id}` : `${id} hangs on nothing`]
          : found.map(
              ({ issue, type }) => `  ${issue.id}: ${issue.title} [P${issue.priority}] (${issue.status}) via ${type}`,
            ),
    )
  },
})
