// `bd dolt`: what other versions have and this one needs not.
// Never: does anything.
import { command } from '../bd-command.ts'

export default command({
  name: 'dolt',
  isHidden: true,
  summary: 'nothing to do here: bd sync shares issues',
  usage: 'push|pull|remote',
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
      () => ({ status: 'not needed', message: 'nothing to do here: bd sync shares issues' }),
      () => ['nothing to do here: bd sync shares issues'],
    ),
})
