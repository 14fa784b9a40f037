// An allowance that is used up: how long nobody is started, and what the Overseer is told.
import { expect, test } from 'vitest'
import { heldForMs, outOfAllowance, usedUp } from '../../machines/accounts.ts'

const minute = 60_000
const held = (until: number | null, at = 0) =>
  ({
    type: 'account.held',
    what: 'limited',
    until,
    at,
    why: 'Enough.',
    issue: 'w-1',
    from: 'w/s',
    mailId: 'm',
  }) as never

test('it is waited for until its time, within bounds; a quarter of an hour where nobody knows', () => {
  expect(heldForMs({ until: 10 * minute, at: minute })).toBe(9 * minute)
  expect(heldForMs({ until: null, at: 5 })).toBe(15 * minute)
  // The clock has jumped over it, or the service is wrong.
  expect(heldForMs({ until: 5, at: minute })).toBe(10_000)
  expect(heldForMs({ until: 1e15, at: 0 })).toBe(8 * 24 * 60 * minute)
})

test('of two who tell, the later end counts', () => {
  const first = usedUp(null, held(20 * minute))
  expect(usedUp(first, held(10 * minute, minute))).toEqual(first)
  expect(usedUp(first, held(30 * minute, minute))).toEqual({ until: 30 * minute, at: minute })
  expect(usedUp(first, held(null, minute))).toEqual(first)
  expect(usedUp(first, held(null, 6 * minute))).toEqual({ until: null, at: 6 * minute })
})

test('the Overseer is told until when, and what to do', () => {
  const { to, body } = outOfAllowance('w', held(0)) as unknown as { to: string; body: { body: string } }
  expect(to).toBe('overseer')
  expect(body.body).toContain('until 1970-01-01T00:00:00.000Z')
  expect(body.body).toContain('gt up')
  expect((outOfAllowance('w', held(null)) as { body: { body: string } }).body.body).not.toContain('until')
})
