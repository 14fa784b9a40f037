// Plugin: an agent that lives in `<rig>/plugins/<name>/` and is asked by mail. (spec: Plugins)
// Life: idle ⇄ consulting, one message at a time, in the order they came.
// Never: keeps a mail to itself; each is answered, or what went wrong is. But an answer is not answered in turn: two
// plugins would never end.
import { assign, setup } from 'xstate'
import { type Address, daemon, pluginOf, whereabouts } from './address.ts'
import type { EffectOutput } from './effects.ts'
import type { MailEvent, Outgoing } from './mail.ts'
import { hands, words, wordsOf } from './profile.ts'
import { subjectLengthMax } from './texts.ts'

export const pluginUnderstands = ['message.sent'] as const
type Understands = MailEvent<(typeof pluginUnderstands)[number]>

interface Question {
  id: string
  from: string
  subject: string
  body: string
  /** Another plugin answers with it. */
  isAnswer?: boolean
}

interface Context {
  rig: string
  plugin: string
  waiting: Question[]
  /** Waiting questions beyond which new ones are answered with a refusal. */
  waitingMax: number
}

const answer = (context: Context, body: string): Outgoing | [] => {
  const question = context.waiting[0]
  if (
    !question ||
    question.isAnswer ||
    [pluginOf(context.rig, context.plugin), daemon].includes(question.from as Address)
  )
    return []
  return {
    to: question.from,
    type: 'message.sent',
    body: { subject: `Re: ${question.subject}`.slice(0, subjectLengthMax), body, replyTo: question.id },
  }
}

const isAnswer = (from: string, replyTo: string | null) => replyTo !== null && whereabouts(from)?.role === 'plugin'

/** How far the message has come that its program was run with. */
function receipts({ rig, plugin, waiting }: Context, { kind, startedAt }: EffectOutput<'runPlugin'>) {
  const by = pluginOf(rig, plugin)
  const [message] = waiting
  if (!message || startedAt === null) return []
  const shown = { mail: message.id, to: by, step: 'shown' as const, by, at: startedAt }
  return kind === 'answered' ? [shown, { mail: message.id, to: by, step: 'acked' as const, by }] : [shown]
}

export const pluginMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as { rig: string; plugin: string; waitingMax?: number },
  },
  actors: hands,
  actions: {
    ...words,
    take: assign({
      waiting: ({ context, event: { mailId, from, subject, body, replyTo } }) => [
        ...context.waiting,
        { id: mailId, from, subject, body, ...(isAnswer(from, replyTo) ? { isAnswer: true } : {}) },
      ],
    }),
    finish: assign({ waiting: ({ context }) => context.waiting.slice(1) }),
  },
  guards: {
    room: ({ context }) => context.waiting.length < context.waitingMax,
    more: ({ context }) => context.waiting.length > 0,
  },
}).createMachine({
  id: 'plugin',
  context: ({ input }) => ({
    rig: input?.rig ?? '',
    plugin: input?.plugin ?? '',
    waiting: [],
    waitingMax: input?.waitingMax ?? 100,
  }),
  initial: 'idle',
  on: {
    'message.sent': [
      { guard: 'room', actions: 'take' },
      {
        actions: {
          type: 'mail',
          params: ({ context, event }) => ({
            to: event.from,
            type: 'message.sent',
            body: {
              subject: `Re: ${event.subject}`.slice(0, subjectLengthMax),
              body: `This plugin has ${context.waitingMax} questions waiting; ask again later.`,
              replyTo: event.mailId,
            },
          }),
        },
      },
    ],
  },
  states: {
    idle: { description: 'Waits for mail.', always: { guard: 'more', target: 'consulting' } },
    consulting: {
      description: 'The plugin’s program has the oldest message.',
      invoke: {
        id: 'run',
        src: 'runPlugin',
        input: ({ context }) => ({ rig: context.rig, plugin: context.plugin, message: context.waiting[0] as Question }),
        onDone: {
          target: 'idle',
          actions: [
            { type: 'noteReceipt', params: ({ context, event }) => receipts(context, event.output) },
            {
              type: 'mail',
              params: ({ context, event }) => {
                if (event.output.kind === 'answered') return answer(context, event.output.reply)
                if (event.output.kind === 'failed') return answer(context, `${event.output.why}\n${event.output.tail}`)
                return []
              },
            },
            'finish',
          ],
        },
        onError: {
          target: 'idle',
          actions: [{ type: 'mail', params: ({ context, event }) => answer(context, wordsOf(event.error)) }, 'finish'],
        },
      },
    },
  },
})

export const pluginIgnores = [] as const
