// `gt plugin disable`: a plugin runs no more; its folder, its state and its mail stay.
// Never: ends a run that is on; it has its ten minutes.
import { z } from 'zod'
import { whereabouts } from '../../machines/address.ts'
import { answering } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'plugin disable',
  group: 'town',
  summary: 'let a plugin run no more; its folder stays',
  usage: '<rig>/<plugin>',
  examples: ['gt plugin disable wyvern/greeter'],
  args: { plugin: { kind: 'plugin' } },
  async run({ args, ask, town, print }) {
    const at = whereabouts(args.plugin) as { rig: string; name: string }
    let was: boolean
    try {
      was = (await ask('pluginDisable', at)).was
    } catch (error) {
      if (!(error instanceof TownUnreachable) || error.silent) throw error
      const { openPlugins } = await import('../../actors/plugins/enabled.ts')
      was = openPlugins(town()).disable(at.rig, at.name)
    }
    print({ plugin: args.plugin, was }, () => [was ? `${args.plugin} runs no more` : `${args.plugin} was not enabled`])
    return 0
  },
})

export const answers = {
  pluginDisable: answering({
    word: 'plugin disable',
    shape: z.object({ rig: z.string(), name: z.string() }),
    answer: ({ rig, name }, { town }) => ({ was: town.plugins.disable(rig, name) }),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
