// `gt rig remove`: the town lets go of a rig; its folder, with issues and kept work, is moved aside.
// Never: deletes anything.
import { z } from 'zod'
import { daemon, mayor } from '../../machines/address.ts'
import { Refusal } from '../../runtime/open.ts'
import { type Asking, answering, knownRig, stopSessions } from '../asking.ts'
import { escalations, polecats, queue, sessions } from '../status.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'rig remove',
  group: 'town',
  summary: 'let go of a rig; its folder, issues and kept work are moved aside, nothing is deleted',
  usage: '<rig> [--force]',
  examples: ['gt rig remove wyvern', 'gt rig remove wyvern --force    # stops who works there first'],
  options: { force: { kind: 'flag', about: 'stop its sessions first, and leave what is queued unlanded' } },
  args: { rig: { kind: 'text' } },
  async run({ args: { rig }, flags: { force }, ask, print }) {
    const done = await ask('rigRemove', { rig, force })
    print(done, () => [
      ...(done.stopped.length > 0 ? [`stopped ${done.stopped.join(', ')}`] : []),
      `${rig} is no rig any more; all of it is in ${done.moved}`,
    ])
    return 0
  },
})

export const answers = {
  rigRemove: answering({
    word: 'rig remove',
    shape: z.object({ rig: z.string(), force: z.boolean() }),
    answer: async ({ rig, force }, asking) => {
      const { town } = asking
      knownRig(town, rig)
      const there = whatIsThere(asking, rig)
      if (there.length > 0 && !force)
        throw new Refusal(`${rig} is not at rest: ${there.join('; ')}. Wait until it is, or say --force`)
      const stopped = there.length > 0 ? await stopSessions(asking, rig, 'the rig is removed') : []
      const open = escalations(town.host).filter((escalation) => escalation.rig === rig)
      const moved = await town.removeRig(rig)
      // Nobody is left who would clear them.
      for (const { cause } of open)
        town.host.post({ from: daemon, to: mayor, type: 'escalation.cleared', body: { cause } })
      town.poke()
      return { rig, moved, stopped }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}

function whatIsThere({ town: { host } }: Asking, rig: string): string[] {
  const some = (words: string, all: readonly string[]) => (all.length > 0 ? [`${words} ${all.join(', ')}`] : [])
  return [
    ...some(
      'at work:',
      polecats(host, rig).map(({ name, issue }) => `${name} (${issue})`),
    ),
    ...some(
      'sessions:',
      sessions(host, rig).map(({ address }) => address),
    ),
    ...some(
      'in the queue:',
      queue(host, rig).map(({ issue }) => issue),
    ),
  ]
}
