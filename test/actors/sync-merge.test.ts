// How two stores come together, without a store: laws that hold for any of them, and each rule by its story.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { merge } from '../../actors/beads/sync/merge.ts'
import { nothing, type State, saidOf, stateIn } from '../../actors/beads/sync/state.ts'

type Json = Record<string, unknown>
const at = (hour: number) => `2026-03-01T${String(hour).padStart(2, '0')}:00:00.000Z`
const issue = (more: Json = {}): Json => ({
  ...{ id: 'ab-1', title: 'T', status: 'open', priority: 2, issue_type: 'task', created_at: at(0), created_by: 'ann' },
  ...{ updated_at: at(1), ...more },
})
const state = (...lines: Json[]): State => stateIn(lines.map((line) => JSON.stringify(line)).join('\n'), 'a test')
const stone = (hour: number, more: Json = {}) =>
  issue({ status: 'tombstone', deleted_at: at(hour), deleted_by: 'bob', delete_reason: '', ...more })
const edge = (on: string, type = 'blocks') => ({
  ...{ issue_id: 'ab-1', depends_on_id: on, type, created_at: at(0), created_by: 'ann' },
})
const comment = (id: string | number, text: string, hour = 2) => ({
  ...{ id, issue_id: 'ab-1', author: 'ann', text, created_at: at(hour) },
})
const merged = (base: State, ours: State, theirs: State) => merge(base, ours, theirs).issues.get('ab-1')

/** What a state says, in no order. */
const said = ({ issues, stones, memories }: Omit<State, 'others'>) =>
  JSON.stringify([
    [...issues]
      .sort()
      .map(([, { metadata, extra, comments, ...rest }]) => [
        ...[sorted(metadata), sorted(extra), rest],
        comments.map(({ id }) => id).sort(),
      ]),
    [...stones].sort().map(([, stone]) => ({
      ...stone,
      was: saidOf(stone)
        .map(({ id }) => id)
        .sort(),
    })),
    [...memories].sort(),
  ])
const sorted = (text: string | null | undefined) => text && Object.entries(JSON.parse(text) as Json).sort()
const asState = (all: Omit<State, 'others'>): State => ({ ...all, others: [] })

const version = fc.record(
  {
    title: fc.constantFrom('A', 'B', 'C'),
    priority: fc.constantFrom(0, 1, 2),
    notes: fc.constantFrom('', 'x', 'y'),
    updated_at: fc.constantFrom(1, 2, 3).map(at),
    labels: fc.subarray(['l', 'm', 'n']),
    metadata: fc.dictionary(fc.constantFrom('k', 'j'), fc.nat(2), { maxKeys: 2 }),
    unknown: fc.nat(2),
    closed: fc.boolean(),
    deleted: fc.constantFrom(0, 0, 0, 1, 2, 3),
    edges: fc.subarray(['ab-2', 'ab-3']),
    comments: fc.subarray(['c1', 'c2', 'c3']),
  },
  { requiredKeys: ['updated_at', 'labels', 'edges', 'comments'] },
)
const anyState = fc
  .tuple(fc.array(fc.tuple(fc.constantFrom('ab-1', 'ab-2', 'ab-3'), version), { maxLength: 3 }), fc.nat(3))
  .map(([all, memory]) =>
    state(
      ...[...new Map(all)].map(([id, { closed, deleted, edges, comments, ...rest }]) => ({
        ...issue({ id, ...rest }),
        ...(closed ? { status: 'closed', closed_at: rest.updated_at, close_reason: 'done' } : {}),
        ...(deleted ? { status: 'tombstone', deleted_at: at(deleted), deleted_by: 'bob' } : {}),
        dependencies: edges.filter((on) => on !== id).map((on) => edge(on)),
        comments: comments.map((c) => ({ ...comment(c, `said ${c}`), issue_id: id })),
      })),
      ...(memory > 0 ? [{ _type: 'memory', key: 'k', value: `word ${memory}` }] : []),
    ),
  )
