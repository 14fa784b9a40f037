// `bd github pull`: takes in what changed on GitHub.
// Never: changes anything there.
import { command } from '../bd-command.ts'
import { bridged, github } from '../bd-github.ts'

export default command({
  name: 'github pull',
  summary: 'take in what changed on GitHub',
  usage: '[--state open] [--dry-run]',
  examples: ['bd github pull --state open     leave away what was closed before it was ever here'],
  writes: (flags) => flags['dry-run'] !== true,
  options: github,
  run: (call) => bridged(call, { pull: true, push: false }),
})
