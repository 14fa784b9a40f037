// `bd setup`: what other versions have and this one needs not.
// Never: does anything.
import { command } from '../bd-command.ts'

export default command({
  name: 'setup',
  isHidden: true,
  summary: 'nothing to set up: a session is told by gt prime, anybody else by bd prime',
  usage: '[claude|codex|cursor]',
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
      () => ({
        status: 'not needed',
        message: 'nothing to set up: a session is told by gt prime, anybody else by bd prime',
      }),
      () => ['nothing to set up: a session is told by gt prime, anybody else by bd prime'],
    ),
})