const runs = {
  endOnFailure: true,
  numRuns: Number(process.env.SYNC_RUNS ?? 0) * 20 || 800,
  seed: Number(process.env.SYNC_SEED ?? 7),
}

test('it is the same whichever side is called ours', () => {
  fc.assert(
    fc.property(anyState, anyState, anyState, (b, o, t) => {
      expect(said(merge(b, o, t))).toBe(said(merge(b, t, o)))
    }),
    runs,
  )
})

test('what both have stays, and what one changed is as that one has it', () => {
  const whole = (s: State) => merge(s, s, s)
  fc.assert(
    fc.property(anyState, anyState, (b, x) => {
      // As it is in a store: without edges to what is deleted.
      const [base, one] = [asState(whole(b)), asState(whole(x))]
      expect(said(merge(base, one, one))).toBe(said(one))
      const kept = merge(base, base, one)
      for (const [id, its] of kept.issues) {
        const there = one.issues.get(id)
        // What was said stays, whatever the other side has; an edge to what is deleted goes.
        const dependencies = there?.dependencies.filter((edge) => !kept.stones.has(edge.depends_on_id))
        if (there) expect({ ...its, comments: [] }).toEqual({ ...there, comments: [], dependencies })
      }
      expect(said(merge(base, one, base))).toBe(said(kept))
    }),
    runs,
  )
})

test('to bring in what was brought in already changes nothing', () => {
  fc.assert(
    fc.property(anyState, anyState, anyState, (b, o, t) => {
      const once = asState(merge(b, o, t))
      expect(said(merge(t, once, t))).toBe(said(once))
      expect(said(merge(b, once, once))).toBe(said(once))
    }),
    runs,
  )
})

test('an issue is closed if, and only if, it says when', () => {
  fc.assert(
    fc.property(anyState, anyState, anyState, (b, o, t) => {
      for (const { status, closed_at } of merge(b, o, t).issues.values())
        expect(closed_at !== null).toBe(status === 'closed')
    }),
    runs,
  )
})

test('fields that different sides changed are both kept; of one that both changed, the later edit counts', () => {
  const base = state(issue({ notes: 'n' }))
  const ours = state(issue({ notes: 'n', title: 'Ours', priority: 0, updated_at: at(3) }))
  const theirs = state(issue({ notes: 'theirs', title: 'Theirs', assignee: 'cy', updated_at: at(4) }))
  const both = { title: 'Theirs', priority: 0, notes: 'theirs', assignee: 'cy', updated_at: at(4) }
  expect(merged(base, ours, theirs)).toMatchObject(both)
  expect(merged(base, theirs, ours)).toMatchObject(both)
})

test('of two edits of one moment the same one counts on every side', () => {
  const base = state(issue())
  const [x, y] = [state(issue({ title: 'X', updated_at: at(3) })), state(issue({ title: 'Y', updated_at: at(3) }))]
  expect(merged(base, x, y)).toMatchObject({ title: 'Y' })
  expect(merged(base, y, x)).toMatchObject({ title: 'Y' })
})

test('a label, an edge, a metadata key and an unknown field that one side took away stay away', () => {
  const full = { labels: ['a', 'b'], dependencies: [edge('ab-8'), edge('ab-9')], metadata: { k: 1, j: 1 }, x: 1, y: 1 }
  const base = state(issue(full))
  const ours = state(issue({ labels: ['b', 'c'], dependencies: [edge('ab-9')], metadata: { j: 1 }, y: 1 }))
  const theirs = state(issue({ ...full, labels: ['a', 'b', 'd'], title: 'New', updated_at: at(9), z: 1 }))
  const found = merged(base, ours, theirs)
  expect(found).toMatchObject({ title: 'New', labels: ['b', 'c', 'd'], metadata: '{"j":1}', extra: '{"y":1,"z":1}' })
  expect(found?.dependencies.map((each) => each.depends_on_id)).toEqual(['ab-9'])
})

