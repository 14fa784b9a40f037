// Cases: for every mail and every effect's result, the payloads worth telling apart. Whatever explores the machines
// plays these, so a new mail type is explored once it stands here.
// Never: used by a town at work.

import type { z } from 'zod'
import { accountCases, oneAccount } from './account-cases.ts'
import { daemon, keeperOf, mayor, overseer, polecatOf, refineryOf, sessionOf, witnessOf } from './address.ts'
import type { EffectName, EffectOutput } from './effects.ts'
import type { IssueBrief, MailType, mailSchemas, Preserved, ReturnReason, Startable } from './mail.ts'
import { looked, watched } from './session-cases.ts'

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
  priority: 2,
  type: 'task',
  ...{ createdAt: id, epic, within: [epic] },
})
export const startable = (id: string): Startable => ({ id, priority: 2, createdAt: id, previous: null })
export const hash = (digit: string) => digit.repeat(40)

const [nux, toast, witness, keeper, refinery, session] = [
  polecatOf(rig, 'Nux'),
  polecatOf(rig, 'Toast'),
  witnessOf(rig),
  keeperOf(rig, 'Nux'),
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
const worker = { issue: 'w-1', incarnation: 1, branch: 'polecat/Nux-1' }
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
  backend: 'process',
  ...{ id: 'gt-w-Nux-1-1', pid: 4242, pidStart: '1', epoch: 1, dir: 's/gt-w-Nux-1-1' },
} as const

/** The mail a machine may hear, from those who may say it. */
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
  'worker.assigned': [
    { from: witness, body: { issue: brief('w-1'), attempt: 1 } },
    { from: keeper, body: { issue: brief('w-1'), attempt: 1 } },
  ],
  'work.paused': [
    { from: witness, body: {} },
    { from: keeper, body: {} },
  ],
  'work.resumed': [
    { from: witness, body: {} },
    { from: keeper, body: {} },
  ],
  'issues.changed': [{ from: daemon, body: {} }],

  'polecat.working': [{ from: nux, body: worker }],
  'polecat.stopped': [{ from: nux, body: { issue: 'w-1' } }],
  'polecat.stuck': [{ from: nux, body: { issue: 'w-1', reason: 'no sign of progress for 1800 s', tail: '' } }],
  'handoff.requested': [
    { from: nux, body: {} },
    { from: nux, body: { outcome: 'no_change', reason: 'it is right already' } },
    { from: nux, body: { outcome: 'blocked', reason: 'it needs w-2', blockedBy: 'w-2' } },
    { from: nux, body: { outcome: 'cannot', reason: 'no key for the service' } },
    { from: nux, body: { outcome: 'given_back', reason: 'another should' } },
  ],
  'shutdown.requested': [
    { from: nux, body: { ...worker, outcome: 'handed_over', reason: '', tail: '', sha: hash('b') } },
    { from: nux, body: { ...worker, outcome: 'failed', reason: 'the session never started, 3 times', tail: '' } },
  ],
  'worker.retired': (['handed_over', 'no_change', 'blocked', 'cannot', 'given_back', 'let_go', 'failed'] as const).map(
    (outcome) => ({
      from: keeper,
      body: { polecat: 'Nux', incarnation: 1, issue: 'w-1', outcome, reason: 'why', tail: '', kept: [kept] },
    }),
  ),
  'polecat.retired': [{ from: keeper, body: {} }],

  'session.requested': [
    {
      from: nux,
      body: { incarnation: 1, issue: brief('w-1'), worktree: 'polecats/Nux', branch: 'polecat/Nux-1', attempt: 1 },
    },
  ],
  'session.started': [{ from: session, body: { epoch: 1, pid: 4242, backend: 'process' } }],
  'session.stalled': [{ from: session, body: { epoch: 1, silentMs: 1_800_000, tail: '' } }],
  'session.idle': [{ from: session, body: { epoch: 1 } }],
  'question.asked': [{ from: nux, body: { question: 'Which of the two?' } }],
  'cycle.requested': [
    { from: nux, body: { note: 'half of it is done' } },
    { from: overseer, body: {} },
  ],
  'session.cycleRequested': [{ from: nux, body: {} }],
  'session.noted': [{ from: nux, body: { incarnation: 1, id: 'm-1', text: 'half of it is done' } }],
  'words.said': [{ from: nux, body: { by: overseer, text: 'How is it going?' } }],
  ...accountCases,
  'session.stopRequested': [{ from: overseer, body: { polecat: 'Nux' } }],
  'session.resumeRequested': [{ from: overseer, body: { polecat: 'Nux' } }],
  'session.killRequested': [
    { from: keeper, body: { reason: 'stopped' } },
    { from: keeper, body: { reason: 'killed' } },
  ],
  'session.ended': [
    { from: session, body: { epoch: 1, exitCode: 0, cause: 'gone', tail: '' } },
    { from: session, body: { epoch: 1, exitCode: null, cause: 'failed', tail: 'no such program' } },
    { from: session, body: { epoch: 1, exitCode: 143, cause: 'stalled', tail: '' } },
    { from: session, body: { epoch: 1, exitCode: 143, cause: 'stopped', tail: '' } },
    { from: session, body: { epoch: 1, exitCode: null, cause: 'cut_off', tail: '' } },
    { from: session, body: { epoch: 1, exitCode: 143, cause: 'refused', tail: 'invalid x-api-key' } },
    { from: session, body: { epoch: 1, exitCode: 0, cause: 'cycled', tail: '' } },
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
  'merge.removed': [
    {
      from: refinery,
      body: {
        issue: 'w-1',
        title: 'Do w-1',
        polecat: 'Nux',
        ref: kept.ref,
        sha: hash('b'),
        by: overseer,
        why: 'not now',
      },
    },
  ],
  'merge.stuck': [
    { from: refinery, body: { issue: 'w-1', title: 'Do w-1', what: 'refused', reason: 'pre-receive hook declined' } },
  ],
  'merge.unstuck': [{ from: refinery, body: { what: 'refused' } }],
  'queue.poked': [{ from: overseer, body: {} }],
  'queue.removal': [
    { from: overseer, body: { issue: 'w-1', why: 'not now' } },
    { from: overseer, body: { issue: 'w-9' } },
  ],
  'queue.configured': [
    { from: witness, body: { gated: true, redMain: 'wait', tellForeign: true, judgedBy: 'others' } },
    { from: witness, body: { gated: false, redMain: 'land', tellForeign: false, judgedBy: '' } },
  ],

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
    { from: daemon, body: { maxWorkers: 1, spawnDelayMs: 1000, budgets: { day: '40$' } } },
    { from: daemon, body: { maxWorkers: 2, spawnDelayMs: 0, ...oneAccount } },
  ],
}

