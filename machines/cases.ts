// Cases: for every mail and every effect's result, the payloads worth telling apart. Whatever explores the machines
// plays these, so a new mail type is explored once it stands here.
// Never: used by a town at work.

import type { z } from 'zod'
import { daemon, mayor, overseer, polecatOf, refineryOf, retirementOf, sessionOf, witnessOf } from './address.ts'
import type { EffectName, EffectOutput } from './effects.ts'
import type { IssueBrief, MailType, mailSchemas, Preserved, ReturnReason } from './mail.ts'

/** One mail: who says it, and what. */
export interface MailCase<T extends MailType> {
  from: string
  body: z.input<(typeof mailSchemas)[T]>
}

/** The cast: rig `w`, the polecats Nux and Toast, the issues w-1 and w-2 of the epic w-e. */
export const rig = 'w'
export const epic = 'w-e'
export const brief = (id: string): IssueBrief => ({
  id,
  title: `Do ${id}`,
  description: '',
  priority: 2,
  type: 'task',
  createdAt: id,
  epic,
})
export const hash = (digit: string) => digit.repeat(40)

const [nux, toast, witness, retirement, refinery, session] = [
  polecatOf(rig, 'Nux'),
  polecatOf(rig, 'Toast'),
  witnessOf(rig),
  retirementOf(rig, 'Nux'),
  refineryOf(rig),
  sessionOf(rig, 'Nux'),
]
const kept: Preserved = { ref: 'refs/gt/merge/w-1/Nux-1/b', sha: hash('b') }
const conflict = {
  kind: 'conflict',
  summary: 'conflicts with main in README.md',
  files: ['README.md'],
  tail: '',
  base: hash('a'),
} satisfies ReturnReason
const red = {
  kind: 'red',
  summary: 'the gate “test” failed (exit 1)',
  files: [],
  tail: 'not ok',
  base: hash('a'),
} satisfies ReturnReason
const worker = { issue: 'w-1', incarnation: 1, branch: 'polecat/Nux-1' }
const retired = { polecat: 'Nux', incarnation: 1, issue: 'w-1' }
const work = {
  issue: 'w-1',
  title: 'Do w-1',
  polecat: 'Nux',
  branch: 'polecat/Nux-1',
  sha: hash('b'),
  ref: kept.ref,
  priority: 2,
}
const running = {
  id: 'gt-w-Nux-1-1',
  backend: 'process',
  pid: 4242,
  pidStart: '1',
  epoch: 1,
  dir: 's/gt-w-Nux-1-1',
} as const

