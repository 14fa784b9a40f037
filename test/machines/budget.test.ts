// What becomes of a rig whose budgets are used up: stories on the real host.
import { afterEach, describe, expect, test } from 'vitest'
import type { BudgetKind } from '../../machines/mail.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { green, type Issue, onlyWork, red, town, type World } from './town.ts'

const hourMs = 3_600_000
let t: ReturnType<typeof town>
afterEach(() => t?.dispose())

const issue = (id: string): Issue => ({ id, status: 'open', after: [] })
/** A rig in which this is used up, by this issue or whichever it is asked for. */
let over: { which: BudgetKind; of: string; budget: string; againMs?: number } | null
const refusal = (): JsonObject => ({ kind: 'over_budget', spent: '21$', againMs: null, ...over })
const world = (more: World = {}): World => ({
  claimIssue: (input) =>
    over && (over.which !== 'issue' || over.of === input.issue) ? refusal() : t.well('claimIssue', input),
  ...more,
})
const begin = (ids: string[], { maxWorkers = 1, ...more }: World & { maxWorkers?: number } = {}) => {
  over = null
  t = town(world(more), { issues: ids.map(issue), maxWorkers })
  t.begin()
}
const configured = (budgets: JsonObject, more: JsonObject = {}) =>
  t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 1, spawnDelayMs: 0, budgets, ...more })
const asked = () => t.letters.filter(({ subject }) => subject.includes('used up'))

describe('a rig whose budget is used up', () => {
  test('begins nothing more, lets what runs land, asks once, and goes on when there is more to be had', () => {
    begin(['w-1', 'w-2', 'w-3', 'w-4'], { maxWorkers: 2 })
    over = { which: 'rig', of: 'w', budget: '20$' }
    expect(t.workers()).toEqual(['w-1', 'w-2'])
    t.handsOff('w-1')
    t.handsOff('w-2')
    t.post('daemon', 'w/witness', 'issues.changed')
    expect([t.workers(), t.statuses(), t.causes()]).toEqual([
      [],
      ['closed', 'closed', 'open', 'open'],
      ['w/budget/rig'],
    ])
    expect(asked()).toMatchObject([
      {
        to: 'overseer',
        subject: 'the budget of w is used up: 21$ of 20$',
        body: expect.stringContaining('gt rig set w budget.rig='),
      },
    ])
    // Nothing waits for a time: it rests.
    expect(t.host.depth()).toMatchObject({ mail: 0, effectsPending: 0, timers: 0 })
    // Another setting is no larger budget, and asks nobody again.
    configured({ rig: '20$' }, { maxWorkers: 2 })
    t.crash()
    expect([t.workers(), asked().length]).toEqual([[], 1])
    over = null
    configured({ rig: '40$' }, { maxWorkers: 2 })
    expect([t.workers(), t.causes()]).toEqual([['w-3', 'w-4'], []])
  })

  test('a larger budget that is used up too is asked about anew; one that is taken away is none', () => {
    begin(['w-1', 'w-2'])
    over = { which: 'rig', of: 'w', budget: '20$' }
    t.handsOff('w-1')
    over = { ...over, budget: '21$' }
    configured({ rig: '21$' })
    expect([asked().length, t.causes()]).toEqual([2, ['w/budget/rig']])
    over = null
    configured({})
    expect([t.workers(), t.causes()]).toEqual([['w-2'], []])
  })
})

test('however much there is to do, a rig over its budget rests, and is not looked at again and again', () => {
  begin(Array.from({ length: 9 }, (_, n) => `w-${n + 1}`))
  over = { which: 'rig', of: 'w', budget: '20$' }
  t.handsOff('w-1')
  const tried = t.times('claimIssue')
  t.wait(hourMs)
  expect([t.times('claimIssue'), t.host.depth().timers]).toEqual([tried, 0])
})

test('the budget of a day is over with the day, also when the town was down over night', () => {
  begin(['w-1', 'w-2', 'w-3'])
  over = { which: 'day', of: '2026-11-26', budget: '20$', againMs: 5 * hourMs }
  t.handsOff('w-1')
  expect([t.workers(), t.causes(), t.state('w/witness')]).toEqual([
    [],
    ['w/budget/day/2026-11-26'],
    { brake: 'released', allowance: 'there', dispatch: 'until_tomorrow' },
  ])
  const tried = t.times('claimIssue')
  t.wait(4 * hourMs)
  expect(t.times('claimIssue')).toBe(tried)
  over = null
  t.wait(hourMs)
  expect([t.workers(), t.causes()]).toEqual([['w-2'], []])
  over = { which: 'day', of: '2026-11-27', budget: '20$', againMs: 24 * hourMs }
  t.handsOff('w-2')
  expect([asked().length, t.causes()]).toEqual([2, ['w/budget/day/2026-11-27']])
  // The timer counts watched time; whoever looks sooner sees it sooner.
  over = null
  t.crash()
  t.post('daemon', 'w/witness', 'issues.changed')
  expect([t.workers(), t.causes()]).toEqual([['w-3'], []])
})

