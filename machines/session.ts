// Session: one polecat's runs of an agent CLI, one after the other, each with an epoch of its own, and the conversation
// that goes on through them. (spec: Session, nudges)
// Life: absent → starting → running → absent again; `killing` on the way when somebody asks for it, or when nothing
// more can come of it. While it runs it is heard of, silent, or waits for an allowance of its account.
// Never: restarts by itself (the polecat decides), and ends a healthy run only for its keeper.
import { assign, setup } from 'xstate'
import {
  anew,
  begun,
  ended,
  gone,
  heard,
  isGiven,
  noted,
  refused,
  resumed,
  type SessionContext,
  unpaid,
  unspoken,
} from './hearing.ts'
import type { MailEvent } from './mail.ts'
import { oneMore, toBegin } from './notes.ts'
import { hands, newsOf, outputOf, verdicts, words, wordsOf } from './profile.ts'
import { isTold, onNews, onTrouble } from './session-news.ts'
import { aims, begins, sessionId, watches } from './session-wishes.ts'

export { unspoken } from './hearing.ts'

export const sessionUnderstands = [
  'session.requested',
  'session.killRequested',
  'session.cycleRequested',
  'session.noted',
  'words.said',
  'account.given',
] as const
type Understands = MailEvent<(typeof sessionUnderstands)[number]>

type Context = SessionContext

/**
 * Whether a run of this epoch speaks for its polecat: the present one, while there is one. `session`: its session
 * actor as committed.
 */
export function runSpeaks(session: { value: unknown; context: object } | undefined, epoch: number): boolean {
  return session !== undefined && session.value !== 'absent' && (session.context as Context).epoch === epoch
}

/** Its run is over, and another begins: in a new conversation, or under another account. */
const isAnother = [
  {
    type: 'news',
    params: ({ event }: { event: object }) => [
      (context: Context) => gone(context, outputOf<'killSession'>(event)),
      (context: Context) => ({
        changes: anew({ ...context, ...(context.endsTalk ? noted() : {}) }, context.incarnation),
      }),
    ],
  },
] as const

const notEnded = (context: Context, event: object) => ({
  text: `could not end ${sessionId(context)}: ${wordsOf((event as { error: unknown }).error)}`,
})

