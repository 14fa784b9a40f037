// Polecat: one incarnation of a worker, on one issue, in one worktree, from its first breath to its retirement.
// (spec: Polecat, Shutdown Protocol)
// Life: awaiting → preparing → starting → working → handing over → pending_shutdown → retired. Bottom-up: it asks to
// be ended when its work is in the queue.
// Never: kills its session, removes its worktree or deletes its branch; the Witness does, after it verified.
import { and, assign, setup } from 'xstate'
import { polecatOf, refineryOf, sessionOf, witnessOf } from './address.ts'
import { obstacle } from './handoff.ts'
import type { IssueBrief, MailEvent, Outgoing, Preserved, ReturnReason } from './mail.ts'
import { hands, outputOf, words, wordsOf } from './profile.ts'

export const polecatUnderstands = [
  'polecat.assigned',
  'session.started',
  'session.ended',
  'session.stalled',
  'handoff.requested',
  'merge.queued',
  'shutdown.refused',
  'work.returned',
  'work.paused',
  'work.resumed',
  'polecat.retired',
] as const
type Understands = MailEvent<(typeof polecatUnderstands)[number]>

interface Context {
  rig: string
  name: string
  address: string
  incarnation: number
  branch: string
  /** Starts so far, of a place and a session in it; and how many there may be. */
  starts: number
  startsMax: number
  refusals: number
  issue: IssueBrief | null
  resume: Preserved | null
  returned: ReturnReason | null
  attempt: number
  worktree: string
  /** The work as it was handed to the queue. */
  work: Preserved | null
  /** The handoff mails that somebody waits on. */
  askIds: string[]
  sessionOver: boolean
  /** The Overseer has stopped it: it starts nothing until it is resumed. */
  paused: boolean
  /** Its session has been silent for too long, said once a session. */
  silent: { ms: number; tail: string } | null
  lastEnd: { cause: string; exitCode: number | null; tail: string } | null
  trouble: string
}

const issueOf = (context: Context) => (context.issue as IssueBrief).id
const placeOf = ({ context }: { context: Context }) => ({
  rig: context.rig,
  polecat: context.name,
  incarnation: context.incarnation,
  branch: context.branch,
})

const stuck = (context: Context): Outgoing => ({
  to: witnessOf(context.rig),
  type: 'polecat.stuck',
  body: {
    issue: issueOf(context),
    reason: `no sign of progress for ${Math.round((context.silent?.ms ?? 0) / 1000)} s`,
    tail: context.silent?.tail ?? '',
  },
})

/** One answer, to everybody who asked for the handoff. */
const answer = (context: Context, ok: boolean, text: string) => context.askIds.map((to) => ({ to, ok, text }))

/** What keeps its place from being handed over, as an inspection found it. */
const inTheWay = (context: Context, event: object) =>
  obstacle(
    { address: context.address, branch: context.branch, issue: issueOf(context) },
    outputOf<'inspectWorktree'>(event),
  )

