// `bd mail ack`: messages that are read and done with, all of them or none.
// Never: takes one away.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command, ids, resolved } from '../bd-command.ts'
import { delegated } from '../bd-mail.ts'

export default command({
  name: 'mail ack',
  summary: 'messages that are read and done with',
  usage: '<id> …',
  writes: true,
  options: { identity: { kind: 'text', about: 'nothing to do here' } },
  args: ids,
  run(call) {
    const { args, beads, print } = call
    const away = delegated(call, ['ack', ...args.ids], ({ acknowledged }: { acknowledged: string[] }) => ({
      acknowledged,
      errors: [],
    }))
    if (away !== undefined) return away
    const all = resolved(beads, args.ids, 'mail ack <id> …')
    beads.written(() => {
      for (const id of all) {
        if (beads.get(id)?.issue_type !== 'message') throw new BeadsError(`${id} is not a message; nothing was written`)
        beads.update(id, { status: 'closed', close_reason: 'acknowledged' }, call.actor)
      }
    })
    print(
      () => ({ acknowledged: all, errors: [] }),
      () => all.map((id) => `✓ Acknowledged: ${id}`),
    )
    return 0
  },
})
