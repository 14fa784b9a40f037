// `gt version`.
// Never: asks anybody.
import { version } from '../version.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'version',
  group: 'other',
  summary: 'print the version',
  usage: '',
  examples: ['gt version'],
  run({ print }) {
    print({ version }, () => [version])
    return 0
  },
})
