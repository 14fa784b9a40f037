// Budgets against what was used: asked in the moment an issue would be given out, so that no budget is overrun by more
// than what runs.
// Never: takes an unknown price for nothing; what a budget in dollars does not count is told.
import type { EffectOutput } from '../../machines/effects.ts'
import type { BudgetKind } from '../../machines/mail.ts'
import { type Amount, amountWords, type RigConfig } from '../config.ts'
import { dayOf, leftOfDay } from './days.ts'
import type { Ledger } from './ledger.ts'
import type { Spent } from './spent.ts'
import type { Asked } from './tables.ts'
import { dollarWords, tokenWords } from './words.ts'

type OverBudget = Extract<EffectOutput<'claimIssue'>, { kind: 'over_budget' }>
type Warning = EffectOutput<'surveyIssues'>['warnings'][number]

/** Work, by its issue, null: none of its own, and everything it is a part of, the nearest first. */
export interface Part {
  issue: string | null
  within: readonly string[]
}

export interface RigBudgets {
  /** The first budget that is used up of those that this issue draws on; the widest first. */
  over(part: Part): OverBudget | undefined
  /** What should be known of the budgets of the rig, of today, and of these, each once. */
  warnings(parts: readonly Part[]): Warning[]
}

/** From this part on of a budget its end is told. */
const nearly = 0.8

/** Undefined: the rig has none. */
export function budgetsOf(
  rig: string,
  budgets: RigConfig['budgets'],
  ledger: Pick<Ledger, 'spent'>,
  now: () => number,
): RigBudgets | undefined {
  if (Object.keys(budgets).length === 0) return undefined

  /** Those there are of what this draws on. */
  function drawnOn({ issue, within }: Part) {
    const day = dayOf(now())
    const all: [BudgetKind, string | null, Asked][] = [
      ['rig', rig, { rig }],
      ['day', day, { rig, day }],
      ...within.toReversed().map((epic): [BudgetKind, string, Asked] => ['epic', epic, { rig, epic }]),
      ['issue', issue, { rig, issue: issue ?? '' }],
    ]
    return all.flatMap(([which, of, asked]) => {
      const amount = budgets[which]
      return amount && of !== null ? [{ which, of, asked, amount }] : []
    })
  }

  return {
    over(part) {
      for (const { which, of, asked, amount } of drawnOn(part)) {
        const spent = ledger.spent(asked)
        if (shareOf(spent, amount) < 1) continue
        const againMs = which === 'day' ? leftOfDay(now()) : null
        return {
          kind: 'over_budget',
          which,
          of,
          spent: spentWords(spent, amount),
          budget: amountWords(amount),
          againMs,
        }
      }
      return undefined
    },
    warnings(parts) {
      const found = new Map<string, Warning>()
      for (const part of [{ issue: null, within: [] }, ...parts])
        for (const { which, of, asked, amount } of drawnOn(part)) {
          if (found.has(`${which} ${of}`)) continue
          const spent = ledger.spent(asked)
          const share = shareOf(spent, amount)
          const isPartly = amount.dollars !== undefined && spent.unpriced.answers > 0
          if (share >= 1 || (share < nearly && !isPartly)) continue
          const what = share >= nearly ? 'nearly' : 'unpriced'
          const words = { spent: spentWords(spent, amount), budget: amountWords(amount) }
          found.set(`${which} ${of}`, { what, which, of, ...words })
        }
      return [...found.values()]
    },
  }
}

/** Has usage counted; true: what is to be known of budgets of this part (`warnings`) is something else since. */
export function counted(budgets: RigBudgets | undefined, part: Part, count: () => void): boolean {
  const known = () =>
    budgets
      ?.warnings([part])
      .map(({ what, which, of }) => `${what} ${which} ${of}`)
      .join()
  const before = known()
  count()
  return known() !== before
}

/** The part that is used; 1 or more: all of it. */
const shareOf = ({ dollars, ...spent }: Spent, budget: Amount) =>
  Math.max(dollars / (budget.dollars ?? Infinity), tokensOf(spent) / (budget.tokens ?? Infinity))

const tokensOf = ({ input, output, cached }: Omit<Spent, 'dollars'>) => input + output + cached

function spentWords(spent: Spent, budget: Amount): string {
  const { answers } = spent.unpriced
  return [
    ...(budget.dollars === undefined ? [] : [dollarWords(spent.dollars)]),
    ...(budget.dollars === undefined || answers === 0 ? [] : [`(and ${answers} answers of unknown price)`]),
    ...(budget.tokens === undefined ? [] : [`${tokenWords(tokensOf(spent))} tokens`]),
  ].join(' ')
}
