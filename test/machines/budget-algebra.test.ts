// What a Witness keeps of budgets, for any course of things.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  askedAgain,
  type Budgeting,
  budgeted,
  dayIsOver,
  granted,
  leftOfDayMs,
  refused,
  seen,
  unbudgeted,
  usedUpIds,
} from '../../machines/budget.ts'
import { brief, startable } from '../../machines/cases.ts'
import { causes } from '../../machines/escalations.ts'
import { begun, notHad, type WitnessContext } from '../../machines/ledger.ts'
import type { BudgetKind } from '../../machines/mail.ts'
import type { News } from '../../machines/profile.ts'
import { fromReady } from '../../machines/waves.ts'

const kind = fc.constantFrom<BudgetKind>('issue', 'epic', 'rig', 'day')
const name = fc.constantFrom('w-1', 'w-2', 'w-e')
const amount = fc.constantFrom('1$', '2$')
const ofKind = (which: BudgetKind, of: string) => (which === 'rig' ? 'w' : which === 'day' ? `day ${of}` : of)
const step = fc.oneof(
  fc.record({ what: fc.constant('refused' as const), which: kind, of: name, budget: amount }),
  fc.record({ what: fc.constant('granted' as const), of: name }),
  fc.record({ what: fc.constant('asked' as const), of: name }),
  fc.record({ what: fc.constant('configured' as const), which: kind, budget: amount }),
  fc.record({ what: fc.constant('day' as const) }),
  fc.record({ what: fc.constant('closed' as const), of: name }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function play(before: Budgeting, one: Step): News<Budgeting> {
  switch (one.what) {
    case 'refused': {
      const { which, budget } = one
      const againMs = which === 'day' ? 5 : null
      return refused(before, { kind: 'over_budget', which, of: ofKind(which, one.of), spent: '9$', budget, againMs })
    }
    case 'granted':
      return granted({
        kind: 'claimed',
        issue: { ...brief(one.of), epic: 'w-e', within: ['w-e'] },
        preserved: null,
        agent: null,
        used: {},
      })(before)
    case 'asked':
      return askedAgain(before, [one.of, null])
    case 'configured':
      return budgeted({ [one.which]: one.budget })(before)
    case 'day':
      return dayIsOver(before)
    case 'closed':
      return seen({
        ...{ ready: [], more: false, dropped: [], unknown: [], complete: [], over: [], warnings: [] },
        closed: [one.of],
      })(before)
  }
}

test('what the Overseer is asked about is what is used up, each once; and there is a day at most', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let now: Budgeting = { rig: 'w', budgets: {}, ...unbudgeted }
      const open: string[] = []
      for (const one of steps) {
        const news = play(now, one)
        now = { ...now, ...news.changes }
        for (const { type, body } of news.mail ?? []) {
          const { cause } = body as { cause: string }
          if (type === 'escalation.cleared') expect(open.splice(open.indexOf(cause), 1)).toEqual([cause])
          else expect(open.includes(cause)).toBe(false)
          if (type === 'escalation.raised') open.push(cause)
        }
        expect(now.usedUp.map(({ which, of }) => causes.budget('w', which, of)).sort()).toEqual([...open].sort())
        expect(now.usedUp.filter(({ which }) => which === 'day').length).toBeLessThanOrEqual(1)
        expect(leftOfDayMs(now)).toBe(now.usedUp.some(({ which }) => which === 'day') ? 5 : undefined)
        expect(usedUpIds(now).every((id) => /^w-/.test(id))).toBe(true)
        // Whoever is given something is over no budget any more.
        if (one.what === 'granted')
          for (const { which, of } of now.usedUp)
            expect([which, of]).not.toEqual([which, { issue: one.of, epic: 'w-e', rig: of, day: of }[which]])
      }
    }),
    { numRuns: 500 },
  )
})

test('what a used-up budget covers is let go of, and nothing else; what an epic’s does not cover is looked for at once', () => {
  const ready = ['w-1', 'w-2', 'w-3'].map((id) => fromReady(startable(id), 1))
  const back = ['w-1', 'w-4'].map((id) => fromReady(startable(id), 2))
  const context: WitnessContext = {
    ...begun({ rig: 'w', maxWorkers: 1, spawnDelayMs: 0, triesMax: 3 }),
    ...{ ready, more: true, returned: back, choice: ready[0] ?? null },
  }
  const after = (which: BudgetKind, usedUp: WitnessContext['usedUp'] = []) => {
    const refusal = { kind: 'over_budget' as const, which, of: 'x', spent: '2$', budget: '1$', againMs: null }
    const next = { ...context, usedUp, ...notHad({ ...context, usedUp }, refusal).changes }
    return [next.ready.length, next.more, next.returned.map(({ waits = false }) => waits), next.look]
  }
  expect(after('issue')).toEqual([2, true, [true, false], false])
  expect(after('epic')).toEqual([0, false, [true, false], true])
  // Known, and so not shown any more: it was work that came back.
  expect(after('epic', [{ which: 'epic', of: 'x', budget: '1$', againMs: null }])).toEqual([
    2,
    true,
    [true, false],
    false,
  ])
  for (const which of ['rig', 'day'] as const) expect(after(which)).toEqual([0, false, [true, true], false])
})
