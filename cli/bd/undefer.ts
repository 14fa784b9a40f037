// `bd undefer`: may be begun now.
// Never: does some of what was asked.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'

export default command({
  name: 'undefer',
  summary: 'may be begun now',
  usage: '<id> …',
  writes: true,
  args: ids,
  run({ args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'undefer <id> …')
    const issues = beads.written(() => all.map((id) => beads.update(id, { status: 'open', defer_until: null }, actor)))
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `* Undeferred ${id} (now open)`),
    )
  },
})
