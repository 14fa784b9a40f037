// Landing: what a Refinery keeps of its queue, and how each thing that happens changes it. Pure bookkeeping.
// Never: says anything itself; what is to be said is handed back.
import type { EffectOutput } from './effects.ts'
import type { MailEvent, Obstacle } from './mail.ts'
import { type Change as ChangeOf, wordsOf } from './profile.ts'
import { backoffMs, changed, enqueue, type Queued, released, type Wait, withMainMoved, without } from './queue.ts'
import { issuesOf, says, told } from './tidings.ts'

/** The parts of origin's work that fail for reasons of their own: the success of one says nothing of the others. */
export type Step = 'build' | 'land' | 'confirm'

export interface RefineryInput {
  rig: string
  gated: boolean
  redMain: 'wait' | 'land'
  tellForeign: boolean
  /** A mark of the gates and of what they run with. */
  judgedBy: string
}

export interface RefineryContext extends RefineryInput {
  queue: Queued[]
  /** What is being landed. */
  members: Queued[]
  /** Of these, what is in the candidate, or on main already, and the commit that brings it. */
  landing: { issue: string; commit: string }[]
  base: string | null
  commit: string
  /** main as it was last known. */
  main: string | null
  /** The newest commit that passed the gates as main, and the candidates that did, newest first, at most 50. */
  greenMain: string | null
  greenCandidates: string[]
  /** main, and the gate it fails, as long as it does. */
  red: { main: string; gate: string; at: number } | null
  /** The verdict on a candidate, while main itself is looked at. */
  verdict: EffectOutput<'runGates'> | null
  /** Times in a row that main moved; counted as far as it makes a difference. */
  moves: number
  /** Times in a row that origin was away, or gates could not run; counted likewise. */
  absences: Record<Step, number>
  breaks: number
  /** Where and why origin was away last. */
  away: Away | null
  /** What the Overseer was told of, and what ends it: a step that goes well, or that nothing waits for it any more. */
  stuck: { what: Obstacle; until: Step | 'gates' | 'poked' | 'held' }[]
  /** Flaky gates that were told of. */
  flaky: string[]
  /** Newest first, at most 20. */
  landed: { issue: string; title: string; commit: string; at: number }[]
  /** The moment of the last turn, in watched time. */
  now: number
}
type Context = RefineryContext
type Change = ChangeOf<Context>

interface Away {
  step: Step
  what: 'unreachable' | 'denied'
  why: string
}

/** From here on the wait is the longest. */
export const absencesMax = 7
/** From here on there is a breath between attempts. */
export const movesMax = 4
/** The Overseer hears of an origin that is away after so many times; of one that denies access a time earlier. */
const patience = { unreachable: 3, denied: 2 }
/** main is not asked more often than this whether it is another, in milliseconds. */
const redMainMs = 60_000
/** For so long main that failed a gate is believed to fail it still; gates err, too. In milliseconds. */
const believedMs = 3_600_000

export const begun = (input: RefineryInput | undefined): Context => ({
  rig: input?.rig ?? '',
  gated: input?.gated ?? true,
  redMain: input?.redMain ?? 'wait',
  tellForeign: input?.tellForeign ?? true,
  judgedBy: input?.judgedBy ?? '',
  queue: [],
  members: [],
  landing: [],
  base: null,
  commit: '',
  main: null,
  greenMain: null,
  greenCandidates: [],
  red: null,
  verdict: null,
  moves: 0,
  absences: { build: 0, land: 0, confirm: 0 },
  breaks: 0,
  away: null,
  stuck: [],
  flaky: [],
  landed: [],
  now: 0,
})

/** The rig's configuration, as it is now. What other gates found of a commit says nothing any more. */
export const configured =
  ({ gated, redMain, tellForeign, judgedBy }: MailEvent<'queue.configured'>): Change =>
  (context) => ({
    changes: {
      gated,
      redMain,
      tellForeign,
      judgedBy,
      ...(judgedBy === context.judgedBy
        ? {}
        : { greenMain: null, greenCandidates: [], red: null, queue: withMainMoved(context.queue) }),
    },
  })

/** Between two candidates. */
export const rested =
  (at: number): Change =>
  (context) => {
    const isOver = isOverWith(context.queue)
    return {
      mail: told.unstuck(context, isOver),
      changes: {
        members: [],
        landing: [],
        base: null,
        commit: '',
        verdict: null,
        moves: 0,
        now: at,
        stuck: context.stuck.filter((each) => !isOver(each)),
      },
    }
  }

/** What kept work that is no longer in the queue, or no longer kept, is over; what the Overseer is to see stays. */
const isOverWith =
  (queue: readonly Queued[]) =>
  ({ what, until }: Context['stuck'][number]) =>
    (queue.length === 0 && until !== 'poked') || (until === 'held' && !queue.some(({ wait }) => wait?.what === what))

