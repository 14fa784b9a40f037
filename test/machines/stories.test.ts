// Every machine's own life, told alone; story.test.ts tells how they live together.
import { describe, expect, test } from 'vitest'
import { mayorMachine } from '../../machines/mayor.ts'
import { overseerMachine } from '../../machines/overseer.ts'
import { pluginMachine } from '../../machines/plugin.ts'
import { polecatMachine } from '../../machines/polecat.ts'
import { refineryMachine } from '../../machines/refinery.ts'
import { retirementMachine } from '../../machines/retirement.ts'
import { runSpeaks, sessionMachine } from '../../machines/session.ts'
import { witnessMachine } from '../../machines/witness.ts'
import { brief, sha, storyOf } from './story-of.ts'

describe('Mayor', () => {
  test('passes work down, and a cause up once', () => {
    const mayor = storyOf(mayorMachine)
    mayor.mail('work.requested', 'overseer', { rig: 'w', epic: 'w-e' })
    mayor.mail('escalation.raised', 'w/witness', { cause: 'w/w-1', rig: 'w', issue: 'w-1', subject: 'help', body: '' })
    mayor.mail('escalation.raised', 'w/witness', { cause: 'w/w-1', rig: 'w', issue: 'w-1', subject: 'help', body: '' })
    mayor.mail('escalation.cleared', 'w/witness', { cause: 'w/w-1' })
    mayor.mail('epic.completed', 'w/witness', { rig: 'w', epic: 'w-e' })
    expect(mayor.told()).toMatchInlineSnapshot(`
      [
        "work.requested from overseer → coordinating",
        "    notes “w-e goes to w/witness”",
        "    mails w/witness work.assigned",
        "escalation.raised from w/witness → coordinating",
        "    notes “asks the Overseer: help”",
        "    mails overseer escalation.raised",
        "escalation.raised from w/witness → coordinating",
        "escalation.cleared from w/witness → coordinating",
        "epic.completed from w/witness → coordinating",
        "    mails overseer epic.completed",
      ]
    `)
    expect(mayor.context()).toEqual({ escalations: [] })
  })
})

describe('Overseer', () => {
  test('is told, and decides nothing', () => {
    expect(
      storyOf(overseerMachine)
        .mail('escalation.raised', 'mayor/', { cause: 'c', rig: 'w', subject: 's', body: '' })
        .told(),
    ).toEqual(['escalation.raised from mayor/ → reading (not for it)'])
  })
})

