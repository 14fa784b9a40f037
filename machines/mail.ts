// The protocol: every mail type of the town, one zod schema each. A machine lists the types it understands; the
// runtime refuses all others.
// Never: sends anything; a mail is data.
import { z } from 'zod'
import { accountHeld, accountId, accountReleased, accountsOfRig } from './account-mail.ts'
import { mailId, message, sessionNote } from './message.ts'
import { asOneLine, wordsLengthMax } from './texts.ts'

/** Issue ids, branch names and titles reach git, tmux and files: each has this one parser. */
export const issueId = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*-[a-z0-9]+(\.[0-9]+){0,3}$/,
    'an issue id looks like wyv-4k2 or wyv-4k2.1',
  )
/** One line, whatever an issue store says. */
const title = z.string().overwrite(asOneLine)
export const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'not a full git object id')
/** A branch of a polecat's incarnation: `polecat/<Name>-<incarnation>`. */
export const branchName = z
  .string()
  .regex(/^polecat\/[A-Za-z][A-Za-z0-9_-]{0,39}-[0-9]+$/, 'a polecat branch looks like polecat/Nux-1')

/** What the town must know of an issue. Its description, however long, is read where it is needed: at the assignment. */
export const issueBrief = z.object({
  id: issueId,
  title,
  /** 0 (most urgent) to 4. */
  priority: z.int().min(0).max(4),
  type: z.string(),
  createdAt: z.string(),
  epic: issueId.nullable().default(null),
  /** Everything it is a part of, at all levels, the nearest first. */
  within: z.array(issueId).default([]),
})
export type IssueBrief = z.infer<typeof issueBrief>
/** What must be known of one to choose it. */
export const startable = issueBrief.pick({ id: true, priority: true, createdAt: true }).extend({
  /** Who held it and does not work any more: whoever is given it takes that claim over. */
  previous: z.string().nullable().default(null),
})
export type Startable = z.infer<typeof startable>

/** What may be used up: by one issue, by what an epic holds, by a rig in all, or on one day. */
export const budgetKind = z.enum(['issue', 'epic', 'rig', 'day'])
export type BudgetKind = z.infer<typeof budgetKind>

/** Why a merge request came back, with what the worker needs to mend it. */
export const returnReason = z.object({
  /** `unmergeable`: git cannot put it on main at all, whatever is in the files. */
  kind: z.enum(['conflict', 'red', 'unmergeable']),
  /** One sentence for people. */
  summary: z.string(),
  files: z.array(z.string()).default([]),
  /** Last lines of the gate's log, or of git's words. */
  tail: z.string().default(''),
  /** main as it was when the work was judged. */
  base: sha.nullable().default(null),
})
export type ReturnReason = z.infer<typeof returnReason>

/** Work that is safe under a ref of the rig's repository: a new worktree can start from it. */
export const preserved = z.object({ ref: z.string(), sha })
export type Preserved = z.infer<typeof preserved>

/** A work that was in the queue, as its worker is told of it. */
const atQueue = { issue: issueId, title, polecat: z.string(), ref: z.string(), sha }

/** One branch's work waiting to land. (spec: Merge Queue) */
export const mergeRequest = z.object({
  issue: issueId,
  title,
  polecat: z.string(),
  branch: z.string(),
  sha,
  /** Where the rig's repository keeps `sha`. */
  ref: z.string(),
  priority: z.int().min(0).max(4),
})
export type MergeRequest = z.infer<typeof mergeRequest>

/** How it ended for a worker; each is told, none is tried again by itself unless it says so. */
export const outcome = z.enum([
  /** Its work is in the merge queue. */
  'handed_over',
  /** There was nothing to change. */
  'no_change',
  /** It waits for something; another worker goes on once that is there. */
  'blocked',
  /** It says that it cannot do it. */
  'cannot',
  /** It gives the issue back: who takes it next is for the Overseer to say. */
  'given_back',
  /** The issue is not its own any more: closed, given away or gone. */
  'let_go',
  /** Too many starts led nowhere. */
  'failed',
])
export type Outcome = z.infer<typeof outcome>