export const takenIn =
  (event: MailEvent<'merge.requested'>): Change =>
  (context) => {
    const building = context.members.map((member) => member.sha)
    const queue = enqueue(context.queue, event, event.at, building)
    const next = { ...context, queue }
    return {
      changes: { queue },
      mail: told.queued(next, event),
      ...(event.askId === null ? {} : { reply: says.queued(next, event) }),
    }
  }

/** Taken out by the Overseer, or because its issue is closed. */
export const takenOut =
  (event: MailEvent<'queue.removal'>): Change =>
  (context) => {
    const out = context.queue.filter((request) => request.issue === event.issue)
    const queue = without(context.queue, out)
    const isOver = isOverWith(queue)
    return {
      notes: out.length > 0 ? [says.takenOut(event)] : [],
      mail: [...told.removed(context, out, event.from, event.why), ...told.unstuck(context, isOver)],
      reply: says.outOfIt(context, event, out.length > 0),
      changes: { queue, stuck: context.stuck.filter((each) => !isOver(each)) },
    }
  }

/** Everything is tried again, and nothing counts as stuck until it shows itself so again. */
const triedAgain: Change = (context) => ({
  mail: told.unstuck(context, () => true),
  changes: {
    stuck: [],
    absences: { build: 0, land: 0, confirm: 0 },
    breaks: 0,
    red: null,
    queue: released(context.queue),
  },
})

type Poked = { event: { mailId: string } }

/** The Overseer wants the queue processed. */
export const poked = ({ event }: Poked): Change[] => [
  triedAgain,
  (context) => ({ reply: says.poked(context, event.mailId) }),
]

/** So do they while nothing can be asked of origin. */
export const askedAgain = ({ event }: Poked): Change[] => [
  triedAgain,
  (context) => ({ reply: says.asksAgain(context, event.mailId) }),
]

/** A step went well: what it kept is over, and nothing else. */
export const went =
  (...steps: readonly string[]): Change =>
  (context) => {
    const isOver = ({ until }: { until: string }) => steps.includes(until)
    const { build, land, confirm } = context.absences
    const left = (step: Step, times: number) => (steps.includes(step) ? 0 : times)
    return {
      mail: told.unstuck(context, isOver),
      changes: {
        stuck: context.stuck.filter((each) => !isOver(each)),
        absences: { build: left('build', build), land: left('land', land), confirm: left('confirm', confirm) },
        breaks: steps.includes('gates') ? 0 : context.breaks,
      },
    }
  }

/** The Overseer hears of what keeps work from landing, once until it is over. */
export const tells =
  (what: Obstacle, why: string, until: Context['stuck'][number]['until']): Change =>
  (context) => ({
    mail: context.stuck.some((each) => each.what === what) ? [] : [told.stuck(context, what, why)],
    changes: {
      stuck: [...context.stuck.filter((each) => each.what !== what || each.until !== until), { what, until }],
    },
  })

/** Origin is away: noted the first time; after a while the Overseer hears of it. */
const wentAway =
  (away: Away): Change =>
  (context) => {
    const { step, what, why } = away
    const times = Math.min(absencesMax, context.absences[step] + 1)
    const news = times >= patience[what] ? tells(what, why, step)(context) : {}
    const first = {
      text: `origin ${what === 'denied' ? 'denies access' : 'does not answer'}: ${why}`,
      issue: issuesOf(context),
    }
    return {
      ...news,
      notes: times === 1 ? [first] : [],
      changes: { ...news.changes, away, absences: { ...context.absences, [step]: times } },
    }
  }

/** Origin took the push, as it says, and its main does not have it. */
export const notThere: Change = (context) => {
  const why = `it took the push of ${issuesOf(context)}, and its main does not have it`
  return wentAway({ step: 'confirm', what: 'unreachable', why })(context)
}

/** It was pushed, or nobody knows: until it is built anew, main may have it. */
export const maybeThere: Change = (context) => ({
  changes: { queue: changed(context.queue, context.members, (request) => ({ ...request, maybeOnMain: true })) },
})

/** What an effect's result says of an origin that is away. */
export const awayAt =
  (step: Step) =>
  ({ event }: { event: object }): Change[] => {
    const denied = 'output' in event && (event.output as { kind: string }).kind === 'denied'
    const away = wentAway({ step, what: denied ? 'denied' : 'unreachable', why: whyOf(event) })
    return step === 'land' && !denied ? [maybeThere, away] : [away]
  }

/** The gates gave no verdict. */
export const cannotJudge = ({ event }: { event: object }): Change[] => [tells('broken', whyOf(event), 'gates')]

/** Why something could not be done, as its effect answered or failed. */
export function whyOf(event: object): string {
  return 'error' in event ? wordsOf(event.error) : String((event as { output: { why?: string } }).output.why ?? '')
}

/** The members wait, each by itself from now on. */
const setAside =
  (what: Wait['what'], until: (setbacks: number) => number | null): Change =>
  (context) => ({
    changes: {
      queue: changed(context.queue, context.members, (request) => {
        const setbacks = Math.min(absencesMax, request.setbacks + 1)
        return { ...request, setbacks, alone: true, wait: { what, until: until(setbacks) } }
      }),
    },
  })

