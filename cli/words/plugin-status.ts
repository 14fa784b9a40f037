// `gt plugin status`: what a plugin is, before one enables it.
// Never: runs it.
import { whereabouts } from '../../machines/address.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'plugin status',
  group: 'look',
  summary: 'what is in a plugin’s folder, and whether it runs',
  usage: '<rig>/<plugin>',
  examples: ['gt plugin status wyvern/greeter'],
  args: { plugin: { kind: 'plugin' } },
  async run({ args, town, print }) {
    const { lookAt, openPlugins } = await import('../../actors/plugins/enabled.ts')
    const { rigLayout } = await import('../../actors/layout.ts')
    const at = whereabouts(args.plugin) as { rig: string; name: string }
    const root = town()
    const dir = rigLayout(root, at.rig).plugin(at.name)
    const plugins = openPlugins(root)
    const { hash, files } = await lookAt(dir)
    const state = await plugins.state(at.rig, at.name)
    print(
      { address: args.plugin, state, enabled_at: plugins.enabledAt(at.rig, at.name) ?? null, dir, hash, files },
      (now) => [
        `${now.address} is ${now.state}${now.enabled_at === null ? '' : ` (${now.enabled_at})`}`,
        `${now.dir}:`,
        ...now.files.map((file) => `  ${file}`),
      ],
    )
    return 0
  },
})
