// Refinery: the merge queue of one rig. Builds the merge as objects, gates that very commit, pushes exactly it, asks
// origin, closes the issue. (spec: Refinery)
// Life: idle → building → testing → landing → confirming → closing → idle; work that conflicts or is red goes back,
// work that cannot land waits.
// Never: forces a push, lands a commit it did not gate, or closes an issue before origin has its work.
import { assign, setup } from 'xstate'
import { polecatOf, witnessOf } from './address.ts'
import type { MailEvent, Outgoing, ReturnReason } from './mail.ts'
import { hands, verdicts, words, wordsOf } from './profile.ts'
import { enqueue, landingOrder, plan, type Queued } from './queue.ts'

export const refineryUnderstands = ['merge.requested', 'queue.poked'] as const
type Understands = MailEvent<(typeof refineryUnderstands)[number]>

export interface RefineryContext {
  rig: string
  queue: Queued[]
  /** What is being landed. */
  members: Queued[]
  base: string | null
  commit: string
  /** Times in a row that main moved, or that origin was away; counted as far as it makes a difference. */
  moves: number
  absences: number
  /** Times in a row that the gates, or git, could not run; counted likewise. */
  breaks: number
  stuck: ('refused' | 'unreachable' | 'broken')[]
  /** Newest first, at most 20. */
  landed: { issue: string; title: string; commit: string; at: number }[]
}
type Context = RefineryContext

/** From here on the wait is the longest. */
const absencesMax = 7
/** From here on there is a breath between attempts. */
const movesMax = 4

const first = (context: Context) => context.members[0] as Queued
const issues = (context: Context) => context.members.map((member) => member.issue)
const atOf = (event: object) => ('at' in event ? Number(event.at) : 0)

/** What comes out when a member goes back to its worker: out of the queue, and a mail that says why. */
function sendBack(context: Context, issue: string, returned: Omit<ReturnReason, 'base'>): Outgoing[] {
  const member = context.members.find((candidate) => candidate.issue === issue)
  if (!member) return []
  const { title, polecat, ref, sha } = member
  return [
    {
      to: witnessOf(context.rig),
      type: 'merge.returned',
      body: { issue, title, polecat, ref, sha, returned: { ...returned, base: context.base } },
    },
  ]
}

const released = (context: Context) => context.queue.map((request) => ({ ...request, held: false }))

/** What could not land is tried again because the Overseer said so: what was escalated of it is answered. */
const unstuck = (context: Context): Outgoing[] =>
  context.stuck.map((what) => ({ to: witnessOf(context.rig), type: 'merge.unstuck', body: { what } }))

/** A build shows that origin answers. */
const originAnswers = (context: Context): Outgoing[] =>
  context.stuck.includes('unreachable')
    ? [{ to: witnessOf(context.rig), type: 'merge.unstuck', body: { what: 'unreachable' } }]
    : []

/** Any verdict, red too, shows that the gates run. */
const gatesRun = (context: Context): Outgoing[] =>
  context.stuck.includes('broken')
    ? [{ to: witnessOf(context.rig), type: 'merge.unstuck', body: { what: 'broken' } }]
    : []

/** A landing shows that gates run and origin answers; what origin refused is set aside still. */
const stillStuck = (context: Context, what: string) =>
  what === 'refused' && context.queue.some((request) => request.held)

const stuck = (context: Context, what: 'refused' | 'unreachable' | 'broken', reason: string): Outgoing => ({
  to: witnessOf(context.rig),
  type: 'merge.stuck',
  body: { issue: first(context).issue, title: first(context).title, what, reason },
})

