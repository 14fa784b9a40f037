// `bd lint`: issues that lack what their type should say.
// Never: changes them. Exit code 1 when there are any.
import { command, filterOf, filters, moreFilters, moreOf, resolved } from '../bd-command.ts'
import { lacking } from '../bd-plans.ts'

export default command({
  name: 'lint',
  summary: 'issues that lack what their type should say',
  usage: '[<id> …]',
  writes: false,
  options: { ...filters, ...moreFilters },
  args: { ids: { kind: 'id', many: true } },
  run({ flags, args, beads, print }) {
    const named = args.ids.length === 0 ? {} : { ids: resolved(beads, args.ids, 'lint <id> …'), all: true }
    const found = beads
      .list({
        status: args.ids.length === 0 ? ['open'] : undefined,
        ...filterOf(flags),
        ...moreOf(beads, flags),
        ...named,
      } as object)
      .map((issue) => ({ issue, missing: lacking(issue) }))
      .filter(({ missing }) => missing.length > 0)
    const warnings = found.reduce((sum, { missing }) => sum + missing.length, 0)
    print(
      () => ({
        total: warnings,
        issues: found.length,
        results: found.map(({ issue, missing }) => ({
          id: issue.id,
          title: issue.title,
          type: issue.issue_type,
          missing,
          warnings: missing.length,
        })),
      }),
      () =>
        found.length === 0
          ? ['✓ Every issue says what its type should']
          : [
              `Template warnings (${found.length} issues, ${warnings} warnings):`,
              ...found.flatMap(({ issue, missing }) => [
                `${issue.id} [${issue.issue_type}]: ${issue.title}`,
                ...missing.map((each) => `  Missing: ${each}`),
              ]),
            ],
    )
    return found.length === 0 ? 0 : 1
  },
})
