// `bd note`: a line more to the notes of an issue.
// Never: takes what is there away.
import { command, contentOf } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'note',
  summary: 'a line more to the notes of an issue',
  usage: '<id> "…"',
  writes: true,
  options: {
    file: { kind: 'text', about: 'a file with the words; - is the standard input' },
    stdin: { kind: 'flag', about: 'the words come from the standard input' },
  },
  args: { id: { kind: 'id' }, words: { kind: 'text', many: true } },
  run({ flags, args, beads, actor, print }) {
    const id = beads.resolve(args.id)
    const file = flags.stdin ? '-' : flags.file
    const text = file === undefined ? args.words.join(' ') : contentOf(file).trim()
    if (text === '') throw new Usage('usage: bd note <id> "…"')
    const issue = beads.written(() =>
      beads.update(id, { notes: [beads.get(id)?.notes, text].filter(Boolean).join('\n') }, actor),
    )
    print(
      () => ({ id, notes: issue.notes }),
      () => [`✓ Note added to ${id}`],
    )
  },
})
