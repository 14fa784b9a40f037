// Values as people type them: what each kind takes, and what it says of anything else.
import { expect, test } from 'vitest'
import { type Kind, read } from '../../cli/kinds.ts'

const now = new Date(2026, 0, 2, 12, 0).getTime()
const said = (kind: Kind, text: string) => read('--x', { kind }, text, now)

test('durations and moments', () => {
  expect(['90s', '10m', '2h', '1d', '500ms', '30', '0', '1.5h'].map((text) => said('duration', text))).toEqual([
    90_000, 600_000, 7_200_000, 86_400_000, 500, 30_000, 0, 5_400_000,
  ])
  expect(said('moment', '10m')).toBe(now - 600_000)
  expect(said('moment', '09:30')).toBe(new Date(2026, 0, 2, 9, 30).getTime())
  expect(said('moment', '2026-01-01T00:00')).toBe(new Date(2026, 0, 1).getTime())
  for (const text of ['abc', '', '10x', '-5', '5 minutes', 'NaN', '1e3'])
    expect(() => said('duration', text), text).toThrow('is a duration')
  for (const text of ['abc', '', '25:00', '2026', '9:5'])
    expect(() => said('moment', text), text).toThrow('--x is a span')
})

test('numbers, choices and addresses', () => {
  expect(said('number', '12')).toBe(12)
  for (const text of ['x', '', '1.5', '-1', '0x10', '1e3', ' 1', '99999999999999999999'])
    expect(() => said('number', text), text).toThrow('whole number')
  expect(() => read('--x', { kind: 'number', range: [1, 4] }, '5', now)).toThrow('from 1 to 4, not "5"')
  expect(() => read('--x', { kind: 'text', choices: ['a', 'b', 'c'] }, 'd', now)).toThrow('--x is a, b or c, not "d"')
  expect(
    ['mayor', 'wyvern/Nux', 'wyvern/witness', 'overseer', 'wyvern/plugins/x'].map((text) => said('address', text)),
  ).toEqual(['mayor/', 'wyvern/polecats/Nux', 'wyvern/witness', 'overseer', 'wyvern/plugins/x'])
  for (const text of ['', 'Nux', 'a/b/c/d', '../x', 'polecats/Nux', 'wyvern/-x'])
    expect(() => said('address', text), text).toThrow('is an address')
})
