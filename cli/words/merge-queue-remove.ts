// `gt merge-queue remove`: takes an issue's work out of the queue; the work itself is kept.
// Never: takes out what is being pushed; the Refinery says so.
import { z } from 'zod'
import { refineryOf } from '../../machines/address.ts'
import { issueId } from '../../machines/mail.ts'
import { answering, askRole, knownRig } from '../asking.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'merge-queue remove',
  group: 'work',
  summary: 'take an issue’s work out of the queue; it is kept (gt recover)',
  usage: '<rig> <issue> [--reason <text>]',
  examples: ['gt merge-queue remove wyvern wyv-1.2 --reason "not wanted any more"'],
  options: { reason: { kind: 'text', short: 'r', about: 'why; it is in the log' } },
  args: { rig: { kind: 'text' }, issue: { kind: 'text' } },
  async run({ args: { rig, issue }, flags, ask, print }) {
    const done = await ask('queueRemove', { rig, issue, why: flags.reason ?? '' })
    print(done, () => [done.text])
    return 0
  },
})

export const answers = {
  queueRemove: answering({
    word: 'merge-queue remove',
    shape: z.object({ rig: z.string(), issue: issueId, why: z.string().max(2000) }),
    answer: async ({ rig, issue, why }, asking) => {
      const { text } = await askRole(asking, refineryOf(knownRig(asking.town, rig)), 'queue.removal', { issue, why })
      return { text }
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
