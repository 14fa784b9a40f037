// `bd close`: issues that are done, all that were named or none.
// Never: closes what waits for something open, or has open children, unless it is forced; closes somebody else's mail.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'

export default command({
  name: 'close',
  also: ['done'],
  summary: 'close issues, all of them or none',
  usage: '<id> … [--reason "…"]',
  writes: true,
  options: {
    reason: { kind: 'text', short: 'r', about: 'why, or how it was done' },
    force: { kind: 'flag', short: 'f', about: 'also what waits for something, or has open children' },
  },
  args: ids,
  run({ flags, args, beads, actor, print }) {
    const reason = flags.reason ?? 'Closed'
    const all = resolved(beads, args.ids, 'close <id> …')
    const issues = beads.written(() => all.map((id) => beads.closeIssue(id, reason, actor, flags.force)))
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `✓ Closed ${id}: ${reason}`),
    )
  },
})
