// `gt polecats`: who works in a rig, and at what.
// Never: says how well.
import { z } from 'zod'
import { spentWords } from '../../actors/ledger/words.ts'
import { answering, knownRig } from '../asking.ts'
import { table } from '../print.ts'
import { polecats } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'polecats',
  group: 'look',
  summary: 'list the polecats of a rig',
  usage: '<rig>',
  examples: ['gt polecats wyvern'],
  args: { rig: { kind: 'text' } },
  async run({ args, ask, print }) {
    const cats = await ask('polecats', args)
    print(cats, () =>
      cats.length === 0
        ? ['nobody works']
        : table(
            cats.map((cat) => [
              ...[cat.name, cat.issue, cat.state, cat.session ? `pid ${cat.session.pid}` : ''],
              ...(cats.some(({ account }) => account) ? [cat.account ?? ''] : []),
              ...(cats.some(({ spent }) => spent) ? [cat.spent ? spentWords(cat.spent) : ''] : []),
              cat.title,
            ]),
          ),
    )
    return 0
  },
})

export const answers = {
  polecats: answering({
    word: 'polecats',
    shape: z.object({ rig: z.string() }),
    answer: ({ rig }, { town }) => polecats(town.host, knownRig(town, rig), town),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
