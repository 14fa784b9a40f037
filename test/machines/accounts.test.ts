// Accounts: how long each is held, which one a worker is given, and what the Overseer is told.
import { expect, test } from 'vitest'
import {
  allAreUsedUp,
  announced,
  chosenOf,
  endedBy,
  heldBy,
  heldForMs,
  nextEnd,
  outOfAllowance,
  provided,
  released,
} from '../../machines/accounts.ts'

const minute = 60_000
const held = (account: string | null, more: object = {}) =>
  ({
    ...{ type: 'account.held', what: 'limited', until: null, leftMs: 10 * minute, at: 0, why: 'Enough.', issue: 'w-1' },
    ...{ from: 'w/polecats/Nux/session', mailId: 'm', again: false, rigs: [], account, ...more },
  }) as never
const [a, b, c] = ['claude/a', 'claude/b', 'claude/c'] as const
const rig: Parameters<typeof chosenOf>[0] = {
  ...{ rig: 'w', agent: 'claude', accounts: [a, b, c, 'codex/x'], sharers: ['v'] },
  ...{ workers: { Nux: {}, Slit: {} }, given: { Nux: a, Slit: a } },
}
type Rig = Parameters<typeof chosenOf>[0]
const after = (event: never, before: Rig = rig) => ({ ...before, ...heldBy<Rig>(event)(before).changes })
const given = (before: Parameters<typeof chosenOf>[0], at = 0, anew?: string) =>
  provided<Rig>(
    at,
    anew,
  )(before).mail?.map(({ to, body }) => `${to.split('/')[2]}: ${'account' in body && body.account}`)

test('it is waited for until its time, within bounds; a quarter of an hour where nobody knows', () => {
  expect(heldForMs({ until: 10 * minute, at: minute })).toBe(9 * minute)
  expect(heldForMs({ until: null, at: 5 })).toBe(15 * minute)
  // The town was down, or asleep, for a day: its time is behind the wall's, and what is left counts.
  expect(heldForMs({ until: 1500 * minute, leftMs: 10 * minute, at: minute })).toBe(10 * minute)
  // The clock has jumped over it, or the service is wrong.
  expect(heldForMs({ until: 5, at: minute })).toBe(10_000)
  expect(heldForMs({ until: 1e15, at: 0 })).toBe(8 * 24 * 60 * minute)
})

test('used up as soon as it was there again it is held for longer each time; a time well ahead, or work in between, begins anew', () => {
  let [now, at] = [rig, 0]
  const lasts = (leftMs: number | null, laterMs: number) => {
    at = (now.holds?.[a]?.end ?? 0) + laterMs
    now = after(held(a, { leftMs, at }), now)
    return ((now.holds?.[a]?.end ?? 0) - at) / minute
  }
  expect([lasts(0, 0), lasts(0, 1), lasts(0, minute), lasts(0, minute)]).toEqual([1 / 6, 1, 2, 4])
  expect([lasts(300 * minute, 0), lasts(0, 0), lasts(0, 0)]).toEqual([300, 1, 2])
  expect([lasts(0, 6 * minute), lasts(null, 0), lasts(null, 6 * minute)]).toEqual([1 / 6, 15, 15])
  for (let n = 0; n < 20; n++) lasts(null, 0)
  expect(lasts(0, 0)).toBe(64)
})

test('of two who tell, the later end counts', () => {
  const first = after(held(a))
  expect(after(held(a, { leftMs: 5 * minute, at: minute }), first).holds).toEqual(first.holds)
  expect(nextEnd(after(held(a, { leftMs: 30 * minute, at: minute }), first))).toBe(31 * minute)
  expect(after(held(a, { what: 'refused' }), first).holds?.[a]).toMatchObject({ what: 'refused', end: null })
})

