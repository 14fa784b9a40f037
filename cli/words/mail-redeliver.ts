// `gt mail redeliver`: puts a dead letter back into its mailbox.
// Never: makes sure that it is understood this time.
import { z } from 'zod'
import { didYouMean } from '../../actors/nearest.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering } from '../asking.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'mail redeliver',
  group: 'mail',
  summary: 'try an undeliverable mail again',
  usage: '<id>',
  examples: ['gt mail redeliver gm-4k2j9x1q    # an id of gt mail dead'],
  args: { id: { kind: 'text' } },
  async run({ args: { id }, ask, print }) {
    const done = await ask('redeliver', { id })
    print(done, () => [
      done.reason === null ? `${id} was delivered to ${done.to}` : `${id} is dead again: ${done.reason}`,
    ])
    return done.reason === null ? 0 : 1
  },
})

export const answers = {
  redeliver: answering({
    word: 'mail redeliver',
    shape: z.object({ id: z.string().min(1) }),
    answer: ({ id }, { town: { host, poke } }) => {
      const dead = host.deadLetters()
      const letter = dead.find(({ envelope }) => envelope.id === id)
      if (!letter) {
        const ids = dead.map(({ envelope }) => envelope.id)
        throw new Refusal(`no dead letter ${id}; \`gt mail dead\` lists them${didYouMean(id, ids)}`)
      }
      host.redeliver(id)
      poke()
      const again = host.deadLetters().find(({ envelope }) => envelope.id === id)
      return { id, to: letter.envelope.to, reason: again?.reason ?? null }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
