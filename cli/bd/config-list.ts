// `bd config list`: every setting of this store.
// Never: whose it is, or what `bd sync` remembers, which are no settings; a token.
import { command, hidden, isOwnKey, isSecret } from '../bd-command.ts'

export default command({
  name: 'config list',
  also: ['config'],
  summary: 'every setting',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const all = beads
      .configs()
      .filter(({ key }) => !isOwnKey(key))
      .map(({ key, value }) => ({ key, value: isSecret(key) ? hidden : value }))
    print(
      () => Object.fromEntries(all.map(({ key, value }) => [key, value])),
      () => ['Configuration:', ...all.map(({ key, value }) => `  ${key} = ${value}`)],
    )
  },
})
