// `gt mail read`: one mail, out of the inbox from then on.
// Never: deletes it.
import { body } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail read',
  group: 'mail',
  summary: 'read a mail; it is out of the inbox then',
  usage: '<id>',
  examples: ['gt mail read gm-4k2j9x1q'],
  args: { id: { kind: 'text' } },
  async run({ args: { id }, town, print }) {
    const { openBeads } = await import('../../actors/beads/embedded.ts')
    const { readTown, rigOfIssue } = await import('../../actors/facts.ts')
    const { rigLayout, townLayout } = await import('../../actors/layout.ts')
    const root = town()
    const rig = rigOfIssue(readTown(root).rigs, id)
    const beads = openBeads(rig === undefined ? townLayout(root).beads : rigLayout(root, rig).beads)
    const mail = beads.get(id)
    if (mail?.issue_type !== 'message')
      throw new Error(mail ? `${id} is not a message (type: ${mail.issue_type})` : `no mail ${id}`)
    if (mail.status === 'open') beads.closeIssue(id, 'read', String(mail.assignee), true)
    beads.close()
    print(mail, (mail) => [
      `From: ${mail.sender ?? ''}`,
      `To: ${mail.assignee}`,
      `Subject: ${mail.title}`,
      `Date: ${mail.created_at}`,
      '',
      body(mail.description),
    ])
    return 0
  },
})
