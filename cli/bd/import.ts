// `bd import`: issues from JSON lines, all of a file or none.
// Never: makes or changes mail of a town: who sent one is the town's to say.
import { importLines } from '../../actors/beads/jsonl.ts'
import { command, contentOf } from '../bd-command.ts'
import { Usage } from '../errors.ts'

/** Thrown to take back what was only tried. */
class Tried extends Error {}

export default command({
  name: 'import',
  summary: 'take in issues from JSON lines; older news changes nothing',
  usage: '[file]',
  writes: (flags) => flags['dry-run'] !== true,
  options: {
    input: { kind: 'text', short: 'i', about: 'the file; - or none is the standard input' },
    'dry-run': { kind: 'flag', about: 'tell what would be taken in' },
    'skip-existing': { kind: 'flag', short: 's', about: 'nothing to do here: older news changes nothing' },
    'orphan-handling': { kind: 'text', about: 'nothing to do here: what leads to issues that are not here is kept' },
    force: { kind: 'flag', about: 'nothing to do here' },
  },
  args: { file: { kind: 'text', optional: true } },
  run(call) {
    const { flags, args, beads, print } = call
    if (flags.input !== undefined && args.file !== undefined)
      throw new Usage('say the file once: bd import <file>, or -i <file>')
    const file = flags.input ?? args.file ?? '-'
    const text = contentOf(file)
    let counts = { created: 0, updated: 0, skipped: 0, deleted: 0, memories: 0, mail: 0, twice: [] as string[] }
    try {
      beads.written(() => {
        counts = importLines(beads, text, flags['dry-run'] ? '' : call.actor)
        if (flags['dry-run']) throw new Tried()
      })
    } catch (error) {
      if (!(error instanceof Tried)) throw error
    }
    const { created, updated, skipped, deleted, memories, mail, twice } = counts
    print(
      () => ({ ...counts, source: file }),
      () => [
        `${flags['dry-run'] ? 'Would import' : '✓ Imported'}: ${created} created, ${updated} updated, ${skipped} skipped`,
        ...(deleted > 0 ? [`  ${deleted} deleted, as the file says`] : []),
        ...(memories > 0 ? [`  ${memories} remembered`] : []),
        ...(twice.length > 0
          ? [`  more than once in the file, and the later news counts: ${twice.slice(0, 10).join(', ')}`]
          : []),
        ...(mail > 0 ? [`  ${mail} messages left out: mail is sent with gt mail send, not imported`] : []),
      ],
    )
  },
})