const end = z.object({
  issue: issueId,
  outcome,
  /** One sentence for people. */
  reason: z.string(),
  /** Last lines of its last session's output. */
  tail: z.string(),
  /** The issue it waits for, when it is blocked by one. */
  blockedBy: issueId.nullable().default(null),
})

const sessionEnd = z.object({
  epoch: z.int(),
  /** null when nobody saw it end. */
  exitCode: z.int().nullable(),
  /**
   * `killed`: the Witness ended it; `stopped`: the Overseer did (no try is counted); `gone`: it ended by itself;
   * `failed`: it never started, or its service failed it for good; `stalled`: no progress; `cut_off`: what held it
   * (tmux's server) ended; `refused`: key, credit or configuration (no try is counted); `overlong`: its context was
   * full, and `cycled`: its agent wants a new conversation (each counts as one, and no try is counted); `forgotten`:
   * its program did not know the conversation any more that was to go on (no try is counted).
   */
  cause: z.enum([
    ...(['killed', 'stopped', 'gone', 'failed', 'stalled', 'cut_off'] as const),
    ...(['refused', 'overlong', 'cycled', 'forgotten'] as const),
  ]),
  /** Last lines of its output. */
  tail: z.string(),
})

/** What keeps good work from landing, or a rig's queue from going on. */
export const obstacle = z.enum([
  'refused',
  'denied',
  'unreachable',
  'broken',
  'main_red',
  'no_main',
  'moving',
  'foreign',
])
export type Obstacle = z.infer<typeof obstacle>

/**
 * Who may say a mail, as its recipient sees it: roles of the town, or roles of the recipient's own rig; `polecat`,
 * `keeper` and `session` are those of the recipient's own name, where it has one.
 */
export type Speaker =
  | 'anyone'
  | 'overseer'
  | 'daemon'
  | 'mayor'
  | 'witness'
  | 'refinery'
  | 'keeper'
  | 'polecat'
  | 'session'

const said = <S extends z.ZodObject>(from: readonly Speaker[], body: S) => ({ from, body })

