// `bd delete`: issues that should never have been; kept whole as tombstones, and in no list any more.
// Never: does it without --force; deletes what somebody works on, or mail; for an agent, what others filed.
import { BeadsError } from '../../actors/beads/contract.ts'
import { issueLine } from '../../actors/beads/jsonl.ts'
import { command, contentOf, ids, isAgents } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'delete',
  summary: 'take issues out of every list, all of them or none',
  usage: '<id> … --force',
  writes: (flags) => flags.force === true,
  options: {
    force: { kind: 'flag', short: 'f', about: 'do it; else it is told what would be deleted' },
    'dry-run': { kind: 'flag', about: 'tell what would be deleted' },
    cascade: { kind: 'flag', about: 'what waits for it, too, at all levels' },
    reason: { kind: 'text', short: 'r', about: 'why' },
    hard: { kind: 'flag', about: 'nothing to do here: a tombstone is kept always' },
    'from-file': { kind: 'text', about: 'a file with an id a line' },
  },
  args: ids,
  run(call) {
    const { flags, args, beads, print } = call
    const listed =
      flags['from-file'] === undefined
        ? []
        : contentOf(flags['from-file'])
            .split('\n')
            .map((each) => each.trim())
            .filter((each) => each !== '' && !each.startsWith('#'))
    const named = [...args.ids, ...listed]
    if (named.length === 0) throw new Usage('usage: bd delete <id> … --force')
    const given = [...new Set(named.map((id) => found(() => beads.resolve(id), id)))]
    const all = flags.cascade
      ? [...new Set(given.flatMap((id) => beads.tree(id, { way: 'up' }).map((each) => each.id)))]
      : given
    if (!flags.force || flags['dry-run'])
      return print(
        () => ({ would_delete: all }),
        () => [
          'DELETE PREVIEW',
          ...all.map((id) => `  ${id}: ${beads.get(id)?.title}`),
          `To proceed, run: bd delete ${given.join(' ')}${flags.cascade ? ' --cascade' : ''} --force`,
        ],
      )
    // What others filed is the Overseer's to take away; an agent takes back what it filed itself.
    const others = isAgents(call) ? all.find((id) => beads.get(id)?.created_by !== call.actor) : undefined
    if (others !== undefined)
      throw new BeadsError(
        `${others} was not filed by ${call.actor}, and is the Overseer's to delete; nothing was deleted`,
      )
    const gone = beads.written(() =>
      all.map((id) => ({ id, ...beads.remove(id, issueLine(beads, id).trim(), call.actor, flags.reason ?? 'delete') })),
    )
    const sum = (of: 'edges' | 'texts') => gone.reduce((total, each) => total + each[of], 0)
    return print(
      () => ({
        deleted: gone.length === 1 ? gone[0]?.id : gone.map(({ id }) => id),
        ...(gone.length === 1 ? {} : { deleted_count: gone.length }),
        dependencies_removed: sum('edges'),
        references_updated: sum('texts'),
      }),
      () => [
        ...gone.map(({ id }) => `✓ Deleted ${id}`),
        `  Removed ${sum('edges')} dependency link(s)`,
        `  Updated text references in ${sum('texts')} issue(s)`,
      ],
    )
  },
})

function found(resolve: () => string, id: string): string {
  try {
    return resolve()
  } catch (error) {
    if (error instanceof BeadsError && error.message.startsWith('no issue'))
      throw new BeadsError(`issue ${id} not found`)
    throw error
  }
}
