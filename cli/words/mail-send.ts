// `gt mail send`: mail for people and agents, also while the town is down: it is carried out at the next `gt up`.
// Never: sends to where nobody is.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { mailId, subjectLine } from '../../machines/mail.ts'
import { bodyLengthMax, subjectLengthMax } from '../../machines/texts.ts'
import { answering, everybody, reachable } from '../asking.ts'
import { makeRequest, send } from '../client.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail send',
  also: 'send',
  group: 'mail',
  summary: 'send mail to any address; delivered at the next gt up when the town is down',
  usage: '<address> -s <subject> [-m <message>]',
  examples: ['gt mail send mayor/ -s "Well done"', 'gt send wyvern/Nux -s "Note" -m "Mind the tests"'],
  options: {
    subject: { kind: 'text', short: 's', about: 'what it is about; required' },
    message: { kind: 'text', short: 'm', about: 'the text' },
    priority: { kind: 'number', range: [0, 4], about: '0 (most urgent) to 4; 2 if left out' },
    'reply-to': { kind: 'text', about: 'id of the mail this answers' },
  },
  args: { address: { kind: 'address' } },
  async run({ args: { address: to }, flags, town, print }) {
    if (!flags.subject) throw new Usage('give a subject: -s "…"')
    // Asked here too: a mail that waits for the next `gt up` is not to be refused then.
    checkLength('the subject', flags.subject, subjectLengthMax)
    checkLength('the message', flags.message ?? '', bodyLengthMax)
    const { townLayout } = await import('../../actors/layout.ts')
    const root = town()
    const layout = townLayout(root)
    const request = makeRequest('send', {
      to,
      subject: flags.subject,
      body: flags.message ?? '',
      ...(flags.priority === undefined ? {} : { priority: flags.priority }),
      ...(flags['reply-to'] === undefined ? {} : { replyTo: flags['reply-to'] }),
    })
    try {
      const sent = await send<'send'>(layout.socket, root, request)
      print(sent, () => [`${sent.id} to ${sent.to}`])
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
      const { addressesIn } = await import('../../actors/facts.ts')
      const there = await import('../asking.ts')
      there.reachable(to, addressesIn(root))
      const { writeWhole } = await import('../../actors/files.ts')
      const intake = join(layout.daemon, 'intake')
      mkdirSync(intake, { recursive: true, mode: 0o700 })
      writeWhole(join(intake, `${Date.now()}-${request.id}.json`), JSON.stringify(request), 0o600)
      print({ to, waiting: true }, () => [`the town is down; delivered to ${to} at the next \`gt up\``])
    }
    return 0
  },
})

function checkLength(what: string, text: string, most: number): void {
  if (text.length > most) throw new Usage(`${what} has ${text.length} characters; ${most} is the most`)
}

export const answers = {
  send: answering({
    may: 'agents',
    shape: z.object({
      to: z.string().max(300),
      subject: subjectLine,
      body: z.string().max(bodyLengthMax),
      priority: z.int().min(0).max(4).optional(),
      replyTo: z.optional(mailId),
    }),
    answer: async ({ to, subject, body, priority, replyTo }, { id: asked, from, town }) => {
      reachable(to, everybody(town))
      const id = await town.take({
        id: town.newMailId(to, asked),
        from,
        to,
        type: 'message.sent',
        body: { subject, body, priority: priority ?? 2, replyTo: replyTo ?? null, threadId: null },
      })
      return { id, to }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
