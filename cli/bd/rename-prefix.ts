// `bd rename-prefix`: what the ids of all issues begin with.
// Never: in a town, whose workers and branches bear the ids.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'rename-prefix',
  summary: 'what the ids of all issues begin with',
  usage: '<prefix>-',
  writes: (flags) => flags['dry-run'] !== true,
  options: { 'dry-run': { kind: 'flag', about: 'tell which' }, repair: { kind: 'flag', about: 'nothing to do here' } },
  args: { prefix: { kind: 'text' } },
  run(call) {
    const { flags, args, beads, print } = call
    const to = args.prefix.replace(/-+$/, '')
    if (beads.isTowns())
      throw new BeadsError('workers, branches and mail of a town bear the ids of its issues; they stay')
    if (!/^\w[\w.-]*$/.test(to)) throw new BeadsError(`"${args.prefix}" cannot be a prefix`)
    const from = beads.config('issue_prefix') ?? ''
    const count = flags['dry-run'] ? beads.ids().length : beads.rename(from, to, call.actor)
    print(
      () => ({ old_prefix: from, new_prefix: to, issues_count: count }),
      () => [`${flags['dry-run'] ? 'Would rename' : '✓ Renamed'} ${count} issues from ${from}- to ${to}-`],
    )
  },
})
