// Mayor: the one door between the Overseer and the rigs. Passes work down, news and escalations up, each cause once.
// (spec: Mayor)
// Life: coordinating, always.
// Never: cleans up after workers, kills sessions or nudges anyone; that is each rig's Witness.
import { assign, setup } from 'xstate'
import { announced, type Hold, heldInTown, isReleased, letGo, withoutHolds } from './accounts.ts'
import { overseer, witnessOf } from './address.ts'
import type { MailEvent } from './mail.ts'
import { hands, words } from './profile.ts'

export const mayorUnderstands = [
  'work.requested',
  'escalation.raised',
  'escalation.cleared',
  'issue.landed',
  'epic.completed',
  'account.held',
  'account.released',
] as const
type Understands = MailEvent<(typeof mayorUnderstands)[number]>

export interface OpenEscalation {
  cause: string
  rig: string
  issue: string | null
  subject: string
  body: string
  at: number
}

export interface MayorContext {
  /** What the Overseer must decide; one a cause, gone when it is cleared. */
  escalations: OpenEscalation[]
  /** Accounts on which nobody is started, in any rig; absent: none. */
  holds?: Record<string, Hold>
}

export const mayorMachine = setup({
  types: { context: {} as MayorContext, events: {} as Understands, input: {} as Record<string, never> },
  actors: hands,
  actions: words,
  guards: {
    known: ({ context, event }) =>
      event.type === 'escalation.raised' && context.escalations.some((open) => open.cause === event.cause),
  },
}).createMachine({
  id: 'mayor',
  context: { escalations: [] },
  initial: 'coordinating',
  states: {
    coordinating: {
      description: 'Work goes down to the rig’s Witness; news comes up.',
      on: {
        'work.requested': {
          description: 'The Overseer wants an epic or an issue done.',
          actions: [
            {
              type: 'note',
              params: ({ event }) => ({
                text: `${event.epic ?? event.issues.join(', ')} goes to ${witnessOf(event.rig)}`,
                issue: event.epic ?? event.issues[0] ?? '',
              }),
            },
            {
              type: 'mail',
              params: ({ event }) => ({
                to: witnessOf(event.rig),
                type: 'work.assigned',
                body: { epic: event.epic, issues: event.issues, fresh: event.fresh, askId: event.mailId },
              }),
            },
          ],
        },
        'escalation.raised': [
          { guard: 'known', description: 'The Overseer knows already.', actions: assign({}) },
          {
            description: 'Nothing here can decide it: up to the Overseer, once.',
            actions: [
              assign({
                escalations: ({ context, event: { cause, rig, issue, subject, body, at } }) => [
                  ...context.escalations,
                  { cause, rig, issue, subject, body, at },
                ],
              }),
              {
                type: 'note',
                params: ({ event }) => ({ text: `asks the Overseer: ${event.subject}`, issue: event.issue ?? '' }),
              },
              {
                type: 'mail',
                params: ({ event: { cause, rig, issue, subject, body } }) => ({
                  to: overseer,
                  type: 'escalation.raised',
                  body: { cause, rig, issue, subject, body },
                }),
              },
            ],
          },
        ],
        'escalation.cleared': {
          description: 'The cause is gone.',
          actions: assign({
            escalations: ({ context, event }) => context.escalations.filter((open) => open.cause !== event.cause),
          }),
        },
        'account.held': {
          description: 'An account of several rigs is used up, or refused: all who share it hear of it.',
          actions: [
            { type: 'mail', params: ({ context, event }) => announced(context.holds ?? {}, event) },
            assign({ holds: ({ context, event }) => heldInTown(context.holds ?? {}, event) }),
          ],
        },
        'account.released': {
          description: 'The Overseer has it tried again.',
          actions: [
            { type: 'mail', params: ({ event }) => letGo(event) },
            assign(({ context, event }) => ({
              holds: withoutHolds(context.holds ?? {}, event),
              escalations: context.escalations.filter(({ cause }) => !isReleased(event, cause)),
            })),
          ],
        },
        'issue.landed': { description: 'Good news; the log has it.', actions: assign({}) },
        'epic.completed': {
          description: 'A whole epic is on main: the Overseer is told.',
          actions: {
            type: 'mail',
            params: ({ event }) => ({
              to: overseer,
              type: 'epic.completed',
              body: { rig: event.rig, epic: event.epic },
            }),
          },
        },
      },
    },
  },
})

export const mayorIgnores = ['message.sent'] as const
