// `bd ready`: what can be worked on now; with --claim, one of it is the caller's.
// Never: claims another than the one it tells of, or one that somebody else was told of.
import { command, filterOf, filters, jsonOf, line } from '../bd-command.ts'
import { Usage } from '../errors.ts'

/** Told when no limit is said. */
const usualMax = 100

export default command({
  name: 'ready',
  summary: 'what can be worked on now: open, and nothing it waits for is open',
  usage: '[--parent <epic>] [--claim]',
  writes: (flags) => flags.claim === true,
  options: {
    ...filters,
    unassigned: { kind: 'flag', short: 'u', about: 'what is nobody’s only' },
    claim: { kind: 'flag', about: 'take the first that is nobody’s, and tell of that one' },
    limit: {
      kind: 'number',
      range: [0, 1_000_000],
      short: 'n',
      about: `so many at most; 0: all; ${usualMax} if left out`,
    },
  },
  run(call) {
    const { flags, beads, print } = call
    if (flags.claim && flags.assignee !== undefined)
      throw new Usage('--claim takes what is nobody’s, and --assignee asks for somebody’s')
    const filter = filterOf(beads, flags)
    const limit = flags.limit === 0 ? Number.POSITIVE_INFINITY : (flags.limit ?? usualMax)
    const claimed = flags.claim ? beads.claimReady(filter, call.actor) : undefined
    const issues = flags.claim
      ? claimed === undefined
        ? []
        : [claimed]
      : beads.ready({ ...filter, unassigned: flags.unassigned, limit })
    const what = flags.claim ? `Claimed by ${call.actor}:` : `Ready work (${issues.length} issues with no blockers):`
    print(
      () => jsonOf(beads, issues),
      () =>
        issues.length === 0
          ? ['No open issues are ready']
          : [what, ...issues.map((issue, n) => `${n + 1}. ${line(issue)}`)],
    )
  },
})
