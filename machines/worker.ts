// Worker: what a polecat asks itself, and how what it hears changes what it keeps. Its life is `polecat.ts`.
// Never: decides where that leads.
import { assign, setup } from 'xstate'
import { whereabouts } from './address.ts'
import { type Conclusion, inTheWay, newConversation, type PolecatContext, type PolecatInput } from './incarnation.ts'
import type { MailEvent } from './mail.ts'
import { hands, outputOf, verdicts, words } from './profile.ts'

export const polecatUnderstands = [
  'worker.assigned',
  'session.started',
  'session.ended',
  'session.stalled',
  'session.idle',
  'handoff.requested',
  'message.sent',
  'cycle.requested',
  'question.asked',
  'merge.queued',
  'work.paused',
  'work.resumed',
  'polecat.retired',
] as const
type Understands = MailEvent<(typeof polecatUnderstands)[number]>

/** Two agents that write to each other do not go on for ever. */
const othersMax = 20
/** As often an end that is not its fault costs it no start. */
const sparedMax = 5

export const worker = setup({
  types: { context: {} as PolecatContext, events: {} as Understands, input: {} as PolecatInput },
  actors: hands,
  actions: {
    ...words,
    rememberSilence: assign(({ event }) =>
      event.type === 'session.stalled' ? { silent: { ms: event.silentMs, tail: event.tail } } : {},
    ),
    rememberAsker: assign(({ context, event }) =>
      event.type === 'handoff.requested' || event.type === 'cycle.requested'
        ? { askIds: [...context.askIds, event.mailId] }
        : {},
    ),
    /** What it says that it has come to. */
    rememberWish: assign(({ event }) =>
      event.type === 'handoff.requested'
        ? {
            outcome: event.outcome === 'work' ? ('handed_over' as const) : event.outcome,
            reason: event.reason,
            blockedBy: event.blockedBy,
          }
        : {},
    ),
    spare: assign(({ context: { starts, spared = 0 } }) => ({ starts: Math.max(0, starts - 1), spared: spared + 1 })),
    goIdle: assign({ wentIdle: true }),
    isReminded: assign({ wentIdle: false }),
    /** Until it has been told. */
    remind: assign({ wentIdle: true, reminded: ({ context }) => (context.reminded ?? 0) + 1 }),
    /** As it is. */
    stay: assign({}),
    wait: assign({ waitsForAnswer: true }),
    /** Who is spoken to has something to answer; that counts against nobody, within bounds. Its own mail is its note. */
    hear: assign(({ context: { address, heardOf = 0 }, event }) => {
      if (event.type !== 'message.sent') return {}
      if (event.from === address) return {}
      const isAnswer = ['overseer', 'mayor', 'crew'].includes(whereabouts(event.from)?.role ?? '')
      return {
        ...(isAnswer ? { waitsForAnswer: false } : {}),
        ...(isAnswer || heardOf < othersMax ? { reminded: 0, heardOf: heardOf + 1 } : {}),
      }
    }),
    cycle: assign(({ context }) => ({ cycles: (context.cycles ?? 0) + 1, reminded: 0 })),
    /** That start does not count as one. */
    cycleInstead: assign({
      cycles: ({ context }) => (context.cycles ?? 0) + 1,
      starts: ({ context }) => Math.max(0, context.starts - 1),
    }),
    pause: assign({ paused: true }),
    resume: assign({ paused: false }),
    /** The start came to nothing. */
    stumble: assign((_, trouble: string) => ({ trouble })),
    conclude: assign((_, { outcome, reason, blockedBy }: Conclusion) => ({
      outcome,
      reason,
      blockedBy: blockedBy ?? null,
    })),
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
    ...verdicts,
    stoppedByTheOverseer: ({ context }) =>
      context.paused || ['stopped', 'refused'].includes(context.lastEnd?.cause ?? ''),
    /** It ended by no fault of its own; again and again, somebody has to look. */
    cutOff: ({ context }) =>
      ['cut_off', 'forgotten'].includes(context.lastEnd?.cause ?? '') && (context.spared ?? 0) < sparedMax,
    /** Its conversation is over, and not its work. */
    wantsAnother: ({ context }) => (context.lastEnd?.cause ?? '') in newConversation,
    /** It ended by itself, and its issue was not asked yet: it may say why. */
    unexplained: ({ context }) => context.lastEnd?.cause === 'gone' && !context.asked,
    startsLeft: ({ context }) => context.starts < context.startsMax,
    sessionOver: ({ context }) => context.sessionOver,
    waitsForAnswer: ({ context }) => context.waitsForAnswer === true,
    mustBeReminded: ({ context }) => context.wentIdle === true && context.waitsForAnswer !== true,
    noted: ({ event }) => event.type === 'cycle.requested' && event.note !== '',
    cyclesLeft: ({ context }) => (context.cycles ?? 0) < (context.cyclesMax ?? 10),
    remindersLeft: ({ context }) => (context.reminded ?? 0) < (context.remindersMax ?? 3),
    saysDone: ({ event }) =>
      event.type === 'handoff.requested' && (event.outcome === 'work' || event.outcome === 'no_change'),
    saysNothingToDo: ({ context, event }) => context.outcome === 'no_change' && inTheWay(context, event) === undefined,
    readyToHandOver: ({ context, event }) => inTheWay(context, event) === undefined,
    hasWork: ({ event }) => {
      const found = outputOf<'inspectWorktree'>(event)
      return found.kind === 'found' && found.ahead + found.own > 0
    },
    closedByItself: ({ event }) => {
      const found = outputOf<'readIssue'>(event)
      return found.kind === 'closed' && found.byHolder
    },
    somethingPinned: ({ event }) => outputOf<'pinWork'>(event).head !== null,
  },
  delays: {
    /** 1 s, 2 s, 4 s … between starts that led nowhere. */
    startBackoff: ({ context: { starts, spared = 0 } }) =>
      Math.min(60_000, 1000 * 2 ** Math.max(0, starts + spared - 1)),
  },
})
