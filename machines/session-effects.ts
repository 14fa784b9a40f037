// Effects of sessions: one run of an agent's program is started, watched, told something, ended. Part of the list in
// `effects.ts`.
// Never: performs one.
import { z } from 'zod'
import { accountId } from './account-mail.ts'
import { effect } from './effect.ts'
import { branchName, issueBrief, returnReason } from './mail.ts'

/** A worker's place: `polecats/<polecat>` on `branch`, of one incarnation of that name. */
export const place = z.object({ rig: z.string(), polecat: z.string(), incarnation: z.int(), branch: branchName })

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

/** What became of words for an agent: with its program, before its model, answered. */
const receipt = z.object({ id: z.string(), state: z.enum(['taken', 'delivered', 'answered']) })
export type Receipt = z.infer<typeof receipt>

/** What else a look at the evidence has shown; an agent that nobody speaks with has none. */
const looked = {
  /** How far the evidence of this session has been read, in bytes. */
  seen: z.int().min(0).default(0),
  /** What its conversation is resumed with, once it has told; null: nothing new. */
  conversation: z.string().nullable().default(null),
  receipts: z.array(receipt).default([]),
  /** Its context is nearly full. */
  isFull: z.boolean().default(false),
  /** It was watched for so long, in milliseconds. */
  watchedMs: z.int().min(0).default(0),
  /** Its context was made shorter: what it was told at first it may not know any more. */
  isCompacted: z.boolean().default(false),
}

/** It has said in its state.json that it wants a new conversation. */
const asksToCycle = z.boolean().default(false)

export const sessionEffects = {
  startSession: effect({
    input: place.extend({
      id: z.string(),
      address: z.string(),
      epoch: z.int(),
      issue: issueBrief,
      worktree: z.string(),
      attempt: z.int(),
      returned: returnReason.nullable(),
      /** The conversation that is to go on; null: a new one. */
      conversation: z.string().nullable().default(null),
      /** What its agent noted for a new one. */
      note: z.string().default(''),
      /** Under which account. */
      account: accountId.default(''),
      /** That under which its conversation began. */
      begunUnder: accountId.default(''),
      /** Why the conversation of this worker before the new one is over; empty: there was none. */
      former: z.string().default(''),
    }),
    /**
     * `started` once the session itself has said so. `refused`: no session can be, as the rig is configured. `unpaid`:
     * nothing was begun, for its account is gone.
     */
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('started'),
        session: sessionRecord,
        /** There is somebody who speaks with its agent. */
        spoken: z.boolean().default(false),
        /** Its issue asked for this agent, or model: what keeps it from working is its own trouble. */
        ownChoice: z.boolean().default(false),
        /** Its conversation is not known under this account: a new one began. */
        anew: z.boolean().default(false),
      }),
      z.object({ kind: z.literal('failed'), why: z.string(), tail: z.string() }),
      z.object({ kind: z.literal('refused'), why: z.string() }),
      z.object({ kind: z.literal('unpaid'), why: z.string() }),
    ]),
    lane: (input) => `start:${input.rig}`,
    laneLimit: 4,
    starts: true,
  }),
  /**
   * Waits, over daemon restarts too, until there is news of a session: it ended, shows no progress for the rig's
   * limit (counted in watched time), or its evidence after `since` says something that somebody must act on.
   */
  watchSession: effect({
    input: z.object({
      rig: z.string(),
      session: sessionRecord,
      worktree: z.string(),
      /** false: silence was reported before. */
      stallMatters: z.boolean(),
      since: z.int().min(0).default(0),
      /** false: that its context is nearly full is known. */
      fullMatters: z.boolean().default(true),
      /** For how long its conversation was watched before, in milliseconds; null: how long it lasts is no news. */
      lastedMs: z.int().min(0).nullable().default(null),
      /**
       * It waits for an allowance: until this time of the wall (milliseconds since the epoch), or for so many
       * milliseconds where nobody knows the time. Silence is no news meanwhile.
       */
      pause: z
        .object({ until: z.number().nullable(), ms: z.int().min(0), atLeastMs: z.int().min(0).default(0) })
        .nullable()
        .default(null),
    }),
    output: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('ended'),
        exitCode: z.int().nullable(),
        tail: z.string(),
        /** What held it (tmux's server) ended, and it with that. */
        cutOff: z.boolean().default(false),
        asksToCycle,
        ...looked,
      }),
      z.object({ kind: z.literal('stalled'), silentMs: z.int(), tail: z.string(), ...looked }),
      /** Its conversation is known, or words have arrived. `isOld`: it has gone on for as long as one may. */
      z.object({ kind: z.literal('heard'), isOld: z.boolean().default(false), ...looked }),
      /** Its agent waits to be spoken to. `overlong`: its context is full; `failed`: its service, or the stream. */
      z.object({
        kind: z.literal('turn_over'),
        end: z.enum(['done', 'interrupted', 'overlong', 'failed']),
        why: z.string(),
        asksToCycle,
        ...looked,
      }),
      /** An allowance of its account is used up; null: nobody knows until when. */
      z.object({
        kind: z.literal('limited'),
        until: z.number().nullable(),
        /** The same, in milliseconds from now. */
        leftMs: z.number().nullable().default(null),
        why: z.string(),
        ...looked,
      }),
      /** Key or credit of its account: no waiting mends it. */
      z.object({ kind: z.literal('refused'), why: z.string(), ...looked }),
      z.object({ kind: z.literal('pause_over'), ...looked }),
    ]),
    lane: () => null,
  }),
  /** Hands words to the session's supervisor. The same `id` is said once, however often it is handed over. */
  tellSession: effect({
    input: z.object({
      session: sessionRecord,
      id: z.string(),
      /** Words with a lower one are said first. */
      place: z.int().min(0),
      text: z.string(),
      /** It is to hear who it is here, and what is next, once more. */
      primes: z.boolean().default(false),
    }),
    output: z.object({ laid: z.literal(true) }),
    lane: (input) => `tell:${input.session.id}`,
  }),
  killSession: effect({
    /**
     * `session` is null when the start was not confirmed: whatever runs, or is about to run, under `id` is ended.
     * `lastWords`: whether anybody wants to read its last output.
     */
    input: z.object({
      rig: z.string(),
      id: z.string(),
      session: sessionRecord.nullable(),
      lastWords: z.boolean(),
      /** How far its evidence was read. */
      since: z.int().min(0).default(0),
    }),
    output: z.object({ exitCode: z.int().nullable(), tail: z.string(), ...looked }),
    lane: () => null,
  }),
} as const