test('a day whose budget is used up again before anybody looked is another day', () => {
  begin(['w-1', 'w-2'])
  over = { which: 'day', of: '2026-11-26', budget: '20$', againMs: 5 * hourMs }
  t.handsOff('w-1')
  over = { which: 'day', of: '2026-11-27', budget: '20$', againMs: 9 * hourMs }
  t.post('daemon', 'w/witness', 'issues.changed')
  expect([asked().length, t.causes()]).toEqual([2, ['w/budget/day/2026-11-27']])
})

test('an issue whose budget is used up waits alone; what came back of it is kept, and goes on when it is asked for again', () => {
  let fails = true
  begin(['w-1', 'w-2'], { runGates: onlyWork(() => (fails ? red() : green)) })
  over = { which: 'issue', of: 'w-1', budget: '5M tokens' }
  t.handsOff('w-1')
  fails = false
  expect([t.workers(), t.causes()]).toEqual([['w-2'], ['w/budget/issue/w-1']])
  expect(t.escalations()).toMatchObject([{ issue: 'w-1', subject: 'the budget of w-1 is used up: 21$ of 5M tokens' }])
  t.handsOff('w-2')
  t.post('daemon', 'w/witness', 'issues.changed')
  expect([t.workers(), t.statuses(), asked().length]).toEqual([[], ['in_progress', 'closed'], 1])
  over = null
  t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: ['w-1'] })
  expect([t.workers(), t.causes()]).toEqual([['w-1'], []])
  t.handsOff('w-1')
  expect(t.statuses()).toEqual(['closed', 'closed'])
})

test('asked for again without a larger budget, it is told again', () => {
  begin(['w-1'])
  t.byHand('w-1', {})
  over = { which: 'issue', of: 'w-2', budget: '1$' }
  t.issues.set('w-2', issue('w-2'))
  t.handsOff('w-1')
  expect(t.causes()).toEqual(['w/budget/issue/w-2'])
  t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: ['w-2'] })
  expect([asked().length, t.causes(), t.workers()]).toEqual([2, ['w/budget/issue/w-2'], []])
  // Somebody decides that it is not wanted.
  t.byHand('w-2', { status: 'closed' })
  expect(t.causes()).toEqual([])
})

test('of an epic whose budget is used up nothing more is shown; what is wanted beside it is not starved', () => {
  const shown: string[][] = []
  begin(['w-1', 'w-2', 'w-3', 'w-4', 'w-5'], {
    claimIssue: (input) => {
      if (over && input.issue !== 'w-5') return refusal()
      const claimed = t.well('claimIssue', input)
      return { ...claimed, issue: { ...(claimed.issue as JsonObject), within: input.issue === 'w-5' ? [] : ['w-e'] } }
    },
    surveyIssues: (input) => {
      shown.push(input.usedUp)
      return t.well('surveyIssues', input)
    },
  })
  over = { which: 'epic', of: 'w-e', budget: '20$' }
  t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: ['w-5'] })
  t.handsOff('w-1')
  expect([t.workers(), t.causes(), shown.at(-1)]).toEqual([['w-5'], ['w/budget/epic/w-e'], ['w-e']])
  expect(asked()).toHaveLength(1)
})

test('what is nearly used up, or has no price, is told once a budget', () => {
  const warning = { which: 'rig', of: 'w', spent: '17$', budget: '20$' }
  let warnings: JsonObject[] = []
  begin(['w-1', 'w-2'], { surveyIssues: (input) => ({ ...t.well('surveyIssues', input), warnings }) })
  const looks = () => t.post('daemon', 'w/witness', 'issues.changed')
  warnings = [
    { what: 'nearly', ...warning },
    { what: 'unpriced', ...warning, which: 'issue', of: 'w-1' },
  ]
  looks()
  warnings.push({ what: 'unpriced', ...warning, which: 'issue', of: 'w-2' })
  looks()
  expect(t.letters.map(({ subject }) => subject)).toEqual([
    'the budget of w is nearly used up: 17$ of 20$',
    'the budget of w-1 does not count everything: some of it has a price that nobody knows',
  ])
  warnings = [{ what: 'nearly', ...warning, budget: '21$' }]
  configured({ rig: '21$' })
  expect(t.letters.map(({ subject }) => subject).slice(2)).toEqual(['the budget of w is nearly used up: 17$ of 21$'])
})
