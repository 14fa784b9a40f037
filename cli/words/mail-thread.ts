// `gt mail thread`: a mail with all that belongs together with it, wherever in the town it is kept.
// Never: marks anything as read; guesses when something came.
import type { Mail, Progress } from '../../actors/beads/mail.ts'
import { asSent, cameTo, named, strangers, when, withMail } from '../mail.ts'
import { body } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail thread',
  group: 'mail',
  summary: 'a mail, what it answers and what answers it, in the order in which they were sent',
  usage: '<id>',
  examples: ['gt mail thread gm-4k2j9x1q', 'gt mail thread 4k2j --json    # with every time'],
  args: { id: { kind: 'text' } },
  async run({ args: { id }, town, print }) {
    await withMail(town(), (box) => {
      const { mail, strange } = box.thread(named(box, [id], 'thread')[0] as Mail)
      const progress = box.progress(mail)
      print(
        mail.map((each) => ({ ...each, progress: progress.get(each.id) as Progress })),
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
