// `gt plugin enable`: the Overseer lets a plugin run, as it is now.
// Never: lets it run once it is another; says for whom it is fit.
import { z } from 'zod'
import { whereabouts } from '../../machines/address.ts'
import { answering, knownRig } from '../asking.ts'
import { TownUnreachable } from '../errors.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'plugin enable',
  group: 'town',
  summary: 'let a plugin run as it is now; once its folder has changed, not before it is said again',
  usage: '<rig>/<plugin>',
  examples: ['gt plugin status wyvern/greeter    # look first', 'gt plugin enable wyvern/greeter'],
  args: { plugin: { kind: 'plugin' } },
  async run({ args, ask, town, print }) {
    const at = whereabouts(args.plugin) as { rig: string; name: string }
    let done: { counts: 'at once' | 'next gt up'; files: string[] }
    try {
      done = await ask('pluginEnable', at)
    } catch (error) {
      if (!(error instanceof TownUnreachable) || error.silent) throw error
      done = await withoutDaemon(town(), at)
    }
    const { files, counts } = done
    print({ plugin: args.plugin, ...done }, () => [
      `${args.plugin} may run: ${files.length} ${files.length === 1 ? 'file' : 'files'}${counts === 'at once' ? '' : '; its machine is the former one until gt down and gt up'}`,
    ])
    return 0
  },
})

async function withoutDaemon(root: string, { rig, name }: { rig: string; name: string }) {
  const { rigLayout } = await import('../../actors/layout.ts')
  const { lookAt, openPlugins } = await import('../../actors/plugins/enabled.ts')
  const looked = await lookAt(rigLayout(root, rig).plugin(name))
  openPlugins(root).enable(rig, name, looked, new Date())
  return { counts: 'at once' as const, files: looked.files }
}

export const answers = {
  pluginEnable: answering({
    word: 'plugin enable',
    shape: z.object({ rig: z.string(), name: z.string() }),
    answer: ({ rig, name }, { town }) => town.plugins.enable(knownRig(town, rig), name),
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
