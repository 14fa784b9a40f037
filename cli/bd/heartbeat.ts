// `bd heartbeat`: its holder is at it still.
// Never: keeps what somebody else holds.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'

export default command({
  name: 'heartbeat',
  also: ['hb'],
  summary: 'its holder is at it still',
  usage: '<id> …',
  writes: true,
  args: ids,
  run({ args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'heartbeat <id> …')
    const issues = beads.written(() => all.map((id) => beads.heartbeat(id, actor)))
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id, lease_expires_at: until }) => `✓ ${id} is held until ${until}`),
    )
  },
})
