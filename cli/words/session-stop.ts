// `gt session stop`: one worker's session ends by its Witness; it may go on with `gt session resume`.
// Never: counts as a try.
import { z } from 'zod'
import { polecatOf, sessionOf, whereabouts, witnessOf } from '../../machines/address.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering, post, quiet } from '../asking.ts'
import { witnessContext } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'session stop',
  group: 'sessions',
  summary: 'stop one polecat’s session; its work is kept',
  usage: '<rig>/<polecat>',
  examples: ['gt session stop wyvern/Nux'],
  args: { who: { kind: 'address' } },
  async run({ args, ask, print }) {
    const done = await ask('sessionStop', { address: args.who })
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  sessionStop: answering({
    word: 'session stop',
    shape: z.object({ address: z.string() }),
    answer: async ({ address }, asking) => {
      const { host } = asking.town
      const at = whereabouts(address)
      if (at?.role !== 'polecat' || !witnessContext(host, at.rig)?.workers[at.name])
        throw new Refusal(`no polecat ${address}; \`gt session list\` shows who has a session`)
      const { rig, name } = at
      post(asking, {
        id: `req-${asking.id}`,
        to: witnessOf(rig),
        type: 'session.stopRequested',
        body: { polecat: name },
      })
      await quiet(asking, () => {
        const session = host.actor(sessionOf(rig, name))
        return !session || session.value === 'absent'
      })
      return {
        text: `${polecatOf(rig, name)} is stopped, its work is kept; \`gt session resume ${rig}/${name}\` lets it go on`,
      }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
