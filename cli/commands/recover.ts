import { command, table } from '../command.ts'

export default command({
  summary: 'list and bring back work that was kept',
  usage: '(<rig>/<polecat> | <issue>) [--restore]',
  examples: ['gt recover wyv-1.2', 'gt recover wyvern/Nux --restore    # the newest as a branch of mayor/rig'],
  options: { restore: { type: 'boolean', about: 'bring the newest back as a branch of the rig’s clone' } },
  args: [1, 1],
  async run({ args, flags, town, print }) {
    const { readConfig, rigConfig, rigsConfig } = await import('../../actors/config.ts')
    const { rigLayout, townLayout } = await import('../../actors/layout.ts')
    const { keptWork, recover } = await import('../../actors/git/pin.ts')
    const root = town()
    const what = String(args[0])
    const rigs = Object.keys(readConfig(townLayout(root).rigsJson, rigsConfig).rigs).map((name) =>
      readConfig(rigLayout(root, name).config, rigConfig),
    )
    const [rigName, ...rest] = what.split('/')
    const rig = what.includes('/')
      ? rigs.find((each) => each.name === rigName)
      : rigs.find((each) => what.startsWith(`${each.beads.prefix}-`))
    if (!rig)
      throw new Error(
        `"${what}" is neither <rig>/<polecat> nor an issue of a rig; rigs: ${rigs.map((each) => each.name).join(', ')}`,
      )
    const deps = { town: root, defaultBranch: () => rig.default_branch }
    const kept = await keptWork(deps, rig.name, what.includes('/') ? { polecat: rest.at(-1) ?? '' } : { issue: what })
    if (kept.length === 0) throw new Error(`nothing is kept of ${what}`)
    if (!flags.restore) {
      print(kept, () =>
        table(
          kept.map((each) => [
            each.kind === 'nested' ? each.ref.slice('refs/gt/nested/'.length) : each.kind,
            each.issue,
            each.polecat,
            each.at,
            each.sha.slice(0, 10),
            each.subject,
          ]),
        ),
      )
      return 0
    }
    const newest = kept.find(({ kind }) => kind !== 'nested') ?? kept[0]
    const branch = newest && (await recover(deps, rig.name, newest))
    print({ branch, ...newest }, () => [
      `${newest?.kind} of ${newest?.issue} are on branch ${branch} of ${rigLayout(root, rig.name).clone}`,
    ])
    return 0
  },
})
