// `bd comments`: what was said of an issue.
// Never: changes it.
import { commentsJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'
import { body } from '../print.ts'

export default command({
  name: 'comments',
  summary: 'what was said of an issue',
  usage: '<id>',
  writes: false,
  options: { 'local-time': { kind: 'flag', about: 'nothing to do here' } },
  args: { id: { kind: 'id' } },
  run({ args, beads, print }) {
    const id = beads.resolve(args.id)
    const comments = beads.comments(id)
    print(
      () => commentsJson(comments),
      () =>
        comments.length === 0
          ? [`No comments on ${id}`]
          : [
              `Comments on ${id}:`,
              ...comments.flatMap(({ author, created_at: at, text }) => ['', `[${author}] at ${at}`, body(text)]),
            ],
    )
  },
})
