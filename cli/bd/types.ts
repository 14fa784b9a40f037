// `bd types`: those that an issue may have here.
// Never: adds one; `bd config set types.custom` does.
import { usualTypes } from '../../actors/beads/limits.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'types',
  summary: 'of which types issues can be here',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const custom = beads.custom().types.filter((each) => each !== '')
    print(
      () => ({ types: [...usualTypes, ...custom] }),
      () => [...usualTypes, ...custom],
    )
  },
})
