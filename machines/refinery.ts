// Refinery: the merge queue of one rig. Builds the merge as objects, gates that very commit, pushes exactly it, asks
// origin, closes the issue. What it keeps, and how that changes, is in `landing.ts`. (spec: Refinery)
// Life: idle → building → testing → landing → confirming → landed → idle. Work that conflicts or is red goes back; what
// cannot be built, judged or pushed is set aside for a while, and the next goes on.
// Never: forces a push, lands a commit it did not gate, blames a worker for a main that is red itself, or closes an
// issue before origin has its work.
import { assign, setup } from 'xstate'
import {
  absencesMax,
  askedAgain,
  awayAt,
  begun,
  built,
  cannotJudge,
  configured,
  failed,
  judged,
  landed,
  maybeThere,
  movesMax,
  notThere,
  overtaken,
  parted,
  passed,
  poked,
  type RefineryContext,
  type RefineryInput,
  refused,
  rested,
  takenIn,
  takenOut,
  tells,
  unbuilt,
  waitsForMain,
  went,
  whyOf,
  yields,
} from './landing.ts'
import type { MailEvent } from './mail.ts'
import { hands, newsOf, verdicts, words, wordsOf } from './profile.ts'
import { atOf, questions } from './questions.ts'
import { backoffMs, nextDueAt, plan } from './queue.ts'
import { says } from './tidings.ts'

export type { RefineryContext } from './landing.ts'

export const refineryUnderstands = ['merge.requested', 'queue.poked', 'queue.removal', 'queue.configured'] as const
type Understands = MailEvent<(typeof refineryUnderstands)[number]>
type Context = RefineryContext

/** While it is pushed, or origin asked whether it was, nothing is taken out. */
const tooLate = {
  guard: 'inWork',
  description: 'Too late, or too early.',
  actions: { type: 'reply', params: says.beingPushed },
} as const

const judgedAnew = {
  guard: 'otherGates',
  target: 'building',
  description: 'Judged anew, by the gates as they are now.',
  actions: {
    type: 'news',
    params: ({ event }: { event: MailEvent<'queue.configured'> }) => [configured(event)],
  },
} as const

/** Of the work, or of main: the gates could not run. */
const noVerdict = { target: 'cannot_run', actions: { type: 'news', params: cannotJudge } } as const

