// `bd create`: one more issue, or those of a file.
// Never: makes mail in a town, or anything when a parent or dependency is not there, or a label cannot be.
import { BeadsError, type Issue, type NewIssue } from '../../actors/beads/contract.ts'
import type { Beads } from '../../actors/beads/embedded.ts'
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command, contentOf, defined, fieldsOf, jsonOf, parentOf, split, texts } from '../bd-command.ts'
import { lacking, plansIn } from '../bd-plans.ts'
import { Usage } from '../errors.ts'
import { tell } from '../print.ts'

export default command({
  name: 'create',
  also: ['new'],
  summary: 'file an issue',
  usage: '"Title" [-t <type>] [-p 0-4] [-d "…"] [--parent <id>] [--deps <id>,…]',
  writes: (flags) => flags['dry-run'] !== true,
  options: {
    ...texts,
    labels: { kind: 'text', many: true, short: 'l', about: 'its labels, by comma' },
    label: { kind: 'text', many: true, about: 'the same as --labels' },
    id: { kind: 'text', about: 'its id, instead of a fresh one' },
    force: { kind: 'flag', about: 'with --id: also one with another prefix than this store’s' },
    parent: { kind: 'id', about: 'what it is a part of; its id is a number under that one’s' },
    'no-inherit-labels': { kind: 'flag', about: 'nothing to do here: labels are its own' },
    deps: { kind: 'text', many: true, about: 'what it waits for, by comma; another kind as <kind>:<id>' },
    'waits-for': { kind: 'text', many: true, about: 'the same as --deps' },
    file: { kind: 'text', short: 'f', about: 'Markdown: an issue for each “## Title”, all or none' },
    validate: { kind: 'flag', about: 'refuse one that lacks what its type should say' },
    'dry-run': { kind: 'flag', about: 'tell what would be made' },
    'no-history': { kind: 'flag', about: 'nothing to do here' },
    silent: { kind: 'flag', about: 'say nothing but its id' },
  },
  args: { title: { kind: 'text', optional: true } },
  run(call) {
    const { flags, args, beads, print } = call
    if (flags.title !== undefined && args.title !== undefined && flags.title !== args.title)
      throw new Usage('say the title once: bd create "Title", or --title')
    const title = flags.title ?? args.title
    if (flags.id && flags.parent) throw new Usage('cannot specify both --id and --parent flags')
    const deps = [...split(flags.deps), ...split(flags['waits-for'])].map((dep) => {
      const [, type = 'blocks', id = ''] = /^(?:(.*?):)?(.*)$/s.exec(dep) ?? []
      return { type, id: beads.resolve(id) }
    })
    const common = {
      ...fieldsOf(flags),
      deps,
      labels: split([...flags.labels, ...flags.label]),
      ...defined({ parent: flags.parent === undefined ? undefined : parentOf(beads, flags.parent) }),
    }
    const given: NewIssue[] =
      flags.file !== undefined
        ? plansIn(contentOf(flags.file)).map((plan) => ({
            ...common,
            ...plan,
            labels: [...common.labels, ...plan.labels],
          }))
        : [{ ...common, title: title ?? '', ...defined({ id: flags.id || undefined }) }]
    if (flags.file === undefined && !title) throw new Usage('title required: bd create "Title"')
    checkPrefix(beads, flags.id, flags.force)
    for (const issue of given) check(issue, flags.validate, beads.config('validation.on-create'))
    // Found out by a town only when something is written.
    const issues = flags['dry-run']
      ? given.map(preview)
      : beads.written(() => given.map((issue) => beads.create(issue, call.actor)))
    print(
      () => (flags.file === undefined ? jsonOne(beads, issues[0] as Issue, flags['dry-run']) : jsonOf(beads, issues)),
      () =>
        issues.flatMap((issue) =>
          flags.silent
            ? [issue.id]
            : [
                flags['dry-run'] ? 'Would create:' : `✓ Created issue: ${issue.id}`,
                `  Title: ${issue.title}`,
                `  Priority: P${issue.priority}`,
                `  Status: ${issue.status}`,
              ],
        ),
    )
  },
})

const jsonOne = (beads: Beads, issue: Issue, isPreview: boolean) =>
  isPreview
    ? Object.fromEntries(
        Object.entries(issue).filter(([key, value]) => key === 'id' || (value !== '' && value !== null)),
      )
    : issueJson(beads, issue)

/** As it would be, without an id. */
const preview = ({ deps: _, labels: __, parent: ___, ...issue }: NewIssue): Issue => ({
  ...{ id: '', description: '', design: '', acceptance_criteria: '', notes: '', status: 'open', priority: 2 },
  ...{ issue_type: 'task', assignee: null, closed_at: null, close_reason: '' },
  ...{ external_ref: null, sender: null, created_at: new Date().toISOString(), updated_at: new Date().toISOString() },
  ...issue,
})

function checkPrefix(beads: Beads, id: string | undefined, isForced: boolean): void {
  const prefix = beads.config('issue_prefix')
  if (id && prefix !== undefined && !id.startsWith(`${prefix}-`) && !isForced)
    throw new BeadsError(
      `prefix mismatch: this database has issues like ${prefix}-…, and ${id} is none (use --force to override)`,
    )
}

/** What a type should say: refused with --validate, or as `validation.on-create` has it. */
function check(issue: NewIssue, isAsked: boolean, usual: string | undefined): void {
  if (!isAsked && usual !== 'warn' && usual !== 'error') return
  const missing = lacking({ issue_type: 'task', description: '', acceptance_criteria: '', ...issue })
  if (missing.length === 0) return
  const words = `"${issue.title}" lacks ${missing.join(' and ')}`
  if (isAsked || usual === 'error') throw new BeadsError(`${words}; nothing was made`)
  tell(`Warning: ${words}`)
}
