// `bd comments add`: something is said of an issue.
// Never: an empty one.
import { commentsJson } from '../../actors/beads/jsonl.ts'
import { command, contentOf } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'comments add',
  also: ['comment'],
  summary: 'say something of an issue',
  usage: '<id> "…"',
  writes: true,
  options: {
    file: { kind: 'text', short: 'f', about: 'a file with the words; - is the standard input' },
    stdin: { kind: 'flag', about: 'the words come from the standard input' },
    author: { kind: 'text', short: 'a', about: 'nothing to do here: --actor says who' },
  },
  args: { id: { kind: 'id' }, words: { kind: 'text', many: true } },
  run({ flags, args, beads, actor, print }) {
    const file = flags.stdin ? '-' : flags.file
    if (file === undefined && args.words.length === 0) throw new Usage('usage: bd comments add <id> "…", or -f <file>')
    const id = beads.resolve(args.id)
    const comment = beads.comment(id, file === undefined ? args.words.join(' ') : contentOf(file), actor)
    print(
      () => commentsJson([comment])[0],
      () => [`Comment added to ${id}`],
    )
  },
})
