// The pure algebra of queue, waves and names, for any input: a failing case prints its seed and the smallest example.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freeName } from '../../machines/names.ts'
import { enqueue, landingOrder, plan, type Queued } from '../../machines/queue.ts'
import { type Candidate, nextStart } from '../../machines/waves.ts'

const sha = fc.constantFrom('a', 'b', 'c').map((letter) => letter.repeat(40))
const issue = fc.integer({ min: 1, max: 6 }).map((n) => `w-${n}`)
const queued: fc.Arbitrary<Queued> = fc.record({
  issue,
  sha,
  title: fc.constant('t'),
  polecat: fc.constant('Nux'),
  branch: fc.constant('polecat/Nux-1'),
  ref: fc.constant('r'),
  priority: fc.integer({ min: 0, max: 4 }),
  queuedAt: fc.integer({ min: 0, max: 5 }),
  held: fc.boolean(),
})

test('the queue keeps one request an issue, unless one is being built; what is asked for is in it', () => {
  fc.assert(
    fc.property(fc.array(queued), fc.array(sha), (requests, building) => {
      const queue = requests.reduce<Queued[]>((all, request) => enqueue(all, request, building), [])
      for (const request of requests.slice(-1))
        expect(queue.some((other) => other.issue === request.issue && other.sha === request.sha)).toBe(true)
      const waiting = queue.filter((request) => !building.includes(request.sha)).map((request) => request.issue)
      expect(new Set(waiting).size).toBe(waiting.length)
      // Asking again changes nothing.
      for (const request of queue) expect(enqueue(queue, request, building)).toEqual(queue)
    }),
  )
})

test('what lands next is the most urgent of what may land, first come first; nothing is lost or made up by ordering', () => {
  fc.assert(
    fc.property(fc.array(queued), (queue) => {
      const order = landingOrder(queue)
      expect([order.length, new Set(order)]).toEqual([queue.length, new Set(queue)])
      const next = plan(queue)
      expect(next === undefined).toBe(queue.every((request) => request.held))
      for (const other of queue.filter((request) => !request.held))
        expect([next?.[0]?.priority, next?.[0]?.queuedAt].join() <= [other.priority, other.queuedAt].join()).toBe(true)
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
