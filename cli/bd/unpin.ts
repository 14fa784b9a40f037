// `bd unpin`: is work again.
// Never: does some of what was asked.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'

export default command({
  name: 'unpin',
  summary: 'is work again',
  usage: '<id> …',
  writes: true,
  args: ids,
  run({ args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'unpin <id> …')
    const issues = beads.written(() => all.map((id) => beads.update(id, { status: 'open' }, actor)))
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `✓ Unpinned ${id}`),
    )
  },
})
