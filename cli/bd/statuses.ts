// `bd statuses`: those that an issue may have here.
// Never: adds one; `bd config set status.custom` does.
import { statuses } from '../../actors/beads/limits.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'statuses',
  summary: 'in which statuses issues can be here',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const custom = beads.custom().statuses.filter((each) => each !== '')
    print(
      () => ({ statuses: [...statuses, ...custom] }),
      () => [...statuses, ...custom],
    )
  },
})