const found = {
  kind: 'found',
  onBranch: 'polecat/Nux-1',
  head: hash('b'),
  dirty: [],
  ahead: 1,
  own: 1,
  unfinished: null,
} as const
const built = {
  kind: 'built',
  base: hash('a'),
  commit: hash('c'),
  landing: [{ issue: 'w-1', commit: hash('c') }],
  contained: [],
  unfit: [],
  foreign: [],
} satisfies EffectOutput<'buildCandidate'>
const nothingBuilt = { ...built, commit: hash('a'), landing: [] } satisfies EffectOutput<'buildCandidate'>
const redTest = {
  kind: 'red',
  gate: 'test',
  passed: [],
  exitCode: 1,
  timedOut: false,
  tail: 'not ok',
  log: 'gates/1.log',
} satisfies EffectOutput<'runGates'>

/**
 * What may be answered whatever the world is like: programs that do not start, gates that take too long, a copy of
 * origin that lags.
 */
export const unlucky: { [N in EffectName]?: readonly EffectOutput<N>[] } = {
  setUpWorktree: [{ kind: 'failed', why: 'exit 1', tail: 'no such package' }],
  inspectWorktree: [{ kind: 'absent', why: 'it cannot be read' }],
  buildCandidate: [
    { kind: 'unreachable', why: 'origin does not answer' },
    { kind: 'denied', why: 'Permission denied (publickey)' },
    { kind: 'no_main', why: 'origin has no branch main any more' },
  ],
  runGates: [{ ...redTest, exitCode: null, timedOut: true }],
  landCandidate: [
    { kind: 'refused', why: 'pre-receive hook declined' },
    { kind: 'unreachable', why: 'origin does not answer' },
    { kind: 'denied', why: 'write access is not granted' },
  ],
  confirmLanded: [{ kind: 'absent' }, { kind: 'unreachable', why: 'origin does not answer' }],
  startSession: [
    { kind: 'failed', why: 'no such program', tail: '' },
    { kind: 'refused', why: 'claude is not on the PATH' },
    { kind: 'unpaid', why: 'there is no account claude/a' },
  ],
}
const unluckily = <N extends EffectName>(name: N): readonly EffectOutput<N>[] => unlucky[name] ?? []

