// `gt mail read`: one mail, out of the inbox from then on.
// Never: deletes it; shows what the town did not send; takes a mail out of somebody else's inbox for an agent.
import { body } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail read',
  group: 'mail',
  summary: 'read a mail; it is out of its inbox when you read it',
  usage: '<id>',
  examples: ['gt mail read gm-4k2j9x1q'],
  args: { id: { kind: 'text' } },
  async run({ args: { id }, town, print }) {
    const { isSealed } = await import('../../actors/beads/mail.ts')
    const { openTier } = await import('../../actors/beads/tiers.ts')
    const { readTown, rigOfIssue } = await import('../../actors/facts.ts')
    const { textAt } = await import('../../actors/files.ts')
    const { townLayout } = await import('../../actors/layout.ts')
    const root = town()
    const rig = rigOfIssue(readTown(root).rigs, id)
    const beads = openTier({ town: root, rig })
    const mail = beads.get(id)
    if (mail?.issue_type !== 'message')
      throw new Error(mail ? `${id} is not a message (type: ${mail.issue_type})` : `no mail ${id}`)
    if (!isSealed(textAt(townLayout(root).secret).trim(), mail, beads.labels(id)))
      throw new Error(`${id} was not sent by this town, or was changed since; \`bd show ${id}\` shows what is there`)
    const { whoIsHere } = await import('../here.ts')
    const who = whoIsHere(root)
    const isItsReader = who === undefined || ('address' in who && who.address === mail.assignee)
    if (mail.status === 'open' && isItsReader) beads.closeIssue(id, 'read', String(mail.assignee), true)
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
