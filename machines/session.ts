// Session: one polecat's runs of an agent CLI, one after the other, each with an epoch of its own.
// Life: absent → starting → running → absent again; `killing` on the way when the Witness asks for it.
// Never: restarts by itself (the polecat decides), and ends a run only for its keeper.
import { assign, setup } from 'xstate'
import { polecatOf } from './address.ts'
import type { SessionRecord } from './effects.ts'
import type { IssueBrief, MailEvent, Outgoing, ReturnReason } from './mail.ts'
import { hands, verdicts, words, wordsOf } from './profile.ts'

export const sessionUnderstands = ['session.requested', 'session.killRequested'] as const
type Understands = MailEvent<(typeof sessionUnderstands)[number]>

interface Context {
  rig: string
  polecat: string
  address: string
  /** Grows with every start; calls of an older epoch are refused. */
  epoch: number
  incarnation: number
  issue: IssueBrief | null
  worktree: string
  branch: string
  attempt: number
  returned: ReturnReason | null
  session: SessionRecord | null
  /** Everybody who asked for the end: each is told of it. */
  killers: string[]
  killReason: 'killed' | 'stopped' | 'stalled' | 'failed'
  /** Why the start came to nothing. */
  trouble: string
}

const ended = (
  context: Context,
  cause: 'killed' | 'stopped' | 'stalled' | 'gone' | 'failed' | 'cut_off',
  exitCode: number | null,
  tail: string,
): Outgoing[] => {
  const recipients = new Set([polecatOf(context.rig, context.polecat), ...context.killers])
  return [...recipients].map((to) => ({
    to,
    type: 'session.ended',
    body: { epoch: context.epoch, exitCode, cause, tail },
  }))
}

/** Nobody asked for it: by itself, or with what held it. */
const endedItself = (
  context: Context,
  { exitCode, tail, cutOff }: { exitCode: number | null; tail: string; cutOff: boolean },
) => ended(context, cutOff ? 'cut_off' : 'gone', exitCode, tail)

/** Name of this run in tmux, folders and logs: no two runs of a town share one. */
export const sessionId = (context: { rig: string; polecat: string; incarnation: number; epoch: number }) =>
  `gt-${context.rig}-${context.polecat}-${context.incarnation}-${context.epoch}`

/**
 * Whether a run of this epoch speaks for its polecat: the present one, while there is one. `session`: its session
 * actor as committed.
 */
export function runSpeaks(session: { value: unknown; context: object } | undefined, epoch: number): boolean {
  return session !== undefined && session.value !== 'absent' && (session.context as Context).epoch === epoch
}

const unwatched = (context: Context, event: object) => ({
  text: `${context.polecat}'s session cannot be watched: ${wordsOf((event as { error: unknown }).error)}`,
  issue: context.issue?.id ?? '',
})

