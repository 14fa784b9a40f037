// `bd pin`: stays where it is, and is no work.
// Never: does some of what was asked.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'

export default command({
  name: 'pin',
  summary: 'stays where it is, and is no work',
  usage: '<id> …',
  writes: true,
  args: ids,
  run({ args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'pin <id> …')
    const issues = beads.written(() => all.map((id) => beads.update(id, { status: 'pinned' }, actor)))
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `✓ Pinned ${id}`),
    )
  },
})
