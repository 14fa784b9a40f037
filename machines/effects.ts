// What a machine may promise: every effect's name, shapes, class and lane. The hands under actors/ keep these promises.
// Never: performs one. An effect runs only after the turn that promised it is committed, and may run again after a
// crash.
import { z } from 'zod'
import { type EffectKind, effect } from './effect.ts'
import {
  branchName,
  budgetKind,
  issueBrief,
  issueId,
  mergeRequest,
  preserved,
  returnReason,
  sha,
  startable,
} from './mail.ts'

const placeLane = (input: { rig: string }) => `places:${input.rig}`
const keepLane = (input: { rig: string }) => `keep:${input.rig}`
/** Places are made and cleared side by side: git locks single refs, and what needs more waits for it by itself. */
const placesAtOnce = 4
const beadsLane = (input: { rig: string }) => `beads:${input.rig}`

/** A worker's place: `polecats/<polecat>` on `branch`, of one incarnation of that name. */
const place = z.object({ rig: z.string(), polecat: z.string(), incarnation: z.int(), branch: branchName })

/** How a started session is found again: never by name alone. */
export const sessionRecord = z.object({
  id: z.string(),
  backend: z.enum(['tmux', 'process']),
  /** 0: it was gone before anybody could ask; never the first process of the machine. */
  pid: z.int().refine((pid) => pid === 0 || pid >= 2),
  /** The kernel's start time of `pid`, as text (clock ticks since boot on Linux); a recycled pid has another. */
  pidStart: z.string(),
  epoch: z.int(),
  /** Folder with the session's output, exit status and start mark. */
  dir: z.string(),
})
export type SessionRecord = z.infer<typeof sessionRecord>

/** What was used of a budget, and the budget, in words. `of`: an issue, an epic, the rig, or the day. */
const usage = z.object({ which: budgetKind, of: z.string(), spent: z.string(), budget: z.string() })
/** `nearly` used up; or it does not count everything, for the price of some is unknown (`unpriced`). */
const budgetWarning = usage.extend({ what: z.enum(['nearly', 'unpriced']) })

/** `unreachable`: no answer, or not in time. `denied`: origin answers, and does not let this user in, or not write. */
const originTrouble = [
  z.object({ kind: z.literal('unreachable'), why: z.string() }),
  z.object({ kind: z.literal('denied'), why: z.string() }),
] as const

