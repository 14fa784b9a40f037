// `bd dep remove`: one issue does not wait for another any more.
// Never: says so when it did not.
import { command } from '../bd-command.ts'

export default command({
  name: 'dep remove',
  also: ['dep rm'],
  summary: 'an issue does not wait for another any more',
  usage: '<later> <earlier>',
  writes: true,
  args: { later: { kind: 'id' }, earlier: { kind: 'id' } },
  run({ args, beads, actor, print }) {
    const [id, on] = [beads.resolve(args.later), beads.resolve(args.earlier)]
    beads.removeDep(id, on, actor)
    print(
      () => ({ status: 'removed', issue_id: id, depends_on_id: on }),
      () => [`✓ Removed dependency: ${id} no longer depends on ${on}`],
    )
  },
})
