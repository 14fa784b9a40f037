// Ledger: what a Witness keeps of its rig's work, and how each piece of news changes it. Pure bookkeeping.
// Never: says anything itself; what is to be said is handed back.
import { mayor, overseer, polecatOf, refineryOf } from './address.ts'
import type { EffectOutput } from './effects.ts'
import { cameBack, causes, cleared, gaveUp, takenOut } from './escalations.ts'
import type { MailEvent, Outgoing, ReturnReason } from './mail.ts'
import type { News } from './profile.ts'
import { type Candidate, fromReady } from './waves.ts'

/** A worker, as its Witness knows it; everything else is its keeper's. */
export interface Worker {
  issue: string
  title: string
  attempt: number
  /** What came back from the queue and is to be mended. */
  returned: ReturnReason | null
  /** When it was assigned, milliseconds since the epoch. */
  since: number
}

export interface Ledger {
  rig: string
  /** Tries at landing an issue, all workers together. */
  triesMax: number
  wanted: { epics: string[]; issues: string[] }
  /** Issues whose preserved work is not to be taken up again. */
  fresh: string[]
  workers: Record<string, Worker>
  /** Handed over, not landed yet. */
  queued: Record<string, { polecat: string }>
  ready: Candidate[]
  returned: Candidate[]
  /** How often an issue came back, or was given back, through its workers' doing. */
  tries: Record<string, number>
  /** How often an issue met a main that had moved meanwhile: nobody's fault. `base`: the main it met last. */
  conflicts: Record<string, { count: number; base: string | null }>
  /** Issues the Overseer was asked about, until they land, are asked for again, or are let go. */
  escalated: string[]
}

/** Meetings with a moved main beyond which an issue is the Overseer's. */
const conflictsMax = 20

const without = <T>(record: Record<string, T>, key: string) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
const lacking = (issues: readonly string[], issue: string) => issues.filter((each) => each !== issue)
const attemptOf = ({ tries, conflicts }: Ledger, issue: string) =>
  (tries[issue] ?? 0) + (conflicts[issue]?.count ?? 0) + 1

/** Nothing is wanted, and nothing is on its way. */
export const atRest = ({ wanted, returned, escalated, queued }: Ledger) =>
  wanted.epics.length + wanted.issues.length + returned.length + escalated.length + Object.keys(queued).length === 0

/** Why an issue cannot simply be given to somebody; undefined when it can. */
export function heldBy({ rig, workers, queued }: Ledger, issue: string): string | undefined {
  const worker = Object.entries(workers).find(([, each]) => each.issue === issue)
  if (worker) return `${issue} is held by ${polecatOf(rig, worker[0])}`
  return queued[issue] ? `${issue} waits in the merge queue of ${rig}` : undefined
}

/** An epic and issues are wanted, from the beginning: nothing counts against them. */
export function taken(ledger: Ledger, epic: string | null, issues: readonly string[], fresh: boolean): Partial<Ledger> {
  const keep = (record: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(record).filter(([issue]) => !issues.includes(issue)))
  const { wanted } = ledger
  return {
    wanted: {
      epics: epic && !wanted.epics.includes(epic) ? [...wanted.epics, epic] : wanted.epics,
      issues: [...new Set([...wanted.issues, ...issues])],
    },
    fresh: fresh ? [...new Set([...ledger.fresh, ...issues])] : ledger.fresh.filter((issue) => !issues.includes(issue)),
    tries: keep(ledger.tries) as Ledger['tries'],
    conflicts: keep(ledger.conflicts) as Ledger['conflicts'],
    escalated: ledger.escalated.filter((issue) => !issues.includes(issue)),
  }
}

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

/** The Overseer is asked about it: nobody is started on it until it is asked for again. */
const givenUp = (ledger: Ledger, issue: string): Partial<Ledger> => ({
  queued: without(ledger.queued, issue),
  tries: without(ledger.tries, issue),
  conflicts: without(ledger.conflicts, issue),
  escalated: [...lacking(ledger.escalated, issue), issue],
  wanted: { ...ledger.wanted, issues: lacking(ledger.wanted.issues, issue) },
})

/** A worker is gone. What becomes of its issue depends on how it ended. */
export function afterRetirement(before: Ledger, event: MailEvent<'worker.retired'>): News<Ledger> {
  const { issue, polecat, outcome, reason, blockedBy, kept } = event
  const worker = before.workers[polecat]
  const workers = without(before.workers, polecat)
  const ledger = { ...before, workers }
  const { rig } = before
  const told: News<Ledger> = { changes: { workers } }
  const release = (status: 'open' | 'blocked', note: string) => ({
    rig,
    issue,
    holder: polecatOf(rig, polecat),
    status,
    note,
    blockedBy,
  })
  const escalate = (): News<Ledger> => ({
    ...told,
    changes: { ...givenUp(ledger, issue), workers },
    release: release('blocked', `Escalated: ${reason}`),
    mail: [gaveUp(rig, worker?.title ?? '', event)],
  })
  switch (outcome) {
    case 'handed_over':
      return kept.length === 0 ? told : { ...told, mail: [leftBehind(event)] }
    case 'no_change':
      return {
        ...told,
        changes: { ...landed(ledger, issue), workers },
        close: { rig, issues: [{ issue, reason: `No change: ${reason}` }] },
        mail: [cleared(causes.issue(rig, issue))],
      }
    case 'blocked':
      return blockedBy === null
        ? escalate()
        : { ...told, release: release('open', `Waits for ${blockedBy}: ${reason}`) }
    case 'given_back': {
      const tries = (before.tries[issue] ?? 0) + 1
      if (tries >= before.triesMax) return escalate()
      return {
        ...told,
        changes: { workers, tries: { ...before.tries, [issue]: tries } },
        release: release('open', `Given back: ${reason}`),
      }
    }
    case 'let_go':
      // Whether it is wanted still, the next survey says.
      return told
    case 'cannot':
      return escalate()
    case 'failed':
      // What meets a moved main may be beyond mending, and simple when done anew on the main of today.
      if (worker?.returned?.kind === 'conflict' && !before.fresh.includes(issue)) return anew(ledger, event, worker)
      return escalate()
  }
}

