// `bd reopen`: issues that are not done after all, all that were named or none.
// Never: gives one back to the worker that closed it.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'

export default command({
  name: 'reopen',
  summary: 'open closed issues again, all of them or none',
  usage: '<id> … [--reason "…"]',
  writes: true,
  options: { reason: { kind: 'text', short: 'r', about: 'why; kept in its history' } },
  args: ids,
  run({ flags, args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'reopen <id> …')
    const issues = beads.written(() => all.map((id) => beads.update(id, { status: 'open' }, actor, flags.reason)))
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `✓ Reopened ${id}`),
    )
  },
})
