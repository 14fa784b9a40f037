// `gt merge-queue list`: what waits to land, in the order in which it will.
// Never: changes the order.
import { z } from 'zod'
import { answering, knownRig } from '../asking.ts'
import { table } from '../print.ts'
import { queue } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'merge-queue list',
  group: 'look',
  summary: 'what waits to land',
  usage: '<rig>',
  examples: ['gt merge-queue list wyvern'],
  args: { rig: { kind: 'text' } },
  async run({ args, ask, print }) {
    const waiting = await ask('queueList', args)
    print(waiting, () =>
      waiting.length === 0
        ? ['the queue is empty']
        : table(
            waiting.map(({ position, issue, state, polecat, sha, title }) => [
              String(position),
              issue,
              state,
              polecat,
              sha.slice(0, 10),
              title,
            ]),
          ),
    )
    return 0
  },
})

export const answers = {
  queueList: answering({
    word: 'merge-queue list',
    shape: z.object({ rig: z.string() }),
    answer: ({ rig }, { town }) => queue(town.host, knownRig(town, rig)),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
