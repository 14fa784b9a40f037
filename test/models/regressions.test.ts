// Violations that exploration and simulation found in the protocol, told again: each went wrong once, and comes to
// rest now.
import { expect, test } from 'vitest'
import { retell } from '../../proof/explore.ts'
import { scopeOf } from '../../proof/state.ts'

const begun = [
  'mayor/ hears work.requested from overseer',
  'w/witness hears work.assigned from mayor/',
  'surveyIssues of w/witness is done',
  'w/witness hears xstate.done.actor.survey from w/witness',
  'claimIssue of w/witness is done',
  'w/witness hears xstate.done.actor.claim from w/witness',
  'w/witness/Nux hears worker.assigned from w/witness',
  'w/polecats/Nux hears worker.assigned from w/witness/Nux',
]
const atWork = [
  ...begun,
  'createWorktree of w/polecats/Nux is done',
  'w/polecats/Nux hears xstate.done.actor.prepare from w/polecats/Nux',
  'setUpWorktree of w/polecats/Nux is begun',
  'setUpWorktree of w/polecats/Nux is done',
  'w/polecats/Nux hears xstate.done.actor.setUp from w/polecats/Nux',
  'w/polecats/Nux/session hears session.requested from w/polecats/Nux',
  'startSession of w/polecats/Nux/session is begun',
  'startSession of w/polecats/Nux/session is done',
  'w/polecats/Nux/session hears xstate.done.actor.start from w/polecats/Nux/session',
  'w/polecats/Nux hears session.started from w/polecats/Nux/session',
  'w/witness/Nux hears polecat.working from w/polecats/Nux',
]

test('an issue asked for again while its failed worker is still taken down is not forgotten', () => {
  const story = [
    ...begun,
    'createWorktree of w/polecats/Nux fails',
    'w/polecats/Nux hears xstate.error.actor.prepare from w/polecats/Nux',
    'the timer xstate.after.startBackoff.polecat.backing_off of w/polecats/Nux fires',
    'w/polecats/Nux hears xstate.after.startBackoff.polecat.backing_off from w/polecats/Nux',
    'createWorktree of w/polecats/Nux fails',
    'w/polecats/Nux hears xstate.error.actor.prepare from w/polecats/Nux',
    'w/witness/Nux hears shutdown.requested from w/polecats/Nux',
    'overseer: gt spawn --issue w-1',
  ]
  expect(
    retell(scopeOf({ polecats: 1, issues: 1, faults: 2, commands: 1, races: 0 }), story, { toRest: true }),
  ).toBeNull()
})

test('a worker that falls silent while it hands over, and is sent back to work, is not waited for for ever', () => {
  const story = [
    ...atWork,
    "Nux's agent commits its work and hands over",
    'w/polecats/Nux hears handoff.requested from w/polecats/Nux',
    "Nux's agent falls silent",
    'watchSession of w/polecats/Nux/session sees that it stalled',
    'w/polecats/Nux/session hears xstate.done.actor.watch from w/polecats/Nux/session',
    'w/polecats/Nux hears session.stalled from w/polecats/Nux/session',
    'inspectWorktree of w/polecats/Nux fails',
    'w/polecats/Nux hears xstate.error.actor.inspect from w/polecats/Nux',
  ]
  expect(
    retell(scopeOf({ polecats: 1, issues: 1, faults: 2, commands: 0, races: 0 }), story, { toRest: true }),
  ).toBeNull()
})

test('what origin refused, and is taken out, is no escalation of the queue any more', () => {
  const story = [
    ...atWork,
    "Nux's agent commits its work and hands over",
    'w/polecats/Nux hears handoff.requested from w/polecats/Nux',
    'inspectWorktree of w/polecats/Nux is done',
    'w/polecats/Nux hears xstate.done.actor.inspect from w/polecats/Nux',
    'pinWork of w/polecats/Nux is done',
    'w/polecats/Nux hears xstate.done.actor.pin from w/polecats/Nux',
    'w/refinery hears merge.requested from w/polecats/Nux',
    'w/witness hears merge.queued from w/refinery',
    'w/polecats/Nux hears merge.queued from w/refinery',
    'w/witness/Nux hears shutdown.requested from w/polecats/Nux',
    'w/polecats/Nux/session hears session.killRequested from w/witness/Nux',
    'buildCandidate of w/refinery is done',
    'w/refinery hears xstate.done.actor.build from w/refinery',
    'runGates of w/refinery is done',
    'w/refinery hears xstate.done.actor.gates from w/refinery',
    'landCandidate of w/refinery answers refused',
    'w/refinery hears xstate.done.actor.land from w/refinery',
    'w/witness hears merge.stuck from w/refinery',
    'mayor/ hears escalation.raised from w/witness',
    'overseer hears escalation.raised from mayor/',
    'overseer: gt merge-queue remove w-1',
  ]
  expect(
    retell(scopeOf({ polecats: 1, issues: 1, faults: 1, commands: 1, races: 0 }), story, { toRest: true }),
  ).toBeNull()
})