/** Every type of mail: who may say it, and what it holds. */
export const mails = {
  // People's words: kept as a bead in the recipient's tier, never acted on by a machine.
  'message.sent': said(['anyone'], message),

  // Work, downwards.
  'work.requested': said(
    ['overseer'],
    z.object({
      rig: z.string(),
      epic: issueId.nullable().default(null),
      issues: z.array(issueId).default([]),
      fresh: z.boolean().default(false),
    }),
  ),
  'work.assigned': said(
    ['mayor'],
    z.object({
      epic: issueId.nullable().default(null),
      issues: z.array(issueId).default([]),
      fresh: z.boolean().default(false),
      askId: z.string().nullable().default(null),
    }),
  ),
  /** Witness → keeper → polecat. */
  'worker.assigned': said(
    ['witness', 'keeper'],
    z.object({
      issue: issueBrief,
      resume: preserved.nullable().default(null),
      returned: returnReason.nullable().default(null),
      /** 1 for the first try at this issue. */
      attempt: z.int(),
    }),
  ),
  /** The Overseer stops this worker: it is not to start a session until it is resumed. Witness → keeper → polecat. */
  'work.paused': said(['witness', 'keeper'], z.object({})),
  'work.resumed': said(['witness', 'keeper'], z.object({})),
  'issues.changed': said(['daemon'], z.object({})),

  // Work, upwards.
  'polecat.working': said(['polecat'], z.object({ issue: issueId, incarnation: z.int(), branch: branchName })),
  /** Its session was ended for the Overseer: may it go on? */
  'polecat.stopped': said(['polecat'], z.object({ issue: issueId })),
  'polecat.stuck': said(['polecat'], z.object({ issue: issueId, reason: z.string(), tail: z.string() })),
  /** An agent says that it is done, in one way or another; or the Overseer says it for a worker. */
  'handoff.requested': said(
    ['polecat', 'overseer'],
    z.object({
      outcome: z.enum(['work', 'no_change', 'blocked', 'cannot', 'given_back']).default('work'),
      reason: z.string().max(4096).default(''),
      blockedBy: issueId.nullable().default(null),
    }),
  ),
  /** It is over for this worker: the Witness is to take it down. (spec: Polecat Shutdown Protocol) */
  'shutdown.requested': said(
    ['polecat'],
    end.extend({
      incarnation: z.int(),
      branch: branchName,
      /** The commit that was handed over. */
      sha: sha.nullable().default(null),
    }),
  ),
  /** Nothing of the worker is left but what is kept of it. */
  'worker.retired': said(
    ['keeper'],
    end.extend({ polecat: z.string(), incarnation: z.int(), kept: z.array(preserved).default([]) }),
  ),
  'polecat.retired': said(['keeper'], z.object({})),

  // Sessions.
  'session.requested': said(
    ['polecat'],
    z.object({
      incarnation: z.int(),
      issue: issueBrief,
      worktree: z.string(),
      branch: branchName,
      returned: returnReason.nullable().default(null),
      attempt: z.int(),
    }),
  ),
  'session.started': said(['session'], z.object({ epoch: z.int(), pid: z.int(), backend: z.string() })),
  'session.stalled': said(['session'], z.object({ epoch: z.int(), silentMs: z.int(), tail: z.string() })),
  /** Its agent waits to be spoken to, and has not said how it ended. */
  'session.idle': said(['session'], z.object({ epoch: z.int() })),
  /** A worker's agent asks the Overseer, and waits for the answer: any word of the Overseer's to it. */
  'question.asked': said(['polecat'], z.object({ question: z.string().min(1).max(wordsLengthMax) })),
  /** A new conversation is to begin; without a note its agent is asked for one. */
  'cycle.requested': said(['polecat', 'overseer'], z.object({ note: z.string().max(wordsLengthMax).default('') })),
  /** Its agent has noted where it is: a new conversation is to begin. */
  'session.cycleRequested': said(['polecat'], z.object({})),
  /** A mail of its agent to itself: what its next conversation begins with, and after those that came before. */
  'session.noted': said(['polecat'], sessionNote),
  /** Words for the agent; `by`: who has them to say. */
  'words.said': said(
    ['polecat'],
    z.object({
      by: z.string(),
      /** Of the polecat: they are not for another. */
      incarnation: z.int().default(0),
      text: z.string().max(wordsLengthMax),
      /** The mail they are from; null: they are nobody's mail. */
      about: mailId.nullable().default(null),
      urgent: z.boolean().default(false),
    }),
  ),
  /** Nothing can be done on an account. Session → Witness → Mayor → the others who share it. */
  'account.held': said(['session', 'witness', 'mayor'], accountHeld.extend({ issue: issueId })),
  /** It is to be tried again; null: all are. Overseer → Mayor → those who may use it. */
  'account.released': said(['overseer', 'mayor'], accountReleased),
  /** Under which account a session works from its next start on; null: it waits until there is one. */
  'account.given': said(['witness'], z.object({ account: accountId.nullable() })),
  'session.stopRequested': said(['overseer'], z.object({ polecat: z.string() })),
  /** One that was stopped may go on. */
  'session.resumeRequested': said(['overseer'], z.object({ polecat: z.string() })),
  'session.killRequested': said(['keeper'], z.object({ reason: z.enum(['killed', 'stopped', 'stalled']) })),
  'session.ended': said(['session'], sessionEnd),

  // The merge queue.
  'merge.requested': said(['polecat'], mergeRequest.extend({ askId: z.string().nullable().default(null) })),
  'merge.queued': said(['refinery'], z.object({ issue: issueId, sha, polecat: z.string(), position: z.int() })),
  'merge.landed': said(['refinery'], z.object({ issue: issueId, title, polecat: z.string(), sha, commit: sha })),
  'merge.returned': said(
    ['refinery'],
    z.object({
      ...atQueue,
      returned: returnReason,
    }),
  ),
  /** It was taken out of the queue; the work is kept. */
  'merge.removed': said(
    ['refinery'],
    z.object({
      ...atQueue,
      /** Who wanted it, and why. */
      by: z.string(),
      why: z.string(),
    }),
  ),
  /** The work is good as far as known, but it cannot land, or nothing can. It stays in the queue. */
  'merge.stuck': said(['refinery'], z.object({ issue: issueId, title, what: obstacle, reason: z.string() })),
  /** It moves again. */
  'merge.unstuck': said(['refinery'], z.object({ what: obstacle })),
  'queue.poked': said(['overseer', 'witness'], z.object({})),
  /** Take this one out. */
  'queue.removal': said(['overseer', 'witness'], z.object({ issue: issueId, why: z.string().max(4096).default('') })),
  'queue.configured': said(
    ['witness'],
    z.object({
      gated: z.boolean(),
      redMain: z.enum(['wait', 'land']),
      tellForeign: z.boolean(),
      judgedBy: z.string().default(''),
    }),
  ),

  // Escalation: one a cause, up the chain Polecat → Witness → Mayor → Overseer. (spec: Overseer)
  'escalation.raised': said(
    ['witness', 'keeper', 'mayor', 'daemon'],
    z.object({
      /** Same cause, same escalation: `<rig>/<issue>`, or what else it is about (`escalations.ts`). */
      cause: z.string(),
      rig: z.string(),
      issue: issueId.nullable().default(null),
      subject: title,
      body: z.string(),
    }),
  ),
  'escalation.cleared': said(['witness', 'keeper', 'daemon'], z.object({ cause: z.string() })),
  'issue.landed': said(['witness'], z.object({ rig: z.string(), issue: issueId, title, commit: sha })),
  'epic.completed': said(['witness', 'mayor'], z.object({ rig: z.string(), epic: issueId })),

  // The Overseer's brake, and the rig's configuration.
  'rig.stopped': said(['overseer'], z.object({ why: z.string() })),
  'rig.resumed': said(['overseer'], z.object({})),
  'rig.configured': said(
    ['overseer', 'daemon'],
    z.object({
      maxWorkers: z.int().min(1),
      spawnDelayMs: z.int().min(0),
      /** Tries at landing an issue, all its workers together. */
      mergeTries: z.int().min(1).default(3),
      /** Whether there are gates at all; without, what waits lands together. */
      gated: z.boolean().default(true),
      /** What becomes of good work while main itself fails a gate. */
      redMain: z.enum(['wait', 'land']).default('wait'),
      /** Whether commits on main that this town did not test are the Overseer's business. */
      tellForeign: z.boolean().default(true),
      /** A mark of the gates and of what they run with: verdicts of others count no more. */
      judgedBy: z.string().default(''),
      /** Its budgets, in words; one that is another is another budget. */
      budgets: z.partialRecord(budgetKind, z.string()).default({}),
      ...accountsOfRig,
    }),
  ),
} as const satisfies Record<string, { from: readonly Speaker[]; body: z.ZodObject }>

export type MailType = keyof typeof mails

/** The shape of each type's body. */
export const mailSchemas = Object.fromEntries(Object.entries(mails).map(([type, { body }]) => [type, body])) as {
  [T in MailType]: (typeof mails)[T]['body']
}
export type MailBody<T extends MailType> = z.output<(typeof mailSchemas)[T]>

/** A mail as its recipient's machine sees it: the body's fields beside the envelope's. */
export type MailEvent<T extends MailType> = {
  [K in T]: { type: K; from: string; at: number; mailId: string } & MailBody<K>
}[T]

/** A mail as a machine sends it. The runtime parses the body before it is committed. */
export type Outgoing = { [K in MailType]: { to: string; type: K; body: z.input<(typeof mailSchemas)[K]> } }[MailType]
