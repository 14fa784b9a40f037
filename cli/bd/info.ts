// `bd info`: which store this is.
// Never: changes it.
import { command } from '../bd-command.ts'

export default command({
  name: 'info',
  summary: 'which store this is, and how much is in it',
  usage: '',
  writes: false,
  options: {
    schema: { kind: 'flag', about: 'nothing to do here' },
    'whats-new': { kind: 'flag', about: 'nothing to do here' },
  },
  run({ beads, print }) {
    const config = Object.fromEntries(
      beads
        .configs()
        .filter(({ key }) => key !== 'identity')
        .map(({ key, value }) => [key, value]),
    )
    const count = beads.count({ all: true })[0]?.count ?? 0
    print(
      () => ({
        database_path: beads.path,
        mode: 'direct',
        daemon_connected: false,
        daemon_fallback_reason: 'there is none',
        issue_count: count,
        config,
      }),
      () => [
        `Database: ${beads.path}`,
        'Mode: direct',
        `Issue Count: ${count}`,
        `Prefix: ${config.issue_prefix ?? '(none)'}`,
      ],
    )
  },
})
