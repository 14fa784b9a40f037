// `bd import`: issues from JSON lines, all of a file or none.
// Never: makes or changes mail: who sent one is the town's to say.
import { readFileSync } from 'node:fs'
import { importLines } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'import',
  summary: 'take in issues from JSON lines; older news changes nothing',
  usage: '[file]',
  writes: true,
  options: { input: { kind: 'text', short: 'i', about: 'the file; - or none is the standard input' } },
  args: { file: { kind: 'text', optional: true } },
  run({ flags, args, beads, print }) {
    if (flags.input !== undefined && args.file !== undefined)
      throw new Usage('say the file once: bd import <file>, or -i <file>')
    const file = flags.input ?? args.file ?? '-'
    const counts = importLines(beads, readFileSync(file === '-' ? 0 : file, 'utf8'))
    const { created, updated, skipped, mail } = counts
    print(
      () => counts,
      () => [
        `✓ Imported: ${created} created, ${updated} updated, ${skipped} skipped`,
        ...(mail > 0 ? [`  ${mail} messages left out: mail is sent with gt mail send, not imported`] : []),
      ],
    )
  },
})
