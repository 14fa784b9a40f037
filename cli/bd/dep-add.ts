// `bd dep add`: one issue waits for another.
// Never: makes a circle.
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'dep add',
  also: ['link'],
  summary: 'an issue waits for another',
  usage: '<later> <earlier> [-t <kind>]',
  writes: true,
  options: {
    type: { kind: 'text', short: 't', about: 'blocks (if left out), parent-child, related, discovered-from, …' },
    'blocked-by': { kind: 'id', about: 'the earlier one' },
    'depends-on': { kind: 'id', about: 'the same as --blocked-by' },
  },
  args: { later: { kind: 'id' }, earlier: { kind: 'id', optional: true } },
  run({ flags, args, beads, actor, print }) {
    const earlier = args.earlier ?? flags['blocked-by'] ?? flags['depends-on']
    if (earlier === undefined) throw new Usage('usage: bd dep add <later> <earlier>')
    const [id, on] = [beads.resolve(args.later), beads.resolve(earlier)]
    const type = flags.type ?? 'blocks'
    beads.addDep(id, on, type, actor)
    print(
      () => ({ status: 'added', issue_id: id, depends_on_id: on, type }),
      () => [`✓ Added dependency: ${id} depends on ${on} (${type})`],
    )
  },
})
