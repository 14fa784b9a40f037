// `bd supersede`: an issue is replaced by another: it is closed, and says so.
// Never: changes the other one.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'supersede',
  summary: 'an issue is replaced by another; it is closed',
  usage: '<id> --with <other>',
  writes: true,
  options: { with: { kind: 'id', about: 'the other' } },
  args: { id: { kind: 'id' } },
  run({ flags, args, beads, actor, print }) {
    if (flags.with === undefined) throw new Usage('usage: bd supersede <id> --with <other>')
    const [id, other] = [beads.resolve(args.id), beads.resolve(flags.with)]
    if (id === other) throw new BeadsError(`${id} is itself; nothing was written`)
    beads.written(() => {
      beads.addDep(id, other, 'supersedes', actor)
      beads.update(id, { status: 'closed', close_reason: `Superseded by ${other}` }, actor)
    })
    print(
      () => ({ id, replacement: other, status: 'closed' }),
      () => [`✓ Marked ${id} as superseded by ${other} (closed)`],
    )
  },
})
