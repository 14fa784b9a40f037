// `bd hooks`: what other versions have and this one needs not.
// Never: does anything.
import { command } from '../bd-command.ts'

export default command({
  name: 'hooks',
  isHidden: true,
  summary: 'git hooks: none are needed, the database is all there is',
  usage: '[install|uninstall|list]',
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
      () => ({ status: 'not needed', message: 'git hooks: none are needed, the database is all there is' }),
      () => ['git hooks: none are needed, the database is all there is'],
    ),
})
