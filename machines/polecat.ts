// Polecat: one incarnation of a worker, on one issue, in one worktree, from its first breath to its retirement. (spec:
// Polecat, Shutdown Protocol)
// Life: awaiting → preparing → setting up → starting → working → handing over → pending_shutdown → retired. Bottom-up:
// it asks to be ended when its work is in the queue, or when there is nothing more that it can do.
// Never: kills its session, removes its worktree or deletes its branch; the Witness does.
import { and, assign } from 'xstate'
import { howItEnded } from './handoff.ts'
import { born, concluded, issueOf, placeOf, says } from './incarnation.ts'
import { wordsOf } from './profile.ts'
import { worker } from './worker.ts'

export { polecatUnderstands } from './worker.ts'

/** While its session is at work. */
const goesIdle = [
  {
    guard: 'waitsForAnswer',
    description: 'It asked the Overseer something: no try is counted.',
    actions: 'stay',
  },
  { guard: 'remindersLeft', target: 'reminding' },
  {
    target: 'pending_shutdown',
    description: 'Told often enough.',
    actions: { type: 'conclude', params: { outcome: 'failed', reason: says.neverSaidSo } },
  },
] as const
/** While its session is at work. */
const asksTheOverseer = {
  description: 'It waits for the answer, which is said in the same conversation.',
  actions: ['wait', { type: 'reply', params: says.isAskedFor }, { type: 'mail', params: says.asks }],
} as const
/** While its session is at work. */
const beginsAnew = [
  {
    guard: and(['noted', 'cyclesLeft']),
    actions: [
      'cycle',
      { type: 'fileMessage', params: says.keepsNote },
      { type: 'reply', params: says.cycles },
      { type: 'mail', params: says.beginsAnew },
    ],
  },
  {
    guard: 'noted',
    target: 'pending_shutdown',
    description: 'Often enough.',
    actions: ['rememberAsker', { type: 'conclude', params: { outcome: 'failed', reason: says.neverDone } }],
  },
  {
    description: 'It is asked to note where it is.',
    actions: [
      { type: 'reply', params: says.isAsked },
      { type: 'mail', params: says.asksForNote },
    ],
  },
] as const
/** While its session is at work. */
const saysHowItEnds = [
  { guard: 'saysDone', target: 'handing_over', actions: ['rememberAsker', 'rememberWish'] },
  {
    target: 'pending_shutdown',
    description: 'It is not done, and says why it goes no further.',
    actions: ['rememberAsker', 'rememberWish'],
  },
] as const

