// `gt mail inbox`: mail for people and agents is kept as beads, and read there.
// Never: marks anything as read.
import process from 'node:process'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail inbox',
  also: 'inbox',
  group: 'mail',
  summary: 'unread mail: yours, or of the address given',
  usage: '[address]',
  examples: ['gt mail inbox', 'gt inbox wyvern/witness', 'gt mail inbox --json'],
  args: { address: { kind: 'address', optional: true } },
  async run({ args, town, print }) {
    const { rigLayout, townLayout } = await import('../../actors/layout.ts')
    const { openBeads } = await import('../../actors/beads/embedded.ts')
    const who = args.address ?? process.env.GT_ADDRESS ?? 'overseer'
    const root = town()
    const rig = who.includes('/') && who !== 'mayor/' ? who.split('/')[0] : undefined
    const beads = openBeads(rig === undefined ? townLayout(root).beads : rigLayout(root, rig).beads)
    const mail = beads.inbox(who).map(({ id, title, description, sender, priority, created_at }) => ({
      id,
      from: sender,
      subject: title,
      body: description,
      priority,
      sent_at: created_at,
    }))
    beads.close()
    print(mail, (mail) =>
      mail.length === 0 ? ['no unread mail'] : mail.map((each) => `${each.id}  ${each.from ?? ''}  ${each.subject}`),
    )
    return 0
  },
})
