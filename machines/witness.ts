// Witness: the pit boss of one rig. Finds what is ready and gives it to workers within the rig's capacity; each worker
// has a keeper of its own (`keeper.ts`), from its first watch to its retirement. (spec: Witness)
// Life: three regions side by side. `dispatch`: resting → surveying → claiming → spacing → …; `brake`: released, pulled
// by the Overseer, or halted for want of a key; `allowance` (`allowance.ts`): there, short, or used up for a while.
// Never: works on an issue, lands anything, or touches a worker; its keepers do.
import { and, assign, not, or, stateIn } from 'xstate'
import { agentsHeld, countedSince, provided } from './accounts.ts'
import { keeperOf, mayor, polecatOf, refineryOf } from './address.ts'
import { allowance, looksAgain } from './allowance.ts'
import { dayIsOver, granted, seen, usedUpIds } from './budget.ts'
import { afterRemoval, afterRetirement, afterReturn } from './endings.ts'
import { cannotLand, causes, cleared, refusedAccount } from './escalations.ts'
import {
  asked,
  begun,
  chosen,
  claimed,
  holderOf,
  landed,
  notBegun,
  notHad,
  surveyed,
  underway,
  unread,
  type WitnessContext,
} from './ledger.ts'
import type { Outgoing } from './mail.ts'
import { freeName } from './names.ts'
import { wordsOf, workersPool } from './profile.ts'
import { choose, room, rounds } from './rounds.ts'

export type { WitnessContext } from './ledger.ts'
export { witnessUnderstands } from './rounds.ts'

type Context = WitnessContext

/** Shown beyond the places that are free: somebody else may take one first. */
const spare = 2
const toEach = (context: Context, type: 'work.paused' | 'work.resumed'): Outgoing[] =>
  Object.keys(context.workers).map((name) => ({ to: keeperOf(context.rig, name), type, body: {} }))

const released = and([stateIn('#witness.brake.released'), not(stateIn('#witness.allowance.used_up'))])
/** Those the Overseer, or an account, stopped go on, and so does the queue. */
const goesOn = [
  { type: 'mail', params: ({ context }: { context: Context }) => toEach(context, 'work.resumed') },
  { type: 'mail', params: ({ context }: { context: Context }) => poke(context) },
] as const

