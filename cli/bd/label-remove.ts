// `bd label remove`: a label less, of all issues that were named or none.
// Never: fails for one that is not there.
import { command } from '../bd-command.ts'
import { labelling } from '../bd-labels.ts'

export default command({
  name: 'label remove',
  also: ['label rm', 'untag'],
  summary: 'a label less',
  usage: '<id> … <label>',
  writes: true,
  args: { words: { kind: 'id', many: true } },
  run(call) {
    labelling(call, 'removed')
  },
})
