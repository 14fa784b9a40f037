// Purse: the budgets of a simulated town, what of them is used, and who was given work while they allowed it. Part of
// the world; without budgets nobody counts.
// Never: asks the machines what they believe.
import { epic, rig } from '../machines/cases.ts'
import { causes } from '../machines/escalations.ts'
import type { BudgetKind } from '../machines/mail.ts'
import type { JsonObject, Random } from '../runtime/contract.ts'

const dayMs = 86_400_000

interface Usage {
  which: BudgetKind
  of: string
  used: number
  budget: number
}

export class Purse {
  /** In answers of models; a kind that is not there has no budget. */
  budgets: Readonly<Partial<Record<BudgetKind, number>>> = {}
  /** Answers so far, by issue. */
  readonly used: Map<string, number>
  usedToday = { day: 0, count: 0 }
  /** Workers, each with an issue that it was given. */
  readonly granted: Set<string>
  /** Watched time, for who plays with it. */
  now = () => 0

  constructor(from?: Purse) {
    this.used = new Map(from?.used)
    this.granted = new Set(from?.granted)
    if (from) Object.assign(this, { budgets: from.budgets, usedToday: from.usedToday, now: from.now })
  }

  /** Equal for purses with which the same can happen. */
  key(): unknown[] {
    return this.isThere ? [this.budgets, [...this.used].sort(), this.usedToday.count, [...this.granted].sort()] : []
  }

  get isThere(): boolean {
    return Object.keys(this.budgets).length > 0
  }

  /** Budgets in words, as the configuration has them. */
  words(): Partial<Record<BudgetKind, string>> {
    return Object.fromEntries(Object.entries(this.budgets).map(([which, budget]) => [which, String(budget)]))
  }

  /** A model answers an agent. More than any budget is counted no further: there the same can happen. */
  use(issue: string): void {
    if (!this.isThere) return
    const most = Math.max(...Object.values(this.budgets))
    this.used.set(issue, Math.min(most, (this.used.get(issue) ?? 0) + 1))
    this.usedToday = { day: this.day, count: Math.min(most, this.ofToday + 1) }
  }

  endDay(): void {
    this.usedToday = { ...this.usedToday, count: 0 }
  }

  /** What the hand that claims an issue answers while a budget of it is used up. */
  refusal(id: string): JsonObject | undefined {
    const over = this.usageOf(id).find(isUsedUp)
    if (!over) return undefined
    const againMs = over.which === 'day' ? dayMs - (this.now() % dayMs) : null
    return { kind: 'over_budget', ...inWords(over), againMs }
  }

  grant(holder: string, issue: string): void {
    this.granted.add(`${holder} ${issue}`)
  }

  wasGranted(holder: string, issue: string): boolean {
    return !this.isThere || this.granted.has(`${holder} ${issue}`)
  }

  /** What is nearly used up of the budgets of what is under way. */
  warnings(underway: readonly string[]): JsonObject[] {
    const all = ['', ...underway]
      .flatMap((id) => this.usageOf(id))
      .filter((usage) => usage.of !== '' && !isUsedUp(usage))
    const near = all.filter(({ used, budget }) => used >= 0.8 * budget)
    return [...new Map(near.map((usage) => [usage.of, { what: 'nearly', ...inWords(usage) }])).values()]
  }

  /** The causes that are asked about for budgets that are used up. */
  usedUp(issues: Iterable<string>): string[] {
    const over = [...issues].flatMap((id) => this.usageOf(id)).filter(isUsedUp)
    return [...new Set(over.map(({ which, of }) => causes.budget(rig, which, of)))]
  }

  private get day(): number {
    return Math.floor(this.now() / dayMs)
  }

  private get ofToday(): number {
    return this.usedToday.day === this.day ? this.usedToday.count : 0
  }

  /** How much is used of each budget that this issue draws on, the widest first. */
  private usageOf(id: string): Usage[] {
    const all = [...this.used.values()].reduce((sum, count) => sum + count, 0)
    const drawnOn = [
      ['rig', rig, all],
      ['day', `day-${this.day}`, this.ofToday],
      ['epic', epic, all],
      ['issue', id, this.used.get(id) ?? 0],
    ] as const
    return drawnOn.flatMap(([which, of, used]) => {
      const budget = this.budgets[which]
      return budget === undefined ? [] : [{ which, of, used, budget }]
    })
  }
}

const isUsedUp = ({ used, budget }: Usage) => used >= budget
const inWords = ({ which, of, used, budget }: Usage) => ({ which, of, spent: String(used), budget: String(budget) })

/** One or two budgets that work in a small town may use up, or not. */
export function someBudgets(random: Random): Purse['budgets'] {
  const upTo = { issue: 12, epic: 40, rig: 40, day: 25 }
  const kinds = Object.keys(upTo) as (keyof typeof upTo)[]
  const some = [0, 1].map(() => kinds[random.uint32() % kinds.length] as keyof typeof upTo)
  return Object.fromEntries(some.map((kind) => [kind, 2 + (random.uint32() % upTo[kind])]))
}
