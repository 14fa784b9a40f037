// `gt merge-queue add`: what a polecat has committed goes to the Refinery, and the polecat goes on.
// Never: hands over another's work for an agent.
import { z } from 'zod'
import { overseer, polecatOf } from '../../machines/address.ts'
import { Refusal } from '../../runtime/open.ts'
import { answering, askRole, knownRig } from '../asking.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'merge-queue add',
  group: 'work',
  summary: 'hand a polecat’s committed work to the Refinery',
  usage: '<rig> <polecat>',
  examples: ['gt merge-queue add wyvern Nux'],
  args: { rig: { kind: 'text' }, polecat: { kind: 'text' } },
  async run({ args, ask, print }) {
    const done = await ask('queueAdd', args)
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  /** As `gt handoff` would, without ending the worker. */
  queueAdd: answering({
    word: 'merge-queue add',
    shape: z.object({ rig: z.string(), polecat: z.string() }),
    answer: async ({ rig, polecat }, asking) => {
      const address = polecatOf(knownRig(asking.town, rig), polecat)
      if (asking.from !== overseer && asking.from !== address)
        throw new Refusal(`${asking.from} may hand over its own work only`)
      if (asking.town.host.actor(address)?.status !== 'active')
        throw new Refusal(`no polecat ${polecat} in ${rig}; \`gt polecats ${rig}\` lists them`)
      const work = { outcome: 'work', reason: '', blockedBy: null }
      const { text } = await askRole(asking, address, 'handoff.requested', work)
      return { text }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