function anew(ledger: Ledger, { issue, polecat }: MailEvent<'worker.retired'>, { returned }: Worker): News<Ledger> {
  const back: Candidate = {
    ...candidateFor(ledger, issue, polecat),
    attempt: attemptOf(ledger, issue),
    returned,
  }
  return {
    changes: {
      workers: ledger.workers,
      fresh: [...ledger.fresh, issue],
      returned: [...ledger.returned.filter((candidate) => candidate.issue !== issue), back],
    },
    notes: [{ text: `${issue} could not be put on the new main; it is begun anew from there`, issue }],
  }
}

const candidateFor = ({ rig }: Ledger, issue: string, polecat: string): Candidate => ({
  issue,
  priority: 0,
  createdAt: '',
  attempt: 1,
  resume: null,
  returned: null,
  previous: polecatOf(rig, polecat),
})

/** Work came back from the queue. */
export function afterReturn(before: Ledger, event: MailEvent<'merge.returned'>): News<Ledger> {
  const { issue, polecat, ref, sha, returned } = event
  const { rig, triesMax } = before
  const met = before.conflicts[issue] ?? { count: 0, base: null }
  const mainMoved = returned.kind === 'conflict' && (met.base === null || met.base !== returned.base)
  const conflicts = { ...before.conflicts, [issue]: { count: met.count + 1, base: returned.base } }
  const tries = { ...before.tries, [issue]: (before.tries[issue] ?? 0) + 1 }
  const counted: Ledger = mainMoved ? { ...before, conflicts } : { ...before, tries }
  const tooOften = mainMoved ? met.count + 1 >= conflictsMax : (tries[issue] as number) >= triesMax
  if (tooOften) {
    const times = mainMoved ? conflictsMax : triesMax
    return {
      changes: givenUp(before, issue),
      notes: [{ text: `${issue} came back ${times} times; the Overseer decides`, issue }],
      release: {
        rig,
        issue,
        holder: polecatOf(rig, polecat),
        status: 'blocked',
        note: `Escalated after ${times} tries: ${returned.summary}`,
        blockedBy: null,
      },
      mail: [cameBack(rig, times, event)],
    }
  }
  const back: Candidate = {
    ...candidateFor(before, issue, polecat),
    attempt: attemptOf(counted, issue),
    resume: { ref, sha },
    returned,
  }
  return {
    changes: {
      tries: counted.tries,
      conflicts: counted.conflicts,
      // What was begun anew counts as any other work from here on.
      fresh: lacking(before.fresh, issue),
      queued: without(before.queued, issue),
      returned: [...before.returned.filter((candidate) => candidate.issue !== issue), back],
    },
  }
}

/** Work was taken out of the queue: by the Overseer, who decides what becomes of it, or because its issue is closed. */
export function afterRemoval(before: Ledger, event: MailEvent<'merge.removed'>): News<Ledger> {
  const { issue, polecat, ref, by, why } = event
  if (by !== overseer) return { changes: landed(before, issue), mail: [cleared(causes.issue(before.rig, issue))] }
  const note = `Taken out of the merge queue${why ? `: ${why}` : ''}; the work is kept at ${ref}`
  const holder = polecatOf(before.rig, polecat)
  return {
    changes: givenUp(before, issue),
    release: { rig: before.rig, issue, holder, status: 'blocked', note },
    mail: [takenOut(before.rig, event)],
  }
}

/** What a survey of the beads found. */
export function surveyed(before: Ledger, found: EffectOutput<'surveyIssues'>): News<Ledger> & { lookAgain: boolean } {
  const { rig } = before
  const { ready, closed, dropped, unknown, complete, over } = found
  // Closed first, and only then reported: somebody may file one more in this very moment.
  const closing = complete.filter((epic) => !over.includes(epic))
  const done = complete.filter((epic) => over.includes(epic))
  const letGo = before.escalated.filter((issue) => closed.includes(issue))
  return {
    changes: {
      ready: ready.map((issue) => fromReady(issue, attemptOf(before, issue.id))),
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
    lookAgain: closing.length > 0,
  }
}

/** What a worker left after it had handed its work over is kept, and somebody should know. */
const leftBehind = ({ polecat, issue, kept }: MailEvent<'worker.retired'>): Outgoing => ({
  to: overseer,
  type: 'message.sent',
  body: {
    subject: `${polecat} left something behind after it had handed ${issue} over`,
    body: `It is no part of what lands. It is kept at ${kept.map(({ ref }) => ref).join(' and ')}: gt recover ${issue}`,
    priority: 3,
  },
})
