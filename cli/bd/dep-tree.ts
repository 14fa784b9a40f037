// `bd dep tree`: what an issue hangs on, what that hangs on, and so on; or the other way.
// Never: follows a circle twice.
import { issueJson } from '../../actors/beads/jsonl.ts'
import { command } from '../bd-command.ts'

export default command({
  name: 'dep tree',
  summary: 'what an issue hangs on, at all levels',
  usage: '<id> [--direction up] [--max-depth <n>]',
  writes: false,
  options: {
    direction: {
      kind: 'text',
      choices: ['down', 'up', 'both'],
      about: 'down: what it hangs on (if left out); up: what hangs on it',
    },
    reverse: { kind: 'flag', about: 'the same as --direction up' },
    'max-depth': { kind: 'number', range: [0, 1000], short: 'd', about: 'so many levels; 50 if left out' },
    status: { kind: 'text', about: 'issues of this status only, and the one that was named' },
    type: { kind: 'text', short: 't', about: 'along edges of this kind only' },
    format: { kind: 'text', choices: ['text', 'mermaid'], about: 'as a diagram' },
    'show-all-paths': { kind: 'flag', about: 'what is reached in several ways each time' },
  },
  args: { id: { kind: 'id' } },
  run({ flags, args, beads, print }) {
    const id = beads.resolve(args.id)
    const ways = flags.reverse
      ? (['up'] as const)
      : flags.direction === 'both'
        ? (['down', 'up'] as const)
        : ([flags.direction ?? 'down'] as const)
    const trees = ways.map((way) => ({
      way,
      branches: beads
        .tree(id, {
          way: way === 'up' ? 'up' : 'down',
          depthMax: flags['max-depth'] ?? 50,
          allPaths: flags['show-all-paths'],
        })
        .filter(
          ({ depth, status, kind }) =>
            depth === 0 ||
            ((flags.status === undefined || status === flags.status) &&
              (flags.type === undefined || kind === flags.type)),
        ),
    }))
    const all = trees.flatMap(({ branches }, n) => (n === 0 ? branches : branches.slice(1)))
    print(
      () =>
        all.map((branch) => ({
          ...issueJson(beads, branch),
          depth: branch.depth,
          parent_id: branch.parent_id,
          truncated: branch.truncated,
        })),
      () =>
        flags.format === 'mermaid'
          ? ['flowchart TD', ...all.slice(1).map((each) => `  ${each.parent_id} --> ${each.id}`)]
          : trees.flatMap(({ way, branches }) => [
              way === 'up' ? `Dependent tree for ${id}:` : `Dependency tree for ${id}:`,
              ...branches.map(
                (each) =>
                  `${'    '.repeat(each.depth)}${each.id}: ${each.title} [P${each.priority}] (${each.status})${each.kind === null ? (each.status === 'open' ? (each.waits ? ' [BLOCKED]' : ' [READY]') : '') : ` [${each.kind}]`}${each.truncated ? ' …' : ''}`,
              ),
            ]),
    )
  },
})
