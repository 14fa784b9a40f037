// `bd export`: every issue as a JSON line, sorted by id.
// Never: leaves one out.
import { writeFileSync } from 'node:fs'
import { exportLines } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'
import { raw, safeJson } from '../print.ts'

export default command({
  name: 'export',
  summary: 'every issue as a JSON line',
  usage: '[-o <file>]',
  writes: false,
  options: { output: { kind: 'text', short: 'o', about: 'the file; else the standard output' } },
  run({ flags, beads }) {
    const lines = exportLines(beads)
    if (flags.output === undefined) return raw(safeJson(lines))
    writeFileSync(flags.output, lines)
  },
})