export const sessionMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; polecat: string; address: string },
  },
  actors: hands,
  actions: {
    ...words,
    news: newsOf<Context, Understands>(),
    aim: assign(({ context, event }) =>
      event.type === 'session.killRequested'
        ? { killers: [...new Set([...context.killers, event.from])], killReason: event.reason }
        : {},
    ),
    begin: assign(({ context, event }) => {
      if (event.type !== 'session.requested') return {}
      const { incarnation, issue, worktree, branch, attempt, returned } = event
      return { ...anew(context, incarnation), incarnation, issue, worktree, branch, attempt, returned }
    }),
    take: assign(({ event }) => (event.type === 'account.given' ? { account: event.account } : {})),
    keepNote: assign(({ context, event }) =>
      event.type === 'session.noted' && event.incarnation === context.incarnation
        ? { notes: oneMore(context.notes, { id: event.id, text: event.text, ...(event.isCut ? { isCut: true } : {}) }) }
        : {},
    ),
    because: assign((_, { reason, why }: { reason: Context['killReason']; why: string }) => ({
      killReason: reason,
      trouble: why,
    })),
  },
  guards: {
    ...verdicts,
    hasAccount: ({ context }) => context.account !== null,
    isAccount: ({ event }) => event.type === 'account.given' && event.account !== null,
    isGiven: ({ context, event }, which: 'another' | 'back') =>
      event.type === 'account.given' && isGiven(context, event.account, which),
    waitsToBeSpokenTo: ({ context }) => context.isIdle,
    leadsTo: ({ context, event }, place: string) => heard(context, outputOf<'watchSession'>(event)).to === place,
  },
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
    ...unspoken,
  }),
  initial: 'absent',
  on: {
    'words.said': {
      description: 'Somebody has something to say to the agent; it is said once there is one to hear it.',
      actions: isTold,
    },
    'account.given': { description: 'From its next start on.', actions: 'take' },
    'session.noted': {
      description: 'Its agent has written to itself: the next conversation begins with that.',
      actions: 'keepNote',
    },
  },
  states: {
    absent: {
      description: 'No run. The next request starts one.',
      on: {
        'session.requested': [
          { guard: 'hasAccount', target: 'starting', actions: 'begin' },
          { target: 'unpaid', actions: 'begin' },
        ],
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
    unpaid: {
      description: 'Every account is used up, refused, or gone: it begins once it is given one.',
      on: {
        'account.given': { guard: 'isAccount', target: 'starting', actions: 'take' },
        'session.killRequested': { target: 'killing', actions: 'aim' },
      },
    },
    starting: {
      entry: assign({
        under: ({ context }) => context.account ?? '',
        carried: ({ context }) => toBegin(context).carried,
        offered: ({ context }) => toBegin(context).offered,
      }),
      description: 'The run is being started; it counts as started once it has said so from inside.',
      invoke: {
        id: 'start',
        src: 'startSession',
        input: ({ context }) => begins(context),
        onDone: [
          {
            guard: { type: 'answered', params: 'started' },
            target: 'running',
            actions: { type: 'news', params: ({ event }) => [(context) => begun(context, event.output)] },
          },
          {
            guard: { type: 'answered', params: 'refused' },
            target: 'killing',
            description: 'As the rig is configured, there can be none.',
            actions: {
              type: 'news',
              params: ({ event: { output } }) => [
                (context) => refused(context, output.kind === 'refused' ? output.why : ''),
              ],
            },
          },
          {
            guard: { type: 'answered', params: 'unpaid' },
            target: 'unpaid',
            actions: {
              type: 'news',
              params: ({ event: { output } }) => [
                (context) => unpaid(context, output.kind === 'unpaid' ? output.why : ''),
              ],
            },
          },
          {
            target: 'killing',
            description: 'It may have started all the same: called off before anyone is told.',
            actions: {
              type: 'because',
              params: ({ event: { output } }) => ({
                reason: 'failed',
                why: output.kind === 'failed' ? `${output.why}\n${output.tail}`.trim() : '',
              }),
            },
          },
        ],
        onError: {
          target: 'killing',
          actions: { type: 'because', params: ({ event }) => ({ reason: 'failed', why: wordsOf(event.error) }) },
        },
      },
      on: {
        'session.killRequested': {
          target: 'killing',
          actions: 'aim',
        },
      },
    },
    running: {
      description: 'An agent is at work. Waits for news of it.',
      initial: 'heard',
      on: {
        'session.cycleRequested': {
          target: 'cycling',
          description: 'Its agent has noted where it is, and begins a new conversation with that.',
          actions: assign({ endsTalk: true }),
        },
        'session.killRequested': {
          target: 'killing',
          actions: 'aim',
        },
      },
      states: {
        heard: {
          description: 'There was evidence of progress within the limit.',
          on: {
            'words.said': {
              target: 'heard',
              reenter: true,
              description: 'From here on its silence counts again.',
              guard: 'waitsToBeSpokenTo',
              actions: isTold,
            },
          },
          invoke: {
            id: 'watch',
            src: 'watchSession',
            input: ({ context }) => watches(context, true),
            onDone: onNews('heard'),
            onError: onTrouble,
          },
        },
        paused: {
          description: 'An allowance is used up, or its service fails: it waits, which costs nothing and no try.',
          on: {
            'account.given': [
              {
                guard: { type: 'isGiven', params: 'another' },
                target: '#session.cycling',
                description: 'It goes on under another account at once: in another run, in the same conversation.',
                actions: 'take',
              },
              {
                guard: { type: 'isGiven', params: 'back' },
                target: 'heard',
                actions: ['take', { type: 'news', params: () => [resumed] }],
              },
            ],
          },
          invoke: {
            id: 'wait',
            src: 'watchSession',
            input: ({ context }) => watches(context, false),
            onDone: onNews('paused'),
            onError: onTrouble,
          },
        },
        silent: {
          description: 'No progress for too long; the polecat knows. Only an end or the Witness leads on.',
          invoke: {
            id: 'watchOn',
            src: 'watchSession',
            input: ({ context }) => watches(context, false),
            onDone: onNews('silent'),
            onError: onTrouble,
          },
        },
        unwatched: {
          description: 'The watch itself failed. Unknown is not dead: look again in a while.',
          after: { killRetry: 'heard' },
        },
      },
    },
    cycling: {
      description: 'The run is ended, and another one begins: with a new conversation, or under another account.',
      initial: 'ending',
      on: {
        'session.killRequested': { target: 'killing', actions: 'aim' },
        'session.cycleRequested': {
          description: 'Said twice, or while another account takes over.',
          actions: assign({ endsTalk: true }),
        },
      },
      states: {
        ending: {
          description: 'The run, and nothing else, is being ended.',
          invoke: {
            id: 'end',
            src: 'killSession',
            input: ({ context }) => ({ ...aims(context), lastWords: false }),
            onDone: [
              { guard: 'hasAccount', target: '#session.starting', actions: isAnother },
              { target: '#session.unpaid', actions: isAnother },
            ],
            onError: {
              target: 'again',
              actions: { type: 'note', params: ({ context, event }) => notEnded(context, event) },
            },
          },
        },
        again: { description: 'It would not end; try again in a while.', after: { killRetry: 'ending' } },
      },
    },
    killing: {
      description:
        'The run is ended, politely, then not: because the Witness asked, because its start failed and nobody knows how far it came, or because nothing more can come of it.',
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
            input: ({ context }) => ({ ...aims(context), lastWords: context.killReason !== 'killed' }),
            onDone: {
              target: '#session.absent',
              actions: [
                {
                  type: 'mail',
                  params: ({ context, event }) =>
                    ended(context, context.killReason, event.output.exitCode, context.trouble || event.output.tail),
                },
                { type: 'news', params: ({ event }) => [(context) => gone(context, event.output)] },
              ],
            },
            onError: {
              target: 'again',
              actions: { type: 'note', params: ({ context, event }) => notEnded(context, event) },
            },
          },
        },
        again: { description: 'It would not end; try again in a while.', after: { killRetry: 'asking' } },
      },
    },
  },
})

/** A request while a run is on, or on its way out, changes nothing: the polecat hears of the end and asks again. */
export const sessionIgnores = ['session.requested', 'session.cycleRequested', 'message.sent'] as const
