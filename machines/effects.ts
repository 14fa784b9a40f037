// What a machine may promise: every effect's name, shapes, class and lane. The hands under actors/ keep these promises.
// Never: performs one. An effect runs only after the turn that promised it is committed, and may run again after a
// crash.
import { z } from 'zod'
import { branchName, issueBrief, issueId, mergeRequest, preserved, returnReason, sha } from './mail.ts'

/**
 * `natural`: idempotent by nature · `named`: named by key (probe, then act) · `swap`: compare-and-swap · `text`: text
 * that carries its own id.
 * (design: effects are at-least-once with a key; the adapter makes them once)
 */
export type EffectClass = 'natural' | 'named' | 'swap' | 'text'

export interface EffectKind<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  class: EffectClass
  input: I
  output: O
  /** Effects of one lane run at most `laneLimit` at once (default 1); null: as many as asked for. */
  lane: (input: z.output<I>) => string | null
  laneLimit?: number
  /** Starts an agent: held while the Overseer has stopped the town or the rig. */
  starts?: boolean
}

const effect = <I extends z.ZodType, O extends z.ZodType>(kind: EffectKind<I, O>) => kind
const gitLane = (input: { rig: string }) => `git:${input.rig}`
const beadsLane = (input: { rig: string }) => `beads:${input.rig}`

/** A worker's place: `polecats/<polecat>` on `branch`, of one incarnation of that name. */
const place = z.object({ rig: z.string(), polecat: z.string(), incarnation: z.int(), branch: branchName })

/** How a started session is found again: never by name alone. */
export const sessionRecord = z.object({
  id: z.string(),
  backend: z.enum(['tmux', 'process']),
  pid: z.int(),
  /** The kernel's start time of `pid`, as text (clock ticks since boot on Linux); a recycled pid has another. */
  pidStart: z.string(),
  epoch: z.int(),
  /** Folder with the session's output, exit status and start mark. */
  dir: z.string(),
})
export type SessionRecord = z.infer<typeof sessionRecord>

