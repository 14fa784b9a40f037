// `gt cycle`: a worker's agent is asked to note where it is, and a new conversation begins with that. (spec: Session
// Cycling)
// Never: ends a conversation without a note; says yes for a worker that cannot be asked.
import { z } from 'zod'
import { polecatOf, sessionOf, whereabouts } from '../../machines/address.ts'
import type { SessionContext } from '../../machines/hearing.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering, askRole } from '../asking.ts'
import { witnessContext } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'cycle',
  group: 'sessions',
  summary: 'have a polecat’s agent note where it is, and begin a new conversation with that',
  usage: '<rig>/<polecat>',
  examples: ['gt cycle wyvern/Nux'],
  args: { who: { kind: 'address' } },
  async run({ args, ask, print }) {
    const done = await ask('cycle', { address: args.who })
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  cycle: answering({
    word: 'cycle',
    shape: z.object({ address: z.string() }),
    answer: async ({ address }, asking) => {
      const at = whereabouts(address)
      if (at?.role !== 'polecat' || !witnessContext(asking.town.host, at.rig)?.workers[at.name])
        throw new Refusal(`no polecat ${address}; \`gt status\` shows who works`)
      const run = asking.town.host.actor(sessionOf(at.rig, at.name))?.context as SessionContext | undefined
      const who = `${at.rig}/${at.name}`
      if (run && run.session !== null && !run.spoken)
        throw new Refusal(
          `nobody speaks with a worker like ${who}, a command of your own: it cannot be asked. \`gt session stop ${who}\` and \`gt session resume ${who}\` begin it again in its worktree, and no try is counted; it may begin again by itself with \`gt handoff --cycle "<note>"\``,
        )
      const { text } = await askRole(asking, polecatOf(at.rig, at.name), 'cycle.requested', { note: '' })
      return { text }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
