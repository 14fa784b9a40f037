// `bd graph`: what is under an issue, by what can be done at the same time.
// Never: follows a circle.
import type { Issue } from '../../actors/beads/contract.ts'
import { command, jsonOf, line } from '../bd-command.ts'

export default command({
  name: 'graph',
  summary: 'what is under an issue, in layers that can be done at the same time',
  usage: '<id>',
  writes: false,
  args: { id: { kind: 'id' } },
  run({ args, beads, print }) {
    const id = beads.resolve(args.id)
    const all = [beads.get(id) as Issue, ...beads.children(id)]
    const waits = new Map(
      all.map((issue) => [
        issue.id,
        beads
          .dependencies(issue.id)
          .filter((dep) => dep.type === 'blocks' && all.some((each) => each.id === dep.depends_on_id))
          .map((dep) => dep.depends_on_id),
      ]),
    )
    const layers: Issue[][] = []
    const placed = new Set<string>()
    for (let rest = all; rest.length > 0; ) {
      const free = rest.filter((issue) => (waits.get(issue.id) ?? []).every((on) => placed.has(on)))
      // What is left waits for each other.
      const layer = free.length > 0 ? free : rest
      layers.push(layer)
      for (const issue of layer) placed.add(issue.id)
      rest = rest.filter((issue) => !placed.has(issue.id))
    }
    print(
      () => ({ root: id, layers: layers.map((layer) => jsonOf(beads, layer)), total: all.length }),
      () => [
        `Dependency graph for ${id}:`,
        ...layers.flatMap((layer, n) => [
          '',
          `Layer ${n}${n === 0 ? ' (ready)' : ''}`,
          ...layer.map((issue) => `  ${line(issue)}`),
        ]),
        '',
        `Total: ${all.length} issues across ${layers.length} layers`,
      ],
    )
  },
})