describe('Polecat', () => {
  const born = () => storyOf(polecatMachine, { rig: 'w', name: 'Nux', incarnation: 1, startsMax: 2 })
  const atWork = () => {
    const polecat = born()
      .mail('polecat.assigned', 'w/witness', { issue: brief, attempt: 1 })
      .done('prepare', { path: '/p', head: sha('a'), base: sha('a') })
    polecat.mail('session.started', 'w/polecats/Nux/session', { epoch: 1, pid: 7, backend: 'tmux' })
    return polecat
  }
  const found = { kind: 'found', onBranch: 'polecat/Nux-1', head: sha('b'), dirty: [], ahead: 1, unfinished: null }

  test('from its assignment to its retirement', () => {
    const polecat = atWork()
    polecat.mail('handoff.requested', 'w/polecats/Nux').done('inspect', found)
    polecat.done('pin', { head: { ref: 'refs/gt/x', sha: sha('b') }, dirty: null })
    polecat.mail('merge.queued', 'w/refinery', { issue: 'w-1', sha: sha('b'), polecat: 'Nux', position: 1 })
    polecat.mail('polecat.retired', 'w/witness', {
      polecat: 'Nux',
      incarnation: 1,
      issue: 'w-1',
      purpose: 'handoff',
      pin: null,
    })
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "polecat.assigned from w/witness → preparing",
        "    has createWorktree done",
        "prepare is done → starting",
        "    mails w/polecats/Nux/session session.requested",
        "session.started from w/polecats/Nux/session → working",
        "    notes “Nux works on w-1 “Do it””",
        "    mails w/witness polecat.working",
        "handoff.requested from w/polecats/Nux → handing_over.inspecting",
        "    has inspectWorktree done",
        "inspect is done → handing_over.pinning",
        "    has pinWork done",
        "pin is done → handing_over.queueing",
        "    mails w/refinery merge.requested",
        "merge.queued from w/refinery → pending_shutdown",
        "    answers yes: w-1 is in the merge queue at bbbbbbbbbb; the Witness ends this session",
        "    notes “Nux hands w-1 over and asks to be shut down”",
        "    mails w/witness shutdown.requested",
        "polecat.retired from w/witness → retired",
      ]
    `)
  })

  test('only itself and the Overseer can hand its work off', () => {
    expect(atWork().mail('handoff.requested', 'w/polecats/Toast').told().at(-1)).toContain('answers no')
  })

  test.each([
    [{ ...found, dirty: ['a.ts'] }, 'uncommitted'],
    [{ ...found, ahead: 0 }, 'no commit that main lacks'],
    [{ ...found, onBranch: 'main' }, 'is on main'],
    [{ ...found, onBranch: null }, 'is on no branch'],
    [{ ...found, unfinished: 'rebase' }, 'rebase'],
    [{ kind: 'absent', why: 'the folder is gone' }, 'gone'],
  ])('a handoff that is not ready is refused with what is to do (%#)', (inspected, words) => {
    const polecat = atWork()
    polecat.told()
    polecat.mail('handoff.requested', 'w/polecats/Nux').done('inspect', inspected)
    expect(polecat.told().join('\n')).toMatch(new RegExp(`answers no: .*${words}`))
    expect(polecat.state()).toBe('back_to_work')
  })

  test('a session that ends without a handoff is started again, then it gives up', () => {
    const polecat = atWork()
    polecat.told()
    const end = { epoch: 1, exitCode: 3, cause: 'gone', tail: 'boom' }
    polecat
      .mail('session.ended', 'w/polecats/Nux/session', end)
      .timeOf('backing_off')
      .done('prepare', { path: '/p', head: sha('a'), base: sha('a') })
    polecat.mail('session.started', 'w/polecats/Nux/session', { epoch: 2, pid: 8, backend: 'tmux' })
    polecat.mail('session.ended', 'w/polecats/Nux/session', { ...end, epoch: 2 })
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "session.ended from w/polecats/Nux/session → backing_off",
        "    notes “Nux's session ended without a handoff (exit 3); start 2 of 2 follows”",
        "    waits 1000 ms",
        "backing_off is over → preparing",
        "    has createWorktree done",
        "prepare is done → starting",
        "    mails w/polecats/Nux/session session.requested",
        "session.started from w/polecats/Nux/session → working",
        "    notes “Nux works on w-1 “Do it””",
        "    mails w/witness polecat.working",
        "session.ended from w/polecats/Nux/session → failed",
        "    mails w/witness polecat.failed",
      ]
    `)
  })

  test('two who ask for its handoff are both answered', () => {
    const polecat = atWork()
    polecat.told()
    polecat
      .mail('handoff.requested', 'w/polecats/Nux')
      .mail('handoff.requested', 'overseer')
      .done('inspect', { ...found, dirty: ['a.ts'] })
    expect(
      polecat
        .told()
        .join('\n')
        .match(/answers no/g),
    ).toHaveLength(2)
  })
})