export const witnessMachine = rounds.createMachine({
  id: 'witness',
  context: ({ input }) => begun(input),
  type: 'parallel',
  on: {
    'work.assigned': {
      description: 'The Mayor wants an epic or issues done. Whoever asked is told at once what becomes of it.',
      actions: { type: 'news', params: ({ event }) => [(context) => asked(context, event), looksAgain] },
    },
    'issues.changed': { description: 'Somebody wrote to the rig’s beads.', actions: 'lookAgain' },
    'session.stopRequested': [
      {
        guard: 'works',
        description: 'The Overseer stops one worker, or wants what is left of it to be taken down once more.',
        actions: {
          type: 'mail',
          params: ({ context, event }) => ({
            to: keeperOf(context.rig, event.polecat),
            type: 'work.paused',
            body: {},
          }),
        },
      },
      { description: 'It has ended meanwhile.', actions: assign({}) },
    ],
    'session.resumeRequested': [
      {
        guard: and(['works', stateIn('#witness.brake.released')]),
        description: 'The Overseer lets one worker go on, once it has an account.',
        actions: {
          type: 'mail',
          params: ({ context, event }) => ({
            to: keeperOf(context.rig, event.polecat),
            type: 'work.resumed',
            body: {},
          }),
        },
      },
      { description: 'It has ended meanwhile, or goes on when the whole rig does.', actions: assign({}) },
    ],
    'worker.retired': {
      description: 'Nothing of the worker is left but what is kept: its slot and its name are free.',
      actions: [
        {
          type: 'freeSlot',
          params: ({ context: { rig }, event }) => ({ pool: workersPool(rig), holder: polecatOf(rig, event.polecat) }),
        },
        { type: 'news', params: ({ event }) => [(context) => afterRetirement(context, event), looksAgain] },
      ],
    },

    'merge.queued': {
      description: 'The Refinery has it.',
      actions: assign({
        queued: ({ context, event }) => ({ ...context.queued, [event.issue]: { polecat: event.polecat } }),
      }),
    },
    'merge.landed': {
      description: 'On main, confirmed. What waited for it may start.',
      actions: [
        {
          type: 'mail',
          params: ({ context, event: { issue, title, commit } }) => [
            { to: mayor, type: 'issue.landed', body: { rig: context.rig, issue, title, commit } },
            cleared(causes.issue(context.rig, issue)),
          ],
        },
        assign(({ context, event }) => ({ ...landed(context, event.issue), look: true })),
      ],
    },
    'merge.returned': {
      description: 'Back to a worker, on the preserved work; after too many tries the Overseer decides.',
      actions: { type: 'news', params: ({ event }) => [(context) => afterReturn(context, event), looksAgain] },
    },
    'merge.removed': {
      description: 'Taken out of the queue: nobody is started on it until it is asked for again.',
      actions: { type: 'news', params: ({ event }) => [(context) => afterRemoval(context, event), looksAgain] },
    },
    'merge.stuck': {
      description: 'What keeps work from landing is for the Overseer; one escalation a cause.',
      // What was to be taken out meanwhile is asked for again.
      actions: [{ type: 'mail', params: ({ context, event }) => cannotLand(context.rig, event) }, 'lookAgain'],
    },
    'merge.unstuck': {
      description: 'The queue moves again.',
      actions: { type: 'mail', params: ({ context, event }) => cleared(causes.queue(context.rig, event.what)) },
    },
  },
  states: {
    brake: {
      description: 'The Overseer’s brake.',
      initial: 'released',
      states: {
        released: {
          description: 'The rig works.',
          on: {
            'rig.stopped': {
              target: 'pulled',
              actions: [
                { type: 'note', params: ({ event }) => ({ text: `stopped: ${event.why}` }) },
                { type: 'mail', params: ({ context }) => toEach(context, 'work.paused') },
              ],
            },
            'rig.resumed': {
              description: 'It was not stopped; those the Overseer stopped one by one go on, and so does the queue.',
              actions: goesOn,
            },
            'account.held': {
              guard: 'leavesNone',
              target: 'halted',
              description: 'Key, credit or configuration: nobody can work, and somebody has to mend it.',
              actions: {
                type: 'mail',
                params: ({ context, event }) => [
                  refusedAccount(context.rig, event.why, event.issue),
                  ...toEach(context, 'work.paused'),
                ],
              },
            },
            'rig.configured': {
              guard: 'leavesNone',
              target: 'halted',
              description: 'Those it may use now are refused, all of them.',
              actions: {
                type: 'mail',
                params: ({ context }) => [
                  refusedAccount(context.rig, 'all accounts that it may use are refused'),
                  ...toEach(context, 'work.paused'),
                ],
              },
            },
          },
        },
        halted: {
          description: 'Its agents have no key, no credit, or cannot be started. The Overseer was asked, once.',
          exit: { type: 'mail', params: ({ context }) => cleared(causes.account(context.rig)) },
          on: {
            'rig.configured': { guard: 'isMended', target: 'released', actions: goesOn },
            'account.released': { guard: 'isMended', target: 'released', actions: goesOn },
            'rig.resumed': { target: 'released', actions: ['lookAgain', ...goesOn] },
            'rig.stopped': {
              target: 'pulled',
              actions: { type: 'note', params: ({ event }) => ({ text: `stopped: ${event.why}` }) },
            },
          },
        },
        pulled: {
          description: 'Nothing starts until the Overseer says so.',
          on: {
            'rig.resumed': {
              target: 'released',
              actions: ['lookAgain', { type: 'note', params: { text: 'goes on' } }, ...goesOn],
            },
            'rig.stopped': {
              description: 'Said twice: whatever still runs is ended.',
              actions: { type: 'mail', params: ({ context }) => toEach(context, 'work.paused') },
            },
          },
        },
      },
    },
    allowance,
    dispatch: {
      description: 'Finding and giving out work.',
      initial: 'resting',
      states: {
        resting: {
          description: 'Nothing changed since the last survey, or nothing is wanted.',
          always: { guard: and(['mayLook', released]), target: 'surveying' },
        },
        surveying: {
          description: 'What of the wanted work is ready, closed, complete?',
          entry: assign({ look: false }),
          invoke: {
            id: 'survey',
            src: 'surveyIssues',
            input: ({ context }) => ({
              rig: context.rig,
              epics: context.wanted.epics,
              issues: context.wanted.issues,
              escalated: [...context.escalated, ...usedUpIds(context)],
              usedUp: usedUpIds(context),
              agentsHeld: agentsHeld(context),
              underway: [...underway(context), ...context.returned.map(({ issue }) => issue)],
              holders: Object.keys(context.workers).map((name) => polecatOf(context.rig, name)),
              most: room(context) + spare,
            }),
            onDone: {
              target: 'choosing',
              actions: {
                type: 'news',
                params: ({ event }) => [(context) => surveyed(context, event.output), seen(event.output)],
              },
            },
            onError: {
              target: 'puzzled',
              actions: { type: 'news', params: ({ event }) => [unread(wordsOf(event.error))] },
            },
          },
        },
        puzzled: {
          description: 'The beads could not be read. Again, after a longer while each time.',
          after: { surveyAgain: 'surveying' },
        },
        choosing: {
          description: 'Is there room, and something to put there?',
          always: [
            {
              guard: and(['mayStart', released]),
              target: 'claiming',
              actions: assign({
                choice: ({ context }) => choose(context) ?? null,
                chosenFor: ({ context }) => freeName(Object.keys(context.workers)),
              }),
            },
            { guard: and(['seesTooLittle', released]), target: 'looking_further' },
            { guard: 'dayIsUsedUp', target: 'until_tomorrow' },
            { target: 'resting' },
          ],
        },
        until_tomorrow: {
          description:
            'The budget of the day is used up. It is looked again when the day is over, or anything changes.',
          always: { guard: and(['mayLook', released]), target: 'surveying' },
          after: { leftOfDay: { target: 'resting', actions: { type: 'news', params: () => [dayIsOver, looksAgain] } } },
        },
        looking_further: {
          description: 'Others took what it was shown, and there is more: another look, in a moment.',
          always: { guard: and(['mayLook', released]), target: 'surveying' },
          after: { surveyRetry: 'surveying' },
        },
        claiming: {
          description: 'One worker an issue: the claim decides.',
          invoke: {
            id: 'claim',
            src: 'claimIssue',
            input: ({ context }) => ({
              rig: context.rig,
              issue: chosen(context).issue,
              holder: holderOf(context),
              previous: chosen(context).previous,
              accounts: countedSince(context),
            }),
            onDone: [
              {
                guard: and([{ type: 'answered', params: 'claimed' }, or(['noRoom', not(released), 'isUnpaid'])]),
                target: 'choosing',
                description:
                  'There may be fewer workers since it was chosen, or nobody may start, or no agent that it asks for: back, until one can.',
                actions: [
                  {
                    type: 'releaseIssue',
                    params: ({ context }) => ({
                      rig: context.rig,
                      issue: chosen(context).issue,
                      holder: holderOf(context),
                      status: 'open' as const,
                      note: '',
                    }),
                  },
                  { type: 'news', params: ({ event }) => [(context) => notBegun(context, event.output)] },
                ],
              },
              {
                guard: { type: 'answered', params: 'claimed' },
                target: 'spacing',
                actions: [
                  {
                    type: 'claimSlot',
                    params: ({ context }) => ({ pool: workersPool(context.rig), holder: holderOf(context) }),
                  },
                  {
                    type: 'news',
                    params: ({ event, context: { chosenFor } }) => [
                      (context) => claimed(context, event),
                      granted(event.output),
                      provided((event as { at?: number }).at ?? 0, chosenFor),
                    ],
                  },
                ],
              },
              {
                target: 'choosing',
                actions: { type: 'news', params: ({ event }) => [(context) => notHad(context, event.output)] },
              },
            ],
            onError: {
              target: 'claiming_again',
              actions: {
                type: 'note',
                params: ({ event }) => ({ text: `a claim could not be made: ${wordsOf(event.error)}` }),
              },
            },
          },
        },
        claiming_again: {
          description: 'It may have been made and its answer lost: the same claim once more, in a moment.',
          after: { surveyRetry: 'claiming' },
        },
        spacing: {
          description: 'Starts keep their distance (`worker_spawn_delay`).',
          always: { guard: not('spaced'), target: 'choosing' },
          after: { spawnDelay: 'choosing' },
        },
      },
    },
  },
})

const poke = (context: Context): Outgoing => ({ to: refineryOf(context.rig), type: 'queue.poked', body: {} })

export const witnessIgnores = ['message.sent'] as const
