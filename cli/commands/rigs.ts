import { command, table } from '../command.ts'

export default command({
  summary: 'list the rigs',
  usage: '',
  examples: ['gt rigs', 'gt rigs --json'],
  args: [0, 0],
  async run({ town, print }) {
    const { readConfig, rigConfig, rigsConfig } = await import('../../actors/config.ts')
    const { rigLayout, townLayout } = await import('../../actors/layout.ts')
    const root = town()
    const rigs = Object.keys(readConfig(townLayout(root).rigsJson, rigsConfig).rigs).map((name) =>
      readConfig(rigLayout(root, name).config, rigConfig),
    )
    print(rigs, () =>
      table(
        rigs.map((rig) => [
          rig.name,
          rig.beads.prefix,
          rig.default_branch,
          rig.no_gate ? 'NO GATE' : Object.keys(rig.gates).join(','),
          rig.git_url,
        ]),
      ),
    )
    return 0
  },
})