export const refineryMachine = setup({
  types: { context: {} as Context, events: {} as Understands, input: {} as RefineryInput },
  actors: hands,
  actions: { ...words, news: newsOf<Context, Understands>() },
  guards: { ...verdicts, ...questions },
  delays: {
    /** As long as origin was away at this step. */
    originRetry: ({ context }) => backoffMs(context.absences[context.away?.step ?? 'build']),
    /** As long, while gates cannot run. */
    runRetry: ({ context }) => backoffMs(context.breaks),
    /** At once for the first moves of main, then a breath between attempts. */
    replanDelay: ({ context }) => (context.moves < movesMax ? 0 : 2000),
    /** Until the next of those that wait. */
    nextDue: ({ context }) => Math.max(0, (nextDueAt(context.queue) ?? 0) - context.now),
    mainRetry: 60_000,
  },
}).createMachine({
  id: 'refinery',
  context: ({ input }) => begun(input),
  initial: 'idle',
  on: {
    'merge.requested': {
      description: 'Work is handed over: durable from here on, and both who asked and the Witness know its place.',
      actions: { type: 'news', params: ({ event }) => [takenIn(event)] },
    },
    'queue.poked': {
      description: 'The Overseer wants the queue processed: what was set aside is tried again.',
      actions: { type: 'news', params: poked },
    },
    'queue.removal': [
      { ...tooLate, guard: 'maybeOnMain' },
      {
        guard: 'inWork',
        target: '.idle',
        description: 'It is taken out in the midst of it.',
        actions: { type: 'news', params: ({ event }) => [takenOut(event)] },
      },
      {
        description: 'It is taken out, or was not in it.',
        actions: { type: 'news', params: ({ event }) => [takenOut(event)] },
      },
    ],
    'queue.configured': {
      description: 'The rig’s configuration, as it is now.',
      actions: { type: 'news', params: ({ event }) => [configured(event)] },
    },
  },
  states: {
    idle: {
      description: 'Nothing waits that could land now.',
      entry: { type: 'news', params: ({ context, event }) => [rested(atOf(event, context))] },
      always: [
        {
          guard: 'somethingToDo',
          target: 'building',
          actions: assign({
            members: ({ context, event }) => [...(plan(context.queue, atOf(event, context), context.gated) ?? [])],
          }),
        },
        { guard: 'somethingLater', target: 'pausing' },
      ],
    },
    pausing: {
      description: 'All that waits was set aside for a while.',
      always: { guard: 'somethingToDo', target: 'idle' },
      after: { nextDue: 'idle' },
    },
    building: {
      description: 'The merge onto main as it is now is made as a commit, without a checkout.',
      invoke: {
        id: 'build',
        src: 'buildCandidate',
        input: ({ context }) => ({ rig: context.rig, members: context.members, known: context.main }),
        onDone: [
          {
            guard: { type: 'answered', params: 'built' },
            target: 'built',
            actions: { type: 'news', params: ({ event }) => [went('build'), built(event.output)] },
          },
          {
            guard: { type: 'answered', params: 'no_main' },
            target: 'no_main',
            actions: { type: 'news', params: ({ event }) => [tells('no_main', whyOf(event), 'build')] },
          },
          { target: 'origin_away', actions: { type: 'news', params: awayAt('build') } },
        ],
        onError: {
          target: 'idle',
          description: 'Git could not build it: the next goes on, this one is tried again by itself.',
          actions: {
            type: 'news',
            params: ({ context, event }) => [
              tells('broken', wordsOf(event.error), 'held'),
              unbuilt(atOf(event, context)),
            ],
          },
        },
      },
    },
    built: {
      description: 'What can be put on main is one commit now, or there already; the rest is on its way back.',
      always: [
        {
          guard: 'stillRed',
          target: 'idle',
          description: 'main is as red as it was when this was set aside.',
          actions: { type: 'news', params: ({ context, event }) => [waitsForMain(atOf(event, context))] },
        },
        { guard: 'testedAlready', target: 'landing' },
        {
          guard: 'somethingBuilt',
          target: 'testing',
          actions: { type: 'note', params: ({ context }) => says.tests(context) },
        },
        {
          guard: 'allThere',
          target: 'confirming',
          description: 'main has it: a crash came between the push and its record, or somebody else landed it.',
        },
        { target: 'idle' },
      ],
    },
    testing: {
      description: 'The gates run on exactly the commit that would land.',
      on: { 'queue.configured': judgedAnew },
      invoke: {
        id: 'gates',
        src: 'runGates',
        input: ({ context: { rig, commit, landing } }) => ({ rig, commit, issues: landing.map(({ issue }) => issue) }),
        onDone: [
          {
            guard: { type: 'answered', params: 'green' },
            target: 'landing',
            actions: { type: 'news', params: ({ event }) => [went('gates'), passed(event.output)] },
          },
          { guard: 'failsAsMain', target: 'main_is_red', actions: { type: 'news', params: [went('gates')] } },
          {
            guard: 'mainUnproven',
            target: 'judging_main',
            description: 'The fault may be main’s own.',
            actions: assign({ verdict: ({ event }) => event.output }),
          },
          {
            guard: 'atFault',
            target: 'idle',
            actions: { type: 'news', params: ({ event }) => [went('gates'), failed(event.output)] },
          },
          noVerdict,
        ],
        onError: noVerdict,
      },
    },
    judging_main: {
      description: 'Is it the work that fails, or main as it is?',
      on: { 'queue.configured': judgedAnew },
      invoke: {
        id: 'judge',
        src: 'runGates',
        input: ({ context }) => ({ rig: context.rig, commit: context.base ?? '', issues: [] }),
        onDone: [
          {
            guard: 'mainFails',
            target: 'main_is_red',
            actions: {
              type: 'news',
              params: ({ context, event }) => [
                went('gates'),
                judged(event.output, atOf(event, context)),
                tells('main_red', says.mainRed(event.output), 'held'),
              ],
            },
          },
          {
            guard: { type: 'answered', params: 'broken' },
            target: 'cannot_run',
            actions: { type: 'news', params: cannotJudge },
          },
          {
            guard: 'couldNotRun',
            target: 'testing',
            description: 'main passes. Did the work break the gate, or had the machine a bad moment? Once more.',
            actions: { type: 'news', params: ({ context, event }) => [judged(event.output, atOf(event, context))] },
          },
          {
            target: 'idle',
            description: 'main passes: it is the work.',
            actions: {
              type: 'news',
              params: ({ context, event }) => [
                went('gates'),
                judged(event.output, atOf(event, context)),
                failed(context.verdict ?? event.output),
              ],
            },
          },
        ],
        onError: noVerdict,
      },
    },
    main_is_red: {
      description: 'main itself is red: nobody is blamed, the work waits for another main, or lands as configured.',
      always: [
        {
          guard: 'landsOnRed',
          target: 'landing',
          actions: { type: 'note', params: ({ context }) => says.landsOnRed(context) },
        },
        {
          target: 'idle',
          actions: { type: 'news', params: ({ context, event }) => [waitsForMain(atOf(event, context))] },
        },
      ],
    },
    landing: {
      description: 'The tested commit is pushed, on the condition that main is still what it was tested on.',
      on: { 'queue.removal': tooLate },
      invoke: {
        id: 'land',
        src: 'landCandidate',
        input: ({ context }) => ({ rig: context.rig, commit: context.commit, base: context.base }),
        onDone: [
          {
            guard: { type: 'answered', params: 'pushed' },
            target: 'confirming',
            actions: { type: 'news', params: [went('land'), maybeThere] },
          },
          {
            guard: { type: 'answered', params: 'moved' },
            target: 'replanning',
            actions: { type: 'news', params: [went('land'), overtaken] },
          },
          {
            guard: 'refusedTogether',
            target: 'idle',
            description: 'One of them is what origin refuses: each by itself.',
            actions: { type: 'news', params: [parted] },
          },
          {
            guard: { type: 'answered', params: 'refused' },
            target: 'idle',
            description: 'Origin will not have it: the others go first, the Overseer decides.',
            actions: { type: 'news', params: ({ event }) => [tells('refused', whyOf(event), 'held'), refused] },
          },
          { target: 'origin_away', actions: { type: 'news', params: awayAt('land') } },
        ],
        onError: { target: 'origin_away', actions: { type: 'news', params: awayAt('land') } },
      },
    },
    replanning: {
      description: 'main is not what was tested against: build again on what it is now. Never force.',
      entry: assign({ moves: ({ context }) => Math.min(movesMax, context.moves + 1) }),
      after: { replanDelay: 'building' },
    },
    confirming: {
      description: 'Origin itself says whether main has the commit.',
      on: { 'queue.removal': tooLate },
      invoke: {
        id: 'confirm',
        src: 'confirmLanded',
        input: ({ context }) => ({ rig: context.rig, commit: context.commit }),
        onDone: [
          {
            guard: { type: 'answered', params: 'confirmed' },
            target: 'landed',
            actions: { type: 'news', params: [went('build', 'land', 'confirm')] },
          },
          {
            guard: { type: 'answered', params: 'absent' },
            target: 'origin_away',
            description: 'It took the push, and does not have it: again, but not for ever in silence.',
            actions: { type: 'news', params: [notThere] },
          },
          { target: 'origin_away', actions: { type: 'news', params: awayAt('confirm') } },
        ],
        onError: { target: 'origin_away', actions: { type: 'news', params: awayAt('confirm') } },
      },
    },
    landed: {
      description: 'Only now are the issues closed, and the Witness told; on to the next.',
      always: {
        target: 'idle',
        actions: { type: 'news', params: ({ context, event }) => [landed(atOf(event, context))] },
      },
    },
    origin_away: {
      description: 'Origin does not answer, or lets nobody in. Wait, longer each time.',
      after: {
        originRetry: [
          {
            guard: 'awayAndOthersWait',
            target: 'idle',
            description: 'Perhaps it is this one’s doing: the next is tried.',
            actions: { type: 'news', params: ({ context, event }) => [yields('away', atOf(event, context))] },
          },
          { target: 'building' },
        ],
      },
      on: {
        'queue.poked': { target: 'building', actions: { type: 'news', params: askedAgain } },
      },
    },
    no_main: {
      description: 'There is no main to build on; a person decides. Looked at again now and then, or when poked.',
      after: { mainRetry: 'building' },
      on: { 'queue.poked': { target: 'building', actions: { type: 'news', params: askedAgain } } },
    },
    cannot_run: {
      description: 'There is no verdict on the work because the gates could not run. Again by and by, or when poked.',
      entry: assign({ breaks: ({ context }) => Math.min(absencesMax, context.breaks + 1) }),
      after: {
        runRetry: [
          {
            guard: 'brokenAndOthersWait',
            target: 'idle',
            description: 'Perhaps the next one mends the gates.',
            actions: { type: 'news', params: ({ context, event }) => [yields('broken', atOf(event, context))] },
          },
          { target: 'building' },
        ],
      },
      on: { 'queue.poked': { target: 'building', actions: { type: 'news', params: poked } } },
    },
  },
})

export const refineryIgnores = ['message.sent'] as const
