// What a machine may promise: every effect's name, shapes, class and lane. The hands under actors/ keep these promises.
// Never: performs one. An effect runs only after the turn that promised it is committed, and may run again after a
// crash.
import { z } from 'zod'
import { type EffectKind, effect } from './effect.ts'
import { issueEffects } from './issue-effects.ts'
import { issueId, mergeRequest, preserved, sha } from './mail.ts'
import { place, sessionEffects } from './session-effects.ts'

const placeLane = (input: { rig: string }) => `places:${input.rig}`
const keepLane = (input: { rig: string }) => `keep:${input.rig}`
/** Places are made and cleared side by side: git locks single refs, and what needs more waits for it by itself. */
const placesAtOnce = 4

/** When a program had its message before it, milliseconds since the epoch; null: never. */
const startedAt = z.number().nullable().default(null)

/** `unreachable`: no answer, or not in time. `denied`: origin answers, and does not let this user in, or not write. */
const originTrouble = [
  z.object({ kind: z.literal('unreachable'), why: z.string() }),
  z.object({ kind: z.literal('denied'), why: z.string() }),
] as const

export const effects = {
  ...issueEffects,

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

  ...sessionEffects,

  // plugins
  /** Runs the plugin's `run` program with one message on its standard input. Its output is the reply. */
  runPlugin: effect({
    input: z.object({
      rig: z.string(),
      plugin: z.string(),
      message: z.object({ id: z.string(), from: z.string(), subject: z.string(), body: z.string() }),
    }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('answered'), reply: z.string(), startedAt }),
      z.object({ kind: z.literal('silent'), startedAt }),
      z.object({ kind: z.literal('failed'), why: z.string(), tail: z.string(), startedAt }),
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
