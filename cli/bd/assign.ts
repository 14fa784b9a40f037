// `bd assign`: who has an issue.
// Never: begins or ends it.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'assign',
  summary: 'who has an issue',
  usage: '<id> <name>',
  writes: true,
  args: { id: { kind: 'id' }, value: { kind: 'text' } },
  run({ args, beads, actor, print }) {
    const id = beads.resolve(args.id)
    const issue = beads.update(id, { assignee: args.value }, actor)
    print(
      () => issueJson(beads, issue),
      () => [`✓ Assigned ${id} to ${args.value}`],
    )
  },
})
