// `bd unclaim`: nobody’s any more, and open.
// Never: does some of what was asked.
import { command, ids, jsonOf, resolved } from '../bd-command.ts'
import { Mismatch } from '../errors.ts'

export default command({
  name: 'unclaim',
  summary: 'nobody’s any more, and open',
  usage: '<id> …',
  writes: true,
  options: {
    reason: { kind: 'text', short: 'r', about: 'why' },
    'if-assignee': { kind: 'text', about: 'only while this one has it. Exit code 13 otherwise' },
  },
  args: ids,
  run({ flags, args, beads, actor, print }) {
    const all = resolved(beads, args.ids, 'unclaim <id> …')
    const expected = flags['if-assignee']
    const issues = beads.written(() =>
      all.map((id) => {
        const is = beads.get(id)?.assignee ?? ''
        if (expected !== undefined && is !== expected)
          throw new Mismatch(
            id,
            `${id}: assignee is ${is === '' ? 'empty' : `"${is}"`}, not "${expected}"; nothing was written`,
          )
        return beads.update(id, { status: 'open', assignee: '' }, actor, flags.reason)
      }),
    )
    print(
      () => jsonOf(beads, issues),
      () => issues.map(({ id }) => `✓ Unclaimed ${id}`),
    )
  },
})
