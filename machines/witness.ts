// Witness: the pit boss of one rig. Finds what is ready, gives it to workers within the rig's capacity, and takes
// every worker down again. (spec: Witness)
// Life: two regions side by side. `dispatch`: resting → surveying → claiming → spacing → …; `brake`: released or
// pulled by the Overseer.
// Never: works on an issue, lands anything, or removes a worker's place by itself: its retirements do, in order.
import { and, assign, enqueueActions, not, setup, stateIn } from 'xstate'
import { mayor, polecatOf, retirementOf, sessionOf } from './address.ts'
import { cameBack, cannotLand, causes, cleared, gaveUp, stranded } from './escalations.ts'
import type { MailEvent, Outgoing } from './mail.ts'
import { freeName } from './names.ts'
import { hands, verdicts, words, wordsOf, workersPool } from './profile.ts'
import { type Candidate, fromReady, nextStart } from './waves.ts'

export const witnessUnderstands = [
  'work.assigned',
  'issues.changed',
  'rig.configured',
  'polecat.working',
  'polecat.stopped',
  'polecat.stuck',
  'session.stopRequested',
  'polecat.failed',
  'shutdown.requested',
  'retirement.refused',
  'retirement.failed',
  'polecat.retired',
  'merge.queued',
  'merge.landed',
  'merge.returned',
  'merge.stuck',
  'merge.unstuck',
  'rig.stopped',
  'rig.resumed',
] as const
type Understands = MailEvent<(typeof witnessUnderstands)[number]>

export interface Worker {
  issue: string
  title: string
  attempt: number
  /** 0 until the polecat has told it. */
  incarnation: number
  branch: string
  phase: 'assigned' | 'working' | 'failed' | 'retiring'
  /** Something of it could not be taken down: the Overseer was asked. */
  stranded: boolean
  since: number
}

export interface WitnessContext {
  rig: string
  maxWorkers: number
  spawnDelayMs: number
  /** Tries at landing an issue, all workers together. */
  triesMax: number
  wanted: { epics: string[]; issues: string[] }
  /** Issues whose preserved work is not to be taken up again. */
  fresh: string[]
  workers: Record<string, Worker>
  /** Handed over, not landed yet. */
  queued: Record<string, { polecat: string; attempt: number }>
  ready: Candidate[]
  returned: Candidate[]
  /** How often an issue's work came back so far. */
  tries: Record<string, number>
  choice: Candidate | null
  /** Who is to have it: kept with the choice, so that a claim whose answer was lost is made again by the same. */
  chosenFor: string
  /** Stopped one by one by the Overseer; they go on with the next `rig.resumed`. */
  paused: string[]
  /** Issues the Overseer was asked about, until they land, are asked for again, or are let go. */
  escalated: string[]
  /** Something changed since the last survey. */
  look: boolean
}

type Context = WitnessContext

const busyIssues = (context: Context) => [
  ...Object.values(context.workers).map((worker) => worker.issue),
  ...Object.keys(context.queued),
]
const hasRoom = (context: Context) => Object.keys(context.workers).length < context.maxWorkers
const choose = (context: Context) => nextStart(context.returned, context.ready, busyIssues(context))
const workerOf = (context: Context, issue: string) =>
  Object.entries(context.workers).find(([, worker]) => worker.issue === issue)
const without = <T>(record: Record<string, T>, key: string) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
const nameIn = (address: string) => address.split('/')[2] ?? ''
/** The workers, one of them changed; one that is not known stays so. */
function changed(context: Context, name: string, changes: Partial<Worker>): Context['workers'] {
  const worker = context.workers[name]
  return worker ? { ...context.workers, [name]: { ...worker, ...changes } } : context.workers
}
const withEscalated = (context: Context, issue: string) => [...new Set([...context.escalated, issue])]

/**
 * What the answer to a request for work is, when the issue cannot simply be started. One whose worker gave up is to
 * be had, once that one is taken down.
 */
function heldBy(context: Context, issue: string): string | undefined {
  const worker = workerOf(context, issue)
  if (worker && worker[1].phase !== 'failed') return `${issue} is held by ${polecatOf(context.rig, worker[0])}`
  if (context.queued[issue]) return `${issue} waits in the merge queue of ${context.rig}`
  return undefined
}

const released = stateIn('#witness.brake.released')

