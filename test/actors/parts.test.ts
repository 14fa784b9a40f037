// What is next, what is done and how far it is, as the store keeps it, against the same worked out anew from all
// issues.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BeadsError, type Issue, type Wanted } from '../../actors/beads/contract.ts'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { fileName, initBeads } from '../../actors/beads/file.ts'
import { beadsHands, isLanded } from '../../actors/beads/hands.ts'
import { toFirstSchema } from '../fixture/stores.ts'

let dir: string
let beads: Beads
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parts-'))
  initBeads(dir, 'w')
  beads = openBeads(dir)
})
afterEach(() => {
  beads.close()
  rmSync(dir, { recursive: true })
})

/** The same questions, answered by reading everything. */
function readAll() {
  const all = beads.ids().map((id) => beads.get(id) as Issue)
  const deps = all.flatMap((issue) => beads.dependencies(issue.id))
  const waitedFor = new Set(
    all.filter(({ status }) => ['open', 'in_progress', 'blocked', 'deferred'].includes(status)).map(({ id }) => id),
  )
  const above = (id: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(id)) return seen
    seen.add(id)
    for (const dep of deps) if (dep.issue_id === id && dep.type === 'parent-child') above(dep.depends_on_id, seen)
    return seen
  }
  const waits = (id: string, notDone: readonly string[]) =>
    deps.some(
      ({ issue_id, type, depends_on_id: on }) =>
        above(id).has(issue_id) && type === 'blocks' && (waitedFor.has(on) || notDone.includes(on)),
    )
  const isLater = (id: string) =>
    all.some(
      ({ id: each, status, defer_until: day }) =>
        above(id).has(each) && (day ? day > new Date().toISOString() : status === 'deferred'),
    )
  const isUsedUp = (id: string, usedUp: readonly string[]) => usedUp.some((spent) => above(id).has(spent))
  const under = (epic: string) =>
    all.filter(({ id, issue_type: type }) => type !== 'epic' && id !== epic && above(id).has(epic))
  const isOnMain = (issue: Issue) => issue.status === 'closed' && isLanded(beads.closedBy(issue.id), issue.close_reason)
  return {
    next: ({ epics, issues, except, notDone, usedUp = [], most }: Wanted) => {
      const wanted = new Set([...issues, ...epics.flatMap((epic) => under(epic).map(({ id }) => id))])
      return all
        .filter(({ id, issue_type: type }) => wanted.has(id) && type === 'task')
        .filter(({ status }) => ['open', 'deferred'].includes(status))
        .filter(({ id, assignee }) => assignee === null && !except.includes(id))
        .filter(({ id }) => !waits(id, notDone) && !isUsedUp(id, usedUp) && !isLater(id))
        .sort((a, b) => a.priority - b.priority || (a.created_at + a.id < b.created_at + b.id ? -1 : 1))
        .slice(0, most)
        .map(({ id }) => id)
    },
    unfinished: (epics: readonly string[]) =>
      epics.filter((epic) => under(epic).some((part) => part.status !== 'closed')),
    progress: (epic: string) => {
      const work = under(epic)
      const open = work.filter(({ status }) => status !== 'closed').length
      const landed = work.filter(isOnMain).length
      return { total: work.length, open, closed: work.length - open - landed, landed }
    },
  }
}

const [epic, inner] = ['w-e', 'w-f'] as const
const ids = ['w-1', 'w-2', 'w-3', 'w-4', 'w-5', 'w-6'] as const

const at = (n: number) => new Date(1_700_000_000_000 + n * 1000).toISOString()
/** Puts an issue there as an import does: also over an older one, also one that waits for what is not there yet. */
let written = 0
function put(id: string, more: Partial<Issue>, edges: readonly { on: string; type: string }[]) {
  const texts = { description: '', design: '', acceptance_criteria: '', notes: '', external_ref: null, sender: null }
  const open = { status: 'open', priority: 2, assignee: null, closed_at: null, close_reason: '' }
  const times = { created_at: at(1), updated_at: at(++written) }
  const deps = edges.map(({ on, type }) => {
    return { issue_id: id, depends_on_id: on, type, created_at: at(0), created_by: 'x' }
  })
  const issue = { ...texts, ...open, ...times, id, title: id, issue_type: 'task', ...more }
  beads.put({ ...issue, labels: [], dependencies: deps, comments: [] })
}
const partOf = (on: string) => ({ on, type: 'parent-child' })
const waitsFor = (on: string) => ({ on, type: 'blocks' })

const anyOf = fc.constantFrom(epic, inner, ...ids)
const change = fc.record({
  what: fc.constantFrom('import', 'close', 'status', 'defer', 'give', 'urge', 'type', 'claim', 'tie', 'tie', 'untie'),
  id: anyOf,
  other: anyOf,
  status: fc.constantFrom('open', 'open', 'in_progress', 'blocked', 'closed', 'closed', 'deferred', 'pinned'),
  priority: fc.integer({ min: 0, max: 4 }),
  who: fc.constantFrom('gastown', 'ann'),
  reason: fc.constantFrom('Landed as 0123', 'done'),
  issue_type: fc.constantFrom('task', 'task', 'gate', 'epic'),
  edge: fc.constantFrom('blocks', 'parent-child'),
  day: fc.constantFrom(null, '2026-01-01T00:00:00.000Z', '9999-01-01T00:00:00.000Z'),
  isOfMany: fc.nat(9).map((n) => n === 0),
})
type Change = typeof change extends fc.Arbitrary<infer C> ? C : never

