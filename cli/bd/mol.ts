// `bd mol`: what other versions have and this one needs not.
// Never: does anything.
import { command } from '../bd-command.ts'

export default command({
  name: 'mol',
  isHidden: true,
  summary: 'there are no molecules here: an epic with its parts does the same',
  usage: 'pour <name>',
  writes: false,
  options: {
    status: { kind: 'flag', about: 'nothing to do here' },
    check: { kind: 'flag', about: 'nothing to do here' },
    remove: { kind: 'flag', about: 'nothing to do here' },
    force: { kind: 'flag', about: 'nothing to do here' },
  },
  args: { words: { kind: 'text', many: true } },
  run: ({ print }) =>
    print(
      () => ({ status: 'not needed', message: 'there are no molecules here: an epic with its parts does the same' }),
      () => ['there are no molecules here: an epic with its parts does the same'],
    ),
})