export const effects = {
  // beads: the issues of a rig
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
    }),
    /** `claimed` also when this holder has it already. */
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('claimed'), issue: issueBrief, preserved: preserved.nullable() }),
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
      sentAt: z.number(),
    }),
    output: z.object({ filed: z.boolean() }),
    lane: () => 'messages',
    // Those that start together are filed together.
    laneLimit: 256,
  }),

  // git: a worker's place
  createWorktree: effect({
    input: place.extend({
      /** null: start from main; else from this preserved work. */
      start: preserved.nullable(),
    }),
    output: z.object({ path: z.string(), head: sha, base: sha }),
    lane: placeLane,
    laneLimit: placesAtOnce,
  }),
  /** Runs the rig's `setup` once in a new worktree, within its own time limit. None configured: ready at once. */
  setUpWorktree: effect({
    input: place.extend({ worktree: z.string() }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('ready') }),
      z.object({ kind: z.literal('failed'), why: z.string(), tail: z.string() }),
    ]),
    lane: (input) => `setup:${input.rig}`,
    laneLimit: 4,
    starts: true,
  }),
  inspectWorktree: effect({
    input: place,
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('found'),
        /** The branch that is checked out; null when detached. */
        onBranch: z.string().nullable(),
        head: sha,
        /**
         * Uncommitted and untracked files, relative to the worktree, at most 50; without those that every fresh
         * checkout of this commit has modified (line ends, filters), which are nobody's doing.
         */
        dirty: z.array(z.string()),
        /** Commits on HEAD that main, as it is on origin now, does not have. */
        ahead: z.int(),
        /** Commits on HEAD since this place was made, also those that are on main by now. */
        own: z.int(),
        /** A merge, rebase, cherry-pick or bisect left unfinished. */
        unfinished: z.string().nullable(),
      }),
      z.object({ kind: z.literal('absent'), why: z.string() }),
    ]),
    lane: () => null,
  }),
  /**
   * `merge`: pins HEAD, whatever is on main. `retire`: pins HEAD where main lacks it, the uncommitted files and stashes
   * where there are any, and the work of repositories inside. All under `refs/gt/…`.
   */
  pinWork: effect({
    input: place.extend({ issue: issueId, purpose: z.enum(['merge', 'retire']) }),
    output: z.object({
      /** null: there was nothing that main does not have. */
      head: preserved.nullable(),
      /** null: the worktree was clean (or gone). */
      dirty: preserved.nullable(),
    }),
    lane: keepLane,
    laneLimit: placesAtOnce,
  }),
  /**
   * Pins what is there once more, as `retire` does, then takes the worktree from its place in one step and deletes its
   * branch; what was taken away is deleted by and by. Throws, and leaves all as it is, when something cannot be kept.
   */
  clearPlace: effect({
    input: place.extend({
      issue: issueId,
      /** The commit that was handed over; null when nothing was. */
      handedOver: sha.nullable(),
    }),
    output: z.object({
      /** Commits that neither main nor the work handed over has. */
      head: preserved.nullable(),
      /** Uncommitted files. */
      dirty: preserved.nullable(),
    }),
    lane: keepLane,
    laneLimit: placesAtOnce,
  }),

  // git: the merge queue
  /**
   * Asks origin for main and builds the merges of `members` onto it, one on the other in this order, as objects,
   * without a checkout; `merge_style` of the rig says how. Same input and main, same commits.
   */
  buildCandidate: effect({
    input: z.object({
      rig: z.string(),
      members: z.array(mergeRequest.extend({ queuedAt: z.number() })).min(1),
      /** main as this queue last knew it: what came since, and is not its own, is told. null: nothing known yet. */
      known: sha.nullable(),
    }),
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('built'),
        /** null: origin has no branch at all yet. */
        base: sha.nullable(),
        /** The tip of what was built; `base` (or the empty root) when nothing was. */
        commit: sha,
        /** Whose work is in it, and the commit that brings it. */
        landing: z.array(z.object({ issue: issueId, commit: sha })),
        /** Whose work main has already, and the commit on main that has it. */
        contained: z.array(z.object({ issue: issueId, commit: sha })),
        /**
         * Whose work cannot be put on main as it is; the others are built without it. A member in none of these lists
         * only conflicts with another one that is in this candidate: it stays in the queue for the next.
         */
        unfit: z.array(
          z.object({
            issue: issueId,
            kind: z.enum(['conflict', 'unmergeable']),
            why: z.string(),
            files: z.array(z.string()),
            base: sha,
          }),
        ),
        /** Commits on main since `known` that this queue did not land, newest first, at most 20. */
        foreign: z.array(z.object({ sha, author: z.string(), subject: z.string() })),
      }),
      ...originTrouble,
      /**
       * main is not what it was: gone, renamed, ambiguous, rewritten so that nothing can be built. A person decides.
       */
      z.object({ kind: z.literal('no_main'), why: z.string() }),
    ]),
    lane: (input) => `land:${input.rig}`,
  }),
  runGates: effect({
    input: z.object({ rig: z.string(), commit: sha, issues: z.array(issueId) }),
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('green'),
        gates: z.array(z.object({ name: z.string(), durationMs: z.number() })),
        /** Gates that failed at first and passed when they ran again on the same tree. */
        flaky: z.array(z.object({ gate: z.string(), tail: z.string() })).default([]),
      }),
      /** The same gate failed twice on this tree (once, when it ran into its time limit). */
      z.object({
        kind: z.literal('red'),
        gate: z.string(),
        /** Those that passed before it. */
        passed: z.array(z.string()).default([]),
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
    input: z.object({ rig: z.string(), commit: sha, base: sha.nullable() }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('pushed') }),
      /** Somebody else's push came first; also when origin says so only while it takes ours. */
      z.object({ kind: z.literal('moved') }),
      /** Origin will not have this commit (a hook, a protected branch, a limit), in its own words. */
      z.object({ kind: z.literal('refused'), why: z.string() }),
      ...originTrouble,
    ]),
    lane: (input) => `land:${input.rig}`,
  }),
  /** Asks origin itself whether main contains `commit`, and lets the rig's clones and worktrees see it. */
  confirmLanded: effect({
    input: z.object({ rig: z.string(), commit: sha }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('confirmed') }),
      z.object({ kind: z.literal('absent') }),
      ...originTrouble,
    ]),
    lane: (input) => `land:${input.rig}`,
  }),

  // sessions
  startSession: effect({
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
  /**
   * Waits, over daemon restarts too, until the session ends or shows no progress for the rig's limit, counted in
   * watched time.
   */
  watchSession: effect({
    input: z.object({
      rig: z.string(),
      session: sessionRecord,
      worktree: z.string(),
      /** false: only the end counts; silence was reported before. */
      stallMatters: z.boolean(),
    }),
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('ended'),
        exitCode: z.int().nullable(),
        tail: z.string(),
        /** What held it (tmux's server) ended, and it with that. */
        cutOff: z.boolean().default(false),
      }),
      z.object({ kind: z.literal('stalled'), silentMs: z.int(), tail: z.string() }),
    ]),
    lane: () => null,
  }),
  killSession: effect({
    /**
     * `session` is null when the start was not confirmed: whatever runs, or is about to run, under `id` is ended.
     * `lastWords`: whether anybody wants to read its last output.
     */
    input: z.object({ rig: z.string(), id: z.string(), session: sessionRecord.nullable(), lastWords: z.boolean() }),
    output: z.object({ exitCode: z.int().nullable(), tail: z.string() }),
    lane: () => null,
  }),

  // plugins
  /** Runs the plugin's `run` program with one message on its standard input. Its output is the reply. */
  runPlugin: effect({
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
/** An input as a machine may write it: what has a default may be left out. */
export type EffectWish<N extends EffectName> = z.input<(typeof effects)[N]['input']>
