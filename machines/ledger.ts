// Ledger: what a Witness keeps of its rig's work, and how each piece of news changes it. Pure bookkeeping.
// Never: says anything itself; what is to be said is handed back.
import { hasAny, type Wallet } from './accounts.ts'
import { keeperOf, mayor, polecatOf, refineryOf } from './address.ts'
import { askedAgain, type Budgeting, type Budgets, refused, unbudgeted } from './budget.ts'
import type { EffectOutput } from './effects.ts'
import { causes, cleared, unreadable } from './escalations.ts'
import type { MailEvent, Outgoing, ReturnReason } from './mail.ts'
import type { News } from './profile.ts'
import { landedAs } from './tidings.ts'
import { type Candidate, fromReady } from './waves.ts'

/** A worker, as its Witness knows it; everything else is its keeper's. */
export interface Worker {
  issue: string
  title: string
  /** The preset that its issue asks for; null, absent: its rig's. */
  agent?: string | null
  attempt: number
  /** What came back from the queue and is to be mended. */
  returned: ReturnReason | null
  /** When it was assigned, in watched time. */
  since: number
}

export interface Ledger extends Budgeting {
  /** Tries at landing an issue, all workers together. */
  triesMax: number
  wanted: { epics: string[]; issues: string[] }
  /** Issues whose preserved work is not to be taken up again. */
  fresh: string[]
  workers: Record<string, Worker>
  /** Handed over, not landed yet. */
  queued: Record<string, { polecat: string }>
  /** What may start, as many as there were places for at the last survey, and a few to spare. */
  ready: Candidate[]
  /** There was more than that. */
  more: boolean
  returned: Candidate[]
  /** How often an issue came back, or was given back, through its workers' doing. */
  tries: Record<string, number>
  /** How often an issue met a main that had moved meanwhile: nobody's fault. `base`: the main it met last. */
  conflicts: Record<string, { count: number; base: string | null }>
  /** Issues the Overseer was asked about, until they land, are asked for again, or are let go. */
  escalated: string[]
  /** Times in a row that the issues could not be read; counted as far as it makes a difference. */
  unread: number
}

export interface WitnessInput {
  rig: string
  maxWorkers: number
  spawnDelayMs: number
  triesMax: number
  budgets?: Budgets
  agent?: string
  accounts?: string[]
  sharers?: string[]
}

export interface WitnessContext extends Ledger, Wallet {
  maxWorkers: number
  spawnDelayMs: number
  choice: Candidate | null
  /** Who is to have it: kept with the choice, so that a claim whose answer was lost is made again by the same. */
  chosenFor: string
  /** Something changed since the last survey. */
  look: boolean
}

export const begun = (input: WitnessInput | undefined): WitnessContext => ({
  rig: input?.rig ?? '',
  maxWorkers: input?.maxWorkers ?? 1,
  spawnDelayMs: input?.spawnDelayMs ?? 0,
  triesMax: input?.triesMax ?? 3,
  budgets: input?.budgets ?? {},
  ...unbudgeted,
  wanted: { epics: [], issues: [] },
  fresh: [],
  workers: {},
  queued: {},
  ready: [],
  more: false,
  returned: [],
  tries: {},
  conflicts: {},
  choice: null,
  chosenFor: '',
  escalated: [],
  unread: 0,
  look: false,
  ...(input?.accounts ? { agent: input.agent ?? '', accounts: input.accounts, sharers: input.sharers ?? [] } : {}),
})

export const without = <T>(record: Record<string, T>, key: string) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
export const lacking = (issues: readonly string[], issue: string) => issues.filter((each) => each !== issue)
export const attemptOf = ({ tries, conflicts }: Ledger, issue: string) =>
  (tries[issue] ?? 0) + (conflicts[issue]?.count ?? 0) + 1

/** The rig's configuration, as it is now. */
export function configured(
  { rig }: WitnessContext,
  { maxWorkers, spawnDelayMs, mergeTries, gated, redMain, tellForeign, judgedBy }: MailEvent<'rig.configured'>,
): News<WitnessContext> {
  const body = { gated, redMain, tellForeign, judgedBy }
  return {
    changes: { maxWorkers, spawnDelayMs, triesMax: mergeTries, look: true },
    mail: [{ to: refineryOf(rig), type: 'queue.configured', body }],
  }
}

/** Nothing is wanted, and nothing is on its way. */
export const atRest = ({ wanted, returned, escalated, queued }: Ledger) =>
  wanted.epics.length + wanted.issues.length + returned.length + escalated.length + Object.keys(queued).length === 0

/** Why an issue cannot simply be given to somebody; undefined when it can. */
function heldBy({ rig, workers, queued }: Ledger, issue: string): string | undefined {
  const worker = Object.entries(workers).find(([, each]) => each.issue === issue)
  if (worker) return `${issue} is held by ${polecatOf(rig, worker[0])}`
  return queued[issue] ? `${issue} waits in the merge queue of ${rig}` : undefined
}