/** Origin is away, or the gates cannot run, and others wait: perhaps it is this one's doing. */
export const yields = (what: 'away' | 'broken', at: number) => setAside(what, (setbacks) => at + backoffMs(setbacks))
/** It could not be built: again in a while, longer each time. */
export const unbuilt = (at: number) => setAside('broken', (setbacks) => at + backoffMs(setbacks))
/** Origin will not have it: the Overseer decides. */
export const refused = setAside('refused', () => null)
/** It fails as main does: again when main is another, which is looked for now and then. */
export const waitsForMain = (at: number) =>
  setAside('main_red', (setbacks) => at + Math.max(redMainMs, backoffMs(setbacks)))

/** main was another one when it was pushed; after a few times in a row the Overseer hears of it. */
export const overtaken: Change = (context) => {
  const why = `main moved ${movesMax} times in a row while ${issuesOf(context)} was built, tested and pushed`
  const news = context.moves + 1 >= movesMax ? tells('moving', why, 'confirm')(context) : {}
  return { ...news, notes: [says.moved(context)] }
}

/** One of them is what origin refuses: each by itself. */
export const parted: Change = (context) => ({
  changes: { queue: changed(context.queue, context.members, (request) => ({ ...request, alone: true })) },
})

/** main is the one that failed a gate a while ago. */
export const isRedStill = ({ red, base }: Context, at: number) =>
  red !== null && red.main === base && at - red.at < believedMs

/** A candidate is made of what could be put on main; what could not goes back. */
export const built =
  (output: EffectOutput<'buildCandidate'>): Change =>
  (context) => {
    if (output.kind !== 'built') return {}
    const { base, commit, landing, contained, unfit, foreign } = output
    const gone = context.members.filter(({ issue }) => unfit.some((each) => each.issue === issue))
    const stays = context.red !== null && context.red.main === base
    const strangers = context.gated && context.tellForeign && foreign.length > 0
    const news = strangers ? tells('foreign', says.foreign(foreign), 'poked')(context) : {}
    return {
      notes: says.built(output),
      mail: [...told.unfit(context, unfit), ...(news.mail ?? [])],
      changes: {
        ...news.changes,
        base,
        commit: landing.length > 0 ? commit : (base ?? commit),
        main: base,
        verdict: null,
        landing: [...landing, ...contained],
        members: context.members.filter((member) => !gone.includes(member)),
        red: stays ? context.red : null,
        queue: notThereYet(without(stays ? context.queue : withMainMoved(context.queue), gone), landing),
      },
    }
  }

/** What is built anew main does not have, however its last push ended. */
const notThereYet = (queue: readonly Queued[], landing: readonly { issue: string }[]): Queued[] =>
  queue.map((request) =>
    landing.some(({ issue }) => issue === request.issue) ? { ...request, maybeOnMain: false } : request,
  )

export const passed =
  (output: EffectOutput<'runGates'>): Change =>
  (context) => {
    if (output.kind !== 'green') return {}
    const flaky = output.flaky.map(({ gate }) => gate)
    return {
      notes: says.flaky(context, output),
      mail: told.flaky(context, output),
      changes: {
        greenCandidates: [context.commit, ...context.greenCandidates].slice(0, 50),
        flaky: [...new Set([...context.flaky, ...flaky])].slice(-20),
      },
    }
  }

/** The work is at fault: back to its worker, with what is to be mended. */
export const failed =
  (verdict: EffectOutput<'runGates'>): Change =>
  (context) => ({
    notes: [says.sentBack(context, verdict)],
    mail: told.failed(context, verdict),
    changes: { queue: without(context.queue, context.members) },
  })

/** main itself was judged. */
export const judged =
  (output: EffectOutput<'runGates'>, at: number): Change =>
  (context) => ({
    changes: {
      greenMain: output.kind === 'green' ? context.base : context.greenMain,
      red: output.kind === 'red' ? { main: context.base ?? '', gate: output.gate, at } : context.red,
    },
  })

/** On main, as origin says. */
export const landed =
  (at: number): Change =>
  (context) => {
    const commitOf = (issue: string) => context.landing.find((each) => each.issue === issue)?.commit
    const done = context.members.filter(({ issue }) => commitOf(issue) !== undefined)
    const news = done.map(({ issue, title }) => ({ issue, title, commit: commitOf(issue) ?? context.commit, at }))
    return {
      notes: [says.landed(context)],
      close: says.closing(context),
      mail: told.landed(context),
      changes: {
        queue: withMainMoved(without(context.queue, done)),
        main: context.commit,
        greenMain: context.greenCandidates.includes(context.commit) ? context.commit : context.greenMain,
        red: null,
        landed: [...news, ...context.landed].slice(0, 20),
      },
    }
  }
