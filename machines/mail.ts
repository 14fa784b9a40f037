// The protocol: every mail type of the town, one zod schema each. A machine lists the types it understands; the
// runtime refuses all others.
// Never: sends anything; a mail is data.
import { z } from 'zod'

/** Issue ids, branch names and titles reach git, tmux and files: each has this one parser. */
export const issueId = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*-[a-z0-9]+(\.[0-9]+){0,3}$/,
    'an issue id looks like wyv-4k2 or wyv-4k2.1',
  )
export const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'not a full git object id')
/** A branch of a polecat's incarnation: `polecat/<Name>-<incarnation>`. */
export const branchName = z
  .string()
  .regex(/^polecat\/[A-Za-z][A-Za-z0-9_-]{0,39}-[0-9]+$/, 'a polecat branch looks like polecat/Nux-1')

/** What a worker must know of its issue. */
export const issueBrief = z.object({
  id: issueId,
  title: z.string(),
  description: z.string().default(''),
  /** 0 (most urgent) to 4. */
  priority: z.int().min(0).max(4),
  type: z.string(),
  createdAt: z.string(),
  epic: issueId.nullable().default(null),
})
export type IssueBrief = z.infer<typeof issueBrief>

/** Why a merge request came back, with what the worker needs to mend it. */
export const returnReason = z.object({
  kind: z.enum(['conflict', 'red', 'refused']),
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

/** One branch's work waiting to land. (spec: Merge Queue) */
export const mergeRequest = z.object({
  issue: issueId,
  title: z.string(),
  polecat: z.string(),
  branch: z.string(),
  sha,
  /** Where the rig's repository keeps `sha`. */
  ref: z.string(),
  priority: z.int().min(0).max(4),
})
export type MergeRequest = z.infer<typeof mergeRequest>

const sessionEnd = z.object({
  epoch: z.int(),
  /** null when nobody saw it end. */
  exitCode: z.int().nullable(),
  /**
   * `killed`: the Witness ended it; `stopped`: the Overseer did (no try is counted); `gone`: it ended by itself;
   * `failed`: it never started; `stalled`: no progress.
   */
  cause: z.enum(['killed', 'stopped', 'gone', 'failed', 'stalled']),
  /** Last lines of its output. */
  tail: z.string(),
})

export const mailSchemas = {
  // People's words: kept as a bead in the recipient's tier, never acted on by a machine.
  'message.sent': z.object({
    subject: z.string().min(1).max(500),
    body: z.string().max(65536).default(''),
    priority: z.int().min(0).max(4).default(2),
    replyTo: z.string().nullable().default(null),
    threadId: z.string().nullable().default(null),
  }),

  // Work, downwards.
  'work.requested': z.object({
    rig: z.string(),
    epic: issueId.nullable().default(null),
    issues: z.array(issueId).default([]),
    fresh: z.boolean().default(false),
  }),
  'work.assigned': z.object({
    epic: issueId.nullable().default(null),
    issues: z.array(issueId).default([]),
    fresh: z.boolean().default(false),
    askId: z.string().nullable().default(null),
  }),
  'polecat.assigned': z.object({
    issue: issueBrief,
    resume: preserved.nullable().default(null),
    returned: returnReason.nullable().default(null),
    /** 1 for the first try at this issue. */
    attempt: z.int(),
  }),
  'work.returned': z.object({ issue: issueId, returned: returnReason, attempt: z.int() }),
  /** The Overseer stops this worker: it is not to start a session until it is resumed. */
  'work.paused': z.object({}),
  'work.resumed': z.object({}),
  'issues.changed': z.object({}),

  // Work, upwards.
  'polecat.working': z.object({ issue: issueId, incarnation: z.int(), branch: branchName }),
  'polecat.failed': z.object({
    issue: issueId,
    incarnation: z.int(),
    branch: branchName,
    reason: z.string(),
    tail: z.string(),
  }),
  /** Its session was ended for the Overseer: may it go on? */
  'polecat.stopped': z.object({ issue: issueId }),
  'polecat.stuck': z.object({ issue: issueId, reason: z.string(), tail: z.string() }),
  'handoff.requested': z.object({}),
  'shutdown.requested': z.object({ issue: issueId, incarnation: z.int(), branch: branchName, sha }),
  'shutdown.refused': z.object({ reason: z.string(), files: z.array(z.string()).default([]) }),
  'retirement.requested': z.object({
    polecat: z.string(),
    incarnation: z.int(),
    issue: issueId,
    branch: branchName,
    /** `handoff`: must be clean and handed over; `failure` and `recall`: whatever is there is pinned first. */
    purpose: z.enum(['handoff', 'failure', 'recall']),
  }),
  'polecat.retired': z.object({
    polecat: z.string(),
    incarnation: z.int(),
    issue: issueId,
    purpose: z.enum(['handoff', 'failure', 'recall']),
    pin: preserved.nullable(),
  }),
  'retirement.refused': z.object({
    polecat: z.string(),
    incarnation: z.int(),
    issue: issueId,
    reason: z.string(),
    files: z.array(z.string()).default([]),
  }),
  'retirement.failed': z.object({ polecat: z.string(), incarnation: z.int(), issue: issueId, reason: z.string() }),

  // Sessions.
  'session.requested': z.object({
    incarnation: z.int(),
    issue: issueBrief,
    worktree: z.string(),
    branch: branchName,
    returned: returnReason.nullable().default(null),
    attempt: z.int(),
  }),
  'session.started': z.object({ epoch: z.int(), pid: z.int(), backend: z.string() }),
  'session.stalled': z.object({ epoch: z.int(), silentMs: z.int(), tail: z.string() }),
  'session.stopRequested': z.object({ polecat: z.string() }),
  'session.killRequested': z.object({ reason: z.enum(['killed', 'stopped', 'stalled']) }),
  'session.ended': sessionEnd,

  // The merge queue.
  'merge.requested': mergeRequest.extend({ askId: z.string().nullable().default(null) }),
  'merge.queued': z.object({ issue: issueId, sha, polecat: z.string(), position: z.int() }),
  'merge.landed': z.object({ issue: issueId, title: z.string(), polecat: z.string(), sha, commit: sha }),
  'merge.returned': z.object({
    issue: issueId,
    title: z.string(),
    polecat: z.string(),
    ref: z.string(),
    sha,
    returned: returnReason,
  }),
  /**
   * The work is good as far as known, but it cannot land: origin refuses or is away, or a gate cannot run. It stays
   * in the queue.
   */
  'merge.stuck': z.object({
    issue: issueId,
    title: z.string(),
    what: z.enum(['refused', 'unreachable', 'broken']),
    reason: z.string(),
  }),
  /** It moves again. */
  'merge.unstuck': z.object({ what: z.enum(['refused', 'unreachable', 'broken']) }),
  'queue.poked': z.object({}),

  // Escalation: one a cause, up the chain Polecat → Witness → Mayor → Overseer. (spec: Overseer)
  'escalation.raised': z.object({
    /** Same cause, same escalation: `<rig>/<issue>`, or what else it is about (`escalations.ts`). */
    cause: z.string(),
    rig: z.string(),
    issue: issueId.nullable().default(null),
    subject: z.string(),
    body: z.string(),
  }),
  'escalation.cleared': z.object({ cause: z.string() }),
  'issue.landed': z.object({ rig: z.string(), issue: issueId, title: z.string(), commit: sha }),
  'epic.completed': z.object({ rig: z.string(), epic: issueId }),

  // The Overseer's brake.
  'rig.stopped': z.object({ why: z.string() }),
  'rig.resumed': z.object({}),
  'rig.configured': z.object({ maxWorkers: z.int().min(1), spawnDelayMs: z.int().min(0) }),
} as const satisfies Record<string, z.ZodObject>

export type MailType = keyof typeof mailSchemas
export type MailBody<T extends MailType> = z.output<(typeof mailSchemas)[T]>

/** A mail as its recipient's machine sees it: the body's fields beside the envelope's. */
export type MailEvent<T extends MailType> = {
  [K in T]: { type: K; from: string; at: number; mailId: string } & MailBody<K>
}[T]

/** A mail as a machine sends it. The runtime parses the body before it is committed. */
export type Outgoing = { [K in MailType]: { to: string; type: K; body: z.input<(typeof mailSchemas)[K]> } }[MailType]

/**
 * What people read of a mail; undefined for mail between machines. The town keeps these as beads, same id. (spec:
 * Mail)
 */
export function readable(
  type: string,
  to: string,
  body: unknown,
): { subject: string; body: string; priority: number; replyTo: string | null; threadId: string | null } | undefined {
  if (type === 'message.sent') return mailSchemas['message.sent'].parse(body)
  if (type === 'escalation.raised' && to === 'overseer') {
    const escalation = mailSchemas['escalation.raised'].parse(body)
    return { subject: escalation.subject, body: escalation.body, priority: 1, replyTo: null, threadId: null }
  }
  if (type === 'epic.completed' && to === 'overseer') {
    const done = mailSchemas['epic.completed'].parse(body)
    return {
      subject: `${done.epic} is complete`,
      body: `Every child of ${done.epic} in ${done.rig} has landed.`,
      priority: 2,
      replyTo: null,
      threadId: null,
    }
  }
  return undefined
}