test('a status goes with its time and reason, a lease with its holder', () => {
  const base = state(issue({ status: 'in_progress', assignee: 'ann', heartbeat_at: at(1), lease_expires_at: at(2) }))
  const closed = { status: 'closed', closed_at: at(3), close_reason: 'done', assignee: 'ann', updated_at: at(3) }
  const taken = { status: 'in_progress', assignee: 'bob', heartbeat_at: at(2), lease_expires_at: at(3) }
  expect(merged(base, state(issue(closed)), state(issue({ ...taken, updated_at: at(2) })))).toMatchObject({
    ...{ status: 'closed', closed_at: at(3), close_reason: 'done', assignee: 'ann' },
    ...{ heartbeat_at: null, lease_expires_at: null },
  })
})

test('everything that was said is kept, also under one number, and also when another tool leaves it out', () => {
  const base = state(issue({ comments: [comment(1, 'first', 1)] }))
  const ours = state(issue({ comments: [comment(1, 'first', 1), comment(2, 'ours', 3)] }))
  const theirs = state(issue({ comments: [comment(1, 'first', 1), comment(2, 'theirs', 2)] }))
  const texts = (s: ReturnType<typeof merged>) => s?.comments.map(({ text }) => text)
  expect(texts(merged(base, ours, theirs))).toEqual(['first', 'theirs', 'ours'])
  expect(texts(merged(base, base, state(issue({ title: 'U' }))))).toEqual(['first'])
})

test('of a deletion and an edit the later counts; one that only one side did counts whatever the clocks say', () => {
  const base = state(issue({ updated_at: at(5) }))
  const edited = state(issue({ title: 'Edited', updated_at: at(7) }))
  expect(merged(base, base, state(stone(3)))).toBeUndefined()
  expect(merged(base, edited, state(stone(8)))).toBeUndefined()
  expect(merged(base, edited, state(stone(7)))).toBeUndefined()
  expect(merged(base, edited, state(stone(6, { comments: [comment('c', 'why')] })))).toMatchObject({
    ...{ title: 'Edited', comments: [{ text: 'why' }] },
  })
})

test('an issue that is not on the other side at all is kept', () => {
  expect(merged(state(issue()), state(issue()), nothing)).toMatchObject({ title: 'T' })
  expect(merged(state(issue()), nothing, state(issue()))).toMatchObject({ title: 'T' })
})

test('edges to what is deleted go, and come back with it', () => {
  const other = issue({ id: 'ab-2' })
  const waiting = issue({ dependencies: [edge('ab-2')] })
  const base = state(waiting, other)
  const without = issue({ dependencies: [] })
  const deleted = state(without, stone(5, { id: 'ab-2' }))
  expect(merged(base, base, deleted)?.dependencies).toEqual([])
  const revived = state(waiting, { ...other, title: 'Needed', updated_at: at(6) })
  expect(merged(base, deleted, revived)?.dependencies).toHaveLength(1)
  expect(merged(base, revived, deleted)?.dependencies).toHaveLength(1)
})

test('a deletion is never forgotten, only what the issue said: who was away for long brings nothing back', () => {
  const words = { description: 'long', comments: [comment(1, 'so')], labels: ['a'], other: 1 }
  const old = state(stone(2, words))
  expect(merge(nothing, old, nothing, at(2)).stones.get('ab-1')?.was).toContain('long')
  const later = asState(merge(nothing, old, nothing, at(3)))
  const { was, ...left } = later.stones.get('ab-1') as { was: string }
  expect(left).toEqual({ id: 'ab-1', deleted_at: at(2), deleted_by: 'bob', reason: '' })
  expect(Object.keys(JSON.parse(was) as Json)).not.toEqual(expect.arrayContaining(Object.keys(words)))
  expect(was.length).toBeLessThan(300)
  // Others remember it whole, not at all, or have the issue still as it was; nobody goes back and forth.
  for (const theirs of [old, nothing, later])
    expect(said(merge(old, later, theirs, at(3)))).toBe(said(merge(old, theirs, later, at(3))))
  const away = state(issue(words))
  for (const base of [away, nothing])
    for (const merged of [merge(base, away, later, at(3)), merge(base, later, away, at(3))])
      expect([merged.issues.size, merged.stones.size]).toEqual([0, 1])
  // What somebody did to it later is no oversight.
  const edited = state(issue({ ...words, title: 'Edited', updated_at: at(9) }))
  expect(merge(away, edited, later, at(3)).issues.get('ab-1')?.title).toBe('Edited')
})