/** The Mayor wants an epic or issues done. Whoever asked is told at once what becomes of it. */
export function asked(ledger: Ledger, { epic, issues, fresh, askId }: MailEvent<'work.assigned'>): News<Ledger> {
  const { rig } = ledger
  const free = issues.filter((issue) => heldBy(ledger, issue) === undefined)
  const held = issues.length === 1 ? heldBy(ledger, issues[0] as string) : undefined
  const text = held ?? `${epic ?? issues.join(', ')} is with ${rig}/witness`
  const again = askedAgain(ledger, [epic, ...free])
  return {
    reply: { to: askId, ok: held === undefined, text },
    mail: [...free.map((issue) => cleared(causes.issue(rig, issue))), ...(again.mail ?? [])],
    // What somebody has is wanted, too: a copy of the issues may not know that it is done.
    changes: { ...taken(ledger, epic, free, fresh, issues), ...again.changes },
  }
}

/** An epic and issues are wanted, from the beginning: nothing counts against them. */
function taken(
  ledger: Ledger,
  epic: string | null,
  issues: readonly string[],
  fresh: boolean,
  all: readonly string[],
): Partial<Ledger> {
  const keep = (record: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(record).filter(([issue]) => !issues.includes(issue)))
  const { wanted } = ledger
  return {
    wanted: {
      epics: epic && !wanted.epics.includes(epic) ? [...wanted.epics, epic] : wanted.epics,
      issues: [...new Set([...wanted.issues, ...all])],
    },
    fresh: fresh ? [...new Set([...ledger.fresh, ...issues])] : ledger.fresh.filter((issue) => !issues.includes(issue)),
    tries: keep(ledger.tries) as Ledger['tries'],
    conflicts: keep(ledger.conflicts) as Ledger['conflicts'],
    escalated: ledger.escalated.filter((issue) => !issues.includes(issue)),
  }
}

/** In somebody's hands, or in the queue. */
export const underway = ({ workers, queued }: Ledger) => [
  ...Object.values(workers).map(({ issue }) => issue),
  ...Object.keys(queued),
]
export const chosen = ({ choice }: WitnessContext) => choice as Candidate
export const holderOf = ({ rig, chosenFor }: WitnessContext) => polecatOf(rig, chosenFor)

interface Claimed {
  output: EffectOutput<'claimIssue'>
  at?: number
}

/** The chosen issue is given to whom it was chosen for. */
export function claimed(context: WitnessContext, { output, at = 0 }: Claimed): News<WitnessContext> {
  if (output.kind !== 'claimed') return {}
  const { rig, chosenFor: name, fresh, escalated, workers } = context
  const { issue, preserved } = output
  const { returned, attempt } = chosen(context)
  const resume = chosen(context).resume ?? (fresh.includes(issue.id) ? null : preserved)
  const isOther = (each: Candidate) => each.issue !== issue.id
  return {
    mail: [
      { to: keeperOf(rig, name), type: 'worker.assigned', body: { issue, resume, returned, attempt } },
      // Somebody opened it again by hand.
      ...(escalated.includes(issue.id) ? [cleared(causes.issue(rig, issue.id))] : []),
    ],
    changes: {
      workers: {
        ...workers,
        [name]: { issue: issue.id, title: issue.title, agent: output.agent, attempt, returned, since: at },
      },
      used: output.used,
      escalated: lacking(escalated, issue.id),
      ready: context.ready.filter(isOther),
      returned: context.returned.filter(isOther),
      choice: null,
    },
  }
}

/** It was claimed and given back: for want of room, or of an account of the agent that it asks for. */
export function notBegun(context: WitnessContext, output: EffectOutput<'claimIssue'>): News<WitnessContext> {
  if (output.kind !== 'claimed' || hasAny(context, output.agent)) return { changes: { choice: null } }
  const isIt = ({ issue }: Candidate) => issue === chosen(context).issue
  return {
    changes: {
      choice: null,
      ready: context.ready.filter((each) => !isIt(each)),
      returned: context.returned.map((each) => (isIt(each) ? { ...each, agent: output.agent } : each)),
      // Others may have waited behind it.
      look: true,
    },
  }
}

/** The chosen issue is not to be had. Wanted still: it is looked at again when somebody writes to the beads. */
export function notHad(context: WitnessContext, output: EffectOutput<'claimIssue'>): News<WitnessContext> {
  const { issue } = chosen(context)
  if (output.kind === 'landed') return landedBefore(context, issue, output.commit)
  if (output.kind === 'over_budget') return notPaid(context, issue, output)
  const why = output.kind === 'held' ? `${output.holder} holds it` : output.kind === 'unavailable' ? output.why : ''
  const waits =
    output.kind === 'held' && isForgotten(context, output.holder) ? { previous: output.holder } : { waits: true }
  return {
    notes: [{ text: `${issue} is not to be had: ${why}`, issue }],
    changes: {
      ready: context.ready.filter((each) => each.issue !== issue),
      returned: context.returned.map((each) => (each.issue === issue ? { ...each, ...waits } : each)),
      choice: null,
    },
  }
}

