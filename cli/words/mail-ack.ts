// `gt mail ack`: mails that are read and dealt with.
// Never: says so of somebody else's; says it twice.
import { askerIn, deal, named, withMail } from '../mail.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail ack',
  group: 'mail',
  summary: 'say that mails are read and dealt with; their senders see it',
  usage: '<id> …',
  examples: ['gt mail ack gm-4k2j9x1q', 'gt mail ack 4k2j gm-9d1'],
  args: { ids: { kind: 'text', many: true } },
  async run({ args: { ids }, town, print }) {
    const root = town()
    await withMail(root, async (box) => {
      const mail = named(box, ids, 'ack')
      deal(box, mail, await askerIn(root))
      print({ acknowledged: mail.map(({ id }) => id) }, ({ acknowledged }) =>
        acknowledged.map((id) => `${id} is dealt with`),
      )
    })
    return 0
  },
})
