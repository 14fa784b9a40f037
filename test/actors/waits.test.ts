// Whether an issue waits is kept by the database itself, whoever writes: always what a plain look at all says.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BeadsError, type Issue } from '../../actors/beads/contract.ts'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { importLines, issueLine } from '../../actors/beads/jsonl.ts'

let dir: string
let beads: Beads
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'waits-'))
  initBeads(dir, 'w')
  beads = openBeads(dir)
})
afterEach(() => {
  beads.close()
  rmSync(dir, { recursive: true })
})

/** Of every issue: it, or something that it is a part of, waits for one that is there and not done. */
function waiting(): string[] {
  const issues = new Map(beads.list({ all: true }).map((issue) => [issue.id, issue]))
  const edges = [...issues.keys()].flatMap((id) => beads.dependencies(id))
  const waits = (id: string, below: ReadonlySet<string> = new Set()): boolean =>
    !below.has(id) &&
    edges.some(
      ({ issue_id: from, depends_on_id: on, type }) =>
        from === id &&
        ((type === 'blocks' && !['closed', 'pinned', undefined].includes(issues.get(on)?.status)) ||
          (type === 'parent-child' && waits(on, new Set([...below, id])))),
    )
  return [...issues.keys()].filter((id) => waits(id)).sort()
}
const kept = () =>
  beads
    .list({ all: true })
    .filter(({ waits }) => waits)
    .map(({ id }) => id)
    .sort()

const kinds = ['blocks', 'parent-child', 'related'] as const
const statuses = ['open', 'in_progress', 'closed', 'pinned', 'deferred', 'waiting-for-legal'] as const
const ways = ['create', 'create', 'close', 'reopen', 'status', 'dep', 'dep', 'dep', 'untie', 'delete'] as const
const step = fc.record({
  way: fc.constantFrom(...ways, 'import' as const, 'import' as const, 'bury' as const, 'rename' as const),
  one: fc.nat(5),
  other: fc.nat(5),
  kind: fc.constantFrom(...kinds),
  status: fc.constantFrom(...statuses),
  isOfMany: fc.nat(9).map((n) => n === 0),
})

test('after any changes, an issue waits when something that it hangs on is not done', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let prefix = 'w'
      let at = Date.now()
      const undone = new Error('undone')
      const take = ({ way, one, other, kind, status }: (typeof steps)[number]) => {
        const [id, on] = [`${prefix}-${one}`, `${prefix}-${other}`]
        at += 1000
        const when = new Date(at).toISOString()
        const edge = { issue_id: id, depends_on_id: on, type: kind, created_at: when, created_by: 'x' }
        const line = { id, title: id, status, priority: 2, created_at: when, updated_at: when, dependencies: [edge] }
        if (way === 'create') beads.create({ id, title: id, deps: beads.get(on) ? [{ type: kind, id: on }] : [] }, 'x')
        else if (way === 'close') beads.closeIssue(id, 'done', 'x', true)
        else if (way === 'reopen') beads.update(id, { status: 'open' }, 'x')
        else if (way === 'status') beads.update(id, { status }, 'x')
        else if (way === 'dep') beads.addDep(id, on, kind, 'x')
        else if (way === 'untie') beads.removeDep(id, on, 'x')
        else if (way === 'delete') beads.remove(id, beads.get(id) ? issueLine(beads, id) : '', 'x', 'gone')
        else if (way === 'import') importLines(beads, `${JSON.stringify(line)}\n`)
        else if (way === 'bury') importLines(beads, `{"id":"${id}","status":"tombstone","deleted_at":"${when}"}\n`)
        else {
          const to = prefix === 'w' ? 'v' : 'w'
          beads.rename(prefix, to, 'x')
          prefix = to
        }
      }
      const run = () => {
        beads.setConfig('status.custom', 'waiting-for-legal')
        for (const each of steps) {
          const change = () => {
            try {
              take(each)
            } catch (error) {
              if (!(error instanceof BeadsError)) throw error
            }
          }
          if (each.isOfMany) beads.writtenMany(10_000, change)
          else change()
          expect(kept(), JSON.stringify(each)).toEqual(waiting())
        }
        expect(beads.ready().map(({ id }) => id)).toEqual(readyByHand())
        throw undone
      }
      // Nothing is left for the next one.
      expect(() => beads.written(run)).toThrow(undone)
    }),
    { numRuns: 300 },
  )
})

function readyByHand(): string[] {
  const isHeld = new Set(waiting())
  const isDeferred = ({ id }: Issue) =>
    beads
      .dependencies(id)
      .some(({ type, depends_on_id: on }) => type === 'parent-child' && beads.get(on)?.status === 'deferred')
  return beads
    .list({ status: ['open'], sort: 'priority' })
    .filter((issue) => !isHeld.has(issue.id) && !isDeferred(issue))
    .map(({ id }) => id)
}