describe('Session', () => {
  test('only the present run speaks for its polecat', () => {
    const at = (value: unknown) => [1, 2, 3].map((epoch) => runSpeaks({ value, context: { epoch: 2 } }, epoch))
    expect([at({ running: 'heard' }), at('absent'), runSpeaks(undefined, 0)]).toEqual([
      [false, true, false],
      [false, false, false],
      false,
    ])
  })

  const asked = () =>
    storyOf(sessionMachine, { rig: 'w', polecat: 'Nux', address: 'w/polecats/Nux' }).mail(
      'session.requested',
      'w/polecats/Nux',
      {
        incarnation: 1,
        issue: brief,
        worktree: '/p',
        branch: 'polecat/Nux-1',
        attempt: 1,
      },
    )
  const record = { id: 'gt-w-Nux-1-1', backend: 'tmux', pid: 7, pidStart: '1', epoch: 1, dir: '/d' }

  test('starts, is watched, and its end is told', () => {
    const session = asked()
      .done('start', { kind: 'started', session: record })
      .done('watch', { kind: 'ended', exitCode: 0, tail: 'bye' })
    expect(session.told()).toMatchInlineSnapshot(`
      [
        "session.requested from w/polecats/Nux → starting",
        "    has startSession done",
        "start is done → running.heard",
        "    mails w/polecats/Nux session.started",
        "    has watchSession done",
        "watch is done → absent",
        "    mails w/polecats/Nux session.ended",
      ]
    `)
  })

  test('only the Witness ends it; a kill that fails is tried again', () => {
    const session = asked().done('start', { kind: 'started', session: record })
    session.told()
    session.mail('session.killRequested', 'w/polecats/Nux', { reason: 'killed' })
    session.mail('session.killRequested', 'w/witness', { reason: 'killed' })
    session.failed('kill', 'no such server').timeOf('again').done('kill', { exitCode: 143, tail: '' })
    expect(session.told()).toMatchInlineSnapshot(`
      [
        "session.killRequested from w/polecats/Nux → running.heard",
        "    notes “w/polecats/Nux may not end a session; only the Witness does”",
        "session.killRequested from w/witness → killing.asking",
        "    has killSession done",
        "kill failed → killing.again",
        "    notes “could not end gt-w-Nux-1-1: no such server”",
        "    waits 10000 ms",
        "again is over → killing.asking",
        "    has killSession done",
        "kill is done → absent",
        "    mails w/polecats/Nux session.ended",
        "    mails w/witness session.ended",
      ]
    `)
  })

  test('found by simulation: a start that failed may have begun all the same, and is called off before anyone hears of it', () => {
    const session = asked()
    session.told()
    session.failed('start', 'done, but the answer was lost')
    expect(session.told()).toEqual(['start failed → killing.asking', '    has killSession done'])
    expect(session.done('kill', { exitCode: null, tail: '' }).told()).toEqual([
      'kill is done → absent',
      '    mails w/polecats/Nux session.ended',
    ])
  })

  test('found by simulation: of two who ask for the end, both are told', () => {
    const session = asked().done('start', { kind: 'started', session: record })
    session
      .mail('session.killRequested', 'w/witness/Nux', { reason: 'killed' })
      .mail('session.killRequested', 'w/witness', { reason: 'stopped' })
    session.told()
    expect(session.done('kill', { exitCode: 143, tail: '' }).told().slice(1)).toEqual(
      ['polecats/Nux', 'witness/Nux', 'witness'].map((who) => `    mails w/${who} session.ended`),
    )
  })

  test('nobody but the Witness ends it while it starts either', () => {
    expect(asked().mail('session.killRequested', 'w/polecats/Toast', { reason: 'killed' }).state()).toBe('starting')
  })

  test('a kill that comes while it starts wins', () => {
    const session = asked()
      .mail('session.killRequested', 'w/witness/Nux', { reason: 'killed' })
      .done('kill', { exitCode: null, tail: '' })
    expect(session.state()).toBe('absent')
  })
})

describe('Retirement', () => {
  const asked = (purpose: string) =>
    storyOf(retirementMachine, { rig: 'w', polecat: 'Nux' }).mail('retirement.requested', 'w/witness', {
      polecat: 'Nux',
      incarnation: 1,
      issue: 'w-1',
      branch: 'polecat/Nux-1',
      purpose,
    })
  const pinned = { head: { ref: 'refs/gt/x', sha: sha('b') }, dirty: null }

  test('verifies, pins, kills, pins, removes, deletes: in this order', () => {
    const retirement = asked('handoff')
      .done('verify', {
        kind: 'found',
        onBranch: 'polecat/Nux-1',
        head: sha('b'),
        dirty: [],
        ahead: 1,
        unfinished: null,
      })
      .done('pin', pinned)
    retirement.mail('session.ended', 'w/polecats/Nux/session', { epoch: 1, exitCode: 143, cause: 'killed', tail: '' })
    retirement.done('pinRest', pinned).done('remove', { removed: true }).done('deleteBranch', { kind: 'deleted' })
    expect(retirement.told()).toMatchInlineSnapshot(`
      [
        "retirement.requested from w/witness → verifying",
        "    has inspectWorktree done",
        "verify is done → pinning.at_work",
        "    has pinWork done",
        "pin is done → killing",
        "    mails w/polecats/Nux/session session.killRequested",
        "session.ended from w/polecats/Nux/session → pinning_the_rest.at_work",
        "    has pinWork done",
        "pinRest is done → removing.at_work",
        "    has removeWorktree done",
        "remove is done → deleting_branch",
        "    has deleteBranch done",
        "deleteBranch is done → retired",
        "    mails w/witness polecat.retired",
      ]
    `)
  })

  test('uncommitted files refuse a handoff, and are pinned after a failure', () => {
    const dirty = {
      kind: 'found',
      onBranch: 'polecat/Nux-1',
      head: sha('b'),
      dirty: ['a.ts'],
      ahead: 1,
      unfinished: null,
    }
    expect(asked('handoff').done('verify', dirty).told().slice(-2)).toEqual([
      'verify is done → refused',
      '    mails w/witness retirement.refused',
    ])
    expect(asked('failure').state()).toBe('pinning.at_work')
  })

  test('a worktree that will not go is pinned again before each try, then the Witness hears of it', () => {
    const retirement = asked('recall')
      .done('pin', pinned)
      .mail('session.ended', 'w/polecats/Nux/session', { epoch: 1, exitCode: 1, cause: 'killed', tail: '' })
    for (let n = 0; n < 5; n++) retirement.done('pinRest', pinned).failed('remove', 'busy').timeOf('again')
    expect(retirement.state()).toBe('pinning_the_rest.at_work')
    expect(retirement.done('pinRest', pinned).failed('remove', 'busy').told().at(-1)).toBe(
      '    mails w/witness retirement.failed',
    )
  })

  test('nobody but the Witness has it begin', () => {
    const body = { polecat: 'Nux', incarnation: 1, issue: 'w-1', branch: 'polecat/Nux-1', purpose: 'failure' }
    expect(
      storyOf(retirementMachine, { rig: 'w', polecat: 'Nux' })
        .mail('retirement.requested', 'w/polecats/Nux', body)
        .told(),
    ).toEqual(['retirement.requested from w/polecats/Nux → awaiting (not for it)'])
  })
})

