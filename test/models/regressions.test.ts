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
  'w/polecats/Nux hears polecat.assigned from w/witness',
]

test('an issue asked for again while its failed worker is still taken down is started afterwards, not forgotten', () => {
  const story = [
    ...begun,
    'createWorktree of w/polecats/Nux fails',
    'w/polecats/Nux hears xstate.error.actor.prepare from w/polecats/Nux',
    'the timer xstate.after.startBackoff.polecat.backing_off of w/polecats/Nux fires',
    'w/polecats/Nux hears xstate.after.startBackoff.polecat.backing_off from w/polecats/Nux',
    'createWorktree of w/polecats/Nux fails',
    'w/polecats/Nux hears xstate.error.actor.prepare from w/polecats/Nux',
    'w/witness hears polecat.failed from w/polecats/Nux',
    'mayor/ hears escalation.raised from w/witness',
    'w/witness/Nux hears retirement.requested from w/witness',
    'overseer hears escalation.raised from mayor/',
    'releaseIssue of w/witness is done',
    'overseer: gt spawn --issue w-1',
  ]
  expect(
    retell(scopeOf({ polecats: 1, issues: 1, faults: 2, commands: 1, races: 0 }), story, { toRest: true }),
  ).toBeNull()
})

test('a worker that falls silent while it hands over, and is sent back to work, is not waited for for ever', () => {
  const story = [
    ...begun,
    'createWorktree of w/polecats/Nux is done',
    'w/polecats/Nux hears xstate.done.actor.prepare from w/polecats/Nux',
    'w/polecats/Nux/session hears session.requested from w/polecats/Nux',
    'startSession of w/polecats/Nux/session is begun',
    'startSession of w/polecats/Nux/session is done',
    'w/polecats/Nux/session hears xstate.done.actor.start from w/polecats/Nux/session',
    'w/polecats/Nux hears session.started from w/polecats/Nux/session',
    'w/witness hears polecat.working from w/polecats/Nux',
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
