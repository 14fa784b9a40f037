// `bd show`: issues with all they hold and what they hang together with.
// Never: shows some of what was asked for when one is not there.
import type { Issue } from '../../actors/beads/contract.ts'
import type { Beads } from '../../actors/beads/embedded.ts'
import { commentsJson, issueJson } from '../../actors/beads/jsonl.ts'
import type { Counted } from '../../actors/beads/queries.ts'
import { command, listedLine, split } from '../bd-command.ts'
import { Usage } from '../errors.ts'
import { body, type Line } from '../print.ts'

export default command({
  name: 'show',
  also: ['view'],
  summary: 'an issue with all it holds',
  usage: '<id> …',
  writes: false,
  options: {
    id: { kind: 'id', many: true, about: 'an issue, as after the command' },
    short: { kind: 'flag', about: 'one line each' },
    thread: { kind: 'flag', about: 'nothing to do here: replies are among its dependents' },
    long: { kind: 'flag', about: 'nothing to do here: all of it is shown' },
    'include-dependents': { kind: 'flag', about: 'nothing to do here: they are shown' },
    'include-comments': { kind: 'flag', about: 'nothing to do here: they are shown' },
  },
  args: { ids: { kind: 'id', many: true } },
  run({ flags, args, beadsOf, print }) {
    const named = [...args.ids, ...split(flags.id)]
    if (named.length === 0) throw new Usage('usage: bd show <id> …')
    // All of them are there before one is shown.
    const found = named.map((id) => ({ beads: beadsOf(id), id: beadsOf(id).resolve(id) }))
    const each = [...new Map(found.map((one) => [one.id, one])).values()]
    const issues = each.flatMap(({ beads, id }) =>
      beads.counted({ ids: [id], all: true }).map((issue) => ({ beads, issue })),
    )
    print(
      () => issues.map(({ beads, issue }) => shownOf(beads, issue)),
      () => issues.flatMap(({ beads, issue }) => (flags.short ? [listedLine(issue)] : linesOf(beads, issue))),
    )
  },
})

function shownOf(beads: Beads, issue: Counted) {
  const related = (id: string, type: string) => ({
    ...issueJson(beads, beads.get(id) as Issue),
    dependency_type: type,
  })
  const { dependencies: _, ...own } = issueJson(beads, issue, true)
  return {
    ...own,
    ...(issue.parent ? { parent: issue.parent } : {}),
    dependencies: beads
      .dependencies(issue.id)
      .filter((dep) => beads.get(dep.depends_on_id))
      .map((dep) => related(dep.depends_on_id, dep.type)),
    dependents: beads
      .dependents(issue.id)
      .filter((dep) => beads.get(dep.issue_id))
      .map((dep) => related(dep.issue_id, dep.type)),
    comments: commentsJson(beads.comments(issue.id)),
    dependency_count: issue.dependency_count,
    dependent_count: issue.dependent_count,
    comment_count: issue.comment_count,
  }
}

function linesOf(beads: Beads, issue: Counted): Line[] {
  const about = (id: string) => beads.get(id)?.title ?? 'it is not here'
  const text = (name: string, words: string) => (words === '' ? [] : ['', `${name}:`, body(words)])
  const fact = (name: string, value: unknown) =>
    value === null || value === undefined || value === '' ? [] : [`${name}: ${value}`]
  return [
    listedLine(issue),
    ...(issue.issue_type === 'message' ? [...fact('From', issue.sender), ...fact('To', issue.assignee)] : []),
    ...fact('Due', issue.due_at),
    ...fact('Not before', issue.defer_until),
    ...fact('Estimate', issue.estimated_minutes && `${issue.estimated_minutes} minutes`),
    ...fact('Elsewhere', issue.external_ref),
    ...fact('Metadata', issue.metadata),
    ...(issue.description ? ['', body(issue.description)] : []),
    ...text('Design', issue.design),
    ...text('Done when', issue.acceptance_criteria),
    ...text('Notes', issue.notes),
    ...(issue.close_reason ? ['', `Closed: ${issue.close_reason}`] : []),
    ...beads.dependencies(issue.id).map((dep) => `  ${dep.type} → ${dep.depends_on_id}: ${about(dep.depends_on_id)}`),
    ...beads.dependents(issue.id).map((dep) => `  ${dep.type} ← ${dep.issue_id}: ${about(dep.issue_id)}`),
    ...beads
      .comments(issue.id)
      .flatMap(({ author, created_at: at, text: said }) => ['', `${author} at ${at}:`, body(said)]),
  ]
}
