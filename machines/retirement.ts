// Retirement: the Witness's hands on one polecat, from the request to the last trace gone. (spec: Witness shutdown
// handler)
// Life: awaiting → verifying → pinning → killing → pinning the rest → removing → deleting the branch → retired;
// `refused` when it is not safe.
// Never: in another order. Work is pinned before the session ends, the session ends before the worktree goes, the
// worktree before the branch.
import { and, assign, setup } from 'xstate'
import { sessionOf, witnessOf } from './address.ts'
import type { MailEvent, Preserved } from './mail.ts'
import { hands, outputOf, words, wordsOf } from './profile.ts'

export const retirementUnderstands = ['retirement.requested', 'session.ended'] as const
type Understands = MailEvent<(typeof retirementUnderstands)[number]>

interface Context {
  rig: string
  polecat: string
  incarnation: number
  issue: string
  branch: string
  purpose: 'handoff' | 'failure' | 'recall'
  pin: Preserved | null
  triesLeft: number
  trouble: string
  dirty: string[]
}

const placeOf = ({ context }: { context: Context }) => ({
  rig: context.rig,
  polecat: context.polecat,
  incarnation: context.incarnation,
  branch: context.branch,
})
const pinOf = ({ context }: { context: Context }) => ({
  ...placeOf({ context }),
  issue: context.issue,
  purpose: 'retire' as const,
})