export const witnessMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; maxWorkers: number; spawnDelayMs: number; triesMax: number },
  },
  actors: hands,
  actions: {
    ...words,
    lookAgain: assign({ look: true }),
    begun: assign(({ context, event }) => {
      if (event.type !== 'polecat.working') return {}
      const name = nameIn(event.from)
      const worker = context.workers[name]
      if (!worker || worker.issue !== event.issue || worker.phase === 'retiring') return {}
      return {
        workers: {
          ...context.workers,
          [name]: { ...worker, incarnation: event.incarnation, branch: event.branch, phase: 'working' as const },
        },
      }
    }),
  },
  guards: {
    ...verdicts,
    mayLook: ({ context }) =>
      context.look &&
      context.wanted.epics.length + context.wanted.issues.length + context.returned.length + context.escalated.length >
        0,
    mayStart: ({ context }) => hasRoom(context) && choose(context) !== undefined,
    noRoom: ({ context }) => !hasRoom(context),
    paused: ({ context, event }) => 'from' in event && context.paused.includes(nameIn(event.from)),
    works: ({ context, event }) =>
      event.type === 'session.stopRequested' && context.workers[event.polecat] !== undefined,
    stranded: ({ context, event }) =>
      event.type === 'session.stopRequested' && context.workers[event.polecat]?.stranded === true,
    spaced: ({ context }) => context.spawnDelayMs > 0,
    firstTriesLeft: ({ context, event }) =>
      event.type === 'merge.returned' && (context.tries[event.issue] ?? 0) + 1 < context.triesMax,
  },
  delays: { surveyRetry: 5000, spawnDelay: ({ context }) => context.spawnDelayMs },
}).createMachine({
  id: 'witness',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    maxWorkers: input?.maxWorkers ?? 1,
    spawnDelayMs: input?.spawnDelayMs ?? 0,
    triesMax: input?.triesMax ?? 3,
    wanted: { epics: [], issues: [] },
    fresh: [],
    workers: {},
    queued: {},
    ready: [],
    returned: [],
    tries: {},
    choice: null,
    chosenFor: '',
    paused: [],
    escalated: [],
    look: false,
  }),
  type: 'parallel',
  on: {
    'work.assigned': {
      description: 'The Mayor wants an epic or issues done. Whoever asked is told at once what becomes of it.',
      actions: [
        {
          type: 'reply',
          params: ({ context, event }) => {
            const held = event.issues.length === 1 ? heldBy(context, event.issues[0] as string) : undefined
            const what = event.epic ?? event.issues.join(', ')
            return { to: event.askId, ok: held === undefined, text: held ?? `${what} is with ${context.rig}/witness` }
          },
        },
        {
          type: 'mail',
          params: ({ context, event }) =>
            event.issues
              .filter((issue) => heldBy(context, issue) === undefined)
              .map((issue): Outgoing => cleared(causes.issue(context.rig, issue))),
        },
        assign(({ context, event }) => {
          const asked = event.issues.filter((issue) => heldBy(context, issue) === undefined)
          return {
            wanted: {
              epics:
                event.epic && !context.wanted.epics.includes(event.epic)
                  ? [...context.wanted.epics, event.epic]
                  : context.wanted.epics,
              issues: [...new Set([...context.wanted.issues, ...asked])],
            },
            fresh: event.fresh
              ? [...new Set([...context.fresh, ...asked])]
              : context.fresh.filter((issue) => !asked.includes(issue)),
            tries: Object.fromEntries(Object.entries(context.tries).filter(([issue]) => !asked.includes(issue))),
            escalated: context.escalated.filter((issue) => !asked.includes(issue)),
            look: true,
          }
        }),
      ],
    },
    'issues.changed': { description: 'Somebody wrote to the rig’s beads.', actions: 'lookAgain' },
    'rig.configured': {
      description: 'The rig’s configuration, as it is now.',
      actions: [
        assign({
          maxWorkers: ({ event }) => event.maxWorkers,
          spawnDelayMs: ({ event }) => event.spawnDelayMs,
          look: true,
        }),
        {
          type: 'acceptCapacity',
          params: ({ context, event }) => ({ pool: workersPool(context.rig), places: event.maxWorkers }),
        },
      ],
    },

    'polecat.working': [
      {
        guard: 'paused',
        description: 'Its session was begun when the Overseer stopped it: ended all the same.',
        actions: [
          'begun',
          {
            type: 'mail',
            params: ({ context, event }) => ({
              to: sessionOf(context.rig, nameIn(event.from)),
              type: 'session.killRequested',
              body: { reason: 'stopped' },
            }),
          },
        ],
      },
      { description: 'A worker has begun.', actions: 'begun' },
    ],
    'polecat.stuck': {
      description: 'No progress for too long: the session is ended; the polecat begins again, or fails.',
      actions: [
        {
          type: 'note',
          params: ({ event }) => ({
            text: `${nameIn(event.from)} is stuck on ${event.issue}: ${event.reason}`,
            issue: event.issue,
          }),
        },
        {
          type: 'mail',
          params: ({ context, event }) => ({
            to: sessionOf(context.rig, nameIn(event.from)),
            type: 'session.killRequested',
            body: { reason: 'stalled' },
          }),
        },
      ],
    },
    'session.stopRequested': [
      {
        guard: 'stranded',
        description: 'What could not be taken down is taken down once more.',
        actions: [
          {
            type: 'mail',
            params: ({ context, event }) => {
              const { incarnation, issue, branch } = context.workers[event.polecat] as Worker
              return [
                cleared(causes.remains(context.rig, event.polecat)),
                {
                  to: retirementOf(context.rig, event.polecat),
                  type: 'retirement.requested',
                  body: { polecat: event.polecat, incarnation, issue, branch, purpose: 'recall' },
                },
              ]
            },
          },
          assign({ workers: ({ context, event }) => changed(context, event.polecat, { stranded: false }) }),
        ],
      },
      {
        guard: 'works',
        description: 'The Overseer stops one worker.',
        actions: [
          assign({ paused: ({ context, event }) => [...new Set([...context.paused, event.polecat])] }),
          {
            type: 'mail',
            params: ({ context, event }) => [
              { to: sessionOf(context.rig, event.polecat), type: 'session.killRequested', body: { reason: 'stopped' } },
              // Between two sessions there is none to end.
              { to: polecatOf(context.rig, event.polecat), type: 'work.paused', body: {} },
            ],
          },
        ],
      },
      { description: 'It has ended meanwhile.', actions: assign({}) },
    ],
    'polecat.failed': {
      description: 'A worker cannot go on: keep its work, take it down, and let the Overseer decide.',
      actions: [
        {
          type: 'note',
          params: ({ event }) => ({
            text: `${nameIn(event.from)} gave up on ${event.issue}: ${event.reason}`,
            issue: event.issue,
          }),
        },
        {
          type: 'releaseIssue',
          params: ({ context, event }) => ({
            rig: context.rig,
            issue: event.issue,
            holder: event.from,
            status: 'blocked' as const,
            note: `Escalated: ${event.reason}`,
          }),
        },
        {
          type: 'mail',
          params: ({ context, event }) => [
            gaveUp(context.rig, context.workers[nameIn(event.from)]?.title ?? '', event),
            {
              to: retirementOf(context.rig, nameIn(event.from)),
              type: 'retirement.requested',
              body: {
                polecat: nameIn(event.from),
                incarnation: event.incarnation,
                issue: event.issue,
                branch: event.branch,
                purpose: 'failure',
              },
            },
          ],
        },
        assign(({ context, event }) => ({
          wanted: { ...context.wanted, issues: context.wanted.issues.filter((issue) => issue !== event.issue) },
          escalated: withEscalated(context, event.issue),
          workers: changed(context, nameIn(event.from), {
            incarnation: event.incarnation,
            branch: event.branch,
            phase: 'failed',
          }),
        })),
      ],
    },
    'shutdown.requested': {
      description:
        'A worker is done and asks to be ended: a retirement verifies, then ends it. (spec: Witness shutdown handler)',
      actions: [
        {
          type: 'mail',
          params: ({ context, event }) => ({
            to: retirementOf(context.rig, nameIn(event.from)),
            type: 'retirement.requested',
            body: {
              polecat: nameIn(event.from),
              incarnation: event.incarnation,
              issue: event.issue,
              branch: event.branch,
              purpose: 'handoff',
            },
          }),
        },
        assign({
          workers: ({ context, event }) =>
            changed(context, nameIn(event.from), {
              incarnation: event.incarnation,
              branch: event.branch,
              phase: 'retiring',
            }),
        }),
      ],
    },
    'retirement.refused': {
      description: 'It was not safe to end it: back to the worker.',
      actions: [
        {
          type: 'mail',
          params: ({ context, event }) => ({
            to: polecatOf(context.rig, event.polecat),
            type: 'shutdown.refused',
            body: { reason: event.reason, files: event.files },
          }),
        },
        assign({
          workers: ({ context, event }) => changed(context, event.polecat, { phase: 'working' }),
        }),
      ],
    },
    'retirement.failed': {
      description: 'Something of the worker could not be taken down. It keeps its slot until the Overseer has looked.',
      actions: [
        { type: 'mail', params: ({ context, event }) => stranded(context.rig, event) },
        assign({
          // One that never told its branch has nothing that could be taken down.
          workers: ({ context, event }) =>
            changed(context, event.polecat, { stranded: context.workers[event.polecat]?.branch !== '' }),
        }),
      ],
    },
    'polecat.retired': {
      description: 'Nothing of the worker is left but its pins: its slot and its name are free.',
      actions: [
        {
          type: 'note',
          params: ({ event }) => ({
            text: `${event.polecat} is retired${event.pin && event.purpose !== 'handoff' ? `; its work is kept at ${event.pin.ref}` : ''}`,
            issue: event.issue,
          }),
        },
        {
          type: 'freeSlot',
          params: ({ context, event }) => ({
            pool: workersPool(context.rig),
            holder: polecatOf(context.rig, event.polecat),
          }),
        },
        {
          type: 'mail',
          params: ({ context, event }) => ({
            to: polecatOf(context.rig, event.polecat),
            type: 'polecat.retired',
            body: {
              polecat: event.polecat,
              incarnation: event.incarnation,
              issue: event.issue,
              purpose: event.purpose,
              pin: event.pin,
            },
          }),
        },
        assign({
          workers: ({ context, event }) => without(context.workers, event.polecat),
          paused: ({ context, event }) => context.paused.filter((name) => name !== event.polecat),
          look: true,
        }),
      ],
    },

    'merge.queued': {
      description: 'The Refinery has it.',
      actions: assign({
        queued: ({ context, event }) => ({
          ...context.queued,
          [event.issue]: {
            polecat: event.polecat,
            attempt: workerOf(context, event.issue)?.[1].attempt ?? (context.tries[event.issue] ?? 0) + 1,
          },
        }),
      }),
    },
    'merge.landed': {
      description: 'On main, confirmed, closed. What waited for it may start.',
      actions: [
        {
          type: 'mail',
          params: ({ context, event }) => [
            {
              to: mayor,
              type: 'issue.landed',
              body: { rig: context.rig, issue: event.issue, title: event.title, commit: event.commit },
            },
            cleared(causes.issue(context.rig, event.issue)),
          ],
        },
        assign({
          queued: ({ context, event }) => without(context.queued, event.issue),
          tries: ({ context, event }) => without(context.tries, event.issue),
          returned: ({ context, event }) => context.returned.filter((candidate) => candidate.issue !== event.issue),
          escalated: ({ context, event }) => context.escalated.filter((issue) => issue !== event.issue),
          look: true,
        }),
      ],
    },
    'merge.returned': [
      {
        guard: 'firstTriesLeft',
        description:
          'Back to a worker: its own session if it is still at it, else a new polecat on the preserved work.',
        actions: [
          {
            type: 'mail',
            params: ({ context, event }) => {
              const worker = workerOf(context, event.issue)
              if (worker?.[1].phase !== 'working') return []
              return {
                to: polecatOf(context.rig, worker[0]),
                type: 'work.returned',
                body: { issue: event.issue, returned: event.returned, attempt: (context.tries[event.issue] ?? 0) + 2 },
              }
            },
          },
          assign(({ context, event }) => {
            const tries = (context.tries[event.issue] ?? 0) + 1
            const worker = workerOf(context, event.issue)
            const back: Candidate = {
              issue: event.issue,
              priority: 0,
              createdAt: '',
              attempt: tries + 1,
              resume: { ref: event.ref, sha: event.sha },
              returned: event.returned,
              previous: polecatOf(context.rig, event.polecat),
            }
            return {
              tries: { ...context.tries, [event.issue]: tries },
              queued: without(context.queued, event.issue),
              returned:
                worker && worker[1].phase === 'working'
                  ? context.returned
                  : [...context.returned.filter((candidate) => candidate.issue !== event.issue), back],
              look: true,
            }
          }),
        ],
      },
      {
        description: 'Too many tries: the Overseer decides, the work is kept.',
        actions: [
          {
            type: 'note',
            params: ({ context, event }) => ({
              text: `${event.issue} came back ${context.triesMax} times; the Overseer decides`,
              issue: event.issue,
            }),
          },
          {
            type: 'releaseIssue',
            params: ({ context, event }) => ({
              rig: context.rig,
              issue: event.issue,
              holder: polecatOf(context.rig, event.polecat),
              status: 'blocked' as const,
              note: `Escalated after ${context.triesMax} tries: ${event.returned.summary}`,
            }),
          },
          {
            type: 'mail',
            params: ({ context, event }) => cameBack(context.rig, context.triesMax, event),
          },
          assign({
            queued: ({ context, event }) => without(context.queued, event.issue),
            tries: ({ context, event }) => without(context.tries, event.issue),
            escalated: ({ context, event }) => withEscalated(context, event.issue),
            wanted: ({ context, event }) => ({
              ...context.wanted,
              issues: context.wanted.issues.filter((issue) => issue !== event.issue),
            }),
          }),
        ],
      },
    ],
    'merge.stuck': {
      description: 'Good work that cannot land is for the Overseer; one escalation a cause.',
      actions: { type: 'mail', params: ({ context, event }) => cannotLand(context.rig, event) },
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
                {
                  type: 'mail',
                  params: ({ context }) => stopAll(context),
                },
              ],
            },
            'rig.resumed': {
              description: 'It was not stopped; those the Overseer stopped one by one go on.',
              actions: [{ type: 'mail', params: ({ context }) => resumeAll(context) }, assign({ paused: [] })],
            },
            'polecat.stopped': [
              { guard: 'paused', description: 'As the Overseer wanted; it waits.', actions: assign({}) },
              {
                description: 'The end of its session came after the rig had gone on: it goes on too.',
                actions: { type: 'mail', params: ({ event }) => ({ to: event.from, type: 'work.resumed', body: {} }) },
              },
            ],
          },
        },
        pulled: {
          description: 'Nothing starts until the Overseer says so.',
          on: {
            'rig.resumed': {
              target: 'released',
              actions: [
                'lookAgain',
                { type: 'note', params: { text: 'goes on' } },
                { type: 'mail', params: ({ context }) => resumeAll(context) },
                assign({ paused: [] }),
              ],
            },
            'polecat.stopped': { description: 'It waits with the rig.', actions: assign({}) },
            'rig.stopped': {
              description: 'Said twice: whatever still runs is ended.',
              actions: {
                type: 'mail',
                params: ({ context }) => stopAll(context),
              },
            },
          },
        },
      },
    },
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
              escalated: context.escalated,
            }),
            onDone: {
              target: 'choosing',
              actions: enqueueActions(({ context, event, enqueue }) => {
                const { ready, closed, unknown, complete, over } = event.output
                // Closed first, and only then reported: somebody may file one more in this very moment.
                const closing = complete.filter((epic) => !over.includes(epic))
                for (const epic of closing)
                  enqueue({
                    type: 'closeIssue',
                    params: { rig: context.rig, issue: epic, reason: 'All children completed' },
                  })
                const done = complete.filter((epic) => over.includes(epic))
                for (const epic of done) {
                  enqueue({ type: 'note', params: { text: `every child of ${epic} has landed`, issue: epic } })
                  enqueue({
                    type: 'mail',
                    params: { to: mayor, type: 'epic.completed', body: { rig: context.rig, epic } },
                  })
                }
                const letGo = context.escalated.filter((issue) => closed.includes(issue))
                for (const issue of letGo) {
                  enqueue({
                    type: 'note',
                    params: { text: `${issue} is closed; nobody needs to decide it any more`, issue },
                  })
                  enqueue({ type: 'mail', params: cleared(causes.issue(context.rig, issue)) })
                }
                enqueue.assign({
                  ready: ready.map((issue) => fromReady(issue, (context.tries[issue.id] ?? 0) + 1)),
                  wanted: {
                    epics: context.wanted.epics.filter((epic) => !done.includes(epic)),
                    issues: context.wanted.issues.filter(
                      (issue) => !closed.includes(issue) && !unknown.includes(issue),
                    ),
                  },
                  returned: context.returned
                    .filter((candidate) => !closed.includes(candidate.issue))
                    .map((candidate) => ({ ...candidate, waits: false })),
                  look: closing.length > 0 || context.look,
                  escalated: context.escalated.filter((issue) => !letGo.includes(issue)),
                })
              }),
            },
            onError: {
              target: 'puzzled',
              actions: {
                type: 'note',
                params: ({ event }) => ({ text: `the issues cannot be read: ${wordsOf(event.error)}` }),
              },
            },
          },
        },
        puzzled: {
          description: 'The beads could not be read. Again in a moment.',
          after: { surveyRetry: 'surveying' },
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
            { target: 'resting' },
          ],
        },
        claiming: {
          description: 'One worker an issue: the claim decides.',
          invoke: {
            id: 'claim',
            src: 'claimIssue',
            input: ({ context }) => ({
              rig: context.rig,
              issue: context.choice?.issue ?? '',
              holder: polecatOf(context.rig, context.chosenFor),
              previous: context.choice?.previous ?? null,
            }),
            onDone: [
              {
                guard: and([{ type: 'answered', params: 'claimed' }, 'noRoom']),
                target: 'choosing',
                description: 'There may be fewer workers since it was chosen: back, until there is room.',
                actions: [
                  {
                    type: 'releaseIssue',
                    params: ({ context }) => ({
                      rig: context.rig,
                      issue: context.choice?.issue ?? '',
                      holder: polecatOf(context.rig, context.chosenFor),
                      status: 'open' as const,
                      note: '',
                    }),
                  },
                  assign({ choice: null }),
                ],
              },
              {
                guard: { type: 'answered', params: 'claimed' },
                target: 'spacing',
                actions: enqueueActions(({ context, event, enqueue }) => {
                  if (event.output.kind !== 'claimed') return
                  const { issue, preserved } = event.output
                  const name = context.chosenFor
                  const choice = context.choice as Candidate
                  const resume = choice.resume ?? (context.fresh.includes(issue.id) ? null : preserved)
                  enqueue({
                    type: 'claimSlot',
                    params: { pool: workersPool(context.rig), holder: polecatOf(context.rig, name) },
                  })
                  enqueue({
                    type: 'mail',
                    params: {
                      to: polecatOf(context.rig, name),
                      type: 'polecat.assigned',
                      body: { issue, resume, returned: choice.returned, attempt: choice.attempt },
                    },
                  })
                  // Somebody opened it again by hand.
                  if (context.escalated.includes(issue.id))
                    enqueue({ type: 'mail', params: cleared(causes.issue(context.rig, issue.id)) })
                  enqueue.assign({
                    workers: {
                      ...context.workers,
                      [name]: {
                        issue: issue.id,
                        title: issue.title,
                        attempt: choice.attempt,
                        incarnation: 0,
                        branch: '',
                        phase: 'assigned',
                        stranded: false,
                        since: 'at' in event ? Number(event.at) : 0,
                      },
                    },
                    escalated: context.escalated.filter((escalated) => escalated !== issue.id),
                    ...dropped(context, issue.id),
                  })
                }),
              },
              {
                target: 'choosing',
                actions: [
                  {
                    type: 'note',
                    params: ({ context, event }) => ({
                      text: `${context.choice?.issue} is not to be had: ${event.output.kind === 'held' ? `${event.output.holder} holds it` : event.output.kind === 'unavailable' ? event.output.why : ''}`,
                      issue: context.choice?.issue ?? '',
                    }),
                  },
                  // Wanted still: it is looked at again when somebody writes to the beads.
                  assign(({ context }) => ({
                    ...dropped(context, context.choice?.issue ?? ''),
                    returned: context.returned.map((candidate) =>
                      candidate.issue === context.choice?.issue ? { ...candidate, waits: true } : candidate,
                    ),
                  })),
                ],
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

function stopAll(context: Context): Outgoing[] {
  return Object.keys(context.workers).map((name) => ({
    to: sessionOf(context.rig, name),
    type: 'session.killRequested',
    body: { reason: 'stopped' },
  }))
}

function resumeAll(context: Context): Outgoing[] {
  return Object.keys(context.workers).map((name) => ({
    to: polecatOf(context.rig, name),
    type: 'work.resumed',
    body: {},
  }))
}

/** The candidate is taken, or not to be had: it is no candidate any more. */
function dropped(context: Context, issue: string) {
  return {
    ready: context.ready.filter((candidate) => candidate.issue !== issue),
    returned: context.returned.filter((candidate) => candidate.issue !== issue),
    choice: null,
  }
}

/** A session's end is the polecat's news; people's words are kept as beads. */
export const witnessIgnores = ['session.ended', 'message.sent'] as const
