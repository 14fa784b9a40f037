// `gt status`: the board, once or after every change.
// Never: changes anything.

import { z } from 'zod'
import type { Status } from '../api.ts'
import { answering } from '../asking.ts'
import { boardOf } from '../board.ts'
import { isTerminal } from '../print.ts'
import { escalations, rigStatus } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'status',
  group: 'look',
  summary: 'polecats, queue, landings, escalations',
  usage: '[--watch]',
  examples: ['gt status', 'gt status --watch', 'gt status --json'],
  options: {
    watch: { kind: 'flag', short: 'w', about: 'again after every change, with the last words of the log' },
  },
  async run({ flags, ask, town, print, json }) {
    if (flags.watch) {
      const { watch } = await import('../watch.ts')
      return watch({ ask, town, print }, !json && isTerminal('stdout'))
    }
    const status = await ask('status', {})
    print(status, () => boardOf(status))
    return 0
  },
})

export const answers = {
  ping: answering({
    word: 'status',
    shape: z.object({}),
    answer: (_, { town: { version, pid, root, startedAt } }) => ({ version, pid, town: root, startedAt }),
  }),
  status: answering({
    word: 'status',
    shape: z.object({}),
    answer: (_, { town }): Status => {
      const { host, name, root, version, pid, startedAt } = town
      const depth = host.depth()
      return {
        town: { name, root, version, pid, startedAt, stopped: host.holds().includes('*') },
        rigs: town.rigs().map((rig) => rigStatus(host, rig, town.rig(rig), town)),
        escalations: escalations(host),
        problems: [...town.problems()],
        depth: {
          mail: depth.mail,
          effects: depth.effectsPending + depth.effectsStarted,
          timers: depth.timers,
          dead: host.deadLetters().length,
        },
      }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
