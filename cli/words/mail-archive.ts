// `gt mail archive`: mail that was read leaves the store for a file of its month.
// Never: takes one that is unread; deletes any.
import type { Mail } from '../../actors/beads/mail.ts'
import type { TownMail } from '../../actors/beads/town-mail.ts'
import { Usage } from '../errors.ts'
import { askerIn, mayMark, named, oneself, withMail } from '../mail.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail archive',
  group: 'mail',
  summary: 'put read mail away, into daemon/mail: these, or all of yours that is older',
  usage: '<id> … | --read [--older <duration>]',
  examples: [
    'gt mail archive gm-4k2j9x1q',
    'gt mail archive --read --older 30d    # the town does so by itself in time',
    'gt mail archive --read --of mayor/',
  ],
  options: {
    read: { kind: 'flag', about: 'all that was read' },
    older: { kind: 'duration', about: 'of that only what was sent longer ago' },
    of: { kind: 'address', about: 'whose, for --read; yours if left out' },
  },
  args: { ids: { kind: 'text', many: true } },
  async run({ args: { ids }, flags: { read, older, of = oneself() }, town, print }) {
    const isAll = read || older !== undefined
    if (isAll === ids.length > 0) throw new Usage('usage: gt mail archive <id> … | --read [--older <duration>]')
    const root = town()
    await withMail(root, async (box) => {
      const mail = isAll ? allRead(box, of, older ?? 0) : named(box, ids, 'archive')
      const asker = await askerIn(root)
      mayMark(mail, asker)
      const unread = mail.filter(({ is_read }) => !is_read).map(({ id }) => id)
      if (unread.length > 0)
        throw new Error(
          `unread: ${unread.join(', ')}; nothing was put away. \`gt mail read\` or \`gt mail ack\` them first`,
        )
      print({ archived: await box.putAway(mail, asker.address) }, ({ archived }) => [`${archived.length} put away`])
    })
    return 0
  },
})

const allRead = (box: TownMail, to: string, olderMs: number): Mail[] =>
  box
    .received({ to, before: new Date(Date.now() - olderMs).toISOString() }, Number.POSITIVE_INFINITY)
    .mail.filter(({ is_read }) => is_read)