export const polecatMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; name: string; incarnation: number; startsMax: number },
  },
  actors: hands,
  actions: {
    ...words,
    rememberSilence: assign(({ event }) =>
      event.type === 'session.stalled' ? { silent: { ms: event.silentMs, tail: event.tail } } : {},
    ),
    rememberAsker: assign(({ context, event }) =>
      event.type === 'handoff.requested' ? { askIds: [...context.askIds, event.mailId] } : {},
    ),
    pause: assign({ paused: true }),
    resume: assign({ paused: false }),
    homeless: assign(({ context }, why: string) => ({ trouble: `no worktree for ${context.address}: ${why}` })),
    rememberEnd: assign(({ event }) =>
      event.type === 'session.ended'
        ? {
            sessionOver: true,
            silent: null,
            lastEnd: { cause: event.cause, exitCode: event.exitCode, tail: event.tail },
          }
        : {},
    ),
  },
  guards: {
    stoppedByTheOverseer: ({ context }) => context.paused || context.lastEnd?.cause === 'stopped',
    startsLeft: ({ context }) => context.starts < context.startsMax,
    sessionOver: ({ context }) => context.sessionOver,
    fromItself: ({ context, event }) =>
      'from' in event && (event.from === context.address || event.from === 'overseer'),
    fromItsWitness: ({ context, event }) => 'from' in event && event.from === witnessOf(context.rig),
    refusalsLeft: ({ context }) => context.refusals < 2,
    readyToHandOver: ({ context, event }) => inTheWay(context, event) === undefined,
    somethingPinned: ({ event }) => outputOf<'pinWork'>(event).head !== null,
  },
  delays: {
    /** 1 s, 2 s, 4 s … between starts that led nowhere. */
    startBackoff: ({ context }) => Math.min(60_000, 1000 * 2 ** Math.max(0, context.starts - 1)),
  },
}).createMachine({
  id: 'polecat',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    name: input?.name ?? '',
    address: input ? polecatOf(input.rig, input.name) : '',
    incarnation: input?.incarnation ?? 0,
    branch: input ? `polecat/${input.name}-${input.incarnation}` : '',
    starts: 0,
    startsMax: input?.startsMax ?? 3,
    refusals: 0,
    issue: null,
    resume: null,
    returned: null,
    attempt: 1,
    worktree: '',
    work: null,
    askIds: [],
    sessionOver: true,
    paused: false,
    silent: null,
    lastEnd: null,
    trouble: '',
  }),
  initial: 'awaiting',
  on: {
    'polecat.retired': {
      guard: 'fromItsWitness',
      target: '.retired',
      description: 'The Witness has taken everything down.',
    },
    'handoff.requested': {
      description: 'Not now.',
      actions: {
        type: 'reply',
        params: ({ context, event }) => ({
          to: event.mailId,
          ok: false,
          text: `${context.address} cannot hand off: it has no work in progress just now`,
        }),
      },
    },
    'session.ended': { actions: 'rememberEnd' },
    'session.stalled': {
      description: 'Silent while something else is decided: remembered, for when it is to go on.',
      actions: 'rememberSilence',
    },
    'work.paused': {
      guard: 'fromItsWitness',
      description: 'Its session is on its way out, or to be; none follows.',
      actions: 'pause',
    },
    'work.resumed': {
      guard: 'fromItsWitness',
      description: 'It was not stopped yet, or not at all.',
      actions: 'resume',
    },
    'work.returned': {
      description: 'Work it had queued came back while it goes on: its next session is told why.',
      actions: assign({ returned: ({ event }) => event.returned, attempt: ({ event }) => event.attempt }),
    },
  },
  states: {
    awaiting: {
      description: 'Born; the assignment comes first, before any worktree or session.',
      on: {
        'polecat.assigned': {
          guard: 'fromItsWitness',
          target: 'preparing',
          actions: assign(({ event }) => ({
            issue: event.issue,
            resume: event.resume,
            returned: event.returned,
            attempt: event.attempt,
          })),
        },
      },
    },
    preparing: {
      description:
        'Its worktree is being made, from main or from work that was preserved. Before every start: somebody may have removed it.',
      entry: assign({ starts: ({ context }) => context.starts + 1, trouble: '' }),
      invoke: {
        id: 'prepare',
        src: 'createWorktree',
        input: ({ context }) => ({ ...placeOf({ context }), start: context.resume }),
        onDone: { target: 'starting', actions: assign({ worktree: ({ event }) => event.output.path }) },
        onError: [
          {
            guard: 'startsLeft',
            target: 'backing_off',
            actions: { type: 'homeless', params: ({ event }) => wordsOf(event.error) },
          },
          { target: 'failed', actions: { type: 'homeless', params: ({ event }) => wordsOf(event.error) } },
        ],
      },
      on: { 'work.paused': { guard: 'fromItsWitness', target: 'stopped', actions: 'pause' } },
    },
    starting: {
      description: 'A session has been asked for.',
      entry: [
        assign({ sessionOver: false }),
        {
          type: 'mail',
          params: ({ context }) => ({
            to: sessionOf(context.rig, context.name),
            type: 'session.requested',
            body: {
              incarnation: context.incarnation,
              issue: context.issue as IssueBrief,
              worktree: context.worktree,
              branch: context.branch,
              returned: context.returned,
              attempt: context.attempt,
            },
          }),
        },
      ],
      on: {
        'session.started': { target: 'working', actions: assign({ sessionOver: false, silent: null }) },
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
      },
    },
    working: {
      description: 'An agent works on the issue in the worktree.',
      entry: [
        {
          type: 'note',
          params: ({ context }) => ({
            text: `${context.name} works on ${issueOf(context)} “${context.issue?.title}”${context.attempt > 1 ? ` (try ${context.attempt})` : ''}`,
            issue: issueOf(context),
          }),
        },
        {
          type: 'mail',
          params: ({ context }) => ({
            to: witnessOf(context.rig),
            type: 'polecat.working',
            body: { issue: issueOf(context), incarnation: context.incarnation, branch: context.branch },
          }),
        },
      ],
      on: {
        'handoff.requested': { guard: 'fromItself', target: 'handing_over', actions: 'rememberAsker' },
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
        'session.stalled': {
          description: 'Silent for too long: only the Witness may end the run.',
          actions: ['rememberSilence', { type: 'mail', params: ({ context }) => stuck(context) }],
        },
      },
    },
    interrupted: {
      description: 'The session is over without a handoff.',
      always: [
        { guard: 'stoppedByTheOverseer', target: 'stopped' },
        { guard: 'startsLeft', target: 'backing_off' },
        {
          target: 'failed',
          actions: assign({
            trouble: ({ context }) => {
              const end = context.lastEnd
              const how =
                end?.cause === 'failed'
                  ? 'the session never started'
                  : end?.cause === 'stalled'
                    ? 'the session showed no progress'
                    : `the session ended without a handoff (exit ${end?.exitCode ?? 'unknown'})`
              return `${how}, ${context.starts} times`
            },
          }),
        },
      ],
    },
    stopped: {
      description: 'The Overseer stopped the session. Goes on when told to; no try is counted.',
      entry: [
        assign({ starts: ({ context }) => Math.max(0, context.starts - 1) }),
        {
          type: 'mail',
          params: ({ context }) => ({
            to: witnessOf(context.rig),
            type: 'polecat.stopped',
            body: { issue: issueOf(context) },
          }),
        },
      ],
      on: { 'work.resumed': { guard: 'fromItsWitness', target: 'preparing', actions: 'resume' } },
    },
    backing_off: {
      description: 'A pause before the next start, longer each time.',
      entry: {
        type: 'note',
        params: ({ context }) => ({
          text: `${context.trouble || `${context.name}'s session ${context.lastEnd?.cause === 'failed' ? 'did not start' : `ended without a handoff (exit ${context.lastEnd?.exitCode ?? 'unknown'})`}`}; start ${context.starts + 1} of ${context.startsMax} follows`,
          issue: issueOf(context),
        }),
      },
      after: { startBackoff: 'preparing' },
      on: {
        'work.paused': {
          guard: 'fromItsWitness',
          target: 'stopped',
          actions: ['pause', assign({ starts: ({ context }) => context.starts + 1 })],
        },
      },
    },
    handing_over: {
      description: 'The worker says it is done: is its tree clean, and is there work?',
      initial: 'inspecting',
      on: {
        'handoff.requested': {
          guard: 'fromItself',
          description: 'Asked again: each asker gets the answer.',
          actions: 'rememberAsker',
        },
      },
      states: {
        inspecting: {
          description: 'Git says what is there.',
          invoke: {
            id: 'inspect',
            src: 'inspectWorktree',
            input: placeOf,
            onDone: [
              { guard: 'readyToHandOver', target: 'pinning' },
              {
                target: 'refused',
                actions: {
                  type: 'reply',
                  params: ({ context, event }) => answer(context, false, inTheWay(context, event) ?? ''),
                },
              },
            ],
            onError: {
              target: 'refused',
              actions: { type: 'reply', params: ({ context, event }) => answer(context, false, wordsOf(event.error)) },
            },
          },
        },
        pinning: {
          description: 'The commits are put under a ref that outlives the branch.',
          invoke: {
            id: 'pin',
            src: 'pinWork',
            input: ({ context }) => ({ ...placeOf({ context }), issue: issueOf(context), purpose: 'merge' as const }),
            onDone: [
              {
                guard: 'somethingPinned',
                target: 'queueing',
                actions: assign({ work: ({ event }) => event.output.head }),
              },
              {
                target: 'refused',
                actions: {
                  type: 'reply',
                  params: ({ context }) => answer(context, false, `${context.branch} has no commit that main lacks`),
                },
              },
            ],
            onError: {
              target: 'refused',
              actions: { type: 'reply', params: ({ context, event }) => answer(context, false, wordsOf(event.error)) },
            },
          },
        },
        queueing: {
          description: 'The Refinery is asked to take it; without its word there is no shutdown.',
          entry: {
            type: 'mail',
            params: ({ context }) => ({
              to: refineryOf(context.rig),
              type: 'merge.requested',
              body: {
                issue: issueOf(context),
                title: context.issue?.title ?? '',
                polecat: context.name,
                branch: context.branch,
                sha: context.work?.sha ?? '',
                ref: context.work?.ref ?? '',
                priority: context.issue?.priority ?? 2,
              },
            }),
          },
          on: { 'merge.queued': { target: '#polecat.pending_shutdown' } },
        },
        refused: {
          description: 'Not yet. Back to work, if there is still somebody to work.',
          entry: assign({ askIds: [] }),
          always: [{ guard: 'sessionOver', target: '#polecat.interrupted' }, { target: '#polecat.back_to_work' }],
        },
      },
    },
    back_to_work: {
      description: 'The same session goes on where it was. One that is silent already will not: the Witness is told.',
      entry: { type: 'mail', params: ({ context }) => (context.silent ? stuck(context) : []) },
      on: {
        'handoff.requested': { guard: 'fromItself', target: 'handing_over', actions: 'rememberAsker' },
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
        'session.stalled': {
          actions: ['rememberSilence', { type: 'mail', params: ({ context }) => stuck(context) }],
        },
      },
    },
    pending_shutdown: {
      description: 'The work is in the queue. Asks to be ended and waits; only the Witness kills.',
      entry: [
        {
          type: 'reply',
          params: ({ context }) =>
            answer(
              context,
              true,
              `${issueOf(context)} is in the merge queue at ${context.work?.sha.slice(0, 10)}; the Witness ends this session`,
            ),
        },
        {
          type: 'note',
          params: ({ context }) => ({
            text: `${context.name} hands ${issueOf(context)} over and asks to be shut down`,
            issue: issueOf(context),
          }),
        },
        {
          type: 'mail',
          params: ({ context }) => ({
            to: witnessOf(context.rig),
            type: 'shutdown.requested',
            body: {
              issue: issueOf(context),
              incarnation: context.incarnation,
              branch: context.branch,
              sha: context.work?.sha ?? '',
            },
          }),
        },
      ],
      on: {
        'handoff.requested': {
          guard: 'fromItself',
          description: 'Said twice, done once.',
          actions: {
            type: 'reply',
            params: ({ context, event }) => ({
              to: event.mailId,
              ok: true,
              text: `${issueOf(context)} is handed over already; the Witness ends this session`,
            }),
          },
        },
        'shutdown.refused': [
          {
            guard: and(['fromItsWitness', 'refusalsLeft']),
            target: 'handing_over.refused',
            description: 'The Witness found something uncommitted: back to the worker.',
            actions: [
              assign({ refusals: ({ context }) => context.refusals + 1 }),
              {
                type: 'note',
                params: ({ context, event }) => ({
                  text: `the Witness sends ${context.name} back: ${event.reason}`,
                  issue: issueOf(context),
                }),
              },
            ],
          },
          {
            guard: 'fromItsWitness',
            target: 'failed',
            actions: assign({ trouble: ({ event }) => `not clean after 3 tries: ${event.reason}` }),
          },
        ],
      },
    },
    failed: {
      description: 'It cannot go on. The Witness keeps the work, takes the place down and escalates.',
      entry: {
        type: 'mail',
        params: ({ context }) => ({
          to: witnessOf(context.rig),
          type: 'polecat.failed',
          body: {
            issue: issueOf(context),
            incarnation: context.incarnation,
            branch: context.branch,
            reason: context.trouble,
            tail: context.lastEnd?.tail ?? '',
          },
        }),
      },
    },
    retired: { type: 'final', description: 'Session ended, worktree removed, branch deleted, work safe.' },
  },
})

/** Late or repeated news, and people's words, which are kept as beads. */
export const polecatIgnores = [
  'message.sent',
  'session.started',
  'session.stalled',
  'work.returned',
  'work.paused',
  'work.resumed',
  'merge.queued',
  'shutdown.refused',
  'polecat.retired',
  'polecat.assigned',
] as const