export const sessionMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; polecat: string; address: string },
  },
  actors: hands,
  actions: words,
  guards: verdicts,
  delays: { killRetry: 10_000 },
}).createMachine({
  id: 'session',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    polecat: input?.polecat ?? '',
    address: input?.address ?? '',
    epoch: 0,
    incarnation: 0,
    issue: null,
    worktree: '',
    branch: 'polecat/none-0',
    attempt: 1,
    returned: null,
    session: null,
    killers: [],
    killReason: 'killed',
    trouble: '',
  }),
  initial: 'absent',
  states: {
    absent: {
      description: 'No run. The next request starts one.',
      on: {
        'session.requested': {
          target: 'starting',
          actions: assign(({ context, event }) => ({
            epoch: context.epoch + 1,
            incarnation: event.incarnation,
            issue: event.issue,
            worktree: event.worktree,
            branch: event.branch,
            attempt: event.attempt,
            returned: event.returned,
            session: null,
            killers: [],
          })),
        },
        'session.killRequested': {
          description: 'Already gone: say so, so that nobody waits.',
          actions: {
            type: 'mail',
            params: ({ context, event }) => [
              {
                to: event.from,
                type: 'session.ended',
                body: { epoch: context.epoch, exitCode: null, cause: 'gone', tail: '' },
              },
            ],
          },
        },
      },
    },
    starting: {
      description: 'The run is being started; it counts as started once it has said so from inside.',
      invoke: {
        id: 'start',
        src: 'startSession',
        input: ({ context }) => ({
          id: sessionId(context),
          rig: context.rig,
          polecat: context.polecat,
          incarnation: context.incarnation,
          branch: context.branch,
          address: context.address,
          epoch: context.epoch,
          issue: context.issue as IssueBrief,
          worktree: context.worktree,
          attempt: context.attempt,
          returned: context.returned,
        }),
        onDone: [
          {
            guard: { type: 'answered', params: 'started' },
            target: 'running',
            actions: [
              assign({ session: ({ event }) => (event.output.kind === 'started' ? event.output.session : null) }),
              {
                type: 'mail',
                params: ({ context, event }) => {
                  if (event.output.kind !== 'started') return []
                  const { epoch, pid, backend } = event.output.session
                  return [
                    {
                      to: polecatOf(context.rig, context.polecat),
                      type: 'session.started',
                      body: { epoch, pid, backend },
                    },
                  ]
                },
              },
            ],
          },
          {
            target: 'killing',
            description: 'It may have started all the same: called off before anyone is told.',
            actions: assign({
              killReason: 'failed',
              trouble: ({ event }) =>
                event.output.kind === 'failed' ? `${event.output.why}\n${event.output.tail}`.trim() : '',
            }),
          },
        ],
        onError: {
          target: 'killing',
          actions: assign({ killReason: 'failed', trouble: ({ event }) => wordsOf(event.error) }),
        },
      },
      on: {
        'session.killRequested': {
          target: 'killing',
          actions: assign({ killers: ({ event }) => [event.from], killReason: ({ event }) => event.reason }),
        },
      },
    },
    running: {
      description: 'An agent is at work. Waits for its end, or for too long a silence.',
      initial: 'heard',
      on: {
        'session.killRequested': {
          target: 'killing',
          actions: assign({ killers: ({ event }) => [event.from], killReason: ({ event }) => event.reason }),
        },
      },
      states: {
        heard: {
          description: 'There was evidence of progress within the limit.',
          invoke: {
            id: 'watch',
            src: 'watchSession',
            input: ({ context }) => ({
              rig: context.rig,
              session: context.session as SessionRecord,
              worktree: context.worktree,
              stallMatters: true,
            }),
            onDone: [
              {
                guard: { type: 'answered', params: 'stalled' },
                target: 'silent',
                actions: {
                  type: 'mail',
                  params: ({ context, event }) =>
                    event.output.kind === 'stalled'
                      ? {
                          to: polecatOf(context.rig, context.polecat),
                          type: 'session.stalled',
                          body: { epoch: context.epoch, silentMs: event.output.silentMs, tail: event.output.tail },
                        }
                      : [],
                },
              },
              {
                target: '#session.absent',
                actions: {
                  type: 'mail',
                  params: ({ context, event }) =>
                    event.output.kind === 'ended' ? endedItself(context, event.output) : [],
                },
              },
            ],
            onError: {
              target: 'unwatched',
              actions: { type: 'note', params: ({ context, event }) => unwatched(context, event) },
            },
          },
        },
        silent: {
          description: 'No progress for too long; the polecat knows. Only an end or the Witness leads on.',
          invoke: {
            id: 'watchOn',
            src: 'watchSession',
            input: ({ context }) => ({
              rig: context.rig,
              session: context.session as SessionRecord,
              worktree: context.worktree,
              stallMatters: false,
            }),
            onDone: {
              target: '#session.absent',
              actions: {
                type: 'mail',
                params: ({ context, event }) =>
                  event.output.kind === 'ended' ? endedItself(context, event.output) : [],
              },
            },
            onError: {
              target: 'unwatched',
              actions: { type: 'note', params: ({ context, event }) => unwatched(context, event) },
            },
          },
        },
        unwatched: {
          description: 'The watch itself failed. Unknown is not dead: look again in a while.',
          after: { killRetry: 'heard' },
        },
      },
    },
    killing: {
      description:
        'The run is ended, politely, then not: because the Witness asked, or because its start failed and nobody knows how far it came.',
      on: {
        'session.killRequested': {
          description: 'Already on it.',
          actions: assign({ killers: ({ context, event }) => [...new Set([...context.killers, event.from])] }),
        },
      },
      initial: 'asking',
      states: {
        asking: {
          description: 'The run, and nothing else, is being ended.',
          invoke: {
            id: 'kill',
            src: 'killSession',
            input: ({ context }) => ({ rig: context.rig, id: sessionId(context), session: context.session }),
            onDone: {
              target: '#session.absent',
              actions: {
                type: 'mail',
                params: ({ context, event }) =>
                  ended(
                    context,
                    context.killReason,
                    event.output.exitCode,
                    context.killReason === 'failed' ? context.trouble : event.output.tail,
                  ),
              },
            },
            onError: {
              target: 'again',
              actions: {
                type: 'note',
                params: ({ context, event }) => ({
                  text: `could not end ${sessionId(context)}: ${wordsOf(event.error)}`,
                }),
              },
            },
          },
        },
        again: { description: 'It would not end; try again in a while.', after: { killRetry: 'asking' } },
      },
    },
  },
})

/** A request while a run is on, or on its way out, changes nothing: the polecat hears of the end and asks again. */
export const sessionIgnores = ['session.requested', 'message.sent'] as const
