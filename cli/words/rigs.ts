// `gt rigs`: the rigs as their configuration says, also while the town is down.
// Never: says what goes on in them; `gt status` does.
import { table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'rigs',
  group: 'town',
  summary: 'list the rigs',
  usage: '',
  examples: ['gt rigs', 'gt rigs --json'],
  async run({ town, print }) {
    const { readTown } = await import('../../actors/facts.ts')
    const { shown } = await import('../../actors/git/shown.ts')
    const { rigs, unusable } = readTown(town())
    const all = [...rigs.values()].map((rig) => ({ ...rig, git_url: shown(rig.git_url) }))
    print(all, () =>
      table(
        all.map((rig) => [
          rig.name,
          rig.beads.prefix,
          rig.default_branch,
          rig.no_gate ? 'NO GATE' : Object.keys(rig.gates).join(','),
          rig.git_url,
        ]),
      ),
    )
    if (unusable.size > 0) throw new Error([...unusable.values()].join('\n'))
    return 0
  },
})
