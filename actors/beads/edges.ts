// What hangs together with what: dependencies of every kind, trees and circles of them.
// Never: makes a circle; changes what mail hangs together with.
import { BeadsError, type Dependency, type Issue } from './contract.ts'
import { isUnfinished } from './parts.ts'
import type { Room } from './room.ts'

/** Kinds that go both ways, or none: a circle of them means nothing. */
const isLoose = "IN ('relates-to', 'related')"
export const under = `WITH RECURSIVE under(id) AS (
  SELECT issue_id FROM dependencies WHERE depends_on_id = ? AND type = 'parent-child'
  UNION SELECT d.issue_id FROM dependencies d JOIN under ON under.id = d.depends_on_id WHERE d.type = 'parent-child')`
const up = `WITH RECURSIVE up(id) AS (
  SELECT ?
  UNION SELECT d.depends_on_id FROM dependencies d JOIN up ON d.issue_id = up.id WHERE d.type = 'parent-child')`

/** An issue in a tree: `parent_id` is the one above it there, or its own at the root. */
export type Branch = Issue & { depth: number; parent_id: string; truncated: boolean; kind: string | null }

export function edgesIn({ rows, row, run, written, event, at, since, get, mustBeWork }: Room) {
  const dependencies = (id: string) =>
    rows<Dependency>('SELECT * FROM dependencies WHERE issue_id = ? ORDER BY depends_on_id', id)
  const dependents = (id: string) =>
    rows<Dependency>('SELECT * FROM dependencies WHERE depends_on_id = ? ORDER BY issue_id', id)
  return {
    dependencies,
    dependents,
    addDep(id: string, on: string, type: string, actor: string): void {
      if (id === on) throw new BeadsError(`issue cannot depend on itself: ${id}`)
      if (type.length === 0 || type.length > 50) throw new BeadsError(`invalid dependency type "${type}"`)
      written(() => {
        mustBeWork(id)
        if (!get(on)) throw new BeadsError(`dependency target ${on} not found`)
        const circle = row<{ id: string }>(
          `WITH RECURSIVE reach(id) AS (SELECT ? UNION SELECT d.depends_on_id FROM dependencies d JOIN reach ON reach.id = d.issue_id WHERE d.type NOT ${isLoose}) SELECT id FROM reach WHERE id = ?`,
          on,
          id,
        )
        if (circle && !['relates-to', 'related'].includes(type))
          throw new BeadsError(`cannot add dependency: would create a cycle (${id} → ${on} → ... → ${id})`)
        const edge = row<{ type: string }>(
          'SELECT type FROM dependencies WHERE issue_id = ? AND depends_on_id = ?',
          id,
          on,
        )
        if (edge?.type === 'parent-child' && type !== 'parent-child')
          throw new BeadsError(`${id} is part of ${on} already, and cannot depend on it`)
        // Said to be related, it would not wait any more.
        if (edge?.type === 'blocks' && type !== 'blocks')
          throw new BeadsError(
            `dependency ${id} → ${on} already exists with type "blocks" (requested "${type}"); ` +
              `remove it first: bd dep remove ${id} ${on}`,
          )
        run(
          'INSERT OR REPLACE INTO dependencies (issue_id, depends_on_id, type, created_at, created_by) VALUES (?, ?, ?, ?, ?)',
          id,
          on,
          type,
          at(),
          actor,
        )
        run('UPDATE issues SET updated_at = ? WHERE id = ?', since(mustBeWork(id).updated_at), id)
        event(id, 'dependency_added', actor, `${type}:${on}`)
      })
    },
    removeDep(id: string, on: string, actor: string): void {
      written(() => {
        mustBeWork(id)
        if (run('DELETE FROM dependencies WHERE issue_id = ? AND depends_on_id = ?', id, on) === 0)
          throw new BeadsError(`dependency from ${id} to ${on} does not exist`)
        run('UPDATE issues SET updated_at = ? WHERE id = ?', since(mustBeWork(id).updated_at), id)
        event(id, 'dependency_removed', actor, on)
      })
    },
    /** Those that lead to issues which are not here. */
    dangling: () =>
      rows<Dependency>(
        'SELECT * FROM dependencies WHERE depends_on_id NOT IN (SELECT id FROM issues) ORDER BY issue_id, depends_on_id',
      ),
    /** Every issue under an epic, all levels. */
    children: (id: string) =>
      rows<Issue>(
        `${under} SELECT i.* FROM issues i JOIN under ON under.id = i.id ORDER BY i.priority, i.created_at, i.id`,
        id,
      ),
    parentOf: (id: string) =>
      row<{ depends_on_id: string }>(
        "SELECT depends_on_id FROM dependencies WHERE issue_id = ? AND type = 'parent-child'",
        id,
      )?.depends_on_id ?? null,
    waitsFor: (id: string) =>
      rows<{ id: string }>(
        `${up} SELECT DISTINCT d.depends_on_id AS id FROM up JOIN dependencies d ON d.issue_id = up.id WHERE d.type = 'blocks'`,
        id,
      ).map((each) => each.id),
    /** The issues that are not done and that an issue waits for, its parents' included. */
    blockers: (id: string) =>
      rows<Issue>(
        `${up} SELECT DISTINCT b.* FROM up
         JOIN dependencies d ON d.issue_id = up.id JOIN issues b ON b.id = d.depends_on_id
         WHERE d.type = 'blocks' AND ${isUnfinished('b.status')} ORDER BY b.id`,
        id,
      ),
    /** What it hangs on (`down`), or what hangs on it (`up`), the issue itself first, each once unless `allPaths`. */
    tree(id: string, { way = 'down', depthMax = 50, allPaths = false }: Climbing = {}): Branch[] {
      const next = (at: string) =>
        (way === 'down' ? dependencies(at) : dependents(at)).map(({ type, ...edge }) => ({
          type,
          to: way === 'down' ? edge.depends_on_id : edge.issue_id,
        }))
      const nearest = allPaths ? undefined : nearestFrom(id, next, depthMax)
      const found: Branch[] = []
      const visit = (at: string, from: string, kind: string | null, above: readonly string[]) => {
        const issue = get(at)
        if (!issue || above.includes(at)) return
        const edges = next(at)
        const truncated = above.length >= depthMax && edges.length > 0
        found.push({ ...issue, depth: above.length, parent_id: from, truncated, kind })
        if (found.length > branchesMax) throw new BeadsError(`the tree of ${id} has more than ${branchesMax} branches`)
        if (truncated) return
        for (const { to, type } of edges)
          if (nearest === undefined || nearest.get(to) === at) visit(to, at, type, [...above, at])
      }
      visit(id, id, null, [])
      return found
    },
    /** Circles of dependencies, which only an import can bring; each once, beginning with its least id. */
    cycles(): Issue[][] {
      const next = new Map<string, string[]>()
      for (const { a, b } of rows<{ a: string; b: string }>(
        `SELECT issue_id AS a, depends_on_id AS b FROM dependencies WHERE type NOT ${isLoose} ORDER BY a, b`,
      ))
        next.set(a, [...(next.get(a) ?? []), b])
      const done = new Set<string>()
      const found = new Map<string, string[]>()
      for (const start of next.keys()) {
        // Without recursion: a chain may be as long as the store.
        const path: string[] = []
        const stack: { id: string; rest: string[] }[] = []
        const enter = (id: string) => {
          path.push(id)
          stack.push({ id, rest: [...(next.get(id) ?? [])] })
        }
        if (!done.has(start)) enter(start)
        for (let top = stack.at(-1); top; top = stack.at(-1)) {
          const to = top.rest.shift()
          if (to === undefined) {
            stack.pop()
            path.pop()
            done.add(top.id)
          } else if (path.includes(to)) {
            const circle = path.slice(path.indexOf(to))
            const least = circle.indexOf(circle.toSorted()[0] as string)
            const turned = [...circle.slice(least), ...circle.slice(0, least)]
            found.set(turned.join(' '), turned)
          } else if (!done.has(to)) enter(to)
        }
      }
      return [...found.values()].map((circle) => circle.flatMap((id) => get(id) ?? []))
    },
  }
}

const branchesMax = 10_000

/** Of each issue that is reached, the one by which it is reached first. */
function nearestFrom(
  id: string,
  next: (at: string) => readonly { to: string }[],
  depthMax: number,
): Map<string, string> {
  const by = new Map<string, string>([[id, '']])
  let layer = [id]
  for (let depth = 0; depth < depthMax && layer.length > 0; depth++) {
    const further: string[] = []
    for (const at of layer)
      for (const { to } of next(at)) {
        if (by.has(to)) continue
        by.set(to, at)
        further.push(to)
      }
    layer = further
  }
  return by
}

interface Climbing {
  way?: 'down' | 'up'
  depthMax?: number
  allPaths?: boolean
}
