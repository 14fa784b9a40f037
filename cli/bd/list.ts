// `bd list`: issues, by priority, the newest first.
// Never: shows what is closed unless it is asked for.
import { command, filterOf, filters, listedLine, moreFilters, moreOf, ordering } from '../bd-command.ts'
import { body, verbatim } from '../print.ts'

export default command({
  name: 'list',
  summary: 'issues that are not closed',
  usage: '[--status open,in_progress] [--parent <id>] [--all]',
  writes: false,
  options: {
    ...filters,
    ...moreFilters,
    ...ordering,
    parent: { kind: 'id', about: 'its own parts only' },
    all: { kind: 'flag', about: 'closed ones too' },
    ready: { kind: 'flag', about: 'what can be worked on now' },
    long: { kind: 'flag', about: 'with what each is about' },
    pretty: { kind: 'flag', about: 'parts below what they are a part of' },
    tree: { kind: 'flag', about: 'the same as --pretty' },
    'include-infra': { kind: 'flag', about: 'nothing to do here: mail is shown with --type message' },
    'skip-labels': { kind: 'flag', about: 'nothing to do here: they cost nothing' },
  },
  run({ flags, beads, print }) {
    const filter = {
      ...filterOf(flags),
      ...moreOf(beads, flags),
      ...(flags.parent === undefined ? {} : { partOf: beads.resolve(flags.parent) }),
      ...(flags.all ? { all: true } : {}),
      ...(flags.ready ? { ready: true } : {}),
      ...(flags.sort === undefined ? {} : { sort: flags.sort }),
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
      reverse: flags.reverse,
    }
    const isTree = flags.pretty || flags.tree
    print(
      () => beads.json(filter),
      () => {
        if (!isTree && !flags.long) {
          const lines = beads.lines(filter)
          return lines === '' ? [] : [verbatim(lines)]
        }
        const issues = beads.counted(filter)
        const shown = isTree ? below(issues) : issues.map((issue) => ({ issue, depth: 0 }))
        return shown.flatMap(({ issue, depth }) => [
          `${'  '.repeat(depth)}${listedLine(issue)}`,
          ...(flags.long && issue.description !== '' ? [body(issue.description)] : []),
        ])
      },
    )
  },
})

/** Each issue below the one that it is a part of, if that is shown; in their own order otherwise. */
function below<T extends { id: string; parent: string | null }>(issues: readonly T[]): { issue: T; depth: number }[] {
  const shown = new Set(issues.map(({ id }) => id))
  const parts = new Map<string | null, T[]>()
  for (const issue of issues) {
    const parent = issue.parent !== null && shown.has(issue.parent) ? issue.parent : null
    parts.set(parent, [...(parts.get(parent) ?? []), issue])
  }
  const found: { issue: T; depth: number }[] = []
  const visit = (parent: string | null, depth: number) => {
    const own = parts.get(parent) ?? []
    parts.delete(parent)
    for (const issue of own) {
      found.push({ issue, depth })
      visit(issue.id, depth + 1)
    }
  }
  visit(null, 0)
  // What is a part of itself, in a circle that an import brought.
  for (const rest of parts.values()) for (const issue of rest) found.push({ issue, depth: 0 })
  return found
}
