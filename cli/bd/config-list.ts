// `bd config list`: every setting of this store.
// Never: whose it is, which is no setting.
import { command } from '../bd-command.ts'

export default command({
  name: 'config list',
  also: ['config'],
  summary: 'every setting',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const all = beads.configs().filter(({ key }) => key !== 'identity')
    print(
      () => Object.fromEntries(all.map(({ key, value }) => [key, value])),
      () => ['Configuration:', ...all.map(({ key, value }) => `  ${key} = ${value}`)],
    )
  },
})
