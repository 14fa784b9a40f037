// `bd mail reply`: an answer to whoever sent a message.
// Never: answers what is no message.
import { BeadsError, type Issue } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'
import { asSent, delegated, identityOf, isOneself } from '../bd-mail.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'mail reply',
  summary: 'an answer to a message',
  usage: '<id> -m "…"',
  writes: true,
  options: {
    message: { kind: 'text', short: 'm', about: 'the text' },
    identity: { kind: 'text', about: 'who says it; else --actor' },
  },
  args: { id: { kind: 'text' } },
  run(call) {
    const { flags, args, beads, print } = call
    if (!flags.message) throw new Usage('usage: bd mail reply <id> -m "…"')
    isOneself(call, flags.identity)
    const away = delegated(call, ['reply', args.id, '-m', flags.message], asSent)
    if (away !== undefined) return away
    const told = beads.get(beads.resolve(args.id)) as Issue
    if (told.issue_type !== 'message') throw new BeadsError(`${told.id} is not a message (type: ${told.issue_type})`)
    const to = told.sender ?? ''
    if (to === '') throw new BeadsError(`nobody says who sent ${told.id}`)
    const subject = /^re: /i.test(told.title) ? told.title : `Re: ${told.title}`
    const from = identityOf(call, flags.identity)
    const issue = beads.written(() => {
      const made = beads.create(
        {
          title: subject,
          description: flags.message ?? '',
          issue_type: 'message',
          priority: told.priority,
          assignee: to,
          sender: from,
          labels: [`from:${from}`, `reply-to:${told.id}`, `thread:${threadOf(beads.labels(told.id)) ?? told.id}`],
          ephemeral: 1,
        },
        from,
      )
      return made
    })
    print(
      () => ({ id: issue.id, to, from, subject, priority: issue.priority, timestamp: issue.created_at }),
      () => [`Message sent: ${issue.id}`, `  To: ${to}`, `  Subject: ${subject}`],
    )
    return 0
  },
})

const threadOf = (labels: readonly string[]) =>
  labels.find((label) => label.startsWith('thread:'))?.slice('thread:'.length)
