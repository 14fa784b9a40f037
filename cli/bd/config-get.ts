// `bd config get`: what a setting of this store is.
// Never: fails for one that is not set.
import { command, hidden, isSecret } from '../bd-command.ts'

export default command({
  name: 'config get',
  summary: 'what a setting is',
  usage: '<key>',
  writes: false,
  args: { key: { kind: 'text' } },
  run({ args: { key }, beads, print }) {
    const kept = beads.config(key === 'issue-prefix' ? 'issue_prefix' : key)
    const value = kept !== undefined && isSecret(key) ? hidden : kept
    print(
      () => ({ key, value: value ?? '' }),
      () => [value ?? `${key} (not set)`],
    )
  },
})
