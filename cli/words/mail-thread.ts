// `gt mail thread`: a mail with all that belongs together with it, wherever in the town it is kept.
// Never: marks anything as read; guesses when something came.
import type { Progress } from '../../actors/beads/mail.ts'
import { asSent, cameTo, named, strangers, when, withMail } from '../mail.ts'
import { body } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail thread',
  group: 'mail',
  summary: 'a mail, what it answers and what answers it, in the order in which they were sent',
  usage: '<id>',
  examples: [
    'gt mail thread gm-4k2j9x1q',
    'gt mail thread 4k2j --json    # with every time',
    'gt mail thread gm-4k2j9x1q --archive',
  ],
  options: { archive: { kind: 'flag', about: 'with what was put away of it' } },
  args: { id: { kind: 'text' } },
  async run({ args: { id }, flags: { archive }, town, print }) {
    const { newestFirst } = await import('../../actors/beads/mail.ts')
    await withMail(town(), async (box) => {
      const isAway = archive && box.isPutAway(id)
      const one = isAway ? (await box.archived((each) => each.id === id))[0] : named(box, [id], 'thread')[0]
      if (!one) throw new Error(`${id} was put away, and is not in the archive any more`)
      const first = one.thread ?? one.id
      const { mail, strange } = box.thread(first)
      const progress = box.progress(mail)
      const archived = archive ? await box.archived((each) => each.thread === first || each.id === first) : []
      print(
        [...mail.map((each) => ({ ...each, progress: progress.get(each.id) as Progress })), ...archived]
          .sort(newestFirst)
          .reverse(),
        (all) => [
          ...asSent(all).flatMap(({ id, to, first, some }, n) => [
            ...(n > 0 ? [''] : []),
            `${id}  P${first.priority}  ${when(first.sent_at)}  ${first.from} → ${to}  ${first.subject}  (${cameTo(...some.map((each) => each.progress))})`,
            ...(first.body === '' ? [] : [body(first.body)]),
          ]),
          ...strangers(strange),
        ],
      )
    })
    return 0
  },
})
