// `gt agents`: the presets there are, what of them this machine has, and what came of the last try.
// Never: starts an agent.
import process from 'node:process'
import { colour, complain, table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'agents',
  group: 'sessions',
  summary: 'the kinds of agents, and which of them are here',
  usage: '',
  examples: ['gt agents', 'gt agents --json', 'gt agents try claude'],
  async run({ townAround, print }) {
    const { ownPresets, spokenIn } = await import('../../actors/agents/own.ts')
    const { installed } = await import('../../actors/agents/installed.ts')
    const { verdictsIn } = await import('../../actors/agents/verdicts.ts')
    const root = townAround()
    const verdicts = root === undefined ? {} : verdictsIn(root)
    const all = await Promise.all(
      (await spokenIn(root)).map(async (preset) => ({
        name: preset.name,
        own: preset.isOwn,
        about: preset.about,
        limits: preset.limits ?? [],
        from: preset.from ?? null,
        ...(await installed(preset, process.env)),
        last: verdicts[preset.name] ?? null,
      })),
    )
    for (const why of root === undefined ? [] : ownPresets(root).broken.values()) complain('warning', why)
    print(all, (agents) => [
      ...table(
        agents.map(({ name, own, about, from, path, version, tried, key, last }) => [
          own ? `${name} (own)` : name,
          from === null && !own
            ? ''
            : path === null
              ? colour(2, 'not here')
              : `${version ?? 'says no version'}${tried === false ? ' (not tried with)' : ''}`,
          path === null ? '' : (key ?? 'no key set'),
          last === null ? '' : `${last.verdict} ${last.at.slice(0, 10)}`,
          path === null && from !== null ? `${about}: ${from}` : about,
        ]),
      ),
      '',
      'No key set: it may have logged in by itself. `gt agents try <name>` has one do a real turn.',
    ])
    return 0
  },
})
