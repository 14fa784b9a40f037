import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { townLayout } from '../../actors/layout.ts'
import { makeRequest, send, TownUnreachable } from '../client.ts'
import { command, Usage } from '../command.ts'

export default command({
  summary: 'send mail to any address; delivered at the next gt up when the town is down',
  usage: '<address> -s <subject> [-m <message>]',
  examples: ['gt mail send mayor/ -s "Well done"', 'gt send wyvern/polecats/Nux -s "Note" -m "Mind the tests"'],
  options: {
    subject: { type: 'string', short: 's', about: 'what it is about; required' },
    message: { type: 'string', short: 'm', about: 'the text' },
    priority: { type: 'string', about: '0 (most urgent) to 4; 2 if left out' },
    'reply-to': { type: 'string', about: 'id of the mail this answers' },
  },
  args: [1, 1],
  async run({ args, flags, town, print }) {
    if (typeof flags.subject !== 'string' || flags.subject === '') throw new Usage('give a subject: -s "…"')
    const root = town()
    const layout = townLayout(root)
    const request = makeRequest('send', {
      to: String(args[0]),
      subject: flags.subject,
      body: typeof flags.message === 'string' ? flags.message : '',
      ...(flags.priority === undefined ? {} : { priority: Number(flags.priority) }),
      ...(typeof flags['reply-to'] === 'string' ? { replyTo: flags['reply-to'] } : {}),
    })
    try {
      const sent = await send<'send'>(layout.socket, root, request)
      print(sent, () => [`${sent.id} to ${sent.to}`])
    } catch (error) {
      if (!(error instanceof TownUnreachable)) throw error
      const { knownAddresses, nearest } = await import('../known.ts')
      const known = knownAddresses(root)
      const to = String(args[0]) === 'mayor' ? 'mayor/' : String(args[0])
      if (!known.includes(to)) throw new Error(`nobody is at "${to}"; did you mean ${nearest(to, known)}?`)
      const { writeWhole } = await import('../../actors/config.ts')
      const intake = join(layout.daemon, 'intake')
      mkdirSync(intake, { recursive: true, mode: 0o700 })
      writeWhole(join(intake, `${Date.now()}-${request.id}.json`), JSON.stringify(request), 0o600)
      print({ to, waiting: true }, () => [`the town is down; delivered to ${to} at the next \`gt up\``])
    }
    return 0
  },
})
