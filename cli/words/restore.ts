// `gt restore`: copies of daemon/town.db, and how one is put back. Works while the town is down, and only then.
// Never: deletes what is there; it is moved aside.

import { TownUnreachable } from '../errors.ts'
import { table } from '../print.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'restore',
  group: 'town',
  summary: 'list the copies of the town’s records (daemon/town.db), or put one back',
  usage: '[last | <copy>] [--keep] [--anew]',
  examples: [
    'gt restore               # what there is, and whether town.db can be used',
    'gt restore last          # or the name of a copy, such as 2026-11-26',
    'gt restore --keep        # go by the town.db that is there, although it is not the one the town had',
  ],
  options: {
    keep: { kind: 'flag', about: 'go by the town.db that is there, although it is older, another, or not whole' },
    anew: { kind: 'flag', about: 'begin new records: who worked at what, and what waits to land, is forgotten' },
  },
  args: { copy: { kind: 'text', optional: true } },
  async run({ args: { copy }, flags: { keep, anew }, ask, town, print }) {
    const { Usage } = await import('../errors.ts')
    if ([copy !== undefined, keep, anew].filter(Boolean).length > 1)
      throw new Usage('give a copy, or --keep, or --anew; not two of them')
    const root = town()
    const { copiesIn } = await import('../../actors/copies.ts')
    const { townLayout } = await import('../../actors/layout.ts')
    const records = await import('../../actors/records.ts')
    const copies = copiesIn(townLayout(root).dbCopies)
    if (copy === undefined && !keep && !anew) {
      const trouble = records.recordsTrouble(root) ?? null
      print({ trouble, copies }, () => [
        trouble ?? `${townLayout(root).db} can be used`,
        ...table(copies.map(({ name, path, sizeBytes }) => [name, `${Math.ceil(sizeBytes / 1024)} kB`, path])),
        ...(copies.length === 0 ? ['there is no copy yet; one is made each day that the town is up'] : []),
      ])
      return trouble === null ? 0 : 1
    }
    await downNow()
    const chosen = copy === 'last' ? copies[0] : copies.find(({ name }) => name === copy)
    if (copy !== undefined && !chosen)
      throw new Error(
        `there is no copy "${copy}"; there are: ${copies.map(({ name }) => name).join(', ') || 'none'} (work of a worker comes back with \`gt recover\`)`,
      )
    const { aside, stopped } = keep ? await records.keepRecords(root) : await records.replaceRecords(root, chosen)
    print({ copy: chosen?.name ?? null, aside, stopped }, () => [
      chosen
        ? `${root} goes by the copy of ${chosen.name} from now on; \`gt up\` starts it`
        : `${root} ${keep ? 'goes by the town.db that is there' : 'begins new records'}; \`gt up\` starts it`,
      ...(aside === undefined ? [] : [`what was there is ${aside} now`]),
      ...(stopped.length > 0
        ? [`ended, since nothing is known of them: ${stopped.join(', ')}; their work is kept`]
        : []),
    ])
    return 0

    async function downNow(): Promise<void> {
      try {
        await ask('ping', {})
      } catch (error) {
        if (!(error instanceof TownUnreachable) || error.silent) throw error
        return
      }
      throw new Error(`${root} is up; records are put back while it is down: \`gt down\` first`)
    }
  },
})
