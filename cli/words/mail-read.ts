// `gt mail read`: mails, out of their inbox from then on.
// Never: deletes one; shows what the town did not send; takes a mail out of somebody else's inbox.
import { askerIn, named, whole, withMail } from '../mail.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail read',
  group: 'mail',
  summary: 'read mails; each is out of its inbox when its reader reads it',
  usage: '<id> … [--peek]',
  examples: ['gt mail read gm-4k2j9x1q', 'gt mail read 4k2j gm-9d1 --peek    # they stay unread'],
  options: { peek: { kind: 'flag', about: 'look only: they stay unread' } },
  args: { ids: { kind: 'text', many: true } },
  async run({ args: { ids }, flags, town, print }) {
    const root = town()
    await withMail(root, async (box) => {
      const away = ids.filter(box.isPutAway)
      const mail =
        away.length < ids.length || ids.length === 0
          ? named(
              box,
              ids.filter((id) => !away.includes(id)),
              'read',
            )
          : []
      const archived = away.length === 0 ? [] : await box.archived(({ id }) => away.includes(id))
      const lost = away.filter((id) => !archived.some((each) => each.id === id))
      if (lost.length > 0) throw new Error(`put away, and not in the archive any more: ${lost.join(', ')}`)
      const asker = flags.peek ? undefined : await askerIn(root)
      const own = mail.filter((each) => asker?.reads(each))
      const progress = box.progress(mail)
      print([...mail.map((each) => ({ ...each, progress: progress.get(each.id) })), ...archived], (all) =>
        all.flatMap((each, n) => [...(n > 0 ? ['', '—', ''] : []), ...whole(each)]),
      )
      const unread = own.filter((each) => progress.get(each.id)?.read === null || !each.is_read)
      if (asker && unread.length > 0) box.note(unread, ['read'], { by: asker.address })
    })
    return 0
  },
})
