// How a session's states hear: words that come for its agent, and each piece of news that a watch brings, with where
// it leads.
// Never: judges news; `hearing.ts` does.
import { heard, type SessionContext, withWords } from './hearing.ts'
import type { MailEvent } from './mail.ts'
import { outputOf, wordsOf } from './profile.ts'

type Context = SessionContext

const unwatched = (context: Context, event: object) => ({
  text: `${context.polecat}'s session cannot be watched: ${wordsOf((event as { error: unknown }).error)}`,
  issue: context.issue?.id ?? '',
})

export const isTold = {
  type: 'news',
  params: ({ event: { about, mailId, by, text, incarnation, urgent } }: { event: MailEvent<'words.said'> }) => [
    (context: Context) =>
      withWords(context, {
        ...{ id: about ?? mailId, from: by, text, incarnation },
        ...(about === null ? {} : { isMail: true, isUrgent: urgent }),
      }),
  ],
} as const

const hear = {
  type: 'news',
  params: ({ event }: { event: object }) => [(context: Context) => heard(context, outputOf<'watchSession'>(event))],
} as const

/** Where each piece of news of a run leads. */
export const onNews = (here: 'heard' | 'paused' | 'silent') =>
  [
    { guard: { type: 'leadsTo', params: 'absent' }, target: '#session.absent', actions: hear },
    {
      guard: { type: 'leadsTo', params: 'killing' },
      target: '#session.killing',
      description:
        'Nothing more can come of it: no key, no room, a new conversation, or its service fails it again and again.',
      actions: hear,
    },
    {
      guard: { type: 'leadsTo', params: 'silent' },
      target: '#session.running.silent',
      reenter: here === 'silent',
      actions: hear,
    },
    {
      guard: { type: 'leadsTo', params: 'paused' },
      target: '#session.running.paused',
      reenter: here === 'paused',
      actions: hear,
    },
    { target: '#session.running.heard', reenter: here === 'heard', actions: hear },
  ] as const

export const onTrouble = {
  target: '#session.running.unwatched',
  actions: {
    type: 'note',
    params: ({ context, event }: { context: Context; event: object }) => unwatched(context, event),
  },
} as const
