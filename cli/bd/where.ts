// `bd where`: the store that is meant here.
// Never: makes one.
import { dirname } from 'node:path'
import { command } from '../bd-command.ts'

export default command({
  name: 'where',
  summary: 'where the issues are',
  usage: '',
  writes: false,
  run({ beads, print }) {
    const prefix = beads.config('issue_prefix') ?? ''
    print(
      () => ({ path: dirname(beads.path), prefix, database_path: beads.path }),
      () => [dirname(beads.path), `  prefix: ${prefix}`, `  database: ${beads.path}`],
    )
  },
})
