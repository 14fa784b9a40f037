// `bd remember`: what agents are to know beyond one issue.
// Never: forgets another for it.
import { keyOf } from '../../actors/beads/memories.ts'
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'remember',
  summary: 'keep something that agents are to know',
  usage: '"words" [--key <key>]',
  writes: true,
  options: { key: { kind: 'text', about: 'what it is found under; one of that key is replaced' } },
  args: { words: { kind: 'text', many: true } },
  run({ flags, args, beads, actor, print }) {
    const value = args.words.join(' ')
    if (value.trim() === '') throw new Usage('usage: bd remember "words" [--key <key>]')
    const key = flags.key ?? keyOf(value)
    // Whoever may not write is told so first.
    void actor
    const isKnown = beads.remember(key, value)
    print(
      () => ({ key, value, action: isKnown ? 'updated' : 'remembered' }),
      () => [`${isKnown ? 'Updated' : 'Remembered'} [${key}]: ${value}`],
    )
  },
})
