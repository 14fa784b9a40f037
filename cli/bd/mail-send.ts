// `bd mail send`: a message to somebody, as a bead; in a town its daemon sends it.
// Never: writes a message into a town's store.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'
import { asSent, delegated, identityOf, isOneself } from '../bd-mail.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'mail send',
  summary: 'a message to somebody',
  usage: '<to> -s "subject" [-m "…"]',
  writes: true,
  options: {
    subject: { kind: 'text', short: 's', about: 'what it is about' },
    message: { kind: 'text', short: 'm', about: 'the text' },
    body: { kind: 'text', about: 'the same as --message' },
    urgent: { kind: 'flag', about: 'priority 0' },
    priority: { kind: 'number', range: [0, 4], about: '0 (most urgent) to 4; 2 if left out' },
    type: { kind: 'text', about: 'nothing to do here' },
    'thread-id': { kind: 'text', about: 'the thread that it belongs to' },
    'reply-to': { kind: 'text', about: 'the message that it answers' },
    identity: { kind: 'text', about: 'who says it; else --actor' },
  },
  args: { to: { kind: 'text' } },
  run(call) {
    const { flags, args, beads, print } = call
    const text = flags.message ?? flags.body ?? ''
    if (!flags.subject) throw new Usage('give a subject: -s "…"')
    const priority = flags.urgent ? 0 : (flags.priority ?? 2)
    isOneself(call, flags.identity)
    const said = ['-s', flags.subject, '-m', text, '--priority', String(priority)]
    const replyTo = flags['reply-to'] ? ['--reply-to', flags['reply-to']] : []
    const thread = flags['thread-id'] ? ['--thread-id', flags['thread-id']] : []
    if (thread[1] !== undefined && beads.isTowns())
      throw new BeadsError(
        `in a town mail belongs to the thread of what it answers: say --reply-to ${thread[1]} in place of --thread-id`,
      )
    const away = delegated(call, ['send', args.to, ...said, ...replyTo, ...thread], asSent)
    if (away !== undefined) return away
    const from = identityOf(call, flags.identity)
    const labels = [
      `from:${from}`,
      ...(flags['thread-id'] ? [`thread:${flags['thread-id']}`] : []),
      ...(flags['reply-to'] ? [`reply-to:${beads.resolve(flags['reply-to'])}`] : []),
    ]
    const issue = beads.create(
      {
        title: flags.subject,
        description: text,
        issue_type: 'message',
        priority,
        assignee: args.to,
        sender: from,
        labels,
        ephemeral: 1,
      },
      from,
    )
    print(
      () => ({ id: issue.id, to: args.to, from, subject: issue.title, priority, timestamp: issue.created_at }),
      () => [`Message sent: ${issue.id}`, `  To: ${args.to}`, `  Subject: ${issue.title}`],
    )
    return 0
  },
})
