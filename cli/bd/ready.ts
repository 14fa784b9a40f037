// `bd ready`: what can be worked on now; with --claim, one of it is the caller's.
// Never: claims another than the one it tells of, or one that somebody else was told of.
import { command, filterOf, filters, listedLine, ordering } from '../bd-command.ts'
import { Usage } from '../errors.ts'
import { tell } from '../print.ts'

/** Told when no limit is said. */
const usualMax = 100

export default command({
  name: 'ready',
  summary: 'what can be worked on now: open, and nothing it waits for is open',
  usage: '[--parent <epic>] [--claim]',
  writes: (flags) => flags.claim === true,
  options: {
    ...filters,
    ...ordering,
    sort: {
      kind: 'text',
      choices: ['priority', 'oldest', 'hybrid', 'created'],
      about: 'priority if left out; hybrid: what is two days old or less by priority, then the rest by age',
    },
    parent: { kind: 'id', about: 'under this issue only, all levels' },
    claim: { kind: 'flag', about: 'take the first that is nobody’s, and tell of that one' },
    explain: { kind: 'flag', about: 'say of what is not ready what it waits for' },
    limit: { ...ordering.limit, about: `so many at most; 0: all; ${usualMax} if left out` },
  },
  run(call) {
    const { flags, beads, print } = call
    if (flags.claim && flags.assignee !== undefined)
      throw new Usage('--claim takes what is nobody’s, and --assignee asks for somebody’s')
    const filter = {
      ...filterOf(flags),
      sort: flags.sort ?? 'priority',
      reverse: flags.reverse,
      ...(flags.parent === undefined ? {} : { parent: beads.resolve(flags.parent) }),
    } as const
    const limit = flags.limit ?? usualMax
    const claimed = flags.claim ? beads.claimReady(filter, call.actor, call.writer) : undefined
    const which = flags.claim
      ? { ids: claimed === undefined ? [] : [claimed.id], all: true }
      : // One more than is told says whether there are more.
        { ...filter, ready: true, limit: limit === 0 ? 0 : limit + 1 }
    const listed = beads.listed(which)
    const isCut = !flags.claim && limit > 0 && listed.length > limit
    const told = isCut ? listed.slice(0, limit) : listed
    const what = flags.claim ? `Claimed by ${call.actor}:` : `Ready work (${told.length} issues with no blockers):`
    const waiting = flags.explain ? beads.list({ ...filterOf(flags), blocked: true }) : []
    print(
      () => beads.json(isCut ? { ...which, limit } : which),
      () => [
        ...(told.length === 0
          ? ['No open issues are ready']
          : [what, ...told.map((issue, n) => `${n + 1}. ${listedLine(issue)}`)]),
        ...waiting.map(
          (issue) =>
            `${issue.id} waits for ${beads
              .blockers(issue.id)
              .map(({ id }) => id)
              .join(', ')} - ${issue.title}`,
        ),
      ],
    )
    if (isCut && flags.limit === undefined) tell(`there are more than ${limit}: -n 0 tells all`)
  },
})
