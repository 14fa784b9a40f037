// Endings: what becomes of an issue when its worker is gone, or when its work comes back from the queue. Pure
// bookkeeping on the Witness's ledger.
// Never: says anything itself; what is to be said is handed back.
import { overseer, polecatOf } from './address.ts'
import { cameBack, causes, cleared, gaveUp, takenOut } from './escalations.ts'
import { attemptOf, type Ledger, lacking, landed, type Worker, without } from './ledger.ts'
import type { MailEvent, Outgoing } from './mail.ts'
import type { News } from './profile.ts'
import type { Candidate } from './waves.ts'

/** Meetings with a moved main beyond which an issue is the Overseer's. */
const conflictsMax = 20

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
    case 'blocked': {
      // However good the reasons, not for ever: a worker that finds the same each time needs somebody's eyes.
      const tries = (before.tries[issue] ?? 0) + 1
      if (blockedBy === null || tries >= before.triesMax) return escalate()
      return {
        ...told,
        changes: { workers, tries: { ...before.tries, [issue]: tries } },
        release: release('open', `Waits for ${blockedBy}: ${reason}`),
      }
    }
    case 'let_go':
      // Whether it is wanted still, the next survey says.
      return told
    case 'cannot':
    case 'given_back':
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

/** The Overseer is asked about it: nobody is started on it until it is asked for again. */
const givenUp = (ledger: Ledger, issue: string): Partial<Ledger> => ({
  queued: without(ledger.queued, issue),
  tries: without(ledger.tries, issue),
  conflicts: without(ledger.conflicts, issue),
  returned: ledger.returned.filter((candidate) => candidate.issue !== issue),
  escalated: [...lacking(ledger.escalated, issue), issue],
  wanted: { ...ledger.wanted, issues: lacking(ledger.wanted.issues, issue) },
})

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
