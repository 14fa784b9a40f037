// `gt inject`: words for the agent of a worker, into its conversation as it goes on; says how far they have come.
// Never: types into a terminal; takes what was handed over for what was heard.
import { z } from 'zod'
import { polecatOf, sessionOf, whereabouts } from '../../machines/address.ts'
import type { SessionContext } from '../../machines/hearing.ts'
import { asOneLine, wordsLengthMax } from '../../machines/texts.ts'
import type { Host } from '../../runtime/contract.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering, quiet } from '../asking.ts'
import { Usage } from '../errors.ts'
import { witnessContext } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'inject',
  group: 'sessions',
  summary: 'say something to a polecat’s agent, in the middle of its work',
  usage: '<rig>/<polecat> <message>',
  examples: ['gt inject wyvern/Nux "The API is at v2 now; mind the paths"'],
  args: { who: { kind: 'address' }, message: { kind: 'text' } },
  async run({ args: { who, message }, ask, print }) {
    const most = wordsLengthMax - 500
    if (message.trim() === '') throw new Usage('say something: gt inject <rig>/<polecat> "…"')
    if (message.length > most)
      throw new Usage(
        `the message has ${message.length} characters; ${most} is the most. Longer texts go by \`gt mail send\``,
      )
    const said = await ask('inject', { address: who, text: message })
    print(said, ({ id, address, text }) => [`${id} to ${address}: ${text}`])
    return 0
  },
})

const meaning = {
  queued: 'queued; it is said as soon as there is an agent to hear it',
  taken: 'taken by its program; its model has not had it yet',
  delivered: 'delivered; its model has it',
  answered: 'read; the turn with it in it is over',
  counted: 'told of; its agent knows that there is mail, and reads it by itself',
  expired: 'expired; there was nobody to hear it',
  kept: 'kept as mail; nobody speaks with an agent of this kind, it reads `gt mail inbox` when it likes',
} as const

export const answers = {
  inject: answering({
    word: 'inject',
    shape: z.object({ address: z.string(), text: z.string().max(wordsLengthMax) }),
    answer: async ({ address, text }, asking) => {
      const { host, newMailId, take } = asking.town
      const at = whereabouts(address)
      if (at?.role !== 'polecat' || !witnessContext(host, at.rig)?.workers[at.name])
        throw new Refusal(`no polecat ${address}; \`gt status\` shows who works`)
      const to = polecatOf(at.rig, at.name)
      const id = newMailId(to, asking.id)
      const subject = asOneLine(text).slice(0, 80) || 'A word'
      const body = { subject, body: text, priority: 1, replyTo: null, threadId: null }
      await take([{ id, from: asking.from, to, type: 'message.sent', body }])
      const state = () => stateOf(host, at.rig, at.name, id)
      await quiet(asking, () => ['delivered', 'answered', 'kept', 'counted', 'expired'].includes(state()))
      return { id, address: to, state: state(), text: meaning[state()] }
    },
  }),
}

/** How far these words have come. */
function stateOf(host: Host, rig: string, polecat: string, id: string): keyof typeof meaning {
  const session = host.actor(sessionOf(rig, polecat))
  const context = session?.context as SessionContext | undefined
  const known = context?.words.find((one) => one.id === id)?.state
  if (known) return known
  return context && context.session !== null && !context.spoken ? 'kept' : 'queued'
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
