// Keeper: the Witness's care for one worker, from its assignment to the last trace gone. (spec: Witness shutdown
// handler)
// Life: watching → pinning → killing → clearing → retired; `stranded` when something would not go.
// Never: in another order. Work is kept before the session ends, the session ends before the worktree goes.
import { assign, setup } from 'xstate'
import { polecatOf, sessionOf, witnessOf } from './address.ts'
import { causes, cleared, stranded } from './escalations.ts'
import type { MailBody, MailEvent, Outgoing, Preserved } from './mail.ts'
import { hands, words, wordsOf } from './profile.ts'

export const keeperUnderstands = [
  'worker.assigned',
  'polecat.working',
  'polecat.stopped',
  'polecat.stuck',
  'work.paused',
  'work.resumed',
  'shutdown.requested',
  'session.ended',
] as const
type Understands = MailEvent<(typeof keeperUnderstands)[number]>
type Ended = MailBody<'shutdown.requested'>

interface Context {
  rig: string
  polecat: string
  issue: string
  incarnation: number
  branch: string
  /** The Overseer has stopped it: it goes on when told to. */
  paused: boolean
  /** How it ended, in the polecat's words. */
  end: Ended | null
  kept: Preserved[]
  tries: number
  triesMax: number
  trouble: string
}

const placeOf = (context: Context) => ({
  rig: context.rig,
  polecat: context.polecat,
  incarnation: context.incarnation,
  branch: context.branch,
  issue: context.issue,
})
const kill = (context: Context, reason: 'killed' | 'stopped' | 'stalled'): Outgoing => ({
  to: sessionOf(context.rig, context.polecat),
  type: 'session.killRequested',
  body: { reason },
})
const found = ({ head, dirty }: { head: Preserved | null; dirty: Preserved | null }) =>
  [head, dirty].filter((pin) => pin !== null)
/** The same commit found twice is kept once. */
const withKept = (context: Context, more: Preserved[]) => [
  ...context.kept,
  ...more.filter(({ sha }) => !context.kept.some((pin) => pin.sha === sha)),
]

/** What failed is tried again; after its last try all is left as it is. */
const againOrStranded = (trouble: string) =>
  [
    {
      guard: 'triesLeft',
      target: 'again',
      actions: { type: 'failedOnce', params: ({ event }: Failed) => wordsOf(event.error) },
    },
    {
      target: '#keeper.stranded',
      actions: { type: 'failedOnce', params: ({ event }: Failed) => `${trouble}: ${wordsOf(event.error)}` },
    },
  ] as const
type Failed = { event: { error: unknown } }

