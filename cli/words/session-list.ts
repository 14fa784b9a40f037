// `gt session list`: who has a session that lives.
// Never: looks at processes; the session's own role knows.
import { z } from 'zod'
import { answering, knownRig } from '../asking.ts'
import { table } from '../print.ts'
import { sessions } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'session list',
  group: 'sessions',
  summary: 'list the live sessions',
  usage: '[rig]',
  examples: ['gt session list'],
  args: { rig: { kind: 'text', optional: true } },
  async run({ args: { rig }, ask, print }) {
    const live = await ask('sessions', rig === undefined ? {} : { rig })
    print(live, () =>
      live.length === 0
        ? ['no session is live']
        : table(live.map(({ address, issue, state, backend, pid }) => [address, issue, state, backend, `pid ${pid}`])),
    )
    return 0
  },
})

export const answers = {
  sessions: answering({
    word: 'session list',
    shape: z.object({ rig: z.string().optional() }),
    answer: ({ rig }, { town }) => sessions(town.host, rig === undefined ? undefined : knownRig(town, rig)),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