/** The mail a machine may hear, from those who say it and, where somebody is refused, from a stranger. */
export const mailCases: { [T in MailType]: readonly MailCase<T>[] } = {
  'message.sent': [{ from: overseer, body: { subject: 'How is it going?', body: 'Tell me.' } }],

  'work.requested': [
    { from: overseer, body: { rig, epic } },
    { from: overseer, body: { rig, issues: ['w-1'] } },
  ],
  'work.assigned': [
    { from: mayor, body: { epic } },
    { from: mayor, body: { issues: ['w-1'], askId: 'm-0' } },
    { from: mayor, body: { issues: ['w-1'], fresh: true } },
  ],
  'polecat.assigned': [
    { from: witness, body: { issue: brief('w-1'), attempt: 1 } },
    { from: toast, body: { issue: brief('w-1'), attempt: 1 } },
  ],
  'work.returned': [{ from: witness, body: { issue: 'w-1', returned: red, attempt: 2 } }],
  'work.paused': [
    { from: witness, body: {} },
    { from: toast, body: {} },
  ],
  'work.resumed': [
    { from: witness, body: {} },
    { from: toast, body: {} },
  ],
  'issues.changed': [{ from: daemon, body: {} }],

  'polecat.working': [{ from: nux, body: worker }],
  'polecat.failed': [{ from: nux, body: { ...worker, reason: 'the session never started, 3 times', tail: '' } }],
  'polecat.stopped': [{ from: nux, body: { issue: 'w-1' } }],
  'polecat.stuck': [{ from: nux, body: { issue: 'w-1', reason: 'no sign of progress for 1800 s', tail: '' } }],
  'handoff.requested': [
    { from: nux, body: {} },
    { from: toast, body: {} },
  ],
  'shutdown.requested': [{ from: nux, body: { ...worker, sha: hash('b') } }],
  'shutdown.refused': [
    { from: witness, body: { reason: '1 uncommitted files', files: ['a.txt'] } },
    { from: toast, body: { reason: 'no' } },
  ],
  'retirement.requested': [
    { from: witness, body: { ...retired, branch: 'polecat/Nux-1', purpose: 'handoff' } },
    { from: witness, body: { ...retired, branch: 'polecat/Nux-1', purpose: 'failure' } },
    { from: toast, body: { ...retired, branch: 'polecat/Nux-1', purpose: 'handoff' } },
  ],
  'polecat.retired': [
    { from: retirement, body: { ...retired, purpose: 'handoff', pin: null } },
    { from: witness, body: { ...retired, purpose: 'failure', pin: kept } },
  ],
  'retirement.refused': [{ from: retirement, body: { ...retired, reason: '1 uncommitted files', files: ['a.txt'] } }],
  'retirement.failed': [{ from: retirement, body: { ...retired, reason: 'its worktree could not be removed' } }],

  'session.requested': [
    {
      from: nux,
      body: { incarnation: 1, issue: brief('w-1'), worktree: 'polecats/Nux', branch: 'polecat/Nux-1', attempt: 1 },
    },
  ],
  'session.started': [{ from: session, body: { epoch: 1, pid: 4242, backend: 'process' } }],
  'session.stalled': [{ from: session, body: { epoch: 1, silentMs: 1_800_000, tail: '' } }],
  'session.stopRequested': [{ from: overseer, body: { polecat: 'Nux' } }],
  'session.killRequested': [
    { from: witness, body: { reason: 'stopped' } },
    { from: retirement, body: { reason: 'killed' } },
    { from: nux, body: { reason: 'killed' } },
  ],
  'session.ended': [
    { from: session, body: { epoch: 1, exitCode: 0, cause: 'gone', tail: '' } },
    { from: session, body: { epoch: 1, exitCode: null, cause: 'failed', tail: 'no such program' } },
    { from: session, body: { epoch: 1, exitCode: 143, cause: 'stalled', tail: '' } },
    { from: session, body: { epoch: 1, exitCode: 143, cause: 'stopped', tail: '' } },
  ],

  'merge.requested': [
    { from: nux, body: work },
    {
      from: toast,
      body: {
        ...work,
        issue: 'w-2',
        title: 'Do w-2',
        polecat: 'Toast',
        branch: 'polecat/Toast-1',
        sha: hash('d'),
        ref: 'refs/gt/merge/w-2/Toast-1/d',
      },
    },
  ],
  'merge.queued': [{ from: refinery, body: { issue: 'w-1', sha: hash('b'), polecat: 'Nux', position: 1 } }],
  'merge.landed': [
    { from: refinery, body: { issue: 'w-1', title: 'Do w-1', polecat: 'Nux', sha: hash('b'), commit: hash('c') } },
  ],
  'merge.returned': [
    {
      from: refinery,
      body: { issue: 'w-1', title: 'Do w-1', polecat: 'Nux', ref: kept.ref, sha: hash('b'), returned: conflict },
    },
  ],
  'merge.stuck': [
    { from: refinery, body: { issue: 'w-1', title: 'Do w-1', what: 'refused', reason: 'pre-receive hook declined' } },
  ],
  'merge.unstuck': [{ from: refinery, body: { what: 'refused' } }],
  'queue.poked': [{ from: overseer, body: {} }],

  'escalation.raised': [
    { from: witness, body: { cause: 'w/w-1', rig, issue: 'w-1', subject: 'w-1 needs you', body: '' } },
  ],
  'escalation.cleared': [{ from: witness, body: { cause: 'w/w-1' } }],
  'issue.landed': [{ from: witness, body: { rig, issue: 'w-1', title: 'Do w-1', commit: hash('c') } }],
  'epic.completed': [{ from: witness, body: { rig, epic } }],

  'rig.stopped': [{ from: overseer, body: { why: 'stop --all' } }],
  'rig.resumed': [{ from: overseer, body: {} }],
  'rig.configured': [
    { from: daemon, body: { maxWorkers: 2, spawnDelayMs: 0 } },
    { from: daemon, body: { maxWorkers: 1, spawnDelayMs: 1000 } },
  ],
}

