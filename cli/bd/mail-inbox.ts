// `bd mail inbox`: open messages to somebody.
// Never: marks one as read.
import { command, jsonOf } from '../bd-command.ts'
import { asIssue, delegated, identityOf } from '../bd-mail.ts'

export default command({
  name: 'mail inbox',
  also: ['mail'],
  summary: 'open messages',
  usage: '[--identity <who>]',
  writes: false,
  options: {
    identity: { kind: 'text', about: 'whose; else --actor' },
    from: { kind: 'text', about: 'from this one only' },
    priority: { kind: 'number', range: [0, 4], about: 'of this priority only' },
  },
  run(call) {
    const { flags, beads, print } = call
    const { identity, from, priority } = flags
    const urgency = priority === undefined ? [] : ['--priority', String(priority)]
    const words = ['inbox', ...(identity ? [identity] : []), ...(from ? ['--from', from] : []), ...urgency]
    const away = delegated(call, words, (all: Parameters<typeof asIssue>[0][]) => all.map(asIssue))
    if (away !== undefined) return away
    const who = identityOf(call, flags.identity)
    const all = beads
      .list({ types: ['message'], assignee: who, status: ['open'] })
      .filter(
        (issue) => (priority ?? issue.priority) === issue.priority && (from === undefined || issue.sender === from),
      )
    print(
      () => jsonOf(beads, all),
      () =>
        all.length === 0
          ? [`No messages for ${who}`]
          : all.map((issue) => `${issue.id} [P${issue.priority}] from ${issue.sender ?? 'somebody'}: ${issue.title}`),
    )
    return 0
  },
})