export const effects = {
  // beads: the issues of a rig
  surveyIssues: effect({
    class: 'natural',
    input: z.object({
      rig: z.string(),
      epics: z.array(issueId),
      issues: z.array(issueId),
      /** Not asked for; only whether they are closed. */
      escalated: z.array(issueId).default([]),
    }),
    output: z.object({
      /** Open, unblocked, unclaimed issues among those asked for; priority, then age. Epics themselves never. */
      ready: z.array(issueBrief),
      /** Issues asked for by id, or escalated, that are closed. */
      closed: z.array(issueId),
      /** Issues asked for by id that do not exist. */
      unknown: z.array(issueId),
      /**
       * Epics asked for all of whose work, at all levels, is closed (and that have some); epics inside them are no
       * work.
       */
      complete: z.array(issueId),
      /** Epics asked for that are closed. */
      over: z.array(issueId).default([]),
      /** Issues asked for (by id or by epic) that are neither ready nor closed, and why. */
      waiting: z.array(z.object({ id: issueId, why: z.string() })),
    }),
    lane: beadsLane,
  }),
  claimIssue: effect({
    class: 'swap',
    input: z.object({
      rig: z.string(),
      issue: issueId,
      holder: z.string(),
      /** A former worker whose claim this one takes over, when its work came back. */
      previous: z.string().nullable().default(null),
    }),
    /** `claimed` also when this holder has it already. */
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('claimed'), issue: issueBrief, preserved: preserved.nullable() }),
      z.object({ kind: z.literal('held'), holder: z.string() }),
      z.object({ kind: z.literal('unavailable'), why: z.string() }),
    ]),
    lane: beadsLane,
  }),
  /** Gives an issue back: `open` for anyone, `blocked` until the Overseer decides. `note` is appended to its notes. */
  releaseIssue: effect({
    class: 'natural',
    input: z.object({
      rig: z.string(),
      issue: issueId,
      holder: z.string(),
      status: z.enum(['open', 'blocked']),
      note: z.string(),
    }),
    output: z.object({ status: z.string() }),
    lane: beadsLane,
  }),
  closeIssue: effect({
    class: 'natural',
    input: z.object({ rig: z.string(), issue: issueId, reason: z.string() }),
    output: z.object({ closed: z.boolean() }),
    lane: beadsLane,
  }),
  /** Keeps a mail as a bead (`type=message`) in the recipient's tier, under the mail's own id. */
  fileMessage: effect({
    class: 'named',
    input: z.object({
      id: z.string(),
      from: z.string(),
      to: z.string(),
      subject: z.string(),
      body: z.string(),
      priority: z.int(),
      replyTo: z.string().nullable(),
      threadId: z.string().nullable(),
      sentAt: z.number(),
    }),
    output: z.object({ filed: z.boolean() }),
    lane: () => 'messages',
    // A few that cannot be kept do not hold up the others.
    laneLimit: 8,
  }),

  // git: a worker's place
  createWorktree: effect({
    class: 'named',
    input: place.extend({
      /** null: start from main; else from this preserved work. */
      start: preserved.nullable(),
    }),
    output: z.object({ path: z.string(), head: sha, base: sha }),
    lane: gitLane,
  }),
  inspectWorktree: effect({
    class: 'natural',
    input: place,
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('found'),
        /** The branch that is checked out; null when detached. */
        onBranch: z.string().nullable(),
        head: sha,
        /** Uncommitted and untracked files, relative to the worktree; at most 50. */
        dirty: z.array(z.string()),
        /** Commits on HEAD that main does not have. */
        ahead: z.int(),
        /** A merge, rebase, cherry-pick or bisect left unfinished. */
        unfinished: z.string().nullable(),
      }),
      z.object({ kind: z.literal('absent'), why: z.string() }),
    ]),
    lane: () => null,
  }),
  /** Pins HEAD and, where there are any, the uncommitted files of a worktree under `refs/gt/…`. */
  pinWork: effect({
    class: 'named',
    input: place.extend({ issue: issueId, purpose: z.enum(['merge', 'retire']) }),
    output: z.object({
      /** null: there was nothing that main does not have. */
      head: preserved.nullable(),
      /** null: the worktree was clean (or gone). */
      dirty: preserved.nullable(),
    }),
    lane: gitLane,
  }),
  removeWorktree: effect({ class: 'natural', input: place, output: z.object({ removed: z.boolean() }), lane: gitLane }),
  /** Deletes the branch only when its commits are reachable from main or pinned. */
  deleteBranch: effect({
    class: 'swap',
    input: place,
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('deleted') }),
      z.object({ kind: z.literal('kept'), why: z.string() }),
    ]),
    lane: gitLane,
  }),

  // git: the merge queue
  /** Builds the merge of `members` onto main as objects, no checkout. Same input, same commit. */
  buildCandidate: effect({
    class: 'natural',
    input: z.object({ rig: z.string(), members: z.array(mergeRequest).min(1), at: z.number() }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('built'), base: sha.nullable(), commit: sha }),
      z.object({ kind: z.literal('conflict'), issue: issueId, base: sha, files: z.array(z.string()) }),
      /** main on origin has it already: landed before a crash, or by someone else. */
      z.object({ kind: z.literal('contained'), commit: sha }),
      z.object({ kind: z.literal('unreachable'), why: z.string() }),
    ]),
    lane: (input) => `land:${input.rig}`,
  }),
  runGates: effect({
    class: 'natural',
    input: z.object({ rig: z.string(), commit: sha, issues: z.array(issueId) }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('green'), gates: z.array(z.object({ name: z.string(), durationMs: z.number() })) }),
      z.object({
        kind: z.literal('red'),
        gate: z.string(),
        exitCode: z.int().nullable(),
        timedOut: z.boolean(),
        tail: z.string(),
        log: z.string(),
      }),
      /** The gate could not be run at all (disk full, no such program): no verdict on the work. */
      z.object({ kind: z.literal('broken'), why: z.string() }),
    ]),
    lane: (input) => `gates:${input.rig}`,
  }),
  /** Pushes exactly `commit` to main, only if main is still `base` (null: main does not exist yet). Never forces. */
  landCandidate: effect({
    class: 'swap',
    input: z.object({ rig: z.string(), commit: sha, base: sha.nullable() }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('pushed') }),
      z.object({ kind: z.literal('moved') }),
      z.object({ kind: z.literal('refused'), why: z.string() }),
      z.object({ kind: z.literal('unreachable'), why: z.string() }),
    ]),
    lane: (input) => `land:${input.rig}`,
  }),
  /** Asks origin itself whether main contains `commit`, and brings the rig's clones up to date. */
  confirmLanded: effect({
    class: 'natural',
    input: z.object({ rig: z.string(), commit: sha }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('confirmed') }),
      z.object({ kind: z.literal('absent') }),
      z.object({ kind: z.literal('unreachable'), why: z.string() }),
    ]),
    lane: (input) => `land:${input.rig}`,
  }),

  // sessions
  startSession: effect({
    class: 'named',
    input: place.extend({
      id: z.string(),
      address: z.string(),
      epoch: z.int(),
      issue: issueBrief,
      worktree: z.string(),
      attempt: z.int(),
      returned: returnReason.nullable(),
    }),
    /** `started` once the session itself has said so. */
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('started'), session: sessionRecord }),
      z.object({ kind: z.literal('failed'), why: z.string(), tail: z.string() }),
    ]),
    lane: (input) => `start:${input.rig}`,
    laneLimit: 4,
    starts: true,
  }),
  /** Waits, over daemon restarts too, until the session ends or shows no progress for the rig's limit. */
  watchSession: effect({
    class: 'natural',
    input: z.object({
      rig: z.string(),
      session: sessionRecord,
      worktree: z.string(),
      /** false: only the end counts; silence was reported before. */
      stallMatters: z.boolean(),
    }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('ended'), exitCode: z.int().nullable(), tail: z.string() }),
      z.object({ kind: z.literal('stalled'), silentMs: z.int(), tail: z.string() }),
    ]),
    lane: () => null,
  }),
  killSession: effect({
    class: 'natural',
    /** `session` is null when the start was not confirmed: whatever runs, or is about to run, under `id` is ended. */
    input: z.object({ rig: z.string(), id: z.string(), session: sessionRecord.nullable() }),
    output: z.object({ exitCode: z.int().nullable(), tail: z.string() }),
    lane: () => null,
  }),

  // plugins
  /** Runs the plugin's `run` program with one message on its standard input. Its output is the reply. */
  runPlugin: effect({
    class: 'named',
    input: z.object({
      rig: z.string(),
      plugin: z.string(),
      message: z.object({ id: z.string(), from: z.string(), subject: z.string(), body: z.string() }),
    }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('answered'), reply: z.string() }),
      z.object({ kind: z.literal('silent') }),
      z.object({ kind: z.literal('failed'), why: z.string(), tail: z.string() }),
    ]),
    lane: (input) => `plugin:${input.rig}/${input.plugin}`,
    starts: true,
  }),
} as const satisfies Record<string, EffectKind>

export type EffectName = keyof typeof effects
export type EffectInput<N extends EffectName> = z.output<(typeof effects)[N]['input']>
export type EffectOutput<N extends EffectName> = z.output<(typeof effects)[N]['output']>
