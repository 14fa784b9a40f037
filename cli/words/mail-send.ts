// `gt mail send`: mail for people and agents.
// Never: sends to where nobody is; leaves a request for later where anybody could leave one.
import { z } from 'zod'
import { mailId, subjectLine } from '../../machines/mail.ts'
import { bodyLengthMax, subjectLengthMax } from '../../machines/texts.ts'
import { answering } from '../asking.ts'
import type { TownBehind } from '../behind.ts'
import { Usage } from '../errors.ts'
import { mustHaveRoom, recipients } from '../post-office.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail send',
  also: 'send',
  group: 'mail',
  summary: 'send mail to any address of a town that is up',
  usage: '<address> -s <subject> [-m <message>]',
  examples: ['gt mail send mayor/ -s "Well done"', 'gt send wyvern/Nux -s "Note" -m "Mind the tests"'],
  options: {
    subject: { kind: 'text', short: 's', about: 'what it is about; required' },
    message: { kind: 'text', short: 'm', about: 'the text' },
    priority: { kind: 'number', range: [0, 4], about: '0 (most urgent) to 4; 2 if left out' },
    'reply-to': { kind: 'text', about: 'id of the mail this answers' },
  },
  args: { address: { kind: 'address' } },
  async run({ args: { address: to }, flags, ask, print }) {
    if (!flags.subject) throw new Usage('give a subject: -s "…"')
    checkLength('the subject', flags.subject, subjectLengthMax)
    checkLength('the message', flags.message ?? '', bodyLengthMax)
    const { sent } = await ask('send', {
      to: [to],
      subject: flags.subject,
      body: flags.message ?? '',
      ...(flags.priority === undefined ? {} : { priority: flags.priority }),
      ...(flags['reply-to'] === undefined ? {} : { replyTo: flags['reply-to'] }),
    })
    print(sent, () => sent.map((each) => `${each.id} to ${each.to}${each.waits ? `: ${each.waits}` : ''}`))
    return 0
  },
})

function checkLength(what: string, text: string, most: number): void {
  if (text.length > most) throw new Usage(`${what} has ${text.length} characters; ${most} is the most`)
}

/** What an answer to this mail belongs to. */
function threadOf({ host }: Pick<TownBehind, 'host'>, replyTo: string): string {
  const { threadId } = host.mail(replyTo)?.body ?? {}
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
      const expiresAt = ttlMs === undefined ? null : Date.now() + ttlMs
      const groupId = sent.length > 1 ? (sent[0]?.id ?? null) : null
      const threadId = replyTo === undefined ? groupId : threadOf(town, replyTo)
      const body = {
        subject,
        body: text,
        priority: priority ?? 2,
        replyTo: replyTo ?? null,
        threadId,
        groupId,
        expiresAt,
      }
      await town.take(sent.map((each) => ({ id: each.id, to: each.to, from, type: 'message.sent', body })))
      return { thread: threadId, sent }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
