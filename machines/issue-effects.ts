// What a machine may promise about the issues of a rig, and about mail that is kept among them; a part of `effects.ts`.
// Never: performs one.
import { z } from 'zod'
import { accountId } from './account-mail.ts'
import { effect } from './effect.ts'
import { budgetKind, issueBrief, issueId, preserved, sha, startable } from './mail.ts'

const beadsLane = (input: { rig: string }) => `beads:${input.rig}`

/** What was used of a budget, and the budget, in words. `of`: an issue, an epic, the rig, or the day. */
const usage = z.object({ which: budgetKind, of: z.string(), spent: z.string(), budget: z.string() })
/** `nearly` used up; or it does not count everything, for the price of some is unknown (`unpriced`). */
const budgetWarning = usage.extend({ what: z.enum(['nearly', 'unpriced']) })

export const issueEffects = {
  surveyIssues: effect({
    input: z.object({
      rig: z.string(),
      epics: z.array(issueId),
      issues: z.array(issueId),
      /** Not asked for; only whether they are closed. */
      escalated: z.array(issueId).default([]),
      /** In somebody's hands, in the queue, or on their way back: neither ready nor done, whatever their status says. */
      underway: z.array(issueId).default([]),
      /** Workers there are: what another worker of the rig holds, nobody works on. */
      holders: z.array(z.string()).default([]),
      /** Their budget is used up: of these issues, and of what these epics hold, none is ready. */
      usedUp: z.array(issueId).default([]),
      /** Presets of which nobody can be started: issues that ask for one are not ready. Absent: none. */
      agentsHeld: z.array(z.string()).optional(),
      /** At most so many that are ready: an answer does not grow with what there is to do. */
      most: z.int().min(0).default(1),
    }),
    output: z.object({
      /** Unblocked issues among those asked for that nobody has; priority, then age. Epics themselves never. */
      ready: z.array(startable),
      /** There are more that are ready. */
      more: z.boolean(),
      /** Issues asked for by id, or escalated, that are closed. */
      closed: z.array(issueId),
      /** Issues under way that somebody else than a worker has closed, or deleted. */
      dropped: z.array(issueId).default([]),
      /** Issues asked for by id that do not exist. */
      unknown: z.array(issueId),
      /** Epics asked for that have work, all of which, at all levels, is closed; epics inside them are no work. */
      complete: z.array(issueId),
      /** Epics asked for that are closed. */
      over: z.array(issueId).default([]),
      /** What the Overseer should know of budgets of what is wanted and under way, before they are used up. */
      warnings: z.array(budgetWarning).default([]),
    }),
    lane: beadsLane,
  }),
  claimIssue: effect({
    input: z.object({
      rig: z.string(),
      issue: issueId,
      holder: z.string(),
      /** A former worker whose claim this one takes over, when its work came back. */
      previous: z.string().nullable().default(null),
      /** Whose tokens are to be counted, since then (milliseconds since the epoch). */
      accounts: z.array(z.object({ account: accountId, since: z.number() })).default([]),
    }),
    /** `claimed` also when this holder has it already. */
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('claimed'),
        issue: issueBrief,
        preserved: preserved.nullable(),
        /** The preset that it asks for; null: its rig's. */
        agent: z.string().nullable().default(null),
        /** Tokens of each account. */
        used: z.record(accountId, z.number()).default({}),
      }),
      z.object({ kind: z.literal('held'), holder: z.string() }),
      z.object({ kind: z.literal('unavailable'), why: z.string() }),
      // Its work is on main: these issues are an older copy.
      z.object({ kind: z.literal('landed'), commit: sha }),
      // Not claimed. `againMs`: when this is over by itself; null: not before the Overseer has decided.
      usage.extend({ kind: z.literal('over_budget'), againMs: z.int().min(0).nullable() }),
    ]),
    lane: beadsLane,
  }),
  /** Gives an issue back: `open` for anyone, `blocked` until the Overseer decides. `note` is appended to its notes. */
  releaseIssue: effect({
    input: z.object({
      rig: z.string(),
      issue: issueId,
      holder: z.string(),
      status: z.enum(['open', 'blocked']),
      note: z.string(),
      /** From now on it waits for this one. */
      blockedBy: issueId.nullable().default(null),
    }),
    output: z.object({ status: z.string() }),
    lane: beadsLane,
  }),
  /** Closes issues, one reason each; one that somebody closed already gets the reason all the same. */
  closeIssues: effect({
    input: z.object({ rig: z.string(), issues: z.array(z.object({ issue: issueId, reason: z.string() })).min(1) }),
    output: z.object({ closed: z.array(issueId) }),
    lane: beadsLane,
  }),
  /** Where an issue stands, in the eyes of the worker who was given it. */
  readIssue: effect({
    input: z.object({ rig: z.string(), issue: issueId, holder: z.string() }),
    output: z.discriminatedUnion('kind', [
      /** Still in progress, and this holder's. */
      z.object({ kind: z.literal('held') }),
      /** `byHolder`: the worker closed it itself, with this reason. */
      z.object({ kind: z.literal('closed'), byHolder: z.boolean(), reason: z.string() }),
      /** It says that it waits: for open issues it depends on, or by its status alone. */
      z.object({ kind: z.literal('blocked'), on: z.array(issueId), why: z.string() }),
      /** Open again, for anybody. */
      z.object({ kind: z.literal('given_back') }),
      /** Given to somebody else, or gone. */
      z.object({ kind: z.literal('let_go'), why: z.string() }),
    ]),
    lane: beadsLane,
  }),
  /** Keeps a mail as a bead (`type=message`) in the recipient's tier, under the mail's own id. */
  fileMessage: effect({
    input: z.object({
      id: z.string(),
      from: z.string(),
      to: z.string(),
      subject: z.string(),
      body: z.string(),
      priority: z.int(),
      replyTo: z.string().nullable(),
      threadId: z.string().nullable(),
      groupId: z.string().nullable().default(null),
      expiresAt: z.number().nullable().default(null),
      until: z.number().nullable().default(null),
      cause: z.string().nullable().default(null),
      /** In milliseconds since the epoch; null: as it was promised. */
      sentAt: z.number().nullable().default(null),
    }),
    output: z.object({ filed: z.boolean() }),
    lane: () => 'messages',
    // Those that start together are filed together.
    laneLimit: 256,
  }),
  /** Notes how far a mail has come, as of the promise or of `at`; what was noted first of a step stays. */
  noteReceipt: effect({
    input: z.object({
      mail: z.string(),
      to: z.string(),
      step: z.enum(['shown', 'read', 'acked']),
      by: z.string(),
      /** When that was, milliseconds since the epoch. */
      at: z.number().nullable().default(null),
    }),
    output: z.object({ noted: z.literal(true) }),
    lane: () => 'messages',
    laneLimit: 256,
  }),
} as const
