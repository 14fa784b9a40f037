// `bd human`: a person is to decide; the issue says so by a label.
// Never: asks anybody; `gt ask` does, in a town.
import { command, jsonOf, listedLine, resolved } from '../bd-command.ts'

const label = 'human'

export default command({
  name: 'human',
  summary: 'a person is to decide; without an id: which those are',
  usage: '[<id> …]',
  writes: (_, { ids }) => ids.length > 0 && ids[0] !== 'list',
  options: { dismiss: { kind: 'flag', about: 'not any more' } },
  args: { ids: { kind: 'id', many: true } },
  run(call) {
    const { flags, args, beads, print } = call
    if (args.ids.length === 0 || args.ids[0] === 'list') {
      const waiting = beads.listed({ labels: [label] })
      return print(
        () => beads.json({ labels: [label] }),
        () => (waiting.length === 0 ? ['No issue waits for a person'] : waiting.map(listedLine)),
      )
    }
    const ids = resolved(beads, args.ids, 'human <id> …')
    beads.written(() => {
      for (const id of ids) beads.relabel(id, flags.dismiss ? { remove: [label] } : { add: [label] }, call.actor)
    })
    return print(
      () =>
        jsonOf(
          beads,
          ids.flatMap((id) => beads.get(id) ?? []),
        ),
      () => ids.map((id) => (flags.dismiss ? `✓ ${id} waits for nobody` : `✓ ${id} waits for a person`)),
    )
  },
})
