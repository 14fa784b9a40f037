// `gt restore`: copies of the town's records and of issues, and how one of them is put back while the town is down.
// Never: deletes what is there; it is set aside.
import { join } from 'node:path'
import process from 'node:process'
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
    const down = () => mustBeDown(ask, root)
    if (name !== 'daemon') await issues(root, name === 'mayor' ? undefined : name, { from, empty, down }, print)
    else {
      const { restoreRecords } = await import('../restore-records.ts')
      await down()
      const { data, lines } = await restoreRecords(root, { from, empty, keep })
      print(data, () => lines)
    }
    return 0
  },
})

type Print = Context['print']

async function list(root: string, print: Print): Promise<number> {
  const { daysCopied, copiesOf, nameOf } = await import('../../actors/beads/tiers.ts')
  const { readTown } = await import('../../actors/facts.ts')
  const { recordsCopied } = await import('../restore-records.ts')
  const tiers = [undefined, ...readTown(root).rigs.keys()].map((rig) => ({ town: root, rig }))
  const { trouble, copies: records } = recordsCopied(root)
  const copies = [
    ...records,
    ...tiers.flatMap((tier) =>
      daysCopied(tier).map((day) => ({ of: nameOf(tier), day, folder: join(copiesOf(tier), day) })),
    ),
  ]
  print({ trouble, copies }, ({ copies }) => [
    ...(trouble === null ? [] : [trouble]),
    ...(copies.length === 0
      ? ['there is no copy yet; one is made each day that the town is up']
      : table(copies.map(({ of, day, folder }) => [of, day, folder]))),
  ])
  return trouble === null ? 0 : 1
}

/** A rig's, or (undefined) the town's own, with its mail. */
async function issues(
  root: string,
  rig: string | undefined,
  { from, empty, down }: { from: string | undefined; empty: boolean; down(): Promise<void> },
  print: Print,
): Promise<void> {
  const { nameOf, townsPrefix } = await import('../../actors/beads/tiers.ts')
  const { knownIn, readTown, rigIn } = await import('../../actors/facts.ts')
  const read = readTown(root)
  if (rig !== undefined) knownIn(read, rig)
  const prefix = rig === undefined ? townsPrefix : rigIn(root, read.rigs, rig).beads.prefix
  await down()
  const { copyMeant, restore } = await import('../../actors/beads/restore.ts')
  const tier = { town: root, rig }
  const done = restore(tier, empty ? null : copyMeant(tier, from), prefix)
  print(done, () => [
    done.from === null
      ? `${nameOf(tier)} begins with no issues`
      : `${nameOf(tier)} has ${done.mark.issues} issues and messages, as they are in ${done.from}`,
    ...(done.lacks === undefined
      ? []
      : [
          `it ${done.lacks}; what landed meanwhile is closed again when it is asked for (gt spawn), the rest is to be said again`,
        ]),
    ...(done.aside === undefined ? [] : [`what was there is in ${done.aside}`]),
  ])
}

/** A daemon has all of it open, and would save its own over what is put back; none begins from here on. */
async function mustBeDown(ask: Context['ask'], root: string): Promise<void> {
  const { noteDoing, whoIs } = await import('../../actors/alone.ts')
  process.once('exit', noteDoing(root, 'restoring'))
  try {
    await ask('ping', {})
  } catch (error) {
    if (!(error instanceof TownUnreachable) || error.silent) throw error
    const { daemonIn } = await import('../../actors/remains.ts')
    const { isAlive } = await import('../../actors/processes.ts')
    const daemon = daemonIn(root)
    const pid = daemon && isAlive(daemon) ? daemon.pid : whoIs(root, 'beginning')
    if (pid === undefined) return
    throw new Error(`the daemon of ${root} (pid ${pid}) begins, or ends; wait for it, or end it with gt down`)
  }
  throw new Error(`the town at ${root} is up, and has its records and issues open; end it first: gt down`)
}
