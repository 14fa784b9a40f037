// `bd dep relate`: two issues have to do with each other; neither waits.
// Never: keeps anything from starting.
import { command } from '../bd-command.ts'

export default command({
  name: 'dep relate',
  also: ['relate'],
  summary: 'two issues have to do with each other',
  usage: '<id> <id>',
  writes: true,
  args: { one: { kind: 'id' }, other: { kind: 'id' } },
  run({ args, beads, actor, print }) {
    const [one, other] = [beads.resolve(args.one), beads.resolve(args.other)]
    beads.written(() => {
      beads.addDep(one, other, 'relates-to', actor)
      beads.addDep(other, one, 'relates-to', actor)
    })
    print(
      () => ({ id1: one, id2: other, related: true }),
      () => [`✓ Linked ${one} ↔ ${other}`],
    )
  },
})