export const retirementMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; polecat: string; triesMax: number },
  },
  actors: hands,
  actions: words,
  guards: {
    triesLeft: ({ context }) => context.triesLeft > 0,
    fromItsWitness: ({ context, event }) => 'from' in event && event.from === witnessOf(context.rig),
    handedOver: ({ event }) => 'purpose' in event && event.purpose === 'handoff',
    uncommitted: ({ event }) => {
      const found = outputOf<'inspectWorktree'>(event)
      return found.kind === 'found' && found.dirty.length > 0
    },
  },
  delays: { retry: 3000 },
}).createMachine({
  id: 'retirement',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    polecat: input?.polecat ?? '',
    incarnation: 0,
    issue: '',
    branch: '',
    purpose: 'handoff',
    pin: null,
    triesLeft: input?.triesMax ?? 5,
    trouble: '',
    dirty: [],
  }),
  initial: 'awaiting',
  states: {
    awaiting: {
      description: 'Nothing to take down yet.',
      on: {
        'retirement.requested': [
          {
            guard: and(['fromItsWitness', 'handedOver']),
            target: 'verifying',
            actions: assign(({ event }) => ({
              incarnation: event.incarnation,
              issue: event.issue,
              branch: event.branch,
              purpose: event.purpose,
            })),
          },
          {
            guard: 'fromItsWitness',
            target: 'pinning',
            actions: assign(({ event }) => ({
              incarnation: event.incarnation,
              issue: event.issue,
              branch: event.branch,
              purpose: event.purpose,
            })),
          },
        ],
      },
    },
    verifying: {
      description: 'Is anything there that was not committed?',
      invoke: {
        id: 'verify',
        src: 'inspectWorktree',
        input: placeOf,
        onDone: [
          {
            guard: 'uncommitted',
            target: 'refused',
            actions: assign({
              dirty: ({ event }) => (event.output.kind === 'found' ? event.output.dirty : []),
              trouble: ({ event }) =>
                event.output.kind === 'found' ? `${event.output.dirty.length} uncommitted files` : '',
            }),
          },
          { target: 'pinning' },
        ],
        onError: { target: 'pinning', description: 'Unreadable: then nothing is judged, everything is pinned.' },
      },
    },
    pinning: {
      description: 'Commits and uncommitted files are put under a ref before anything is touched.',
      initial: 'at_work',
      states: {
        at_work: {
          description: 'Pinning.',
          invoke: {
            id: 'pin',
            src: 'pinWork',
            input: pinOf,
            onDone: {
              target: '#retirement.killing',
              actions: assign({ pin: ({ event }) => event.output.dirty ?? event.output.head }),
            },
            onError: [
              {
                guard: 'triesLeft',
                target: 'again',
                actions: assign({
                  triesLeft: ({ context }) => context.triesLeft - 1,
                  trouble: ({ event }) => wordsOf(event.error),
                }),
              },
              {
                target: '#retirement.failed',
                actions: assign({ trouble: ({ event }) => `its work could not be pinned: ${wordsOf(event.error)}` }),
              },
            ],
          },
        },
        again: { description: 'In a moment.', after: { retry: 'at_work' } },
      },
    },
    killing: {
      description: 'The session is asked to end; it answers when it has.',
      entry: {
        type: 'mail',
        params: ({ context }) => ({
          to: sessionOf(context.rig, context.polecat),
          type: 'session.killRequested',
          body: { reason: 'killed' },
        }),
      },
      on: { 'session.ended': { target: 'pinning_the_rest' } },
    },
    pinning_the_rest: {
      description: 'What the session still wrote before its end is kept too.',
      initial: 'at_work',
      states: {
        at_work: {
          description: 'Pinning.',
          invoke: {
            id: 'pinRest',
            src: 'pinWork',
            input: pinOf,
            onDone: {
              target: '#retirement.removing',
              actions: assign({ pin: ({ context, event }) => event.output.dirty ?? event.output.head ?? context.pin }),
            },
            onError: [
              {
                guard: 'triesLeft',
                target: 'again',
                actions: assign({
                  triesLeft: ({ context }) => context.triesLeft - 1,
                  trouble: ({ event }) => wordsOf(event.error),
                }),
              },
              {
                target: '#retirement.failed',
                actions: assign({ trouble: ({ event }) => `its work could not be pinned: ${wordsOf(event.error)}` }),
              },
            ],
          },
        },
        again: { description: 'In a moment.', after: { retry: 'at_work' } },
      },
    },
    removing: {
      description: 'The worktree goes, now that nothing in it can be lost.',
      initial: 'at_work',
      states: {
        at_work: {
          description: 'Removing.',
          invoke: {
            id: 'remove',
            src: 'removeWorktree',
            input: placeOf,
            onDone: { target: '#retirement.deleting_branch' },
            onError: [
              {
                guard: 'triesLeft',
                target: 'again',
                actions: assign({
                  triesLeft: ({ context }) => context.triesLeft - 1,
                  trouble: ({ event }) => wordsOf(event.error),
                }),
              },
              {
                target: '#retirement.failed',
                actions: assign({
                  trouble: ({ event }) => `its worktree could not be removed: ${wordsOf(event.error)}`,
                }),
              },
            ],
          },
        },
        again: {
          description: 'Something was in the way; pin again, then remove.',
          after: { retry: '#retirement.pinning_the_rest' },
        },
      },
    },
    deleting_branch: {
      description: 'The branch goes only when its commits are on main or pinned.',
      invoke: {
        id: 'deleteBranch',
        src: 'deleteBranch',
        input: placeOf,
        onDone: { target: 'retired' },
        onError: {
          target: 'retired',
          actions: {
            type: 'note',
            params: ({ context, event }) => ({ text: `branch ${context.branch} stays: ${wordsOf(event.error)}` }),
          },
        },
      },
    },
    retired: {
      type: 'final',
      description: 'Nothing is left but the pins.',
      entry: {
        type: 'mail',
        params: ({ context }) => ({
          to: witnessOf(context.rig),
          type: 'polecat.retired',
          body: {
            polecat: context.polecat,
            incarnation: context.incarnation,
            issue: context.issue,
            purpose: context.purpose,
            pin: context.pin,
          },
        }),
      },
    },
    refused: {
      type: 'final',
      description: 'Not safe: the worker must finish first.',
      entry: {
        type: 'mail',
        params: ({ context }) => ({
          to: witnessOf(context.rig),
          type: 'retirement.refused',
          body: {
            polecat: context.polecat,
            incarnation: context.incarnation,
            issue: context.issue,
            reason: `${context.trouble} (${context.dirty.slice(0, 5).join(', ')})`,
            files: context.dirty,
          },
        }),
      },
    },
    failed: {
      type: 'final',
      description: 'Something would not be done. Everything is left as it is, and the Witness escalates.',
      entry: {
        type: 'mail',
        params: ({ context }) => ({
          to: witnessOf(context.rig),
          type: 'retirement.failed',
          body: {
            polecat: context.polecat,
            incarnation: context.incarnation,
            issue: context.issue,
            reason: context.trouble,
          },
        }),
      },
    },
  },
})

/** A second request while at work is the same retirement; a session's end heard twice is one end. */
export const retirementIgnores = ['retirement.requested', 'session.ended', 'message.sent'] as const