export const refineryMachine = setup({
  types: { context: {} as Context, events: {} as Understands, input: {} as { rig: string } },
  actors: hands,
  actions: {
    ...words,
    /** What was set aside waits like the rest, and nothing counts as stuck until it shows itself so again. */
    tryAgain: assign({ stuck: [], absences: 0, breaks: 0, queue: ({ context }) => released(context) }),
    originAnswered: assign({
      absences: 0,
      stuck: ({ context }) => context.stuck.filter((what) => what !== 'unreachable'),
    }),
    gatesRan: assign({ breaks: 0, stuck: ({ context }) => context.stuck.filter((what) => what !== 'broken') }),
    takeIn: assign(({ context, event }) => {
      if (event.type !== 'merge.requested') return {}
      const { issue, title, polecat, branch, sha, ref, priority, at } = event
      const request = { issue, title, polecat, branch, sha, ref, priority, queuedAt: at, held: false }
      return {
        queue: enqueue(
          context.queue,
          request,
          context.members.map((member) => member.sha),
        ),
      }
    }),
  },
  guards: { ...verdicts, somethingToDo: ({ context }) => plan(context.queue) !== undefined },
  delays: {
    /** 5 s, 10 s, 20 s … at most 5 minutes, while origin is away. */
    originRetry: ({ context }) => Math.min(300_000, 5000 * 2 ** Math.max(0, context.absences - 1)),
    /** As long, while gates or git cannot run. */
    runRetry: ({ context }) => Math.min(300_000, 5000 * 2 ** Math.max(0, context.breaks - 1)),
    /** At once for the first moves of main, then a breath between attempts. */
    replanDelay: ({ context }) => (context.moves < movesMax ? 0 : 2000),
    closeRetry: 2000,
  },
}).createMachine({
  id: 'refinery',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    queue: [],
    members: [],
    base: null,
    commit: '',
    moves: 0,
    absences: 0,
    breaks: 0,
    stuck: [],
    landed: [],
  }),
  initial: 'idle',
  on: {
    'merge.requested': {
      description: 'Work is handed over: durable from here on, and both who asked and the Witness know its place.',
      actions: [
        'takeIn',
        {
          type: 'mail',
          params: ({ context, event }) => {
            const position = landingOrder(context.queue).findIndex((request) => request.issue === event.issue) + 1
            const queued = { issue: event.issue, sha: event.sha, polecat: event.polecat, position }
            return [
              { to: witnessOf(context.rig), type: 'merge.queued', body: queued },
              { to: polecatOf(context.rig, event.polecat), type: 'merge.queued', body: queued },
            ]
          },
        },
        {
          type: 'reply',
          params: ({ context, event }) => ({
            to: event.askId,
            ok: true,
            text: `${event.issue} is in the merge queue of ${context.rig}, ${context.queue.length} waiting`,
          }),
        },
      ],
    },
    'queue.poked': {
      description: 'The Overseer wants the queue processed: what was set aside is tried again.',
      actions: [
        { type: 'mail', params: ({ context }) => unstuck(context) },
        'tryAgain',
        {
          type: 'reply',
          params: ({ context, event }) => ({
            to: event.mailId,
            ok: true,
            text:
              context.queue.length === 0
                ? `the merge queue of ${context.rig} is empty`
                : `${context.rig} processes its merge queue: ${issuesIn(context)}`,
          }),
        },
      ],
    },
  },
  states: {
    idle: {
      description: 'Nothing waits that could land.',
      entry: [
        assign({ members: [], base: null, commit: '', moves: 0 }),
        // With nothing left to land, nothing is in its way.
        { type: 'mail', params: ({ context }) => (context.queue.length === 0 ? unstuck(context) : []) },
        assign({ stuck: ({ context }) => (context.queue.length === 0 ? [] : context.stuck) }),
      ],
      always: {
        guard: 'somethingToDo',
        target: 'building',
        actions: assign({ members: ({ context }) => [...(plan(context.queue) ?? [])] }),
      },
    },
    building: {
      description: 'The merge onto main as it is now is made as a commit, without a checkout.',
      invoke: {
        id: 'build',
        src: 'buildCandidate',
        input: ({ context }) => ({ rig: context.rig, members: context.members, at: first(context).queuedAt }),
        onDone: [
          {
            guard: { type: 'answered', params: 'built' },
            target: 'testing',
            actions: [
              { type: 'mail', params: ({ context }) => originAnswers(context) },
              'originAnswered',
              assign(({ event }) =>
                event.output.kind === 'built' ? { base: event.output.base, commit: event.output.commit } : {},
              ),
              {
                type: 'note',
                params: ({ context }) => ({
                  text: `merges ${issuesOf(context)} and tests it`,
                  issue: first(context).issue,
                }),
              },
            ],
          },
          {
            guard: { type: 'answered', params: 'conflict' },
            target: 'idle',
            actions: [
              { type: 'mail', params: ({ context }) => originAnswers(context) },
              'originAnswered',
              {
                type: 'note',
                params: ({ event }) => ({
                  text:
                    event.output.kind === 'conflict'
                      ? `${event.output.issue} conflicts with main in ${event.output.files.join(', ')}; back to a worker`
                      : '',
                  issue: event.output.kind === 'conflict' ? event.output.issue : '',
                }),
              },
              assign({ base: ({ event }) => (event.output.kind === 'conflict' ? event.output.base : null) }),
              {
                type: 'mail',
                params: ({ context, event }) =>
                  event.output.kind === 'conflict'
                    ? sendBack(context, event.output.issue, {
                        kind: 'conflict',
                        summary: `conflicts with main in ${event.output.files.join(', ')}`,
                        files: event.output.files,
                        tail: '',
                      })
                    : [],
              },
              assign({
                queue: ({ context, event }) =>
                  context.queue.filter(
                    (request) => event.output.kind !== 'conflict' || !isMember(context, request, event.output.issue),
                  ),
              }),
            ],
          },
          {
            guard: { type: 'answered', params: 'contained' },
            target: 'confirming',
            description:
              'main has it already: a crash came between the push and its record, or somebody else landed it.',
            actions: [
              { type: 'mail', params: ({ context }) => originAnswers(context) },
              'originAnswered',
              assign({ commit: ({ event }) => (event.output.kind === 'contained' ? event.output.commit : '') }),
            ],
          },
          { target: 'origin_away' },
        ],
        onError: {
          target: 'cannot_run',
          actions: { type: 'mail', params: ({ context, event }) => stuck(context, 'broken', wordsOf(event.error)) },
        },
      },
    },
    testing: {
      description: 'The gates run on exactly the commit that would land.',
      invoke: {
        id: 'gates',
        src: 'runGates',
        input: ({ context }) => ({ rig: context.rig, commit: context.commit, issues: issues(context) }),
        onDone: [
          {
            guard: { type: 'answered', params: 'green' },
            target: 'landing',
            actions: [{ type: 'mail', params: ({ context }) => gatesRun(context) }, 'gatesRan'],
          },
          {
            guard: { type: 'answered', params: 'red' },
            target: 'idle',
            actions: [
              { type: 'mail', params: ({ context }) => gatesRun(context) },
              'gatesRan',
              {
                type: 'note',
                params: ({ context, event }) => ({
                  text:
                    event.output.kind === 'red'
                      ? `${issuesOf(context)} fails the gate “${event.output.gate}”${event.output.timedOut ? ' (time limit)' : ''}; back to a worker`
                      : '',
                  issue: first(context).issue,
                }),
              },
              {
                type: 'mail',
                params: ({ context, event }) =>
                  event.output.kind === 'red'
                    ? sendBack(context, first(context).issue, {
                        kind: 'red',
                        summary: `the gate “${event.output.gate}” ${event.output.timedOut ? 'ran into its time limit' : `failed (exit ${event.output.exitCode ?? 'unknown'})`}`,
                        files: [],
                        tail: event.output.tail,
                      })
                    : [],
              },
              assign({
                queue: ({ context }) =>
                  context.queue.filter((request) => !isMember(context, request, first(context).issue)),
              }),
            ],
          },
          {
            target: 'cannot_run',
            actions: {
              type: 'mail',
              params: ({ context, event }) =>
                event.output.kind === 'broken' ? stuck(context, 'broken', event.output.why) : [],
            },
          },
        ],
        onError: {
          target: 'cannot_run',
          actions: { type: 'mail', params: ({ context, event }) => stuck(context, 'broken', wordsOf(event.error)) },
        },
      },
    },
    landing: {
      description: 'The tested commit is pushed, on the condition that main is still what it was tested on.',
      invoke: {
        id: 'land',
        src: 'landCandidate',
        input: ({ context }) => ({ rig: context.rig, commit: context.commit, base: context.base }),
        onDone: [
          { guard: { type: 'answered', params: 'pushed' }, target: 'confirming' },
          {
            guard: { type: 'answered', params: 'moved' },
            target: 'replanning',
            actions: {
              type: 'note',
              params: ({ context }) => ({
                text: `main moved while ${issuesOf(context)} was tested; merging anew`,
                issue: first(context).issue,
              }),
            },
          },
          {
            guard: { type: 'answered', params: 'refused' },
            target: 'set_aside',
            actions: {
              type: 'mail',
              params: ({ context, event }) =>
                event.output.kind === 'refused' ? stuck(context, 'refused', event.output.why) : [],
            },
          },
          { target: 'origin_away' },
        ],
        onError: { target: 'origin_away' },
      },
    },
    replanning: {
      description: 'main is not what was tested against: build again on what it is now. Never force.',
      entry: assign({ moves: ({ context }) => Math.min(movesMax, context.moves + 1) }),
      after: { replanDelay: 'building' },
    },
    confirming: {
      description: 'Origin itself says whether main has the commit.',
      invoke: {
        id: 'confirm',
        src: 'confirmLanded',
        input: ({ context }) => ({ rig: context.rig, commit: context.commit }),
        onDone: [
          { guard: { type: 'answered', params: 'confirmed' }, target: 'closing' },
          {
            guard: { type: 'answered', params: 'absent' },
            target: 'replanning',
            actions: {
              type: 'note',
              params: ({ context }) => ({
                text: `origin took ${issuesOf(context)} but does not have it; merging anew`,
                issue: first(context).issue,
              }),
            },
          },
          { target: 'origin_away' },
        ],
        onError: { target: 'origin_away' },
      },
    },
    closing: {
      description: 'Only now is the issue closed.',
      initial: 'at_work',
      states: {
        at_work: {
          description: 'Closing.',
          invoke: {
            id: 'close',
            src: 'closeIssue',
            input: ({ context }) => ({
              rig: context.rig,
              issue: first(context).issue,
              reason: `Landed as ${context.commit.slice(0, 12)}`,
            }),
            onDone: { target: '#refinery.landed' },
            onError: {
              target: 'again',
              actions: {
                type: 'note',
                params: ({ context, event }) => ({
                  text: `${first(context).issue} landed but could not be closed yet: ${wordsOf(event.error)}`,
                  issue: first(context).issue,
                }),
              },
            },
          },
        },
        again: { description: 'In a moment.', after: { closeRetry: 'at_work' } },
      },
    },
    landed: {
      description: 'Told to the Witness; on to the next.',
      always: {
        target: 'idle',
        actions: [
          {
            type: 'note',
            params: ({ context }) => ({
              text: `${issuesOf(context)} is on main as ${context.commit.slice(0, 10)}`,
              issue: first(context).issue,
            }),
          },
          {
            type: 'mail',
            params: ({ context }) => [
              ...context.members.map(
                (member): Outgoing => ({
                  to: witnessOf(context.rig),
                  type: 'merge.landed',
                  body: {
                    issue: member.issue,
                    title: member.title,
                    polecat: member.polecat,
                    sha: member.sha,
                    commit: context.commit,
                  },
                }),
              ),
              ...unstuck({ ...context, stuck: context.stuck.filter((what) => !stillStuck(context, what)) }),
            ],
          },
          assign(({ context, event }) => ({
            queue: context.queue.filter(
              (request) =>
                !context.members.some((member) => member.sha === request.sha && member.issue === request.issue),
            ),
            landed: [
              ...context.members.map(({ issue, title }) => ({ issue, title, commit: context.commit, at: atOf(event) })),
              ...context.landed,
            ].slice(0, 20),
            stuck: context.stuck.filter((what) => stillStuck(context, what)),
          })),
        ],
      },
    },
    set_aside: {
      description: 'Origin refuses it: the others go first, the Overseer decides.',
      always: {
        target: 'idle',
        actions: assign(({ context }) => ({
          stuck: [...new Set([...context.stuck, 'refused' as const])],
          queue: context.queue.map((request) =>
            context.members.some((member) => member.sha === request.sha) ? { ...request, held: true } : request,
          ),
        })),
      },
    },
    origin_away: {
      description: 'Origin does not answer. Wait, longer each time; after a while the Overseer hears of it, once.',
      entry: [
        assign({ absences: ({ context }) => Math.min(absencesMax, context.absences + 1) }),
        {
          type: 'mail',
          params: ({ context }) =>
            context.absences >= 4 && !context.stuck.includes('unreachable')
              ? stuck(context, 'unreachable', 'origin did not answer four times in a row')
              : [],
        },
        assign({
          stuck: ({ context }) =>
            context.absences >= 4 ? [...new Set([...context.stuck, 'unreachable' as const])] : context.stuck,
        }),
      ],
      after: { originRetry: 'building' },
      on: {
        'queue.poked': {
          target: 'building',
          actions: [
            { type: 'mail', params: ({ context }) => unstuck(context) },
            'tryAgain',
            {
              type: 'reply',
              params: ({ context, event }) => ({
                to: event.mailId,
                ok: true,
                text: `${context.rig} asks origin again`,
              }),
            },
          ],
        },
      },
    },
    cannot_run: {
      description:
        'There is no verdict on the work because the gates, or git, could not run. Tried again by and by, or when poked.',
      entry: assign({
        stuck: ({ context }) => [...new Set([...context.stuck, 'broken' as const])],
        breaks: ({ context }) => Math.min(absencesMax, context.breaks + 1),
      }),
      after: { runRetry: 'building' },
      on: {
        'queue.poked': {
          target: 'building',
          actions: [
            { type: 'mail', params: ({ context }) => unstuck(context) },
            'tryAgain',
            {
              type: 'reply',
              params: ({ context, event }) => ({
                to: event.mailId,
                ok: true,
                text: `${context.rig} tries ${issuesOf(context)} again`,
              }),
            },
          ],
        },
      },
    },
  },
})

function issuesOf(context: Context): string {
  return issues(context).join(', ')
}

function issuesIn(context: Context): string {
  return landingOrder(context.queue)
    .map((request) => request.issue)
    .join(', ')
}

function isMember(context: Context, request: Queued, issue: string): boolean {
  return context.members.some(
    (member) => member.issue === issue && member.issue === request.issue && member.sha === request.sha,
  )
}

export const refineryIgnores = ['message.sent'] as const
