// `bd github push`: puts on GitHub what changed here, and what is not there yet and open.
// Never: overwrites a later edit; puts mail there.
import { command, ids } from '../bd-command.ts'
import { bridged, github } from '../bd-github.ts'

export default command({
  name: 'github push',
  summary: 'put on GitHub what changed here',
  usage: '[<id> …] [--dry-run]',
  examples: ['bd github push wyv-4k2     this one only'],
  writes: (flags) => flags['dry-run'] !== true,
  options: github,
  args: ids,
  run(call) {
    const only = call.args.ids.map((id) => call.beads.resolve(id))
    return bridged(call, { pull: false, push: true, ...(only.length > 0 ? { only } : {}) })
  },
})
