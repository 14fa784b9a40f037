// `gt restore`: copies of the town's records and of issues, and how one of them is put back while the town is down.
// Never: deletes what is there; it is set aside.
import { join } from 'node:path'
import { TownUnreachable, Usage } from '../errors.ts'
import { table } from '../print.ts'
import { type Context, declare } from '../word.ts'

export const word = declare({
  name: 'restore',
  group: 'town',
  summary: 'list the daily copies of the town’s records and of issues, or put one back while the town is down',
  usage: '[<rig> | mayor | daemon] [--from <day or file> | --empty | --keep]',
  examples: [
    'gt restore    # which copies there are, and whether the records can be used',
    'gt restore wyvern    # the last copy of its issues; what is there is set aside',
    'gt restore mayor --from 2026-01-31    # the town’s own issues and mail, as they were',
    'gt restore daemon    # the town’s records (daemon/town.db)',
    'gt restore daemon --keep    # go by the town.db that is there, although it is not the one the town had',
  ],
  options: {
    from: { kind: 'text', about: 'the day of the copy, or a file of issues; the last copy if left out' },
    empty: { kind: 'flag', about: 'begin with nothing, where there is no copy' },
    keep: { kind: 'flag', about: 'of the records: go by those that are there, although they are older or not whole' },
  },
  args: { whose: { kind: 'text', optional: true } },
  async run({ args: { whose }, flags: { from, empty, keep }, town, ask, print }) {
    if ([from !== undefined, empty, keep].filter(Boolean).length > 1)
      throw new Usage('say --from, --empty or --keep; not two of them')
    const root = town()
    if (whose === undefined) {
      if (from !== undefined || empty || keep) throw new Usage('say whose: a rig, mayor, or daemon')
      return await list(root, print)
    }
    const name = whose.replace(/\/$/, '')
    if (keep && name !== 'daemon') throw new Usage('--keep is for the records: gt restore daemon --keep')
    const asked = { from, empty, keep, down: () => mustBeDown(ask, root) }
    if (name === 'daemon') await records(root, asked, print)
    else await issues(root, name === 'mayor' ? undefined : name, asked, print)
    return 0
  },
})

interface Asked {
  from: string | undefined
  empty: boolean
  keep: boolean
  down(): Promise<void>
}
type Print = Context['print']

async function list(root: string, print: Print): Promise<number> {
  const { daysCopied, copiesOf, nameOf } = await import('../../actors/beads/tiers.ts')
  const { copiesIn } = await import('../../actors/copies.ts')
  const { readTown } = await import('../../actors/facts.ts')
  const { townLayout } = await import('../../actors/layout.ts')
  const { recordsTrouble } = await import('../../actors/records.ts')
  const { db, dbCopies } = townLayout(root)
  const tiers = [undefined, ...readTown(root).rigs.keys()].map((rig) => ({ town: root, rig }))
  const trouble = recordsTrouble(root) ?? null
  const copies = [
    ...copiesIn(dbCopies).map(({ name: day, path }) => ({ of: 'daemon', day, path })),
    ...tiers.flatMap((tier) =>
      daysCopied(tier).map((day) => ({ of: nameOf(tier), day, path: join(copiesOf(tier), day) })),
    ),
  ]
  print({ trouble, copies }, ({ copies }) => [
    trouble ?? `${db} can be used`,
    ...(copies.length === 0
      ? ['there is no copy yet; one is made each day that the town is up']
      : table(copies.map(({ of, day, path }) => [of, day, path]))),
  ])
  return trouble === null ? 0 : 1
}

/** daemon/town.db. */
async function records(root: string, { from, empty, keep, down }: Asked, print: Print): Promise<void> {
  const { copiesIn } = await import('../../actors/copies.ts')
  const { townLayout } = await import('../../actors/layout.ts')
  const { keepRecords, replaceRecords } = await import('../../actors/records.ts')
  await down()
  const copies = copiesIn(townLayout(root).dbCopies)
  const chosen = from === undefined ? copies[0] : copies.find(({ name }) => name === from)
  if (!keep && !empty && !chosen)
    throw new Error(
      `there is no copy${from === undefined ? '' : ` of ${from}`}; there are: ${copies.map(({ name }) => name).join(', ') || 'none'}. To begin new records, and forget who worked at what: gt restore daemon --empty`,
    )
  const { aside, stopped } = keep ? await keepRecords(root) : await replaceRecords(root, empty ? undefined : chosen)
  print({ copy: keep || empty ? null : (chosen?.name ?? null), aside, stopped }, () => [
    keep
      ? `${root} goes by the town.db that is there; \`gt up\` starts it`
      : empty
        ? `${root} begins new records; \`gt up\` starts it`
        : `${root} goes by the copy of ${chosen?.name} from now on; \`gt up\` starts it`,
    ...(aside === undefined ? [] : [`what was there is ${aside} now`]),
    ...(stopped.length > 0 ? [`ended, since nothing is known of them: ${stopped.join(', ')}; their work is kept`] : []),
  ])
}

/** A rig's, or (undefined) the town's own, with its mail. */
async function issues(
  root: string,
  rig: string | undefined,
  { from, empty, down }: Asked,
  print: Print,
): Promise<void> {
  const { nameOf } = await import('../../actors/beads/tiers.ts')
  const { knownIn, readTown, rigIn } = await import('../../actors/facts.ts')
  const read = readTown(root)
  if (rig !== undefined) knownIn(read, rig)
  const prefix = rig === undefined ? 'gm' : rigIn(root, read.rigs, rig).beads.prefix
  await down()
  const { copyMeant, restore } = await import('../../actors/beads/restore.ts')
  const tier = { town: root, rig }
  const done = restore(tier, empty ? null : copyMeant(tier, from), prefix)
  print(done, () => [
    done.from === null
      ? `${nameOf(tier)} begins with no issues`
      : `${nameOf(tier)} has ${done.mark.issues} issues and messages, as they are in ${done.from}`,
    ...(done.aside === undefined ? [] : [`what was there is in ${done.aside}`]),
  ])
}

/** A daemon has all of it open, and would save its own over what is put back. */
async function mustBeDown(ask: Context['ask'], root: string): Promise<void> {
  try {
    await ask('ping', {})
  } catch (error) {
    if (error instanceof TownUnreachable && !error.silent) return
    throw error
  }
  throw new Error(`the town at ${root} is up, and has its records and issues open; end it first: gt down`)
}
