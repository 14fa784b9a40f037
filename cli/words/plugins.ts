// `gt plugins`: which there are, and which of them run.
// Never: runs one.
import { declare } from '../word.ts'

export const word = declare({
  name: 'plugins',
  group: 'look',
  summary: 'list the plugins, and whether they run',
  usage: '[rig]',
  examples: ['gt plugins', 'gt plugins wyvern --json'],
  args: { rig: { kind: 'text', optional: true } },
  async run({ args, town, print }) {
    const { knownIn, readTown } = await import('../../actors/facts.ts')
    const { openPlugins, pluginsIn } = await import('../../actors/plugins/enabled.ts')
    const { table } = await import('../print.ts')
    const root = town()
    const read = readTown(root)
    if (args.rig !== undefined) knownIn(read, args.rig)
    const plugins = openPlugins(root)
    const rigs = args.rig === undefined ? [...read.rigs.keys()] : [args.rig]
    const named = rigs.flatMap((rig) => pluginsIn(root, rig).map((name) => ({ rig, name })))
    const all = await Promise.all(
      named.map(async ({ rig, name }) => ({
        rig,
        name,
        state: await plugins.state(rig, name),
        enabled_at: plugins.enabledAt(rig, name) ?? null,
      })),
    )
    print(all, (all) =>
      all.length === 0
        ? ['no plugins: each is a folder in a rig’s plugins/']
        : table(all.map(({ rig, name, state }) => [`${rig}/${name}`, state])),
    )
    return 0
  },
})