describe('Refinery', () => {
  const request = (issue: string, letter: string) => ({
    issue,
    title: `Do ${issue}`,
    polecat: 'Nux',
    branch: 'polecat/Nux-1',
    sha: sha(letter),
    ref: `refs/gt/merge/${issue}`,
    priority: 2,
  })
  const asked = () =>
    storyOf(refineryMachine, { rig: 'w' }).mail('merge.requested', 'w/polecats/Nux', request('w-1', 'b'))
  const built = { kind: 'built', base: sha('a'), commit: sha('c') }

  test('builds, tests, lands, asks origin, closes', () => {
    const refinery = asked()
      .done('build', built)
      .done('gates', { kind: 'green', gates: [] })
      .done('land', { kind: 'pushed' })
      .done('confirm', { kind: 'confirmed' })
      .done('close', { closed: true })
    expect(refinery.told()).toMatchInlineSnapshot(`
      [
        "merge.requested from w/polecats/Nux → building",
        "    mails w/witness merge.queued",
        "    mails w/polecats/Nux merge.queued",
        "    has buildCandidate done",
        "build is done → testing",
        "    notes “merges w-1 and tests it”",
        "    has runGates done",
        "gates is done → landing",
        "    has landCandidate done",
        "land is done → confirming",
        "    has confirmLanded done",
        "confirm is done → closing.at_work",
        "    has closeIssue done",
        "close is done → idle",
        "    notes “w-1 is on main as cccccccccc”",
        "    mails w/witness merge.landed",
      ]
    `)
  })

  test('a red gate and a conflict send the work back, and the next is built', () => {
    const refinery = asked().mail('merge.requested', 'w/polecats/Toast', request('w-2', 'd'))
    refinery.told()
    refinery
      .done('build', built)
      .done('gates', { kind: 'red', gate: 'test', exitCode: 1, timedOut: false, tail: 'not ok', log: '/l' })
    refinery.done('build', { kind: 'conflict', issue: 'w-2', base: sha('a'), files: ['a.ts'] })
    expect(refinery.told()).toMatchInlineSnapshot(`
      [
        "build is done → testing",
        "    notes “merges w-1 and tests it”",
        "    has runGates done",
        "gates is done → building",
        "    notes “w-1 fails the gate “test”; back to a worker”",
        "    mails w/witness merge.returned",
        "    has buildCandidate done",
        "build is done → idle",
        "    notes “w-2 conflicts with main in a.ts; back to a worker”",
        "    mails w/witness merge.returned",
      ]
    `)
  })

  test('main that moved is built on anew, never pushed over', () => {
    const refinery = asked().done('build', built).done('gates', { kind: 'green', gates: [] })
    refinery.told()
    refinery.done('land', { kind: 'moved' })
    expect(refinery.told().join('\n')).not.toContain('landCandidate')
    expect(refinery.context()).toMatchObject({ moves: 1 })
  })

  test('any verdict, red too, shows that the gates run again', () => {
    const refinery = asked()
      .done('build', built)
      .done('gates', { kind: 'broken', why: 'no such program' })
      .timeOf('cannot_run')
      .done('build', built)
    refinery.told()
    refinery.done('gates', { kind: 'red', gate: 'test', exitCode: 1, timedOut: false, tail: '', log: '/l' })
    expect(refinery.told()).toContain('    mails w/witness merge.unstuck')
    expect(refinery.context()).toMatchObject({ stuck: [], absences: 0 })
  })

  test('found by simulation: what origin refused stays escalated while others land, and a poke frees it in any state', () => {
    const refinery = asked().mail('merge.requested', 'w/polecats/Toast', request('w-2', 'd'))
    const green = () => refinery.done('build', built).done('gates', { kind: 'green', gates: [] })
    green().done('land', { kind: 'refused', why: 'closed on Sundays' })
    refinery.told()
    green().done('land', { kind: 'pushed' }).done('confirm', { kind: 'confirmed' }).done('close', { closed: true })
    expect(refinery.told().join('\n')).not.toContain('merge.unstuck')
    refinery
      .mail('merge.requested', 'w/polecats/Toast', request('w-3', 'e'))
      .done('build', built)
      .done('gates', { kind: 'broken', why: 'no such program' })
    refinery.mail('queue.poked', 'overseer')
    expect((refinery.context().queue as { held: boolean }[]).map((waiting) => waiting.held)).toEqual([false, false])
  })

  test('an origin that is away is asked again, later each time; the Overseer hears of it once, and a poke answers that', () => {
    const refinery = asked()
    refinery.told()
    for (let n = 0; n < 5; n++) refinery.done('build', { kind: 'unreachable', why: 'no route' }).timeOf('origin_away')
    const told = refinery.done('build', { kind: 'unreachable', why: 'no route' }).told()
    expect(told.filter((line) => line.includes('merge.stuck'))).toHaveLength(1)
    expect(told.filter((line) => line.includes('waits')).map((line) => line.trim())).toEqual(
      [5, 10, 20, 40, 80, 160].map((s) => `waits ${s}000 ms`),
    )
    expect(refinery.mail('queue.poked', 'overseer').told()).toMatchInlineSnapshot(`
      [
        "queue.poked from overseer → building",
        "    mails w/witness merge.unstuck",
        "    answers yes: w asks origin again",
        "    has buildCandidate done",
      ]
    `)
  })
})

