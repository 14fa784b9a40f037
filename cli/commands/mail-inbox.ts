import process from 'node:process'
import { openBeads } from '../../actors/beads/embedded.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { command } from '../command.ts'

export default command({
  summary: 'unread mail: yours, or of the address given',
  usage: '[address]',
  examples: ['gt mail inbox', 'gt inbox wyvern/witness', 'gt mail inbox --json'],
  args: [0, 1],
  run({ args, town, print }) {
    const who = args[0] === 'mayor' ? 'mayor/' : (args[0] ?? process.env.GT_ADDRESS ?? 'overseer')
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
    print(mail, () =>
      mail.length === 0 ? ['no unread mail'] : mail.map((each) => `${each.id}  ${each.from}  ${each.subject}`),
    )
    return 0
  },
})
