// `bd github sync`: takes in what changed on GitHub, then puts there what changed here.
// Never: touches a pull request; makes anything twice.
import { command, ids } from '../bd-command.ts'
import { bridged, github } from '../bd-github.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'github sync',
  summary: 'take in what changed on GitHub, then put there what changed here',
  usage: '[<id> …] [--pull-only] [--push-only] [--dry-run]',
  examples: [
    'GITHUB_TOKEN=… bd github sync',
    'bd github sync --dry-run        tell what would be done',
    'bd config set github.repository acme/wyvern     # else the one that origin is',
    'GITHUB_API_URL=https://github.example.com/api/v3 bd github sync    # Enterprise',
    'gt rig set wyvern github.repository=acme/wyvern    # in a town',
  ],
  writes: (flags) => flags['dry-run'] !== true,
  options: {
    ...github,
    'pull-only': { kind: 'flag', about: 'only take in: bd github pull' },
    'push-only': { kind: 'flag', about: 'only put there: bd github push' },
  },
  args: ids,
  run(call) {
    const { 'pull-only': pullOnly, 'push-only': pushOnly } = call.flags
    if (pullOnly && pushOnly) throw new Usage('--pull-only and --push-only are two things; say one of them')
    const only = call.args.ids.map((id) => call.beads.resolve(id))
    return bridged(call, { pull: !pushOnly, push: !pullOnly, ...(only.length > 0 ? { only } : {}) })
  },
})
