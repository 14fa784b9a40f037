// `bd label add`: a label more, on all issues that were named or none.
// Never: labels mail.
import { command } from '../bd-command.ts'
import { labelling } from '../bd-labels.ts'

export default command({
  name: 'label add',
  also: ['tag'],
  summary: 'a label more',
  usage: '<id> … <label>',
  writes: true,
  args: { words: { kind: 'id', many: true } },
  run(call) {
    labelling(call, 'added')
  },
})
