// `bd reclaim`: what nobody was heard of for is open again.
// Never: takes from somebody who holds it without a lease, or in a town, where the Witness sees to that.
import { BeadsError } from '../../actors/beads/contract.ts'
import { command, jsonOf } from '../bd-command.ts'

export default command({
  name: 'reclaim',
  summary: 'open again what nobody was heard of for',
  usage: '[--older-than 10m]',
  writes: true,
  options: {
    'older-than': { kind: 'duration', about: 'for so long beyond its lease' },
    'dry-run': { kind: 'flag', about: 'tell which, and change none' },
  },
  run({ flags, beads, actor, print }) {
    if (beads.isTowns()) throw new BeadsError('in a town the Witness sees to what its workers hold: gt polecats')
    const before = new Date(Date.now() - (flags['older-than'] ?? 0)).toISOString()
    const issues = beads.written(() => {
      const late = beads.expired(before)
      return flags['dry-run']
        ? late
        : late.map(({ id }) => beads.update(id, { status: 'open', assignee: '' }, actor, 'reclaimed'))
    })
    print(
      () => jsonOf(beads, issues),
      () =>
        issues.length === 0 ? ['Nothing to reclaim'] : issues.map(({ id, title }) => `✓ Reclaimed ${id}: ${title}`),
    )
  },
})