describe('Witness', () => {
  const rig = (more = {}) => storyOf(witnessMachine, { rig: 'w', maxWorkers: 1, spawnDelayMs: 0, triesMax: 2, ...more })
  const ready = (...ids: string[]) => ({
    ready: ids.map((id) => ({ ...brief, id, createdAt: id })),
    closed: [],
    unknown: [],
    complete: [],
    waiting: [],
  })
  const claimed = (id: string) => ({ kind: 'claimed', issue: { ...brief, id }, preserved: null })
  const atWork = (more = {}) =>
    rig(more)
      .mail('work.assigned', 'mayor/', { epic: 'w-e' })
      .done('survey', ready('w-1', 'w-2'))
      .done('claim', claimed('w-1'))

  test('surveys, claims one issue for one place, and rests when it is full', () => {
    expect(atWork().told()).toMatchInlineSnapshot(`
      [
        "work.assigned from mayor/ → brake.released+dispatch.surveying",
        "    has surveyIssues done",
        "survey is done → brake.released+dispatch.claiming",
        "    has claimIssue done",
        "claim is done → brake.released+dispatch.resting",
        "    claimSlot w/polecats/Nux",
        "    mails w/polecats/Nux polecat.assigned",
        "    waits 0 ms",
      ]
    `)
  })

  test('an issue that somebody else holds is left to them', () => {
    const witness = rig()
      .mail('work.assigned', 'mayor/', { issues: ['w-1'] })
      .done('survey', ready('w-1'))
      .done('claim', { kind: 'held', holder: 'alice' })
    expect(witness.told().at(-1)).toBe('    notes “w-1 is not to be had: alice holds it”')
    expect(witness.context().workers).toEqual({})
  })

  test('found by simulation: a claim whose answer was lost is made again by the same worker, not forgotten', () => {
    const witness = rig().mail('work.assigned', 'mayor/', { epic: 'w-e' }).done('survey', ready('w-1'))
    witness.failed('claim', 'done, but the answer was lost').timeOf('claiming_again').done('claim', claimed('w-1'))
    expect(Object.keys(witness.context().workers as object)).toEqual(['Nux'])
  })

  test('found by simulation: a session whose end comes after the rig has gone on keeps nobody waiting', () => {
    const witness = atWork()
    witness.mail('rig.stopped', 'overseer', { why: 'stop --all' }).mail('rig.resumed', 'overseer')
    witness.told()
    expect(witness.mail('polecat.stopped', 'w/polecats/Nux', { issue: 'w-1' }).told().at(-1)).toBe(
      '    mails w/polecats/Nux work.resumed',
    )
    // Stopped by itself it stays so, until the Overseer says otherwise.
    witness.mail('session.stopRequested', 'overseer', { polecat: 'Nux' }).told()
    expect(witness.mail('polecat.stopped', 'w/polecats/Nux', { issue: 'w-1' }).told()).toHaveLength(1)
    expect(witness.mail('rig.resumed', 'overseer').told().at(-1)).toBe('    mails w/polecats/Nux work.resumed')
  })

  test('a retired worker frees its place, its name, and the next start', () => {
    const witness = atWork()
    witness.told()
    witness.mail('polecat.retired', 'w/witness/Nux', {
      polecat: 'Nux',
      incarnation: 1,
      issue: 'w-1',
      purpose: 'handoff',
      pin: null,
    })
    expect(witness.told()).toMatchInlineSnapshot(`
      [
        "polecat.retired from w/witness/Nux → brake.released+dispatch.surveying",
        "    notes “Nux is retired”",
        "    freeSlot w/polecats/Nux",
        "    mails w/polecats/Nux polecat.retired",
        "    has surveyIssues done",
      ]
    `)
  })

  test('starts keep their distance', () => {
    const witness = atWork({ maxWorkers: 3, spawnDelayMs: 5000 })
    expect(witness.told().at(-1)).toBe('    waits 5000 ms')
    expect(witness.timeOf('spacing').told()).toContain('    has claimIssue done')
  })

  test('while the brake is pulled nothing starts', () => {
    const witness = rig()
      .mail('rig.stopped', 'overseer', { why: 'stop --all' })
      .mail('work.assigned', 'mayor/', { epic: 'w-e' })
    expect(witness.state()).toBe('brake.pulled+dispatch.resting')
    expect(witness.mail('rig.resumed', 'overseer').state()).toBe('brake.released+dispatch.surveying')
  })

  test('work that comes back too often is the Overseer’s, with what is needed to decide', () => {
    const witness = atWork()
    witness.told()
    const back = {
      issue: 'w-1',
      title: 'Do it',
      polecat: 'Nux',
      ref: 'refs/gt/x',
      sha: sha('b'),
      returned: { kind: 'red', summary: 'fails “test”', tail: 'not ok' },
    }
    witness.mail('merge.returned', 'w/refinery', back).mail('merge.returned', 'w/refinery', back)
    expect(witness.told()).toMatchInlineSnapshot(`
      [
        "merge.returned from w/refinery → brake.released+dispatch.surveying",
        "    has surveyIssues done",
        "merge.returned from w/refinery → brake.released+dispatch.surveying",
        "    notes “w-1 came back 2 times; the Overseer decides”",
        "    has releaseIssue done",
        "    mails mayor/ escalation.raised",
      ]
    `)
  })
})

