// `bd daemon`: what other versions have and this one needs not.
// Never: does anything.
import { command } from '../bd-command.ts'

export default command({
  name: 'daemon',
  isHidden: true,
  summary: 'there is no daemon, and none is needed',
  usage: '[start|stop|status]',
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
      () => ({ status: 'not needed', message: 'there is no daemon, and none is needed' }),
      () => ['there is no daemon, and none is needed'],
    ),
})
