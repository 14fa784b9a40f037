// Rounds: what a Witness asks itself about its rig, and how what it hears changes what it keeps. Its life is
// `witness.ts`.
// Never: decides where that leads.
import { assign, setup } from 'xstate'
import {
  allAreRefused,
  allAreUsedUp,
  entitled,
  freed,
  hasAny,
  heldBy,
  nextEnd,
  ofEnvironment,
  released,
} from './accounts.ts'
import { leftOfDayMs } from './budget.ts'
import type { EffectOutput } from './effects.ts'
import { atRest, underway, type WitnessContext, type WitnessInput } from './ledger.ts'
import type { MailEvent } from './mail.ts'
import { hands, newsOf, verdicts, words } from './profile.ts'
import { backoffMs } from './queue.ts'
import { nextStart } from './waves.ts'

export const witnessUnderstands = [
  'work.assigned',
  'issues.changed',
  'rig.configured',
  'session.stopRequested',
  'session.resumeRequested',
  'account.held',
  'account.released',
  'worker.retired',
  'merge.queued',
  'merge.landed',
  'merge.returned',
  'merge.removed',
  'merge.stuck',
  'merge.unstuck',
  'rig.stopped',
  'rig.resumed',
] as const
type Understands = MailEvent<(typeof witnessUnderstands)[number]>
type Context = WitnessContext

export const room = (context: Context) => Math.max(0, context.maxWorkers - Object.keys(context.workers).length)
export const hasRoom = (context: Context) => room(context) > 0
export const choose = (context: Context) => {
  const canStart = ({ agent }: { agent?: string | null }) => hasAny(context, agent)
  return nextStart(context.returned.filter(canStart), context.ready, underway(context))
}

const claimOf = (event: object) => {
  const { output } = event as { output?: EffectOutput<'claimIssue'> }
  return output?.kind === 'claimed' ? output : { agent: null }
}

const asConfigured = (context: Context, event: MailEvent<'rig.configured'>): Context => ({
  ...context,
  ...entitled<Context>(event)(context).changes,
  ...released<Context>(ofEnvironment)(context).changes,
})

export const rounds = setup({
  types: {
    context: {} as Context,
    events: {} as Understands,
    input: {} as WitnessInput,
  },
  actors: hands,
  actions: {
    ...words,
    news: newsOf<Context, Understands>(),
    lookAgain: assign({ look: true }),
  },
  guards: {
    ...verdicts,
    mayLook: ({ context }) => context.look && !atRest(context),
    mayStart: ({ context }) => hasRoom(context) && choose(context) !== undefined,
    noRoom: ({ context }) => !hasRoom(context),
    /** Its issue asks for an agent that has no account now. */
    isUnpaid: ({ context, event }) => !hasAny(context, claimOf(event).agent),
    /** What it was shown is gone, and there is more. */
    seesTooLittle: ({ context }) => hasRoom(context) && context.more,
    works: ({ context, event }) =>
      (event.type === 'session.stopRequested' || event.type === 'session.resumeRequested') &&
      context.workers[event.polecat] !== undefined,
    spaced: ({ context }) => context.spawnDelayMs > 0,
    dayIsUsedUp: ({ context }) => leftOfDayMs(context) !== undefined,
    /** None is left that is not refused. `null`: it is nobody's account that is refused, but the configuration. */
    leavesNone: ({ context, event }) =>
      event.type === 'account.held'
        ? event.what === 'refused' &&
          (event.account === null || allAreRefused({ ...context, ...heldBy<Context>(event)(context).changes }))
        : event.type === 'rig.configured' && allAreRefused(asConfigured(context, event)),
    /** There is one again that is not refused. What the configuration lacks no account mends. */
    isMended: ({ context, event }) =>
      event.type === 'rig.configured'
        ? !allAreRefused(asConfigured(context, event))
        : event.type === 'account.released' &&
          (event.account === null ||
            (allAreRefused(context) && !allAreRefused({ ...context, ...freed(event)(context).changes }))),
    allAreUsedUp: ({ context }) => allAreUsedUp(context),
    someAreUsedUp: ({ context }) => nextEnd(context) !== undefined,
  },
  delays: {
    surveyRetry: 5000,
    surveyAgain: ({ context }) => backoffMs(context.unread),
    spawnDelay: ({ context }) => context.spawnDelayMs,
    leftOfDay: ({ context }) => leftOfDayMs(context) ?? 0,
    heldFor: ({ context, event }) => Math.max(0, (nextEnd(context) ?? 0) - (event as unknown as { at: number }).at),
  },
})
