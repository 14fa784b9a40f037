import { command } from '../command.ts'
import { version } from '../version.ts'

export default command({
  summary: 'print the version',
  usage: '',
  examples: ['gt version'],
  args: [0, 0],
  run({ print }) {
    print({ version }, () => [version])
    return 0
  },
})
