// `bd q`: an issue at once, and nothing but its id.
// Never: more than `bd create` does.
import { command, defined, priorityOf, split } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'q',
  summary: 'file an issue at once; prints its id',
  usage: '"Title"',
  writes: true,
  options: {
    type: { kind: 'text', short: 't', about: 'task if left out' },
    priority: { kind: 'text', short: 'p', about: '0 to 4; 2 if left out' },
    labels: { kind: 'text', many: true, short: 'l', about: 'its labels, by comma' },
  },
  args: { words: { kind: 'text', many: true } },
  run({ flags, args, beads, actor, print }) {
    if (args.words.length === 0) throw new Usage('title required: bd q "Title"')
    const labels = split(flags.labels)
    const issue = beads.create(
      {
        title: args.words.join(' '),
        labels,
        ...defined({ issue_type: flags.type, priority: priorityOf(flags.priority) }),
      },
      actor,
    )
    print(
      () => ({ id: issue.id }),
      () => [issue.id],
    )
  },
})