/** A worker that there is none of: the issues are an older copy, which says so of what came back from the queue. */
const isForgotten = ({ rig, workers }: Ledger, holder: string) =>
  holder.startsWith(polecatOf(rig, '')) && !Object.keys(workers).some((name) => polecatOf(rig, name) === holder)

/** A budget is used up: what it covers waits. What an epic's does not cover is looked for at once. */
function notPaid(
  context: WitnessContext,
  issue: string,
  output: Extract<EffectOutput<'claimIssue'>, { kind: 'over_budget' }>,
): News<WitnessContext> {
  const { isNew, changes, ...told } = refused(context, output)
  const isAll = output.which === 'rig' || output.which === 'day'
  const isEpic = output.which === 'epic' && isNew
  const isOther = (each: Candidate) => each.issue !== issue
  return {
    ...told,
    changes: {
      ...changes,
      ready: isAll || isEpic ? [] : context.ready.filter(isOther),
      more: context.more && !isAll && !isEpic,
      returned: context.returned.map((each) => (isOther(each) && !isAll ? each : { ...each, waits: true })),
      look: context.look || isEpic,
      choice: null,
    },
  }
}

/** The issues are an older copy, which does not know that this one is done. */
const landedBefore = (context: WitnessContext, issue: string, commit: string): News<WitnessContext> => ({
  notes: [{ text: `${issue} is on main already: nobody works on it again`, issue }],
  close: { rig: context.rig, issues: [{ issue, reason: landedAs(commit) }] },
  mail: [cleared(causes.issue(context.rig, issue))],
  changes: {
    ...landed(context, issue),
    ready: context.ready.filter((each) => each.issue !== issue),
    choice: null,
    look: true,
  },
})

/** It landed, or was taken out of the queue: nothing more of it is kept here. */
export const landed = (ledger: Ledger, issue: string): Partial<Ledger> => ({
  queued: without(ledger.queued, issue),
  tries: without(ledger.tries, issue),
  conflicts: without(ledger.conflicts, issue),
  fresh: lacking(ledger.fresh, issue),
  returned: ledger.returned.filter((candidate) => candidate.issue !== issue),
  escalated: lacking(ledger.escalated, issue),
  wanted: { ...ledger.wanted, issues: lacking(ledger.wanted.issues, issue) },
})

/** The issues could not be read: noted the first time; the Overseer hears of what does not pass. */
export const unread =
  (why: string) =>
  (before: WitnessContext): News<WitnessContext> => {
    const times = Math.min(unreadMax, before.unread + 1)
    const first = [{ text: `the issues cannot be read: ${why}` }]
    return {
      notes: times === 1 ? first : [],
      mail: times === unreadTold ? [unreadable(before.rig, why)] : [],
      changes: { unread: times },
    }
  }
/** From here on the wait is the longest, and from here on the Overseer knows. */
const unreadMax = 7
const unreadTold = 3

/** What a survey of the beads found. */
export function surveyed(before: WitnessContext, found: EffectOutput<'surveyIssues'>): News<WitnessContext> {
  const { rig } = before
  const { ready, more, closed, dropped, unknown, complete, over } = found
  // Closed first, and only then reported: somebody may file one more in this very moment.
  const closing = complete.filter((epic) => !over.includes(epic))
  const done = complete.filter((epic) => over.includes(epic))
  const letGo = before.escalated.filter((issue) => closed.includes(issue))
  return {
    changes: {
      unread: 0,
      look: before.look || closing.length > 0,
      ready: ready.map((issue) => fromReady(issue, attemptOf(before, issue.id))),
      more,
      wanted: {
        epics: before.wanted.epics.filter((epic) => !done.includes(epic)),
        issues: before.wanted.issues.filter((issue) => ![...closed, ...dropped, ...unknown].includes(issue)),
      },
      returned: before.returned
        .filter(({ issue }) => !dropped.includes(issue))
        .map((candidate) => ({ ...candidate, waits: false })),
      escalated: before.escalated.filter((issue) => !letGo.includes(issue)),
    },
    notes: [
      ...done.map((epic) => ({ text: `every child of ${epic} is done`, issue: epic })),
      ...letGo.map((issue) => ({ text: `${issue} is closed; nobody needs to decide it any more`, issue })),
    ],
    ...(closing.length === 0
      ? {}
      : { close: { rig, issues: closing.map((issue) => ({ issue, reason: 'All children completed' })) } }),
    mail: [
      ...(before.unread >= unreadTold ? [cleared(causes.issues(rig))] : []),
      ...done.map((epic): Outgoing => ({ to: mayor, type: 'epic.completed', body: { rig, epic } })),
      ...letGo.map((issue) => cleared(causes.issue(rig, issue))),
      ...dropped
        .filter((issue) => before.queued[issue])
        .map(
          (issue): Outgoing => ({
            to: refineryOf(rig),
            type: 'queue.removal',
            body: { issue, why: 'its issue was closed' },
          }),
        ),
    ],
  }
}
