// `gt restore`: the copies of the town's records, and how one of them is brought back while the town is down.
// Never: deletes what is there; it is moved aside.
import { TownUnreachable } from '../errors.ts'
import { table } from '../print.ts'
import { type Context, declare } from '../word.ts'

export const word = declare({
  name: 'restore',
  group: 'town',
  summary: 'list the daily copies of the town’s records, and bring one back while the town is down',
  usage: '[daemon] [--from <day> | --keep | --empty]',
  examples: [
    'gt restore    # which copies there are, and whether the records can be used',
    'gt restore daemon    # the last copy of daemon/town.db; what is there is moved aside',
    'gt restore daemon --from 2026-01-31',
    'gt restore daemon --keep    # go by the town.db that is there, although it is not what the town had',
  ],
  options: {
    from: { kind: 'text', about: 'the day of the copy; the last copy if left out' },
    keep: { kind: 'flag', about: 'go by the town.db that is there, although it is older, another, or not whole' },
    empty: { kind: 'flag', about: 'begin new records: who worked at what, and what waits to land, is forgotten' },
  },
  args: { whose: { kind: 'text', optional: true } },
  async run({ args: { whose }, flags, town, ask, print }) {
    const { recordsCopied, restoreRecords } = await import('../restore-records.ts')
    const root = town()
    if (whose === undefined) {
      const found = recordsCopied(root)
      print(found, ({ trouble, copies }) => [
        ...(trouble === null ? [] : [trouble]),
        ...(copies.length === 0 ? ['no copies yet'] : table(copies.map(({ of, day, folder }) => [of, day, folder]))),
      ])
      return found.trouble === null ? 0 : 1
    }
    if (whose !== 'daemon')
      throw new Error(`no copies are made of "${whose}"; work of a worker comes back with \`gt recover\``)
    await mustBeDown(ask, root)
    const { data, lines } = await restoreRecords(root, flags)
    print(data, () => lines)
    return 0
  },
})

/** A daemon has it open, and would go on with its own. */
async function mustBeDown(ask: Context['ask'], root: string): Promise<void> {
  try {
    await ask('ping', {})
  } catch (error) {
    if (error instanceof TownUnreachable && !error.silent) return
    throw error
  }
  throw new Error(`the town at ${root} is up; end it first: gt down`)
}
