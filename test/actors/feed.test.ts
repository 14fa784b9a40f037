// Who follows the feed of a store, and reads again what it names, has the whole store.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BeadsError } from '../../actors/beads/contract.ts'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { matters } from '../../actors/beads/feed.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { importLines, issueLine } from '../../actors/beads/jsonl.ts'
import { openShelves } from '../../cli/shelves.ts'
import { inStore, storesTown } from '../fixture/stores.ts'

let dir: string
let beads: Beads
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'feed-'))
  initBeads(dir, 'w')
  beads = openBeads(dir)
})
afterEach(() => {
  beads.close()
  rmSync(dir, { recursive: true })
})

let moment = Date.now()
const later = () => {
  moment += 1000
  return new Date(moment).toISOString()
}
const line = (id: string, more: object) => JSON.stringify({ id, title: id, created_at: later(), ...more })
const edge = (on: string) => ({ depends_on_id: on, type: 'blocks', created_at: later(), created_by: 'x' })
const message = (id: string) => ({
  ...{ id: `w-m${id}`, title: 'M', description: '', priority: 2, assignee: 'ann', sender: 'bob', labels: ['thread:1'] },
  at: new Date(),
})
const ways: readonly ((id: string, on: string) => unknown)[] = [
  (id, on) =>
    beads.create({ id, title: id, labels: ['a'], deps: beads.get(on) ? [{ type: 'blocks', id: on }] : [] }, 'x'),
  (id) => beads.create({ title: 'part', parent: id }, 'x'),
  (id, on) => beads.update(id, { description: `see ${on}` }, 'x'),
  (id) => beads.update(id, { status: 'open', assignee: null }, 'x'),
  (id) => beads.closeIssue(id, 'done', 'x', true),
  (id) => beads.claim(id, 'x'),
  (id, on) => beads.addDep(id, on, 'blocks', 'x'),
  (id, on) => beads.removeDep(id, on, 'x'),
  (id) => beads.relabel(id, { add: ['a'], remove: ['b'] }, 'x'),
  (id) => beads.relabel(id, { remove: ['a'] }, 'x'),
  (id) => beads.comment(id, 'so it is', 'x'),
  (id) => beads.remove(id, beads.get(id) ? issueLine(beads, id) : '', 'x', 'gone'),
  (id, on) => importLines(beads, line(id, { dependencies: [edge(on)], updated_at: later() })),
  (id) => importLines(beads, line(id, { status: 'tombstone', deleted_at: later() })),
  (id) => beads.createMessages([message(id)]),
  (id) => beads.closeIssue(`w-m${id}`, 'read', 'ann'),
  () => beads.rename('w', 'v', 'x'),
  () => beads.rename('v', 'w', 'x'),
]

test('whoever reads again what the feed names has every issue as it is', () => {
  const known = new Map<string, string>()
  const read = (id: string) => (beads.get(id) ? known.set(id, issueLine(beads, id)) : known.delete(id))
  let cursor = 0
  const follow = () => {
    for (let more = true; more; ) {
      const feed = beads.changesSince(cursor, 3)
      for (const { event, issue } of feed.rows)
        for (const id of event === 'renamed' ? [...known.keys(), ...beads.ids()] : [issue]) read(id)
      ;({ cursor, more } = feed)
    }
  }
  const id = fc.integer({ min: 1, max: 4 }).map((n) => `w-${n}`)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...ways), id, id), { maxLength: 12 }), (steps) => {
      for (const [way, one, other] of steps)
        try {
          way(one, other)
        } catch (error) {
          if (!(error instanceof BeadsError)) throw error
        }
      follow()
      expect([...known].sort()).toEqual(beads.ids().map((each) => [each, issueLine(beads, each)]))
    }),
    { numRuns: 300 },
  )
  expect(() => beads.changesSince(cursor + 1, 1)).toThrow(/not come as far/)
})

test('mail, words and comments are no reason to give out other work; all else is', () => {
  const { id } = beads.create({ title: 'Work' }, 'x')
  const told = (write: () => unknown) => {
    const cursor = beads.lastChange()
    write()
    const { rows } = beads.changesSince(cursor, 10)
    expect(rows.length).toBeGreaterThan(0)
    return rows.some(matters)
  }
  expect(told(() => beads.createMessages([message('1')]))).toBe(false)
  expect(told(() => beads.closeIssue('w-m1', 'read', 'ann'))).toBe(false)
  expect(told(() => beads.comment(id, 'so', 'x'))).toBe(false)
  expect(told(() => beads.update(id, { notes: 'n', design: 'd' }, 'x'))).toBe(false)
  expect(told(() => beads.update(id, { priority: 0, notes: 'n' }, 'x'))).toBe(true)
  expect(told(() => beads.update(id, { defer_until: later() }, 'x'))).toBe(true)
  expect(told(() => beads.relabel(id, { add: ['agent:codex'] }, 'x'))).toBe(true)
  expect(told(() => beads.claim(id, 'x'))).toBe(true)
  expect(told(() => beads.remove(id, issueLine(beads, id), 'x', ''))).toBe(true)
})

test('the town looks at work once somebody wrote what may change it, and at nothing else', async () => {
  const t = storesTown()
  const shelves = openShelves(
    t.town,
    { env: {}, ours: [] },
    {
      ...{ mended: () => {}, linked: () => {}, unusable: () => {}, usable: () => {} },
      report: (error) => expect.fail(String(error)),
    },
  )
  try {
    shelves.begin([{ rig: 'w', prefix: 'w' }])
    const changed = vi.fn()
    shelves.watch('w', changed)
    const id = inStore(t.of('w'), (others) => others.create({ title: 'Work' }, 'x').id)
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1), 5000)
    const looked = vi.spyOn(shelves.of('w'), 'changesSince')
    inStore(t.of('w'), (others) => others.comment(id, 'so', 'x'))
    inStore(t.of('w'), (others) => others.createMessages([message('1')]))
    await vi.waitFor(() => expect(looked).toHaveBeenCalled(), 5000)
    expect(changed).toHaveBeenCalledTimes(1)
    inStore(t.of('w'), (others) => others.update(id, { priority: 0 }, 'x'))
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2), 5000)
  } finally {
    await shelves.close()
    t.dispose()
  }
})
