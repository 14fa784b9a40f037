// `gt session resume`: a worker that was stopped goes on, by its Witness.
// Never: lets one go on in a rig that is stopped; `gt up` does.
import { z } from 'zod'
import { polecatOf, whereabouts, witnessOf } from '../../machines/address.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering, isHeld, post, quiet } from '../asking.ts'
import { witnessContext } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'session resume',
  group: 'sessions',
  summary: 'let one polecat that was stopped go on',
  usage: '<rig>/<polecat>',
  examples: ['gt session resume wyvern/Nux'],
  args: { who: { kind: 'address' } },
  async run({ args, ask, print }) {
    const done = await ask('sessionResume', { address: args.who })
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  sessionResume: answering({
    word: 'session resume',
    shape: z.object({ address: z.string() }),
    answer: async ({ address }, asking) => {
      const { host } = asking.town
      const at = whereabouts(address)
      if (at?.role !== 'polecat' || !witnessContext(host, at.rig)?.workers[at.name])
        throw new Refusal(`no polecat ${address}; \`gt status\` shows who works`)
      const { rig, name } = at
      if (isHeld(host, rig)) throw new Refusal(`${rig} is stopped; \`gt up\` lets it go on, and ${name} with it`)
      const isStopped = () => host.actor(polecatOf(rig, name))?.value === 'stopped'
      const wasStopped = isStopped()
      post(asking, {
        id: `req-${asking.id}`,
        to: witnessOf(rig),
        type: 'session.resumeRequested',
        body: { polecat: name },
      })
      await quiet(asking, () => !isStopped())
      const what = isStopped() ? 'goes on as soon as its rig may' : wasStopped ? 'goes on' : 'was not stopped'
      return { text: `${polecatOf(rig, name)} ${what}` }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
