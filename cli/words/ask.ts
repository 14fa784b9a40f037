// `gt ask`: a worker's agent asks the Overseer, and waits for the answer in its conversation.
// Never: counts as a try; answers by itself.
import { z } from 'zod'
import { whereabouts } from '../../machines/address.ts'
import { wordsLengthMax } from '../../machines/texts.ts'
import { answering, askRole } from '../asking.ts'
import { Usage } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'ask',
  group: 'work',
  summary: 'a polecat asks the Overseer, and waits for the answer',
  usage: '<question>',
  examples: ['gt ask "Both formats are in use: which of the two is to stay?"'],
  args: { question: { kind: 'text' } },
  async run({ args: { question }, ask, print }) {
    if (question.trim() === '') throw new Usage('ask something: gt ask "…"')
    const asked = await ask('ask', { question })
    print(asked, () => [asked.text])
    return 0
  },
})

export const answers = {
  /** By a polecat only. */
  ask: answering({
    word: 'ask',
    shape: z.object({ question: z.string().min(1).max(wordsLengthMax) }),
    answer: async (body, asking) => {
      if (whereabouts(asking.from)?.role !== 'polecat')
        throw new Usage(
          '`gt ask` is for a polecat, in its own session; you answer with `gt inject <rig>/<polecat> "…"`',
        )
      // It is mail to the Overseer, and paced as such.
      asking.town.paced(asking.from, 1)
      const { text } = await askRole(asking, asking.from, 'question.asked', body)
      return { text }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