test('the one with most left: fewest tokens, then longest since it was used up, then fewest workers', () => {
  expect(chosenOf({ ...rig, used: { [a]: 5, [b]: 3, [c]: 4 } }, 0)).toBe(b)
  const last = { [b]: { until: null, at: 7 }, [c]: { until: null, at: 3 }, [a]: { until: null, at: 9 } }
  expect(chosenOf({ ...rig, last }, 0)).toBe(c)
  expect(chosenOf(rig, 0)).toBe(b)
  expect(chosenOf(after(held(b)), 0)).toBe(c)
  // It was used up later than the third.
  expect(chosenOf(after(held(b)), 10 * minute)).toBe(c)
})

test('an issue that asks for another agent has that one’s accounts; without any, what the environment says', () => {
  expect(chosenOf(rig, 0, 'codex')).toBe('codex/x')
  expect(chosenOf(rig, 0, 'pi')).toBe('pi/')
})

test('at a limit whoever is on it is given another, who is not stays, and none is given twice', () => {
  const before = after(held(a))
  expect(given(before)).toEqual(['Nux: claude/b', 'Slit: claude/c'])
  expect(given({ ...before, given: { Nux: b, Slit: c } })).toEqual([])
  // Who begins has the best there is, whatever the one before had.
  expect(given({ ...rig, used: { [a]: 9 } }, 0, 'Nux')).toEqual(['Nux: claude/b'])
})

test('with all used up they wait, and the first that is there again is given to all who wait', () => {
  const none = after(held(c, { leftMs: 30 * minute }), after(held(b), after(held(a, { leftMs: 20 * minute }))))
  expect([allAreUsedUp(none), given(none), nextEnd(none)]).toEqual([true, ['Slit: null'], 10 * minute])
  const waits = { ...none, given: { Nux: null, Slit: null } }
  const back = { ...waits, ...released<typeof waits>(endedBy(10 * minute))(waits).changes }
  expect([allAreUsedUp(back), given(back, 10 * minute)]).toEqual([false, ['Nux: claude/b', 'Slit: claude/b']])
  expect(allAreUsedUp(after(held(b, { what: 'refused' }), after(held(a))))).toBe(false)
})

test('the Mayor is told once, and tells the others and the Overseer once', () => {
  const told = heldBy<Rig>(held(a))(rig).mail ?? []
  expect(told.map(({ to, type }) => `${type} ${to}`)).toEqual(['account.held mayor/'])
  expect(heldBy<Rig>(held(a))(after(held(a))).mail).toEqual([])
  const heard = held(a, { from: 'w/witness', rigs: ['v'] })
  const said = (holds: object) => announced(holds as never, heard).map(({ to }) => to)
  expect(said({})).toEqual(['v/witness', 'overseer'])
  expect(said({ [a]: { what: 'limited', until: null, end: 5 } })).toEqual(['v/witness'])
})

test('a refused one is one escalation, which names it', () => {
  const mail = heldBy<Rig>(held(a, { what: 'refused', why: 'invalid x-api-key' }))(rig).mail ?? []
  expect(mail[1]).toMatchObject({ type: 'escalation.raised', body: { cause: 'account/claude/a' } })
})

test('the Overseer is told until when, and what to do', () => {
  const { to, body } = outOfAllowance('w', { until: 0, why: '' }) as unknown as { to: string; body: { body: string } }
  expect(to).toBe('overseer')
  expect(body.body).toContain('until 1970-01-01T00:00:00.000Z')
  expect(body.body).toContain('gt up')
  expect((outOfAllowance('w', { until: null, why: '' }) as { body: { body: string } }).body.body).not.toContain('until')
})

test('what nothing is kept of has no key: a snapshot that was read again is the same', () => {
  const changes = (event: never) => Object.entries(heldBy<Rig>(event)({ rig: 'w', workers: {} }).changes ?? {})
  for (const event of [
    held('', { what: 'refused' }),
    held('', { from: 'mayor/' }),
    held('codex/none', { what: 'refused', from: 'mayor/' }),
  ])
    expect(changes(event).filter(([, value]) => value === undefined)).toEqual([])
})
