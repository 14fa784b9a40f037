// `gt mail sent`: what was sent, and how far each has come.
// Never: says that a mail was read because it may have been.
import type { Mail, Progress } from '../../actors/beads/mail.ts'
import type { TownMail } from '../../actors/beads/town-mail.ts'
import { asSent, cameTo, oneself, strangers, when, withMail } from '../mail.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

/** Lines that a screen shows; as data there is no limit. */
const shownMax = 50

export const word = declare({
  name: 'mail sent',
  group: 'mail',
  summary: 'what you sent and how far it has come: delivered, shown, read, acked or expired; the newest first',
  usage: '[--to <address>] [--limit <number>]',
  examples: ['gt mail sent', 'gt mail sent --to wyvern/Nux', 'gt mail sent --json -n 1    # with every time'],
  options: {
    to: { kind: 'address', about: 'to this address only' },
    from: { kind: 'address', about: 'what this one sent' },
    limit: {
      kind: 'number',
      short: 'n',
      about: `show so many at most, 0 for all; ${shownMax} if left out, all with --json`,
    },
  },
  async run({ flags: { to, from = oneself(), limit = 0 }, flags, json, town, print }) {
    const most = limit || (json || flags.limit === 0 ? Number.POSITIVE_INFINITY : shownMax)
    await withMail(town(), (box) => {
      const { sent, strange, isMore } = sentBy(box, { from, ...(to === undefined ? {} : { to }) }, most)
      const progress = box.progress(sent.flat())
      print(
        sent.flat().map((mail) => ({ ...mail, progress: progress.get(mail.id) as Progress })),
        (all) => [
          ...(all.length === 0 ? ['nothing sent'] : []),
          ...table(
            asSent(all).map(({ id, to, first, some }) => [
              id,
              when(first.sent_at),
              to,
              first.subject,
              cameTo(...some.map((each) => each.progress)),
            ]),
          ),
          ...(isMore ? ['… and more: --limit 0 shows all'] : []),
          ...strangers(strange),
        ],
      )
    })
    return 0
  },
})

/** What was sent as one is together, and whole, however many lines there may be. */
function sentBy(box: TownMail, filter: { from: string; to?: string }, most: number) {
  // A line stands for as many as it has recipients: so more is looked at until there are lines enough.
  for (let many = most + 1; ; many *= 4) {
    const { mail, strange } = box.everywhere(filter, many)
    const lines = Map.groupBy(mail, ({ id, group }) => group ?? id)
    if (lines.size <= most && mail.length === many) continue
    const sent = [...lines.entries()].slice(0, most).map(([key, some]): Mail[] => {
      const isGroup = filter.to === undefined && some[0]?.group === key
      return isGroup ? box.everywhere({ from: filter.from, group: key }, Number.POSITIVE_INFINITY).mail : some
    })
    return { sent, strange, isMore: lines.size > most }
  }
}
