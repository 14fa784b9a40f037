// `bd dep`: the other way to say that one issue keeps another from starting.
// Never: makes a circle.
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'dep',
  summary: 'an issue keeps another from starting; see bd dep add, remove, tree, list, cycles, relate',
  usage: '<earlier> --blocks <later>',
  writes: (flags) => flags.blocks !== undefined,
  options: { blocks: { kind: 'id', short: 'b', about: 'the later one' } },
  args: { earlier: { kind: 'id', optional: true } },
  run(call) {
    const { flags, args, print } = call
    if (args.earlier === undefined && flags.blocks === undefined) {
      const ways = [
        'add <later> <earlier>',
        'remove <later> <earlier>',
        'list <id>',
        'tree <id>',
        'cycles',
        'relate <id> <id>',
      ]
      return print(
        () => ({ commands: ways.map((way) => `bd dep ${way}`) }),
        () => ways.map((way) => `  bd dep ${way}`),
      )
    }
    if (args.earlier === undefined || flags.blocks === undefined)
      throw new Usage('usage: bd dep <earlier> --blocks <later>')
    const [on, id] = [call.beads.resolve(args.earlier), call.beads.resolve(flags.blocks)]
    call.beads.addDep(id, on, 'blocks', call.actor)
    return print(
      () => ({ status: 'added', blocker_id: on, blocked_id: id, issue_id: id, depends_on_id: on, type: 'blocks' }),
      () => [`✓ Added dependency: ${on} blocks ${id}`],
    )
  },
})
