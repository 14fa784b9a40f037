// `bd stats`: how many issues there are of each kind, at a glance.
// Never: counts mail.
import { command } from '../bd-command.ts'

export default command({
  name: 'stats',
  also: ['status'],
  summary: 'how many issues are open, ready, blocked, closed',
  usage: '',
  writes: false,
  options: {
    all: { kind: 'flag', about: 'nothing to do here' },
    assigned: { kind: 'flag', about: 'nothing to do here' },
    'no-activity': { kind: 'flag', about: 'nothing to do here: git is not asked' },
  },
  run({ beads, print }) {
    const stats = beads.stats()
    print(
      // Flat as older versions have it, and once more as newer ones do.
      () => ({ ...stats, summary: stats }),
      () => [
        'Issue Database Status',
        '',
        `Total Issues:           ${stats.total_issues}`,
        `Open:                   ${stats.open_issues}`,
        `In Progress:            ${stats.in_progress_issues}`,
        `Blocked:                ${stats.blocked_issues}`,
        `Deferred:               ${stats.deferred_issues}`,
        `Closed:                 ${stats.closed_issues}`,
        `Ready to Work:          ${stats.ready_issues}`,
        ...(stats.closed_issues > 0
          ? [`Avg Lead Time:          ${stats.average_lead_time_hours.toFixed(1)} hours`]
          : []),
      ],
    )
  },
})
