// `gt rig show`: every setting of a rig, from its config.json; also while the town is down.
// Never: changes one.
import type { RigConfig } from '../../actors/config.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'rig show',
  group: 'town',
  summary: 'every setting of a rig, and when a change of it counts',
  usage: '<rig>',
  examples: ['gt rig show wyvern', 'gt rig show wyvern --json'],
  args: { rig: { kind: 'text' } },
  async run({ args: { rig }, town, print }) {
    const { knownIn, readTown } = await import('../../actors/facts.ts')
    const { rigLayout } = await import('../../actors/layout.ts')
    const { settings } = await import('../settings.ts')
    const { textAt } = await import('../../actors/files.ts')
    const { shown } = await import('../../actors/git/shown.ts')
    const read = readTown(town())
    knownIn(read, rig)
    const { chosen } = await import('../../actors/agents/choice.ts')
    const path = rigLayout(read.root, rig).config
    const unusable = read.unusable.get(rig)
    if (unusable !== undefined) throw new Error(unusable)
    const written = JSON.parse(textAt(path)) as Record<string, unknown>
    const used = read.rigs.get(rig) as Record<string, unknown>
    const lines = Object.entries(settings)
      .filter(([key]) => key in used || key in written || key === 'worker' || key === 'agent')
      .map(([key, { counts, about }]) => ({
        key,
        value: key === 'git_url' ? shown(String(used[key])) : (written[key] ?? used[key] ?? null),
        set: key in written,
        counts,
        about,
      }))
    const { by, agent, model, effort } = chosen('polecat', [], read.rigs.get(rig) as RigConfig, read.config)
    const polecats = { agent, model, effort, by }
    print({ rig, path, settings: lines, polecats, unread: read.unread }, () => [
      path,
      ...table(
        lines.map(({ key, value, set, counts, about }) => [
          `  ${key}`,
          valueWords(key, value),
          set ? '' : 'default',
          counts === 'at once' ? '' : counts,
          about,
        ]),
      ),
      ...read.unread.filter((words) => words.startsWith(path)),
      '',
      `its polecats: ${agent}${model === null ? '' : `, model ${model}`}${effort === null ? '' : `, effort ${effort}`} (said by ${by})`,
      '`gt rig set <rig> <key>=<value>` changes one; what says nothing else counts at once',
    ])
    return 0
  },
})

/** Durations that were not written are milliseconds by now. */
function valueWords(key: string, value: unknown): string {
  if (value === null) return 'none'
  if (typeof value === 'number' && /_(timeout|after|delay)$/.test(key))
    return value % 60_000 === 0 && value > 0 ? `${value / 60_000}m` : `${value / 1000}s`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