/** What the world may answer; that it fails instead is a case of every effect, and need not be listed. */
export const effectCases: { [N in EffectName]: readonly EffectOutput<N>[] } = {
  surveyIssues: [
    {
      ready: [startable('w-1'), startable('w-2')],
      more: false,
      closed: [],
      dropped: [],
      unknown: [],
      complete: [],
      over: [],
      warnings: [],
    },
    {
      ready: [startable('w-1')],
      more: true,
      closed: [],
      dropped: [],
      unknown: [],
      complete: [],
      over: [],
      warnings: [],
    },
    { ready: [], more: false, closed: ['w-1'], dropped: [], unknown: [], complete: [], over: [], warnings: [] },
    { ready: [], more: false, closed: [], dropped: ['w-1'], unknown: [], complete: [], over: [], warnings: [] },
    { ready: [], more: false, closed: [], dropped: [], unknown: [], complete: [epic], over: [], warnings: [] },
    { ready: [], more: false, closed: [], dropped: [], unknown: [], complete: [epic], over: [epic], warnings: [] },
    {
      ready: [],
      more: false,
      closed: [],
      dropped: [],
      unknown: [],
      complete: [],
      over: [],
      warnings: [{ what: 'nearly', which: 'epic', of: epic, spent: '17$', budget: '20$' }],
    },
  ],
  claimIssue: [
    { kind: 'claimed', issue: brief('w-1'), preserved: null, agent: null, used: {} },
    { kind: 'claimed', issue: brief('w-2'), preserved: kept, agent: 'codex', used: { 'claude/a': 12_000 } },
    { kind: 'held', holder: toast },
    { kind: 'unavailable', why: 'status closed' },
    { kind: 'landed', commit: hash('c') },
    { kind: 'over_budget', which: 'day', of: '2026-11-26', spent: '21$', budget: '20$', againMs: 3_600_000 },
    { kind: 'over_budget', which: 'issue', of: 'w-1', spent: '5M tokens', budget: '5M tokens', againMs: null },
  ],
  readIssue: [
    { kind: 'held' },
    { kind: 'closed', byHolder: true, reason: 'it is right already' },
    { kind: 'closed', byHolder: false, reason: 'not wanted' },
    { kind: 'blocked', on: ['w-2'], why: 'blocked by w-2' },
    { kind: 'blocked', on: [], why: 'status blocked' },
    { kind: 'given_back' },
    { kind: 'let_go', why: 'somebody has it now' },
  ],
  releaseIssue: [{ status: 'open' }],
  closeIssues: [{ closed: ['w-1'] }],
  fileMessage: [{ filed: true }],
  noteReceipt: [{ noted: true }],
  createWorktree: [{ path: 'polecats/Nux', head: hash('a'), base: hash('a') }],
  setUpWorktree: [{ kind: 'ready' }, ...unluckily('setUpWorktree')],
  inspectWorktree: [
    { ...found, dirty: [] },
    { ...found, dirty: ['a.txt'] },
    { ...found, dirty: [], ahead: 0 },
    { ...found, dirty: [], ahead: 0, own: 0 },
    { ...found, dirty: [], onBranch: null },
    { ...found, dirty: [], unfinished: 'merge' },
    ...unluckily('inspectWorktree'),
  ],
  pinWork: [
    { head: kept, dirty: null },
    { head: null, dirty: null },
    { head: kept, dirty: { ref: 'refs/gt/work/w-1/Nux-1/dirty', sha: hash('e') } },
  ],
  clearPlace: [
    { head: null, dirty: null },
    { head: kept, dirty: { ref: 'refs/gt/work/w-1/Nux-1/dirty', sha: hash('e') } },
  ],
  buildCandidate: [
    built,
    { ...built, base: null },
    { ...nothingBuilt, contained: [{ issue: 'w-1', commit: hash('a') }] },
    {
      ...nothingBuilt,
      unfit: [
        {
          issue: 'w-1',
          kind: 'conflict',
          why: 'conflicts with main in README.md',
          files: ['README.md'],
          base: hash('a'),
        },
      ],
      foreign: [{ sha: hash('f'), author: 'Ann', subject: 'Something else' }],
    },
    ...unluckily('buildCandidate'),
  ],
  runGates: [
    { kind: 'green', gates: [{ name: 'test', durationMs: 1 }], flaky: [] },
    { kind: 'green', gates: [{ name: 'test', durationMs: 1 }], flaky: [{ gate: 'test', tail: 'not ok' }] },
    redTest,
    { ...redTest, gate: 'lint', passed: ['test'] },
    ...unluckily('runGates'),
    { kind: 'broken', why: 'no such program' },
  ],
  landCandidate: [{ kind: 'pushed' }, { kind: 'moved' }, ...unluckily('landCandidate')],
  confirmLanded: [{ kind: 'confirmed' }, ...unluckily('confirmLanded')],
  startSession: [
    { kind: 'started', session: running, spoken: false, ownChoice: false, anew: false },
    { kind: 'started', session: running, spoken: true, ownChoice: false, anew: true },
    ...unluckily('startSession'),
  ],
  watchSession: watched,
  tellSession: [{ laid: true }],
  killSession: [{ exitCode: 143, tail: '', ...looked }],
  runPlugin: [
    { kind: 'answered', reply: 'yes', startedAt: 1 },
    { kind: 'silent', startedAt: null },
    { kind: 'failed', why: 'exit 1', tail: '', startedAt: 1 },
  ],
}
