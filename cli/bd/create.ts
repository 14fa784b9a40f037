// `bd create`: one more issue.
// Never: makes mail; a parent or dependency that is not there, or a label that cannot be, and nothing is made.
import { BeadsError } from '../../actors/beads/contract.ts'
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command, defined, fieldsOf, parentOf, split, texts } from '../bd-command.ts'
import { Usage } from '../errors.ts'

export default command({
  name: 'create',
  also: ['new'],
  summary: 'file an issue',
  usage: '"Title" [-t <type>] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]',
  writes: true,
  options: {
    ...texts,
    labels: { kind: 'text', many: true, short: 'l', about: 'its labels, by comma' },
    label: { kind: 'text', many: true, about: 'the same as --labels' },
    id: { kind: 'text', about: 'its id, instead of a fresh one' },
    force: { kind: 'flag', short: 'f', about: 'with --id: also one with another prefix than this store’s' },
    parent: { kind: 'text', about: 'what it is a part of; its id is a number under that one’s' },
    deps: { kind: 'text', many: true, about: 'what it waits for, by comma; another kind as <kind>:<id>' },
    silent: { kind: 'flag', about: 'say nothing but its id' },
  },
  args: { title: { kind: 'text', optional: true } },
  run({ flags, args, beads, actor, print }) {
    if (flags.title !== undefined && args.title !== undefined)
      throw new Usage('say the title once: bd create "Title", or --title')
    const title = flags.title ?? args.title
    if (!title) throw new Usage('title required: bd create "Title"')
    if (flags.id && flags.parent) throw new Usage('cannot specify both --id and --parent flags')
    const prefix = beads.config('issue_prefix')
    if (flags.id && prefix !== undefined && !flags.id.startsWith(`${prefix}-`) && !flags.force)
      throw new BeadsError(
        `prefix mismatch: this database has issues like ${prefix}-…, and ${flags.id} is none (use --force to override)`,
      )
    const issue = beads.written(() =>
      beads.create(
        {
          ...fieldsOf(flags),
          title,
          deps: split(flags.deps).map((dep) => {
            const [, type = 'blocks', id = ''] = /^(?:(.*?):)?(.*)$/s.exec(dep) ?? []
            return { type, id: beads.resolve(id) }
          }),
          labels: split([...flags.labels, ...flags.label]),
          ...defined({
            id: flags.id,
            parent: flags.parent === undefined ? undefined : parentOf(beads, flags.parent),
          }),
        },
        actor,
      ),
    )
    print(
      () => issueJson(beads, issue),
      () =>
        flags.silent
          ? [issue.id]
          : [
              `✓ Created issue: ${issue.id}`,
              `  Title: ${issue.title}`,
              `  Priority: P${issue.priority}`,
              `  Status: ${issue.status}`,
            ],
    )
  },
})