export const polecatMachine = worker.createMachine({
  id: 'polecat',
  context: ({ input }) => born(input),
  initial: 'awaiting',
  on: {
    'polecat.retired': {
      target: '.retired',
      description: 'The Witness has taken everything down.',
    },
    'handoff.requested': {
      description: 'Not now.',
      actions: { type: 'reply', params: says.notNow },
    },
    'session.ended': { actions: 'rememberEnd' },
    'session.idle': { description: 'It stopped while something else is decided: remembered.', actions: 'goIdle' },
    'cycle.requested': { description: 'Not now.', actions: { type: 'reply', params: says.notNow } },
    'question.asked': { description: 'Not now.', actions: { type: 'reply', params: says.notNow } },
    'message.sent': {
      description: 'Somebody writes to it: its agent is told, now or when there is one.',
      actions: ['hear', { type: 'mail', params: says.isTold }],
    },
    'session.stalled': {
      description: 'Silent while something else is decided: remembered, for when it is to go on.',
      actions: 'rememberSilence',
    },
    'work.paused': {
      description: 'Its session is on its way out, or to be; none follows.',
      actions: 'pause',
    },
    'work.resumed': {
      description: 'It was not stopped yet, or not at all.',
      actions: 'resume',
    },
  },
  states: {
    awaiting: {
      description: 'Born; the assignment comes first, before any worktree or session.',
      on: {
        'worker.assigned': {
          target: 'preparing',
          actions: assign(({ event }) => ({
            issue: event.issue,
            resume: event.resume,
            returned: event.returned,
            attempt: event.attempt,
          })),
        },
      },
    },
    preparing: {
      description:
        'Its worktree is being made, from main or from work that was preserved. Before every start: somebody may have removed it.',
      entry: assign({ starts: ({ context }) => context.starts + 1, trouble: '' }),
      invoke: {
        id: 'prepare',
        src: 'createWorktree',
        input: ({ context }) => ({ ...placeOf({ context }), start: context.resume }),
        onDone: { target: 'setting_up', actions: assign({ worktree: ({ event }) => event.output.path }) },
        onError: { target: 'stumbling', actions: { type: 'stumble', params: says.noPlace } },
      },
      on: { 'work.paused': { target: 'stopped', actions: 'pause' } },
    },
    setting_up: {
      description: 'What the rig wants done in a new worktree before anybody works there.',
      invoke: {
        id: 'setUp',
        src: 'setUpWorktree',
        input: ({ context }) => ({ ...placeOf({ context }), worktree: context.worktree }),
        onDone: [
          { guard: { type: 'answered', params: 'ready' }, target: 'starting' },
          { target: 'stumbling', actions: { type: 'stumble', params: ({ event }) => says.setupFailed(event.output) } },
        ],
        onError: {
          target: 'stumbling',
          actions: { type: 'stumble', params: ({ event }) => `the setup could not run: ${wordsOf(event.error)}` },
        },
      },
      on: { 'work.paused': { target: 'stopped', actions: 'pause' } },
    },
    starting: {
      description: 'A session has been asked for.',
      entry: [
        assign({ sessionOver: false, asked: false, reminded: 0, waitsForAnswer: false, wentIdle: false }),
        { type: 'mail', params: says.asksForSession },
      ],
      on: {
        'session.started': { target: 'working', actions: assign({ sessionOver: false, silent: null }) },
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
      },
    },
    working: {
      description: 'An agent works on the issue in the worktree.',
      entry: [
        { type: 'note', params: says.worksOn },
        { type: 'mail', params: says.isWorking },
      ],
      on: {
        'handoff.requested': saysHowItEnds,
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
        'session.stalled': {
          description: 'Silent for too long: only the Witness may end the run.',
          actions: ['rememberSilence', { type: 'mail', params: says.isStuck }],
        },
        'session.idle': [
          {
            guard: 'waitsForAnswer',
            description: 'It asked the Overseer something: no try is counted.',
            actions: 'stay',
          },
          { target: 'reminding' },
        ],
        'cycle.requested': beginsAnew,
        'question.asked': asksTheOverseer,
      },
    },
    reminding: {
      description: 'Its agent waits, and has not said how it ended: what is lacking is told in the same conversation.',
      entry: 'remind',
      invoke: {
        id: 'remind',
        src: 'inspectWorktree',
        input: placeOf,
        onDone: { target: 'back_to_work', actions: ['isReminded', { type: 'mail', params: says.reminds }] },
        onError: { target: 'back_to_work', actions: ['isReminded', { type: 'mail', params: says.remindsBlindly }] },
      },
      on: {
        'handoff.requested': saysHowItEnds,
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
        'session.idle': { description: 'It is about to be told.', actions: 'stay' },
      },
    },
    interrupted: {
      description: 'The session is over without a handoff.',
      always: [
        { guard: 'stoppedByTheOverseer', target: 'stopped' },
        {
          guard: 'cutOff',
          target: 'backing_off',
          description: 'What held it ended, or what it was to go on with is forgotten: that start does not count.',
          actions: 'spare',
        },
        {
          guard: and(['wantsAnother', 'cyclesLeft']),
          target: 'backing_off',
          description: 'Its context is full, or it wants a new conversation: that start does not count.',
          actions: 'cycleInstead',
        },
        {
          guard: 'wantsAnother',
          target: 'pending_shutdown',
          description: 'Often enough.',
          actions: { type: 'conclude', params: { outcome: 'failed', reason: says.neverDone } },
        },
        { guard: 'unexplained', target: 'asking' },
        { target: 'stumbling' },
      ],
    },
    asking: {
      description:
        'It may have said by its issue what it has come to: closed it, given it back, named what it waits for.',
      entry: assign({ asked: true }),
      invoke: {
        id: 'readIssue',
        src: 'readIssue',
        input: ({ context }) => ({ rig: context.rig, issue: issueOf(context), holder: context.address }),
        onDone: [
          { guard: { type: 'answered', params: 'held' }, target: 'stumbling' },
          {
            guard: 'closedByItself',
            target: 'wrapping_up',
            actions: { type: 'conclude', params: ({ event }) => concluded(event.output) },
          },
          { target: 'pending_shutdown', actions: { type: 'conclude', params: ({ event }) => concluded(event.output) } },
        ],
        onError: { target: 'stumbling' },
      },
    },
    wrapping_up: {
      description: 'It closed its issue itself and went: is there work to land?',
      invoke: {
        id: 'wrapUp',
        src: 'inspectWorktree',
        input: placeOf,
        onDone: [
          {
            guard: 'hasWork',
            target: 'handing_over.pinning',
            actions: { type: 'conclude', params: ({ context: { reason } }) => ({ outcome: 'handed_over', reason }) },
          },
          { target: 'pending_shutdown' },
        ],
        onError: { target: 'stumbling' },
      },
    },
    stumbling: {
      description: 'This start led nowhere. Is there another?',
      always: [
        { guard: 'startsLeft', target: 'backing_off' },
        {
          target: 'pending_shutdown',
          actions: {
            type: 'conclude',
            params: ({ context }) => ({ outcome: 'failed', reason: context.trouble || howItEnded(context) }),
          },
        },
      ],
    },
    stopped: {
      description: 'The Overseer stopped the session. Goes on when told to; no try is counted.',
      entry: [
        assign({ starts: ({ context }) => Math.max(0, context.starts - 1) }),
        { type: 'mail', params: says.isStopped },
      ],
      on: { 'work.resumed': { target: 'preparing', actions: 'resume' } },
    },
    backing_off: {
      description: 'A pause before the next start, longer each time.',
      entry: { type: 'note', params: says.startsAgain },
      after: { startBackoff: 'preparing' },
      on: {
        'work.paused': {
          target: 'stopped',
          actions: ['pause', assign({ starts: ({ context }) => context.starts + 1 })],
        },
      },
    },
    handing_over: {
      description: 'The worker says it is done: is its tree clean, and is there work?',
      initial: 'inspecting',
      on: {
        'handoff.requested': {
          description: 'Asked again: each asker gets the answer.',
          actions: 'rememberAsker',
        },
      },
      states: {
        inspecting: {
          description: 'Git says what is there.',
          invoke: {
            id: 'inspect',
            src: 'inspectWorktree',
            input: placeOf,
            onDone: [
              { guard: 'saysNothingToDo', target: '#polecat.pending_shutdown' },
              { guard: 'readyToHandOver', target: 'pinning' },
              { target: 'refused', actions: { type: 'reply', params: says.notSo } },
            ],
            onError: { target: 'refused', actions: { type: 'reply', params: says.notNowBecause } },
          },
        },
        pinning: {
          description: 'The commits are put under a ref that outlives the branch.',
          invoke: {
            id: 'pin',
            src: 'pinWork',
            input: ({ context }) => ({ ...placeOf({ context }), issue: issueOf(context), purpose: 'merge' as const }),
            onDone: [
              {
                guard: 'somethingPinned',
                target: 'queueing',
                actions: assign({ work: ({ event }) => event.output.head }),
              },
              { target: 'refused', actions: { type: 'reply', params: says.nothingToLand } },
            ],
            onError: { target: 'refused', actions: { type: 'reply', params: says.notNowBecause } },
          },
        },
        queueing: {
          description: 'The Refinery is asked to take it; without its word there is no shutdown.',
          entry: { type: 'mail', params: says.asksToLand },
          on: { 'merge.queued': { target: '#polecat.pending_shutdown' } },
        },
        refused: {
          description: 'Not yet. Back to work, if there is still somebody to work.',
          entry: assign({ askIds: [] }),
          always: [
            { guard: 'sessionOver', target: '#polecat.interrupted' },
            { guard: and(['mustBeReminded', 'remindersLeft']), target: '#polecat.reminding' },
            {
              guard: 'mustBeReminded',
              target: '#polecat.pending_shutdown',
              actions: { type: 'conclude', params: { outcome: 'failed' as const, reason: says.neverSaidSo } },
            },
            { target: '#polecat.back_to_work' },
          ],
        },
      },
    },
    back_to_work: {
      description: 'The same session goes on where it was. One that is silent already will not: the Witness is told.',
      entry: { type: 'mail', params: says.isStuckStill },
      on: {
        'handoff.requested': saysHowItEnds,
        'session.ended': { target: 'interrupted', actions: 'rememberEnd' },
        'session.stalled': {
          actions: ['rememberSilence', { type: 'mail', params: says.isStuck }],
        },
        'session.idle': goesIdle,
        'cycle.requested': beginsAnew,
        'question.asked': asksTheOverseer,
      },
    },
    pending_shutdown: {
      description: 'It is over for this worker. Asks to be ended and waits; only the Witness kills.',
      entry: [
        { type: 'reply', params: says.farewell },
        { type: 'note', params: says.leaves },
        { type: 'mail', params: says.asksToBeEnded },
      ],
      on: {
        'handoff.requested': {
          description: 'Said twice, done once.',
          actions: { type: 'reply', params: says.farewellAgain },
        },
      },
    },
    retired: { type: 'final', description: 'Session ended, worktree removed, branch deleted, work safe.' },
  },
})

/** Late or repeated news, and people's words, which are kept as beads. */
export const polecatIgnores = [
  'session.started',
  'session.stalled',
  'work.paused',
  'work.resumed',
  'merge.queued',
  'polecat.retired',
  'worker.assigned',
  'message.sent',
] as const
