// `bd dep add`: one issue waits for another.
// Never: makes a circle.
import { command } from '../bd-command.ts'

export default command({
  name: 'dep add',
  summary: 'an issue waits for another',
  usage: '<later> <earlier> [-t <kind>]',
  writes: true,
  options: { type: { kind: 'text', short: 't', about: 'blocks (if left out), parent-child, related, …' } },
  args: { later: { kind: 'text' }, earlier: { kind: 'text' } },
  run({ flags, args, beads, actor, print }) {
    const [id, on] = [beads.resolve(args.later), beads.resolve(args.earlier)]
    const type = flags.type ?? 'blocks'
    beads.addDep(id, on, type, actor)
    print(
      () => ({ status: 'added', issue_id: id, depends_on_id: on, type }),
      () => [`✓ Added dependency: ${id} depends on ${on} (${type})`],
    )
  },
})
