// `gt mail reply`: an answer to whoever sent a mail, which is dealt with by that.
// Never: says that a mail is dealt with before its answer is sent.
import type { Mail } from '../../actors/beads/mail.ts'
import { subjectLengthMax } from '../../machines/texts.ts'
import { Usage } from '../errors.ts'
import { askerIn, deal, named, withMail } from '../mail.ts'
import { checkWait, textOf, texts, toldOf, waits } from '../mail-sending.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail reply',
  also: 'reply',
  group: 'mail',
  summary: 'answer a mail; it is dealt with by that',
  usage: '<id> <message> | --file <file> | -',
  examples: [
    'gt mail reply gm-4k2j9x1q "Both stay"',
    'gt reply 4k2j --wait -m "Which of the two?"    # until it is read',
    'gt mail reply gm-4k2j9x1q - < answer.md',
  ],
  options: {
    subject: { kind: 'text', short: 's', about: 'what it is about; “Re: …” if left out' },
    ...texts,
    priority: { kind: 'number', range: [0, 4], about: '0 (most urgent) to 4; that of the mail if left out' },
    ...waits,
  },
  args: { id: { kind: 'text' }, text: { kind: 'text', optional: true } },
  async run({ args: { id, text }, flags, ask, ...rest }) {
    checkWait(flags)
    const said = text === undefined || text === '-' ? flags : { ...flags, message: once(flags.message, text) }
    const body = textOf(said, text === '-')
    if (!body?.trim()) throw new Usage('say something: gt mail reply <id> -m "…"')
    const root = rest.town()
    return withMail(root, async (box) => {
      const mail = named(box, [id], 'reply')[0] as Mail
      const asker = await askerIn(root)
      const about = { subject: flags.subject ?? answering(mail.subject), priority: flags.priority ?? mail.priority }
      // Who goes on from a mail of their own speaks to the same reader.
      const to = [mail.from === asker.address ? mail.to : mail.from]
      const done = await ask('send', { ...about, to, body, replyTo: mail.id })
      if (asker.reads(mail)) deal(box, [mail], asker)
      return toldOf(rest, about, done, flags)
    })
  },
})

function once(message: string | undefined, text: string): string {
  if (message !== undefined) throw new Usage('the message is said twice, by -m and after the id')
  return text
}
const answering = (subject: string) => (/^re:/i.test(subject) ? subject : `Re: ${subject}`).slice(0, subjectLengthMax)