describe('Plugin', () => {
  const ask = (n: number) => ({ subject: `Question ${n}`, body: '' })
  test('answers one question after the other, and says what went wrong', () => {
    const plugin = storyOf(pluginMachine, { rig: 'w', plugin: 'oracle' })
      .mail('message.sent', 'mayor/', ask(1))
      .mail('message.sent', 'overseer', ask(2))
    plugin.done('run', { kind: 'answered', reply: 'yes' }).done('run', { kind: 'failed', why: 'exit 1', tail: '' })
    expect(plugin.told()).toMatchInlineSnapshot(`
      [
        "message.sent from mayor/ → consulting",
        "    has runPlugin done",
        "message.sent from overseer → consulting",
        "run is done → consulting",
        "    mails mayor/ message.sent",
        "    has runPlugin done",
        "run is done → idle",
        "    mails overseer message.sent",
      ]
    `)
  })

  test('more questions than it can keep are refused in words', () => {
    const plugin = storyOf(pluginMachine, { rig: 'w', plugin: 'oracle', waitingMax: 7 })
    for (let n = 0; n <= 7; n++) plugin.mail('message.sent', 'mayor/', ask(n))
    expect(plugin.told().at(-1)).toBe('    mails mayor/ message.sent')
    expect(plugin.context().waiting).toHaveLength(7)
  })
})
