// `bd show`: issues with all they hold and what they hang together with.
// Never: shows some of what was asked for when one is not there.
import type { Issue } from '../../actors/beads/contract.ts'
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command, ids, line, resolved } from '../bd-command.ts'
import { body } from '../print.ts'

export default command({
  name: 'show',
  summary: 'an issue with all it holds',
  usage: '<id> …',
  writes: false,
  args: ids,
  run({ args, beads, print }) {
    const issues = resolved(beads, args.ids, 'show <id> …').map((id) => beads.get(id) as Issue)
    const related = (id: string, type: string) => ({
      ...issueJson(beads, beads.get(id) as Issue),
      dependency_type: type,
    })
    const shown = () =>
      issues.map((issue) => ({
        ...issueJson(beads, issue),
        dependencies: beads
          .dependencies(issue.id)
          .filter((dep) => beads.get(dep.depends_on_id))
          .map((dep) => related(dep.depends_on_id, dep.type)),
        dependents: beads.dependents(issue.id).map((dep) => related(dep.issue_id, dep.type)),
      }))
    print(shown, () =>
      issues.flatMap((issue) => [
        line(issue),
        ...(issue.description ? ['', body(issue.description)] : []),
        ...(issue.design ? ['', 'Design:', body(issue.design)] : []),
        ...(issue.acceptance_criteria ? ['', 'Done when:', body(issue.acceptance_criteria)] : []),
        ...(issue.notes ? ['', 'Notes:', body(issue.notes)] : []),
        ...(issue.close_reason ? ['', `Closed: ${issue.close_reason}`] : []),
        ...beads.dependencies(issue.id).map((dep) => `  ${dep.type} → ${dep.depends_on_id}`),
        ...beads.dependents(issue.id).map((dep) => `  ${dep.type} ← ${dep.issue_id}`),
      ]),
    )
  },
})