test('one id for two issues: the one that is shared keeps it, the other is renamed with its parts, edges and texts', () => {
  const parent = issue({ id: 'ab-p' })
  const part = (by: string, more: Json = {}) => issue({ id: 'ab-p.1', created_by: by, title: 'Same', ...more })
  const up = (id: string, on: string) => ({ ...edge(on, 'parent-child'), issue_id: id })
  const base = state(parent)
  const ours = state(
    ...[parent, part('ann', { notes: 'ab-p.1 and ab-p.1.1, not ab-p.10' })],
    issue({ id: 'ab-p.1.1', dependencies: [up('ab-p.1.1', 'ab-p.1')] }),
    issue({ id: 'ab-w', dependencies: [{ ...edge('ab-p.1'), issue_id: 'ab-w' }] }),
  )
  const theirs = state(parent, part('bob'), issue({ id: 'ab-p.2', created_by: 'bob' }))
  const found = merge(base, ours, theirs)
  expect(found.renamed).toEqual([
    { from: 'ab-p.1', to: 'ab-p.3', title: 'Same' },
    { from: 'ab-p.1.1', to: 'ab-p.3.1', title: 'T' },
  ])
  expect([...found.issues.keys()].sort()).toEqual(['ab-p', 'ab-p.1', 'ab-p.2', 'ab-p.3', 'ab-p.3.1', 'ab-w'])
  expect(found.issues.get('ab-p.1')?.created_by).toBe('bob')
  expect(found.issues.get('ab-p.3')?.notes).toBe('ab-p.3 and ab-p.3.1, not ab-p.10')
  expect(found.issues.get('ab-p.3.1')?.dependencies[0]).toMatchObject({ issue_id: 'ab-p.3.1', depends_on_id: 'ab-p.3' })
  expect(found.issues.get('ab-w')?.dependencies[0]?.depends_on_id).toBe('ab-p.3')
})

test('an issue is not deleted for another one of its id that was', () => {
  const found = merge(nothing, state(issue()), state(stone(9, { created_by: 'bob' })))
  expect(found.renamed).toHaveLength(1)
  expect([...found.issues.values()].map(({ title }) => title)).toEqual(['T'])
  expect(merge(nothing, state(stone(9, { created_by: 'bob' })), state(issue())).issues.size).toBe(1)
})

test('issues of the same words stay two; one that came by two ways stays one', () => {
  const twin = issue({ id: 'ab-2' })
  expect(merge(nothing, state(issue()), state(twin)).issues.size).toBe(2)
  const rough = state(issue({ created_at: '2026-03-01T00:00:00Z', title: 'New', updated_at: at(2) }))
  const fine = state(issue({ created_at: '2026-03-01T00:00:00.123Z' }))
  expect(merge(nothing, fine, rough)).toMatchObject({ renamed: [] })
})

test('what is to be remembered is united', () => {
  const memory = (value: string) => state({ _type: 'memory', key: 'k', value })
  const value = (b: State, o: State, t: State) => merge(b, o, t).memories.get('k')
  expect(value(memory('v'), memory('b'), memory('a'))).toBe('a\n\nb')
  expect(value(memory('v'), memory('v'), nothing)).toBeUndefined()
  expect(value(memory('v'), memory('b'), nothing)).toBe('b')
})
