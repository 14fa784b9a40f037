// `bd recall`: what is remembered under a key.
// Never: takes a part of a key for it.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'
import { verbatim } from '../print.ts'

export default command({
  name: 'recall',
  summary: 'what is remembered under a key',
  usage: '<key>',
  writes: false,
  args: { key: { kind: 'text' } },
  run({ args: { key }, beads, print }) {
    const memory = beads.recall(key)
    if (!memory) throw new BeadsError(`nothing is remembered under "${key}"; bd memories lists all`)
    print(
      () => ({ key, value: memory.value, found: true }),
      () => [verbatim(memory.value)],
    )
  },
})
