// `gt restore`: the copies of issues, and how one of them is brought back while the town is down.
// Never: deletes what is there; it is set aside.
import { join } from 'node:path'
import { TownUnreachable } from '../errors.ts'
import { table } from '../print.ts'
import { type Context, declare } from '../word.ts'

export const word = declare({
  name: 'restore',
  group: 'town',
  summary: 'list the daily copies of issues, and bring one back while the town is down',
  usage: '[<rig> | mayor] [--from <day or file> | --empty]',
  examples: [
    'gt restore    # which copies there are',
    'gt restore wyvern    # its last copy; what is there is set aside',
    'gt restore mayor --from 2026-01-31    # the town’s own issues and mail, as they were',
  ],
  options: {
    from: { kind: 'text', about: 'the day of the copy, or a file; the last copy if left out' },
    empty: { kind: 'flag', about: 'begin with no issues, where there is no copy' },
  },
  args: { whose: { kind: 'text', optional: true } },
  async run({ args: { whose }, flags, town, ask, print }) {
    const { daysCopied, copiesOf, nameOf } = await import('../../actors/beads/tiers.ts')
    const { knownIn, readTown, rigIn } = await import('../../actors/facts.ts')
    const root = town()
    const read = readTown(root)
    if (whose === undefined) {
      const tiers = [undefined, ...read.rigs.keys()].map((rig) => ({ town: root, rig }))
      const copies = tiers.flatMap((tier) =>
        daysCopied(tier).map((day) => ({ of: nameOf(tier), day, folder: join(copiesOf(tier), day) })),
      )
      print(copies, (copies) =>
        copies.length === 0 ? ['no copies yet'] : table(copies.map(({ of, day, folder }) => [of, day, folder])),
      )
      return 0
    }
    const rig = whose.replace(/\/$/, '') === 'mayor' ? undefined : whose
    if (rig !== undefined) knownIn(read, rig)
    const prefix = rig === undefined ? 'gm' : rigIn(root, read.rigs, rig).beads.prefix
    await mustBeDown(ask, root)
    const { copyMeant, restore } = await import('../../actors/beads/restore.ts')
    const tier = { town: root, rig }
    const done = restore(tier, flags.empty ? null : copyMeant(tier, flags.from), prefix)
    print(done, () => [
      done.from === null
        ? `${nameOf(tier)} begins with no issues`
        : `${nameOf(tier)} has ${done.mark.issues} issues and messages, as they are in ${done.from}`,
      ...(done.aside === undefined ? [] : [`what was there is in ${done.aside}`]),
    ])
    return 0
  },
})

/** A daemon has the issues open, and would save its own over what is brought back. */
async function mustBeDown(ask: Context['ask'], root: string): Promise<void> {
  try {
    await ask('ping', {})
  } catch (error) {
    if (error instanceof TownUnreachable && !error.silent) return
    throw error
  }
  throw new Error(`the town at ${root} is up, and has its issues open; end it first: gt down`)
}
