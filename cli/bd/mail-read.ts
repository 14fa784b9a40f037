// `bd mail read`: a message with its text.
// Never: marks it as read; `bd mail ack` does.
import { BeadsError, type Issue } from '../../actors/beads/contract.ts'
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'
import { asIssue, delegated } from '../bd-mail.ts'
import { body } from '../print.ts'

export default command({
  name: 'mail read',
  summary: 'a message with its text',
  usage: '<id>',
  writes: false,
  options: { identity: { kind: 'text', about: 'nothing to do here' } },
  args: { id: { kind: 'text' } },
  run(call) {
    const { args, beads, print } = call
    const shape = (all: Parameters<typeof asIssue>[0][]) => all.map(asIssue)[0]
    const away = delegated(call, ['read', args.id], shape)
    if (away !== undefined) return away
    const issue = beads.get(beads.resolve(args.id)) as Issue
    if (issue.issue_type !== 'message') throw new BeadsError(`${issue.id} is not a message (type: ${issue.issue_type})`)
    print(
      () => issueJson(beads, issue),
      () => [
        `From: ${issue.sender ?? 'somebody'}`,
        `To: ${issue.assignee}`,
        `Subject: ${issue.title}`,
        `Sent: ${issue.created_at}`,
        '',
        body(issue.description),
      ],
    )
    return 0
  },
})
