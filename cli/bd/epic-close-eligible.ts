// `bd epic close-eligible`: closes epics whose parts are all closed.
// Never: closes one without parts.
import { command, jsonOf } from '../bd-command.ts'

const reason = 'All children completed'

export default command({
  name: 'epic close-eligible',
  summary: 'close epics whose parts are all closed',
  usage: '[--dry-run]',
  writes: (flags) => flags['dry-run'] !== true,
  options: { 'dry-run': { kind: 'flag', about: 'tell which, and close none' } },
  run(call) {
    const { flags, beads, print } = call
    const epics = flags['dry-run']
      ? beads.epics(true).map(({ epic }) => epic)
      : beads.written(() => beads.epics(true).map(({ epic }) => beads.closeIssue(epic.id, reason, call.actor)))
    print(
      () => (flags['dry-run'] ? jsonOf(beads, epics) : { closed: epics.map(({ id }) => id), count: epics.length }),
      () =>
        epics.length === 0
          ? ['No epics eligible for closure']
          : epics.map(({ id, title }) => `${flags['dry-run'] ? 'Would close' : '✓ Closed'} ${id}: ${title}`),
    )
  },
})