function make({ what, id, other, status, priority, who, reason, issue_type, edge, day }: Change) {
  const isGroup = id === epic || id === inner
  if (what === 'import' && !isGroup) put(id, { status, priority, issue_type }, [partOf(epic), waitsFor(other)])
  else if (what === 'close') beads.closeIssue(id, reason, who, true)
  else if (what === 'status') beads.update(id, { status }, who)
  else if (what === 'defer') beads.update(id, { status, defer_until: day }, who)
  else if (what === 'give') beads.update(id, { assignee: status === 'open' ? null : who }, who)
  else if (what === 'urge') beads.update(id, { priority }, who)
  else if (what === 'type') beads.update(id, { issue_type }, who)
  else if (what === 'claim') beads.claim(id, 'w/polecats/Nux')
  else if (what === 'tie' && !(isGroup && edge === 'parent-child')) beads.addDep(id, other, edge, who)
  else if (what === 'untie') beads.removeDep(id, other, who)
}
const questions = fc.record({
  epics: fc.constantFrom([epic], [inner], [epic, inner], []),
  issues: fc.subarray([...ids], { maxLength: 2 }),
  except: fc.subarray([...ids], { maxLength: 1 }),
  notDone: fc.subarray([...ids], { maxLength: 1 }),
  usedUp: fc.subarray([epic, inner, ...ids], { maxLength: 1 }),
  most: fc.integer({ min: 0, max: 4 }),
})

test('whatever is written in whatever order, the store knows what is next, what is done, and how far it is', () => {
  const undone = new Error('each run begins anew')
  const run = (changes: readonly Change[], asked: Wanted) =>
    beads.written(() => {
      put(epic, { issue_type: 'epic' }, [])
      put(inner, { issue_type: 'epic' }, [partOf(epic)])
      for (const id of ids.slice(0, 3)) put(id, {}, [partOf(epic)])
      for (const id of ids.slice(3, 5)) put(id, {}, [partOf(inner), waitsFor('w-6')])
      for (const each of changes) {
        const change = () => {
          try {
            make(each)
          } catch (error) {
            // What is not there cannot be changed, and nothing waits in a circle.
            if (!(error instanceof BeadsError)) throw error
          }
        }
        if (each.isOfMany) beads.writtenMany(10_000, change)
        else change()
      }
      const fresh = readAll()
      expect(beads.next(asked).map(({ id }) => id)).toEqual(fresh.next(asked))
      expect(beads.unfinished([epic, inner]).sort()).toEqual(fresh.unfinished([epic, inner]))
      for (const each of [epic, inner]) expect(beads.progress(each)).toEqual(fresh.progress(each))
      throw undone
    })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), questions, (changes, asked) => {
      expect(() => run(changes, asked)).toThrow(undone)
    }),
    { numRuns: 1000 },
  )
})

test('a store of a version before knows its parts once it is opened', () => {
  put(epic, { issue_type: 'epic' }, [])
  for (const id of ids) put(id, {}, [partOf(epic), ...(id === 'w-1' ? [] : [waitsFor('w-1')])])
  const asked = { epics: [epic], issues: [], except: [], notDone: [], most: 9 }
  const known = [beads.next(asked), beads.progress(epic)]
  beads.close()
  const db = new DatabaseSync(join(dir, fileName))
  toFirstSchema(db)
  db.close()
  beads = openBeads(dir)
  expect([beads.next(asked), beads.progress(epic)]).toEqual(known)
  expect(known).toMatchObject([[{ id: 'w-1' }], { total: ids.length, open: ids.length }])
})

test('work that is under way, or that others took, is not shown; a few are, and that there are more', async () => {
  put(epic, { issue_type: 'epic' }, [])
  for (const id of ids) put(id, {}, [partOf(epic)])
  const call = { at: 0, signal: new AbortController().signal }
  const { surveyIssues } = beadsHands({
    of: () => beads,
    wait: async () => beads,
    preservedOf: async () => null,
    landedOf: async () => null,
    secret: 'secret',
  })
  const asked = {
    rig: 'w',
    epics: [epic],
    issues: ['w-6'],
    escalated: [],
    underway: ['w-1'],
    holders: [],
    usedUp: [],
    most: 2,
  }
  const shown = async (most: number) => {
    const { ready, more } = await surveyIssues({ ...asked, most }, call)
    return [ready.map(({ id }) => id), more]
  }
  beads.claim('w-2', 'ann')
  expect([await shown(2), await shown(4), await shown(5), await shown(0)]).toEqual([
    [['w-3', 'w-4'], true],
    [['w-3', 'w-4', 'w-5', 'w-6'], false],
    [['w-3', 'w-4', 'w-5', 'w-6'], false],
    [[], true],
  ])
})
