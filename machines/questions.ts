// Questions: what the Refinery asks itself before each of its steps.
// Never: changes anything.
import type { EffectOutput } from './effects.ts'
import { isRedStill, type RefineryContext } from './landing.ts'
import { nextDueAt, plan, without } from './queue.ts'

type Context = RefineryContext
interface Asked {
  context: Context
  event: object
}

export const atOf = (event: object, context: Context) => ('at' in event ? Number(event.at) : context.now)
const kindOf = (event: object) => (event as { output?: { kind?: string } }).output?.kind
const verdictOf = (event: object) => (event as { output: EffectOutput<'runGates'> }).output

/** The issue whose removal is asked for. */
const removed = (event: object) => ('issue' in event ? event.issue : undefined)

/** Somebody else could be tried now. */
const othersWait = (context: Context, event: object) =>
  plan(without(context.queue, context.members), atOf(event, context), context.gated) !== undefined

/** The gates could not run on this candidate before. */
const couldNotRun = ({ verdict }: Context) => verdict?.kind === 'broken'

export const questions = {
  somethingToDo: ({ context, event }: Asked) => plan(context.queue, atOf(event, context), context.gated) !== undefined,
  somethingLater: ({ context }: Asked) => nextDueAt(context.queue) !== undefined,
  inWork: ({ context, event }: Asked) => context.members.some(({ issue }) => issue === removed(event)),
  somethingBuilt: ({ context }: Asked) => context.landing.length > 0 && context.commit !== context.base,
  allThere: ({ context }: Asked) => context.landing.length > 0,
  testedAlready: ({ context }: Asked) =>
    context.commit !== context.base && context.greenCandidates.includes(context.commit),
  stillRed: ({ context, event }: Asked) =>
    isRedStill(context, atOf(event, context)) && context.members.some(({ wait }) => wait?.what === 'main_red'),
  /** It fails the gate that main is known to fail. */
  failsAsMain: ({ context, event }: Asked) => {
    const verdict = verdictOf(event)
    return verdict.kind === 'red' && context.red?.gate === verdict.gate && isRedStill(context, atOf(event, context))
  },
  /** The base is not known to pass: the fault may be main's. Gates that cannot run are always tried on main too. */
  mainUnproven: ({ context, event }: Asked) =>
    context.base !== null &&
    (context.base !== context.greenMain || (kindOf(event) === 'broken' && !couldNotRun(context))),
  /** main passes, and with the work the gates fail, or could not run twice. */
  atFault: ({ context, event }: Asked) => kindOf(event) === 'red' || couldNotRun(context),
  couldNotRun: ({ context }: Asked) => couldNotRun(context),
  /** main fails the very gate; of another one the work must answer for itself. */
  mainFails: ({ context, event }: Asked) => {
    const main = verdictOf(event)
    const { verdict } = context
    return main.kind === 'red' && verdict?.kind === 'red' && main.gate === verdict.gate
  },
  otherGates: ({ context, event }: Asked) => 'judgedBy' in event && event.judgedBy !== context.judgedBy,
  landsOnRed: ({ context }: Asked) => context.redMain === 'land',
  /** It was tried for long enough, and somebody else can be tried meanwhile. Whether main has it comes first. */
  awayAndOthersWait: ({ context, event }: Asked) =>
    context.away?.step !== 'confirm' &&
    context.absences[context.away?.step ?? 'build'] >= 2 &&
    othersWait(context, event),
  brokenAndOthersWait: ({ context, event }: Asked) => context.breaks >= 2 && othersWait(context, event),
  /** It was pushed, and origin has not said yet whether main has it. */
  maybeOnMain: ({ context, event }: Asked) =>
    context.queue.some(({ issue, maybeOnMain }) => maybeOnMain && issue === removed(event)),
  refusedTogether: ({ context, event }: Asked) => kindOf(event) === 'refused' && context.members.length > 1,
}
