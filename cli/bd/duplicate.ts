// `bd duplicate`: an issue is the same as another, which is kept: it is closed, and says so.
// Never: changes the other one.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'duplicate',
  summary: 'an issue is the same as another, which is kept; it is closed',
  usage: '<id> --of <other>',
  writes: true,
  options: { of: { kind: 'id', about: 'the other' } },
  args: { id: { kind: 'id' } },
  run({ flags, args, beads, actor, print }) {
    if (flags.of === undefined) throw new Usage('usage: bd duplicate <id> --of <other>')
    const [id, other] = [beads.resolve(args.id), beads.resolve(flags.of)]
    if (id === other) throw new BeadsError(`${id} is itself; nothing was written`)
    beads.written(() => {
      beads.addDep(id, other, 'duplicates', actor)
      beads.update(id, { status: 'closed', close_reason: `Duplicate of ${other}` }, actor)
    })
    print(
      () => ({ id, canonical: other, status: 'closed' }),
      () => [`✓ Marked ${id} as duplicate of ${other} (closed)`],
    )
  },
})
