// `bd dep unrelate`: two issues have nothing to do with each other any more.
// Never: takes away what one of them waits for.
import { command } from '../bd-command.ts'

export default command({
  name: 'dep unrelate',
  also: ['unrelate'],
  summary: 'two issues have nothing to do with each other any more',
  usage: '<id> <id>',
  writes: true,
  args: { one: { kind: 'id' }, other: { kind: 'id' } },
  run({ args, beads, actor, print }) {
    const [one, other] = [beads.resolve(args.one), beads.resolve(args.other)]
    beads.written(() => {
      for (const [id, on] of [
        [one, other],
        [other, one],
      ] as const)
        if (beads.dependencies(id).some((dep) => dep.depends_on_id === on && dep.type === 'relates-to'))
          beads.removeDep(id, on, actor)
    })
    print(
      () => ({ id1: one, id2: other, unrelated: true }),
      () => [`✓ Unlinked ${one} ↔ ${other}`],
    )
  },
})
