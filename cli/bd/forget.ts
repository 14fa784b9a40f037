// `bd forget`: what need not be known any more.
// Never: forgets more than the one key.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'forget',
  summary: 'take away what is remembered under a key',
  usage: '<key>',
  writes: true,
  args: { key: { kind: 'text' } },
  run({ args: { key }, beads, actor, print }) {
    void actor
    if (!beads.forget(key)) throw new BeadsError(`nothing is remembered under "${key}"; bd memories lists all`)
    print(
      () => ({ key, deleted: true }),
      () => [`Forgot [${key}]`],
    )
  },
})
