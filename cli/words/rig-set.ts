// `gt rig set`: settings of a rig's config.json, whole or not at all.
// Never: writes a configuration that is not one.
import { z } from 'zod'
import { rigLayout } from '../../actors/layout.ts'
import { answering, knownRig } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'rig set',
  group: 'town',
  summary: 'change settings of a rig',
  usage: '<rig> <key=value> …',
  examples: [
    'gt rig set wyvern max_workers=6',
    "gt rig set wyvern gate.test='npm test' gate.lint='npm run lint'",
    'gt rig set wyvern gate.lint=    # takes it away',
    'gt rig set wyvern extra_env=ANTHROPIC_API_KEY,NPM_TOKEN',
  ],
  args: { rig: { kind: 'text' }, settings: { kind: 'text', many: true } },
  async run({ args: { rig, settings: assignments }, ask, town, print }) {
    const root = town()
    const { readTown, knownIn } = await import('../../actors/facts.ts')
    const { settings } = await import('../settings.ts')
    knownIn(readTown(root), rig)
    let up = true
    try {
      await ask('rigSet', { rig, assignments })
    } catch (error) {
      if (!(error instanceof TownUnreachable) || error.silent) throw error
      up = false
      const { configure } = await import('../settings.ts')
      configure(rigLayout(root, rig).config, assignments)
    }
    const keys = assignments.map((each) => each.split(/[.=]/)[0] as string)
    const counts = keys.map((key) => (settings[key] ?? settings[`${key}s`])?.counts ?? 'at once')
    print({ rig, set: assignments, up }, () =>
      assignments.map((each, n) => `${rig}: ${each}${up ? ` (counts ${whenOf[counts[n] ?? 'at once']})` : ''}`),
    )
    return 0
  },
})

const whenOf = {
  'at once': 'at once',
  'next session': 'from the next session on',
  'next gt up': 'after gt down and gt up',
  fixed: 'never',
}

export const answers = {
  rigSet: answering({
    may: 'overseer',
    shape: z.object({ rig: z.string(), assignments: z.array(z.string()).min(1) }),
    answer: async ({ rig, assignments }, { town }): Promise<null> => {
      const { configure } = await import('../settings.ts')
      configure(rigLayout(town.root, knownRig(town, rig)).config, assignments)
      town.readAgain()
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
