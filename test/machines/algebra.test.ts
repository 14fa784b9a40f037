// The pure algebra of queue, waves and names, for any input: a failing case prints its seed and the smallest example.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freeName } from '../../machines/names.ts'
import { enqueue, landingOrder, nextDueAt, plan, type Queued, type Wait } from '../../machines/queue.ts'
import { type Candidate, nextStart } from '../../machines/waves.ts'

const sha = fc.constantFrom('a', 'b', 'c').map((letter) => letter.repeat(40))
const issue = fc.integer({ min: 1, max: 6 }).map((n) => `w-${n}`)
const wait: fc.Arbitrary<Wait | null> = fc.option(
  fc.record({
    what: fc.constantFrom('refused' as const, 'broken' as const, 'main_red' as const),
    until: fc.option(fc.integer({ min: 0, max: 10 })),
  }),
)
const queued: fc.Arbitrary<Queued> = fc.record({
  issue,
  sha,
  title: fc.constant('t'),
  polecat: fc.constant('Nux'),
  branch: fc.constant('polecat/Nux-1'),
  ref: fc.constant('r'),
  priority: fc.integer({ min: 0, max: 4 }),
  queuedAt: fc.integer({ min: 0, max: 5 }),
  wait,
  setbacks: fc.integer({ min: 0, max: 9 }),
  alone: fc.boolean(),
  maybeOnMain: fc.boolean(),
})
const queue = fc.uniqueArray(queued, { selector: (each) => each.issue })
const moment = fc.integer({ min: 0, max: 12 })

test('the queue keeps one request an issue, unless one is being built; what is asked for is in it', () => {
  fc.assert(
    fc.property(fc.array(queued), fc.array(sha), moment, (requests, building, at) => {
      const all = requests.reduce<Queued[]>((before, request) => enqueue(before, request, at, building), [])
      for (const request of requests.slice(-1))
        expect(all.some((other) => other.issue === request.issue && other.sha === request.sha)).toBe(true)
      const waiting = all.filter((request) => !building.includes(request.sha)).map((request) => request.issue)
      expect(new Set(waiting).size).toBe(waiting.length)
      // Asking again changes nothing.
      for (const request of all) expect(enqueue(all, request, at, building)).toEqual(all)
    }),
  )
})

test('only what is due is planned, the most urgent first; one at a time with gates, alone what is to be alone', () => {
  fc.assert(
    fc.property(queue, moment, fc.boolean(), (all, at, gated) => {
      const order = landingOrder(all)
      expect([order.length, new Set(order)]).toEqual([all.length, new Set(all)])
      const due = all.filter((each) => each.wait === null || (each.wait.until !== null && each.wait.until <= at))
      const next = plan(all, at, gated)
      expect(next === undefined).toBe(due.length === 0)
      if (!next) return
      for (const member of next) expect(due).toContain(member)
      for (const other of due)
        expect([next[0]?.priority, next[0]?.queuedAt].join() <= [other.priority, other.queuedAt].join()).toBe(true)
      if (gated || next[0]?.alone) expect(next).toHaveLength(1)
      else expect(next).toEqual(order.filter((each) => due.includes(each) && !each.alone))
    }),
  )
})

test('what waits for a time is due at that time and not before', () => {
  fc.assert(
    fc.property(queue, (all) => {
      const waiting = all.filter((each) => each.wait !== null)
      const at = nextDueAt(waiting)
      if (at === undefined) {
        expect(plan(waiting, Number.MAX_SAFE_INTEGER, true)).toBeUndefined()
        return
      }
      expect(plan(waiting, at, true)).toBeDefined()
      expect(plan(waiting, at - 1, true)).toBeUndefined()
    }),
  )
})

const candidate: fc.Arbitrary<Candidate> = fc.record({
  issue,
  priority: fc.integer({ min: 0, max: 4 }),
  createdAt: fc.constantFrom('2025', '2026'),
  attempt: fc.constant(1),
  resume: fc.constant(null),
  returned: fc.constant(null),
  previous: fc.constant(null),
})

test('nobody is given what somebody has; the choice does not depend on the order of asking', () => {
  fc.assert(
    fc.property(fc.uniqueArray(candidate, { selector: (each) => each.issue }), fc.array(issue), (ready, busy) => {
      const next = nextStart([], ready, busy)
      if (next) expect(busy).not.toContain(next.issue)
      expect(next === undefined).toBe(ready.every((each) => busy.includes(each.issue)))
      expect(nextStart([], [...ready].reverse(), busy)).toEqual(next)
      const free = ready.filter((each) => !busy.includes(each.issue))
      expect(next?.priority).toBe(free.length === 0 ? undefined : Math.min(...free.map((each) => each.priority)))
    }),
  )
})

test('names never run out and never meet', () => {
  const taken: string[] = []
  for (let n = 0; n < 100; n++) taken.push(freeName(taken))
  expect(new Set(taken).size).toBe(100)
  expect(taken.slice(0, 2)).toEqual(['Nux', 'Toast'])
  expect(freeName(taken.filter((name) => name !== 'Toast'))).toBe('Toast')
})
