// `bd export`: everything as JSON lines, sorted by id; what was deleted as tombstones.
// Never: writes half a file.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { BeadsError } from '../../actors/beads/contract.ts'
import { exportLines } from '../../actors/beads/jsonl.ts'
import { command, split } from '../bd-command.ts'
import { raw, safeJson, tell } from '../print.ts'

export default command({
  name: 'export',
  summary: 'every issue as a JSON line',
  usage: '[-o <file>]',
  writes: false,
  options: {
    output: { kind: 'text', short: 'o', about: 'to this file; else it is printed' },
    status: { kind: 'text', many: true, short: 's', about: 'of these statuses only, by comma' },
    'include-memories': { kind: 'flag', about: 'what is remembered, too' },
    all: { kind: 'flag', about: 'the same as --include-memories' },
    force: { kind: 'flag', about: 'nothing to do here' },
    'include-infra': { kind: 'flag', about: 'nothing to do here: all of it is told' },
  },
  run({ flags, beads, print }) {
    const status = split(flags.status)
    const lines = exportLines(beads, {
      memories: flags['include-memories'] || flags.all,
      ...(status.length > 0 ? { status } : {}),
    })
    const count = lines === '' ? 0 : lines.split('\n').length - 1
    if (flags.output === undefined) return void raw(safeJson(lines))
    writeWholly(flags.output, lines)
    tell(`✓ Exported ${count} issues to ${flags.output}`)
    return print(
      () => ({ success: true, exported: count, path: flags.output }),
      () => [],
    )
  },
})

/** Whole or not at all. */
function writeWholly(path: string, text: string): void {
  const making = `${path}.${process.pid}.making`
  try {
    writeFileSync(making, text, { mode: 0o600 })
    renameSync(making, path)
  } catch (error) {
    rmSync(making, { force: true })
    throw new BeadsError(`${path} cannot be written: ${error instanceof Error ? error.message : error}`)
  }
}
