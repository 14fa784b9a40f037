// Budget: what a Witness keeps of budgets that are used up, and how each piece of news changes it. Pure bookkeeping.
// Never: counts what was used; the hand that claims an issue does, in the moment it would be given out.
import type { EffectOutput } from './effects.ts'
import { budgetWarning, causes, cleared, overBudget } from './escalations.ts'
import type { BudgetKind } from './mail.ts'
import type { News } from './profile.ts'

type OverBudget = Extract<EffectOutput<'claimIssue'>, { kind: 'over_budget' }>
type Survey = EffectOutput<'surveyIssues'>

export type Budgets = Partial<Record<BudgetKind, string>>

/** A budget that is used up, as the Overseer was told. */
export interface UsedUp {
  which: BudgetKind
  /** The issue, the epic, the rig or the day. */
  of: string
  /** As it was then, in words. */
  budget: string
  /** It is over by itself after so long, in milliseconds. */
  againMs: number | null
}

export interface Budgeting {
  rig: string
  /** Of the configuration, in words. */
  budgets: Budgets
  usedUp: UsedUp[]
  /** What the Overseer was warned of, the last of it. */
  warned: string[]
}

export const unbudgeted: Omit<Budgeting, 'rig' | 'budgets'> = { usedUp: [], warned: [] }

/** So many warnings are remembered; an older one may be said again. */
const warnedMax = 100

/** A claim was refused. Nothing is asked for twice of the same budget; `isNew`: it was not known. */
export function refused(before: Budgeting, answer: OverBudget): News<Budgeting> & { isNew: boolean } {
  const { which, of, budget, againMs, spent } = answer
  const isIt = (each: UsedUp) => each.which === which && each.of === of
  const isNew = !before.usedUp.some(isIt)
  // Of two days one is over.
  const past = without(before, (each) => which === 'day' && each.which === 'day' && !isIt(each))
  const others = (past.changes?.usedUp ?? before.usedUp).filter((each) => !isIt(each))
  return {
    isNew,
    changes: { usedUp: [...others, { which, of, budget, againMs }] },
    notes: isNew ? [{ text: `the budget of ${which} ${of} is used up: ${spent} of ${budget}` }] : [],
    mail: [...(past.mail ?? []), ...(isNew ? [overBudget(before.rig, answer)] : [])],
  }
}

/** A claim was granted: no budget of that issue is used up. */
export const granted =
  (answer: EffectOutput<'claimIssue'>) =>
  (before: Budgeting): News<Budgeting> => {
    if (answer.kind !== 'claimed') return {}
    const { id, within } = answer.issue
    return without(
      before,
      ({ which, of }) => which === 'rig' || which === 'day' || (which === 'issue' ? of === id : within.includes(of)),
    )
  }

/** These issues and epics are wanted anew: whether their budgets allow it, the next claim says. */
export const askedAgain = (before: Budgeting, wanted: readonly (string | null)[]): News<Budgeting> =>
  without(before, ({ which, of }) => (which === 'issue' || which === 'epic') && wanted.includes(of))

/** The configuration as it is now: a budget that is another is not used up, for all that is known. */
export const budgeted =
  (budgets: Budgets) =>
  (before: Budgeting): News<Budgeting> => {
    const isSame =
      JSON.stringify(Object.entries(budgets).sort()) === JSON.stringify(Object.entries(before.budgets).sort())
    if (isSame) return {}
    const left = without(before, ({ which, budget }) => budgets[which] !== budget)
    return { ...left, changes: { ...left.changes, budgets, warned: [] } }
  }

export const dayIsOver = (before: Budgeting): News<Budgeting> => without(before, ({ which }) => which === 'day')

/** What a look at the issues tells: nobody needs to decide about what is closed; and what to be warned of. */
export const seen =
  ({ closed, dropped, over, warnings = [] }: Survey) =>
  (before: Budgeting): News<Budgeting> => {
    const gone = without(before, ({ of }) => [...closed, ...dropped, ...over].includes(of))
    const fresh = warnings.filter((warning) => !before.warned.includes(keyOf(warning)))
    if (fresh.length === 0) return gone
    return {
      changes: { ...gone.changes, warned: [...before.warned, ...fresh.map(keyOf)].slice(-warnedMax) },
      mail: [...(gone.mail ?? []), ...fresh.map((warning) => budgetWarning(before.rig, warning))],
    }
  }

/** Unknown prices are one thing to be told, whichever budgets they are missing in. */
const keyOf = ({ what, which, of, budget }: Survey['warnings'][number]) =>
  what === 'unpriced' ? what : `${which} ${of} ${budget}`

/** Issues and epics of which nobody is to be shown anything. */
export const usedUpIds = ({ usedUp }: Budgeting): string[] =>
  usedUp.filter(({ which }) => which === 'issue' || which === 'epic').map(({ of }) => of)

/** How long today's budget is used up, in milliseconds; undefined when it is not. */
export const leftOfDayMs = ({ usedUp }: Budgeting): number | undefined =>
  usedUp.find(({ which }) => which === 'day')?.againMs ?? undefined

function without(before: Budgeting, isOver: (each: UsedUp) => boolean): News<Budgeting> {
  const over = before.usedUp.filter(isOver)
  if (over.length === 0) return {}
  return {
    changes: { usedUp: before.usedUp.filter((each) => !isOver(each)) },
    mail: over.map(({ which, of }) => cleared(causes.budget(before.rig, which, of))),
  }
}