const found = {
  kind: 'found',
  onBranch: 'polecat/Nux-1',
  head: hash('b'),
  dirty: [],
  ahead: 1,
  unfinished: null,
} as const

/**
 * What may be answered whatever the world is like: programs that do not start, gates that take too long, a copy of
 * origin that lags.
 */
export const unlucky: { [N in EffectName]?: readonly EffectOutput<N>[] } = {
  inspectWorktree: [{ kind: 'absent', why: 'it cannot be read' }],
  deleteBranch: [{ kind: 'kept', why: 'its commits are nowhere else' }],
  buildCandidate: [{ kind: 'unreachable', why: 'origin does not answer' }],
  runGates: [{ kind: 'red', gate: 'test', exitCode: null, timedOut: true, tail: '', log: 'gates/1.log' }],
  landCandidate: [
    { kind: 'refused', why: 'pre-receive hook declined' },
    { kind: 'unreachable', why: 'origin does not answer' },
  ],
  confirmLanded: [{ kind: 'absent' }, { kind: 'unreachable', why: 'origin does not answer' }],
  startSession: [{ kind: 'failed', why: 'no such program', tail: '' }],
}
const unluckily = <N extends EffectName>(name: N): readonly EffectOutput<N>[] => unlucky[name] ?? []

/** What the world may answer; that it fails instead is a case of every effect, and need not be listed. */
export const effectCases: { [N in EffectName]: readonly EffectOutput<N>[] } = {
  surveyIssues: [
    { ready: [brief('w-1'), brief('w-2')], closed: [], unknown: [], complete: [], over: [], waiting: [] },
    { ready: [], closed: ['w-1'], unknown: [], complete: [epic], over: [], waiting: [] },
    { ready: [], closed: [], unknown: [], complete: [epic], over: [epic], waiting: [] },
  ],
  claimIssue: [
    { kind: 'claimed', issue: brief('w-1'), preserved: null },
    { kind: 'claimed', issue: brief('w-2'), preserved: kept },
    { kind: 'held', holder: toast },
    { kind: 'unavailable', why: 'status closed' },
  ],
  releaseIssue: [{ status: 'open' }],
  closeIssue: [{ closed: true }],
  fileMessage: [{ filed: true }],
  createWorktree: [{ path: 'polecats/Nux', head: hash('a'), base: hash('a') }],
  inspectWorktree: [
    { ...found, dirty: [] },
    { ...found, dirty: ['a.txt'] },
    { ...found, dirty: [], ahead: 0 },
    { ...found, dirty: [], onBranch: null },
    { ...found, dirty: [], unfinished: 'merge' },
    ...unluckily('inspectWorktree'),
  ],
  pinWork: [
    { head: kept, dirty: null },
    { head: null, dirty: null },
    { head: kept, dirty: { ref: 'refs/gt/work/w-1/Nux-1/dirty', sha: hash('e') } },
  ],
  removeWorktree: [{ removed: true }],
  deleteBranch: [{ kind: 'deleted' }, ...unluckily('deleteBranch')],
  buildCandidate: [
    { kind: 'built', base: hash('a'), commit: hash('c') },
    { kind: 'conflict', issue: 'w-1', base: hash('a'), files: ['README.md'] },
    { kind: 'contained', commit: hash('c') },
    ...unluckily('buildCandidate'),
  ],
  runGates: [
    { kind: 'green', gates: [{ name: 'test', durationMs: 1 }] },
    { kind: 'red', gate: 'test', exitCode: 1, timedOut: false, tail: 'not ok', log: 'gates/1.log' },
    ...unluckily('runGates'),
    { kind: 'broken', why: 'no such program' },
  ],
  landCandidate: [{ kind: 'pushed' }, { kind: 'moved' }, ...unluckily('landCandidate')],
  confirmLanded: [{ kind: 'confirmed' }, ...unluckily('confirmLanded')],
  startSession: [{ kind: 'started', session: running }, ...unluckily('startSession')],
  watchSession: [
    { kind: 'ended', exitCode: 0, tail: '' },
    { kind: 'stalled', silentMs: 1_800_000, tail: '' },
  ],
  killSession: [{ exitCode: 143, tail: '' }],
  runPlugin: [{ kind: 'answered', reply: 'yes' }, { kind: 'silent' }, { kind: 'failed', why: 'exit 1', tail: '' }],
}
