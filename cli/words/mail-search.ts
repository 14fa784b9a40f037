// `gt mail search`: mail of the whole town by what it says.
// Never: marks anything as read; shows what the town did not send.
import type { Mail } from '../../actors/beads/mail.ts'
import { strangers, when, withMail } from '../mail.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

/** Lines that a screen shows; as data there is no limit. */
const shownMax = 50

export const word = declare({
  name: 'mail search',
  group: 'mail',
  summary: 'find mail of the whole town by a text in it, read or not, the newest first',
  usage: '<text> [--from <address>] [--to <address>] [--since <when>]',
  examples: [
    'gt mail search "main is red"',
    'gt mail search flaky --to overseer --since 2d',
    'gt mail search flaky --archive    # in what was put away, too',
    'gt mail search "" --from wyvern/Nux    # all it ever sent',
  ],
  options: {
    from: { kind: 'address', about: 'from this sender only' },
    to: { kind: 'address', about: 'to this address only' },
    since: { kind: 'moment', about: 'sent since then: 2h, 14:30, 2026-01-31' },
    archive: { kind: 'flag', about: 'in what was put away, too' },
    limit: {
      kind: 'number',
      short: 'n',
      about: `show so many at most, 0 for all; ${shownMax} if left out, all with --json`,
    },
  },
  args: { text: { kind: 'text' } },
  async run({ args: { text }, flags: { from, to, since, limit = 0 }, flags, json, town, print }) {
    const most = limit || (json || flags.limit === 0 ? Number.POSITIVE_INFINITY : shownMax)
    const filter = {
      ...(text === '' ? {} : { text }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    }
    const isWanted = (mail: Mail) =>
      [mail.subject, mail.body].some((each) => each.toLowerCase().includes(text.toLowerCase())) &&
      (from ?? mail.from) === mail.from &&
      (to ?? mail.to) === mail.to &&
      mail.sent_at >= (filter.since ?? '')
    const { newestFirst } = await import('../../actors/beads/mail.ts')
    await withMail(town(), async (box) => {
      const { mail: kept, strange } = box.everywhere(filter, most + 1)
      const mail = [...kept, ...(flags.archive ? await box.archived(isWanted) : [])].sort(newestFirst)
      print(mail.slice(0, most), (some) => [
        ...(some.length === 0 ? ['no mail says that'] : []),
        ...table(some.map(({ id, sent_at, from, to, subject }) => [id, when(sent_at), `${from} → ${to}`, subject])),
        ...(mail.length > most ? ['… and more: --limit 0 shows all'] : []),
        ...strangers(strange),
      ])
    })
    return 0
  },
})