export const keeperMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; polecat: string; triesMax: number },
  },
  actors: hands,
  actions: {
    ...words,
    pause: assign({ paused: true }),
    hear: assign((_, { issue, outcome, reason, tail, blockedBy, incarnation, branch, sha }: Ended) => ({
      issue,
      incarnation,
      branch,
      end: { issue, outcome, reason, tail, blockedBy, incarnation, branch, sha },
    })),
    failedOnce: assign(({ context }, trouble: string) => ({ tries: context.tries + 1, trouble })),
  },
  guards: {
    paused: ({ context }) => context.paused,
    handedOver: ({ event }) => event.type === 'shutdown.requested' && event.outcome === 'handed_over',
    triesLeft: ({ context }) => context.tries < context.triesMax,
  },
  delays: { retry: 3000 },
}).createMachine({
  id: 'keeper',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    polecat: input?.polecat ?? '',
    issue: '',
    incarnation: 0,
    branch: '',
    paused: false,
    end: null,
    kept: [],
    tries: 0,
    triesMax: input?.triesMax ?? 5,
    trouble: '',
  }),
  initial: 'watching',
  states: {
    watching: {
      description: 'The worker is at it.',
      on: {
        'worker.assigned': {
          description: 'The assignment comes first, before any worktree or session.',
          actions: [
            assign({ issue: ({ event }) => event.issue.id }),
            {
              type: 'mail',
              params: ({ context, event: { issue, resume, returned, attempt } }) => ({
                to: polecatOf(context.rig, context.polecat),
                type: 'worker.assigned',
                body: { issue, resume, returned, attempt },
              }),
            },
          ],
        },
        'polecat.working': [
          {
            guard: 'paused',
            description: 'Its session was begun when the Overseer stopped it: ended all the same.',
            actions: { type: 'mail', params: ({ context }) => kill(context, 'stopped') },
          },
          { description: 'As it should be.', actions: assign({}) },
        ],
        'polecat.stuck': {
          description: 'No progress for too long: the session is ended; the polecat begins again, or fails.',
          actions: [
            {
              type: 'note',
              params: ({ context, event }) => ({
                text: `${context.polecat} is stuck on ${event.issue}: ${event.reason}`,
                issue: event.issue,
              }),
            },
            { type: 'mail', params: ({ context }) => kill(context, 'stalled') },
          ],
        },
        'work.paused': {
          description: 'The Overseer stops it.',
          actions: [
            'pause',
            {
              type: 'mail',
              params: ({ context }) => [
                kill(context, 'stopped'),
                // Between two sessions there is none to end.
                { to: polecatOf(context.rig, context.polecat), type: 'work.paused', body: {} },
              ],
            },
          ],
        },
        'work.resumed': {
          description: 'It may go on.',
          actions: [
            assign({ paused: false }),
            {
              type: 'mail',
              params: ({ context }) => ({
                to: polecatOf(context.rig, context.polecat),
                type: 'work.resumed',
                body: {},
              }),
            },
          ],
        },
        'polecat.stopped': [
          { guard: 'paused', description: 'As the Overseer wanted; it waits.', actions: assign({}) },
          {
            description: 'The end of its session came after it had been told to go on: it goes on.',
            actions: { type: 'mail', params: ({ event }) => ({ to: event.from, type: 'work.resumed', body: {} }) },
          },
        ],
        'shutdown.requested': [
          {
            guard: 'handedOver',
            target: 'killing',
            description: 'Its commits are pinned and in the queue: nothing is lost by its end.',
            actions: { type: 'hear', params: ({ event }) => event },
          },
          {
            target: 'pinning',
            description: 'Whatever it leaves is kept first.',
            actions: { type: 'hear', params: ({ event }) => event },
          },
        ],
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
            input: ({ context }) => ({ ...placeOf(context), purpose: 'retire' as const }),
            onDone: {
              target: '#keeper.killing',
              actions: assign({ kept: ({ context, event }) => withKept(context, found(event.output)) }),
            },
            onError: againOrStranded('its work could not be kept'),
          },
        },
        again: { description: 'In a moment.', after: { retry: 'at_work' } },
      },
    },
    killing: {
      description: 'The session is asked to end; it answers when it has.',
      entry: { type: 'mail', params: ({ context }) => kill(context, 'killed') },
      on: { 'session.ended': { target: 'clearing' } },
    },
    clearing: {
      description: 'What the session still wrote is kept too, and then its place goes, in one step.',
      initial: 'at_work',
      states: {
        at_work: {
          description: 'Clearing.',
          invoke: {
            id: 'clear',
            src: 'clearPlace',
            input: ({ context }) => ({ ...placeOf(context), handedOver: context.end?.sha ?? null }),
            onDone: {
              target: '#keeper.retired',
              actions: [
                assign({ kept: ({ context, event }) => withKept(context, found(event.output)) }),
                {
                  type: 'note',
                  params: ({ context, event }) => ({
                    text: `${context.polecat} is retired${keptIn(found(event.output))}`,
                    issue: context.issue,
                  }),
                },
              ],
            },
            onError: againOrStranded('its worktree could not be removed'),
          },
        },
        again: { description: 'Something was in the way.', after: { retry: 'at_work' } },
      },
    },
    stranded: {
      description: 'Something would not go. All is left as it is, its slot is kept, and the Overseer decides.',
      entry: {
        type: 'mail',
        params: ({ context }) => stranded(context.rig, context.polecat, context.issue, context.trouble),
      },
      on: {
        'work.paused': {
          target: 'pinning',
          description: 'The Overseer says that it is to be tried once more.',
          actions: [
            assign({ tries: 0 }),
            { type: 'mail', params: ({ context }) => cleared(causes.remains(context.rig, context.polecat)) },
          ],
        },
      },
    },
    retired: {
      type: 'final',
      description: 'Nothing is left but what is kept.',
      entry: {
        type: 'mail',
        params: ({ context }) => {
          const { issue, outcome, reason, tail, blockedBy } = context.end as Ended
          const { polecat, incarnation, kept } = context
          return [
            { to: polecatOf(context.rig, polecat), type: 'polecat.retired', body: {} },
            {
              to: witnessOf(context.rig),
              type: 'worker.retired',
              body: { issue, outcome, reason, tail, blockedBy, polecat, incarnation, kept },
            },
          ]
        },
      },
    },
  },
})

const keptIn = (pins: readonly Preserved[]) =>
  pins.length === 0 ? '' : `; what it left is kept at ${pins.map(({ ref }) => ref).join(' and ')}`

/** Said twice, or late. */
export const keeperIgnores = [
  'message.sent',
  'worker.assigned',
  'polecat.working',
  'polecat.stopped',
  'polecat.stuck',
  'work.paused',
  'work.resumed',
  'shutdown.requested',
  'session.ended',
] as const
