// `gt mail send`: mail for people and agents.
// Never: sends to where nobody is; leaves a request for later where anybody could leave one.
import { z } from 'zod'
import { whereabouts } from '../../machines/address.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering, everybody, post, reachable } from '../asking.ts'
import { Usage } from '../errors.ts'
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
    const sent = await ask('send', {
      to,
      subject: flags.subject,
      body: flags.message ?? '',
      ...(flags.priority === undefined ? {} : { priority: flags.priority }),
      ...(flags['reply-to'] === undefined ? {} : { replyTo: flags['reply-to'] }),
    })
    print(sent, () => [`${sent.id} to ${sent.to}`])
    return 0
  },
})

export const answers = {
  send: answering({
    word: 'mail send',
    shape: z.object({
      to: z.string(),
      subject: z.string().min(1).max(500),
      body: z.string().max(65536),
      priority: z.int().min(0).max(4).optional(),
      replyTo: z.string().optional(),
    }),
    answer: async ({ to, subject, body, priority, replyTo }, asking) => {
      reachable(to, everybody(asking.town))
      const at = whereabouts(to)
      const trouble = at?.role === 'plugin' ? await asking.town.plugins.trouble(at.rig, at.name) : undefined
      if (trouble !== undefined) throw new Refusal(trouble)
      const id = post(asking, {
        id: asking.town.newMailId(to, asking.id),
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
