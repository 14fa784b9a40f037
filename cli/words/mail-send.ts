// `gt mail send`: mail for people and agents.
// Never: sends to where nobody is; leaves a request for later where anybody could leave one.
import { z } from 'zod'
import { groups, overseer } from '../../machines/address.ts'
import { mailId, subjectLine } from '../../machines/message.ts'
import { bodyLengthMax } from '../../machines/texts.ts'
import { answering } from '../asking.ts'
import type { TownBehind } from '../behind.ts'
import { Usage } from '../errors.ts'
import { named, oneself, withMail } from '../mail.ts'
import { checkWait, subjectOf, textOf, texts, toldOf, waits } from '../mail-sending.ts'
import { mustHaveRoom, recipients } from '../post-office.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail send',
  also: 'send',
  group: 'mail',
  summary: 'send mail to addresses of a town that is up',
  usage: '<address> … -s <subject> [-m <message> | --file <file> | -]',
  examples: [
    'gt mail send mayor/ -s "Well done"',
    'gt send wyvern/Nux -s "Note" -m "Mind the tests"',
    'git log -5 | gt mail send overseer wyvern/witness -s "What landed" -',
    'gt mail send @town -s "Freeze" --priority 0 --ttl 2h    # also @witnesses, and wyvern/: all of a rig',
    'gt mail send overseer -s "May I?" --wait=read --timeout 10m    # 1 if it is not read by then',
  ],
  options: {
    subject: { kind: 'text', short: 's', about: 'what it is about; required' },
    ...texts,
    to: { kind: 'recipient', many: true, about: `one more address; also ${Object.keys(groups).join(', ')}` },
    cc: { kind: 'recipient', many: true, about: 'the same as --to' },
    human: { kind: 'flag', about: 'to the Overseer' },
    self: { kind: 'flag', about: 'to yourself' },
    priority: { kind: 'number', range: [0, 4], about: '0 (most urgent) to 4; 2 if left out' },
    urgent: { kind: 'flag', about: 'the same as --priority 0' },
    'reply-to': { kind: 'text', about: 'id of the mail this answers' },
    ttl: { kind: 'duration', about: 'how long it is of use: 2h; unread by then, you are told' },
    ...waits,
    notify: { kind: 'flag', short: 'n', about: 'nothing to do here: an agent is told of its mail' },
    type: { kind: 'text', about: 'nothing to do here: all mail is of one type' },
  },
  args: { address: { kind: 'recipient', many: true, optional: true } },
  async run({ args: { address }, flags, ask, ...rest }) {
    checkWait(flags)
    const marked = [...(flags.human ? [overseer] : []), ...(flags.self ? [oneself()] : [])]
    const all = [...new Set([...address, ...flags.to, ...flags.cc, ...marked])]
    const to = all.filter((each) => each !== '-')
    if (to.length === 0) throw new Usage('to whom? usage: gt mail send <address> … -s "…" [-m "…"]')
    const answered = flags['reply-to']
    const replyTo =
      answered === undefined ? undefined : await withMail(rest.town(), (box) => named(box, [answered], 'read')[0]?.id)
    const said = { subject: subjectOf(flags.subject), priority: flags.urgent ? 0 : (flags.priority ?? 2) }
    const done = await ask('send', {
      ...said,
      to,
      body: textOf(flags, all.includes('-')) ?? '',
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
    })
    return toldOf(rest, said, done, flags)
  },
})

/** What an answer to this mail belongs to; the mailbox does not keep it for ever. */
function threadOf({ host, filed }: Pick<TownBehind, 'host' | 'filed'>, replyTo: string): string {
  const { threadId = filed(replyTo)?.thread } = host.mail(replyTo)?.body ?? {}
  return typeof threadId === 'string' ? threadId : replyTo
}

export const answers = {
  send: answering({
    word: 'mail send',
    shape: z.object({
      /** One, or several. */
      to: z.array(z.string().max(300)).min(1).max(100),
      subject: subjectLine,
      body: z.string().max(bodyLengthMax),
      priority: z.int().min(0).max(4).optional(),
      replyTo: z.optional(mailId),
      /** How long it is of use, in milliseconds. */
      ttlMs: z.number().min(1000).optional(),
    }),
    answer: async ({ to, subject, body: text, priority, replyTo, ttlMs }, { id: asked, from, town }) => {
      const all = await recipients(town, from, to)
      mustHaveRoom(
        town,
        from,
        all.map((each) => each.to),
      )
      town.paced(from, all.length)
      const idOf = (each: string) => town.newMailId(each, all.length === 1 ? asked : `${asked}:${each}`)
      const sent = all.map((each) => ({ id: idOf(each.to), ...each }))
      const times =
        ttlMs === undefined ? {} : { expiresAt: Date.now() + ttlMs, until: Math.round(town.host.watched() + ttlMs) }
      const groupId = sent.length > 1 ? (sent[0]?.id ?? null) : null
      const threadId = replyTo === undefined ? groupId : threadOf(town, replyTo)
      const body = {
        subject,
        body: text,
        priority: priority ?? 2,
        replyTo: replyTo ?? null,
        threadId,
        groupId,
        ...times,
      }
      await town.take(sent.map((each) => ({ id: each.id, to: each.to, from, type: 'message.sent', body })))
      return { thread: threadId, sent }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
