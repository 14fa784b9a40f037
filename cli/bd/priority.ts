// `bd priority`: how urgent an issue is.
// Never: begins or ends it.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command, priorityOf } from '../bd-command.ts'

export default command({
  name: 'priority',
  summary: 'how urgent an issue is',
  usage: '<id> <0-4>',
  writes: true,
  args: { id: { kind: 'id' }, value: { kind: 'text' } },
  run({ args, beads, actor, print }) {
    const id = beads.resolve(args.id)
    const issue = beads.update(id, { priority: priorityOf(args.value) as number }, actor)
    print(
      () => issueJson(beads, issue),
      () => [`✓ Set priority of ${id} to P${issue.priority}`],
    )
  },
})
