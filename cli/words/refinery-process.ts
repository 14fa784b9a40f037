// `gt refinery process`: the Refinery looks at its whole queue again.
// Never: waits until something has landed.
import { z } from 'zod'
import { refineryOf } from '../../machines/address.ts'
import { answered, answering, knownRig, post } from '../asking.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'refinery process',
  group: 'work',
  summary: 'have the Refinery process its queue now, what was set aside included',
  usage: '<rig>',
  examples: ['gt refinery process wyvern'],
  args: { rig: { kind: 'text' } },
  async run({ args, ask, print }) {
    const done = await ask('refineryProcess', args)
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  refineryProcess: answering({
    word: 'refinery process',
    shape: z.object({ rig: z.string() }),
    answer: async ({ rig }, asking) => {
      const to = refineryOf(knownRig(asking.town, rig))
      const { text } = await answered(
        asking,
        post(asking, { id: `req-${asking.id}`, to, type: 'queue.poked', body: {} }),
      )
      return { text }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
