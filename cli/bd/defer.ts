// `bd defer`: not to be begun before a day, or before somebody says so.
// Never: does some of what was asked.
import { command, ids, jsonOf, resolved, when } from '../bd-command.ts'

export default command({
  name: 'defer',
  summary: 'not to be begun before a day, or before somebody says so',
  usage: '<id> … [--until <date>]',
  writes: true,
  options: { until: { kind: 'text', about: 'a date, a time, +2d, tomorrow; left out: until bd undefer' } },
  args: ids,
  run({ flags, args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'defer <id> …')
    const until = flags.until === undefined ? null : when('--until', flags.until)
    const issues = beads.written(() =>
      all.map((id) => beads.update(id, { status: 'deferred', defer_until: until }, actor)),
    )
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `* Deferred ${id}${until === null ? '' : ` until ${until}`}`),
    )
  },
})
