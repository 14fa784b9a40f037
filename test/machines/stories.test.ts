// Every machine's own life, told alone; story.test.ts tells how they live together.
import { describe, expect, test } from 'vitest'
import { keeperMachine } from '../../machines/keeper.ts'
import { mayorMachine } from '../../machines/mayor.ts'
import { overseerMachine } from '../../machines/overseer.ts'
import { pluginMachine } from '../../machines/plugin.ts'
import { polecatMachine } from '../../machines/polecat.ts'
import { refineryMachine } from '../../machines/refinery.ts'
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
      .mail('worker.assigned', 'w/witness/Nux', { issue: brief, attempt: 1 })
      .done('prepare', { path: '/p', head: sha('a'), base: sha('a') })
      .done('setUp', { kind: 'ready' })
    polecat.mail('session.started', 'w/polecats/Nux/session', { epoch: 1, pid: 7, backend: 'tmux' })
    return polecat
  }
  const found = {
    kind: 'found',
    onBranch: 'polecat/Nux-1',
    head: sha('b'),
    dirty: [],
    ahead: 1,
    own: 1,
    unfinished: null,
  }

  test('from its assignment to its retirement', () => {
    const polecat = atWork()
    polecat.mail('handoff.requested', 'w/polecats/Nux').done('inspect', found)
    polecat.done('pin', { head: { ref: 'refs/gt/x', sha: sha('b') }, dirty: null })
    polecat.mail('merge.queued', 'w/refinery', { issue: 'w-1', sha: sha('b'), polecat: 'Nux', position: 1 })
    polecat.mail('polecat.retired', 'w/witness/Nux')
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "worker.assigned from w/witness/Nux → preparing",
        "    has createWorktree done",
        "prepare is done → setting_up",
        "    has setUpWorktree done",
        "setUp is done → starting",
        "    mails w/polecats/Nux/session session.requested",
        "session.started from w/polecats/Nux/session → working",
        "    notes “Nux works on w-1 “Do it””",
        "    mails w/witness/Nux polecat.working",
        "handoff.requested from w/polecats/Nux → handing_over.inspecting",
        "    has inspectWorktree done",
        "inspect is done → handing_over.pinning",
        "    has pinWork done",
        "pin is done → handing_over.queueing",
        "    mails w/refinery merge.requested",
        "merge.queued from w/refinery → pending_shutdown",
        "    answers yes: w-1 is in the merge queue at bbbbbbbbbb; the Witness ends this session",
        "    notes “Nux hands w-1 over and asks to be shut down”",
        "    mails w/witness/Nux shutdown.requested",
        "polecat.retired from w/witness/Nux → retired",
      ]
    `)
  })

  test.each([
    [{ ...found, dirty: ['a.ts'] }, 'uncommitted'],
    [{ ...found, ahead: 0, own: 0 }, 'no commit that main lacks'],
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
      .done('readIssue', { kind: 'held' })
      .timeOf('backing_off')
      .done('prepare', { path: '/p', head: sha('a'), base: sha('a') })
      .done('setUp', { kind: 'ready' })
    polecat.mail('session.started', 'w/polecats/Nux/session', { epoch: 2, pid: 8, backend: 'tmux' })
    polecat.mail('session.ended', 'w/polecats/Nux/session', { ...end, epoch: 2 }).done('readIssue', { kind: 'held' })
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "session.ended from w/polecats/Nux/session → asking",
        "    has readIssue done",
        "readIssue is done → backing_off",
        "    notes “Nux's session ended without a handoff (exit 3); start 2 of 2 follows”",
        "    waits 1000 ms",
        "backing_off is over → preparing",
        "    has createWorktree done",
        "prepare is done → setting_up",
        "    has setUpWorktree done",
        "setUp is done → starting",
        "    mails w/polecats/Nux/session session.requested",
        "session.started from w/polecats/Nux/session → working",
        "    notes “Nux works on w-1 “Do it””",
        "    mails w/witness/Nux polecat.working",
        "session.ended from w/polecats/Nux/session → asking",
        "    has readIssue done",
        "readIssue is done → pending_shutdown",
        "    notes “Nux gave up on w-1: the session ended without a handoff (exit 3), 2 times”",
        "    mails w/witness/Nux shutdown.requested",
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

  test('it is ended for its keeper; a kill that fails is tried again', () => {
    const session = asked().done('start', { kind: 'started', session: record })
    session.told()
    session.mail('session.killRequested', 'w/witness/Nux', { reason: 'killed' })
    session.failed('kill', 'no such server').timeOf('again').done('kill', { exitCode: 143, tail: '' })
    expect(session.told()).toMatchInlineSnapshot(`
      [
        "session.killRequested from w/witness/Nux → killing.asking",
        "    has killSession done",
        "kill failed → killing.again",
        "    notes “could not end gt-w-Nux-1-1: no such server”",
        "    waits 10000 ms",
        "again is over → killing.asking",
        "    has killSession done",
        "kill is done → absent",
        "    mails w/polecats/Nux session.ended",
        "    mails w/witness/Nux session.ended",
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

  test('a kill that comes while it starts wins', () => {
    const session = asked()
      .mail('session.killRequested', 'w/witness/Nux', { reason: 'killed' })
      .done('kill', { exitCode: null, tail: '' })
    expect(session.state()).toBe('absent')
  })
})

describe('Keeper', () => {
  const place = { issue: 'w-1', incarnation: 1, branch: 'polecat/Nux-1' }
  const watching = () =>
    storyOf(keeperMachine, { rig: 'w', polecat: 'Nux', triesMax: 2 }).mail('worker.assigned', 'w/witness', {
      issue: brief,
      attempt: 1,
    })
  const ends = (outcome: string, more = {}) =>
    watching().mail('shutdown.requested', 'w/polecats/Nux', { ...place, outcome, reason: 'why', tail: '', ...more })
  const pinned = { head: { ref: 'refs/gt/x', sha: sha('b') }, dirty: null }
  const nothing = { head: null, dirty: null }
  const sessionEnds = { epoch: 1, exitCode: 143, cause: 'killed', tail: '' }

  test('keeps what a failed worker leaves, ends its session, clears its place: in this order', () => {
    const keeper = ends('failed').done('pin', pinned)
    keeper.mail('session.ended', 'w/polecats/Nux/session', sessionEnds).done('clear', pinned)
    expect(keeper.told()).toMatchInlineSnapshot(`
      [
        "worker.assigned from w/witness → watching",
        "    mails w/polecats/Nux worker.assigned",
        "shutdown.requested from w/polecats/Nux → pinning.at_work",
        "    has pinWork done",
        "pin is done → killing",
        "    mails w/polecats/Nux/session session.killRequested",
        "session.ended from w/polecats/Nux/session → clearing.at_work",
        "    has clearPlace done",
        "clear is done → retired",
        "    notes “Nux is retired; what it left is kept at refs/gt/x”",
        "    mails w/polecats/Nux polecat.retired",
        "    mails w/witness worker.retired",
      ]
    `)
    expect(keeper.context().kept).toEqual([pinned.head])
  })

  test('what was handed over is kept already; what was written afterwards is kept while its place is cleared', () => {
    const keeper = ends('handed_over', { sha: sha('b') })
    keeper.mail('session.ended', 'w/polecats/Nux/session', sessionEnds)
    keeper.done('clear', { head: null, dirty: { ref: 'refs/gt/late', sha: sha('e') } })
    expect(keeper.told()).toMatchInlineSnapshot(`
      [
        "worker.assigned from w/witness → watching",
        "    mails w/polecats/Nux worker.assigned",
        "shutdown.requested from w/polecats/Nux → killing",
        "    mails w/polecats/Nux/session session.killRequested",
        "session.ended from w/polecats/Nux/session → clearing.at_work",
        "    has clearPlace done",
        "clear is done → retired",
        "    notes “Nux is retired; what it left is kept at refs/gt/late”",
        "    mails w/polecats/Nux polecat.retired",
        "    mails w/witness worker.retired",
      ]
    `)
  })

  test('its session is ended while it is stopped, and not for good: it goes on when it is told to', () => {
    const keeper = watching()
    keeper.told()
    keeper.mail('work.paused', 'w/witness').mail('polecat.stopped', 'w/polecats/Nux', { issue: 'w-1' })
    keeper.mail('work.resumed', 'w/witness')
    // Its end came late.
    keeper.mail('polecat.stopped', 'w/polecats/Nux', { issue: 'w-1' })
    expect(keeper.told()).toMatchInlineSnapshot(`
      [
        "work.paused from w/witness → watching",
        "    mails w/polecats/Nux/session session.killRequested",
        "    mails w/polecats/Nux work.paused",
        "polecat.stopped from w/polecats/Nux → watching",
        "work.resumed from w/witness → watching",
        "    mails w/polecats/Nux work.resumed",
        "polecat.stopped from w/polecats/Nux → watching",
        "    mails w/polecats/Nux work.resumed",
      ]
    `)
  })

  test('a session that was begun just then is ended too', () => {
    const keeper = watching().mail('work.paused', 'w/witness')
    keeper.told()
    expect(keeper.mail('polecat.working', 'w/polecats/Nux', place).told()).toEqual([
      'polecat.working from w/polecats/Nux → watching',
      '    mails w/polecats/Nux/session session.killRequested',
    ])
  })

  test('no progress is told, and the session ended', () => {
    const keeper = watching()
    keeper.told()
    keeper.mail('polecat.stuck', 'w/polecats/Nux', { issue: 'w-1', reason: 'no sign of progress', tail: '' })
    expect(keeper.told().slice(1)).toEqual([
      '    notes “Nux is stuck on w-1: no sign of progress”',
      '    mails w/polecats/Nux/session session.killRequested',
    ])
  })

  test('what will not go is tried again, then left for the Overseer, and taken down when they say so', () => {
    const keeper = ends('failed').done('pin', pinned).mail('session.ended', 'w/polecats/Nux/session', sessionEnds)
    keeper.told()
    keeper.failed('clear', 'busy').timeOf('again').failed('clear', 'busy').timeOf('again').failed('clear', 'busy')
    keeper.mail('work.paused', 'w/witness').done('pin', nothing)
    expect(keeper.told()).toMatchInlineSnapshot(`
      [
        "clear failed → clearing.again",
        "    waits 3000 ms",
        "again is over → clearing.at_work",
        "    has clearPlace done",
        "clear failed → clearing.again",
        "    waits 3000 ms",
        "again is over → clearing.at_work",
        "    has clearPlace done",
        "clear failed → stranded",
        "    mails mayor/ escalation.raised",
        "work.paused from w/witness → pinning.at_work",
        "    mails mayor/ escalation.cleared",
        "    has pinWork done",
        "pin is done → killing",
        "    mails w/polecats/Nux/session session.killRequested",
      ]
    `)
  })

  test('nothing is touched when its work cannot be kept', () => {
    const keeper = ends('cannot').failed('pin', 'disk full').timeOf('again').failed('pin', 'disk full').timeOf('again')
    keeper.told()
    expect(keeper.failed('pin', 'disk full').told()).toEqual([
      'pin failed → stranded',
      '    mails mayor/ escalation.raised',
    ])
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
  const builtOf = (issue: string, letter = 'c') => ({
    kind: 'built',
    base: sha('a'),
    commit: sha(letter),
    landing: [{ issue, commit: sha(letter) }],
    contained: [],
    unfit: [],
    foreign: [],
  })
  const built = builtOf('w-1')
  const green = { kind: 'green', gates: [], flaky: [] }
  const red = { kind: 'red', gate: 'test', passed: [], exitCode: 1, timedOut: false, tail: 'not ok', log: '/l' }
  const unfit = (issue: string) => ({
    ...built,
    commit: sha('a'),
    landing: [],
    unfit: [{ issue, kind: 'conflict', why: 'conflicts with main in a.ts', files: ['a.ts'], base: sha('a') }],
  })

  test('builds, tests, lands, asks origin, closes', () => {
    const refinery = asked().done('build', built).done('gates', green).done('land', { kind: 'pushed' })
    refinery.done('confirm', { kind: 'confirmed' })
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
        "confirm is done → idle",
        "    notes “w-1 is on main as cccccccccc”",
        "    has closeIssues done",
        "    mails w/witness merge.landed",
      ]
    `)
  })

  test('red work on a main that passes and a conflict go back, and the next is built', () => {
    const refinery = asked().mail('merge.requested', 'w/polecats/Toast', request('w-2', 'd'))
    refinery.told()
    refinery.done('build', built).done('gates', red).done('judge', green)
    refinery.done('build', unfit('w-2'))
    expect(refinery.told()).toMatchInlineSnapshot(`
      [
        "build is done → testing",
        "    notes “merges w-1 and tests it”",
        "    has runGates done",
        "gates is done → judging_main",
        "    has runGates done",
        "judge is done → building",
        "    notes “w-1: the gate “test” failed (exit 1); back to a worker”",
        "    mails w/witness merge.returned",
        "    has buildCandidate done",
        "build is done → idle",
        "    notes “w-2 conflicts with main in a.ts; back to a worker”",
        "    mails w/witness merge.returned",
      ]
    `)
  })

  test('main that moved is built on anew, never pushed over', () => {
    const refinery = asked().done('build', built).done('gates', green)
    refinery.told()
    refinery.done('land', { kind: 'moved' })
    expect(refinery.told().join('\n')).not.toContain('landCandidate')
    expect(refinery.context()).toMatchObject({ moves: 1 })
  })

  test('any verdict, red too, shows that the gates run again', () => {
    const refinery = asked().done('build', built).done('gates', { kind: 'broken', why: 'no such program' })
    refinery.done('judge', { kind: 'broken', why: 'no such program' }).timeOf('cannot_run').done('build', built)
    refinery.told()
    refinery.done('gates', red).done('judge', green)
    expect(refinery.told()).toContain('    mails w/witness merge.unstuck')
    expect(refinery.context()).toMatchObject({ stuck: [], breaks: 0 })
  })

  test('found by simulation: what origin refused stays escalated while others land, and a poke frees it in any state', () => {
    const refinery = asked().mail('merge.requested', 'w/polecats/Toast', request('w-2', 'd'))
    const tested = (issue: string, letter: string) =>
      refinery.done('build', builtOf(issue, letter)).done('gates', green)
    tested('w-1', 'c').done('land', { kind: 'refused', why: 'closed on Sundays' })
    refinery.told()
    tested('w-2', 'd').done('land', { kind: 'pushed' }).done('confirm', { kind: 'confirmed' })
    expect(refinery.told().join('\n')).not.toContain('merge.unstuck')
    refinery.mail('merge.requested', 'w/polecats/Toast', request('w-3', 'e')).done('build', builtOf('w-3', 'e'))
    refinery.done('gates', { kind: 'broken', why: 'no such program' })
    refinery.mail('queue.poked', 'overseer')
    expect((refinery.context().queue as { wait: unknown }[]).map(({ wait }) => wait)).toEqual([null, null])
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
    dropped: [],
    unknown: [],
    complete: [],
    over: [],
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
        "    mails w/witness/Nux worker.assigned",
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

  test('stop and go on reach each worker by its keeper, and the queue', () => {
    const witness = atWork()
    witness.told()
    witness.mail('rig.stopped', 'overseer', { why: 'stop --all' }).mail('rig.resumed', 'overseer')
    witness.mail('session.stopRequested', 'overseer', { polecat: 'Nux' })
    // Nobody of that name is there.
    witness.mail('session.stopRequested', 'overseer', { polecat: 'Toast' })
    expect(witness.told()).toMatchInlineSnapshot(`
      [
        "rig.stopped from overseer → brake.pulled+dispatch.resting",
        "    notes “stopped: stop --all”",
        "    mails w/witness/Nux work.paused",
        "rig.resumed from overseer → brake.released+dispatch.surveying",
        "    notes “goes on”",
        "    mails w/witness/Nux work.resumed",
        "    mails w/refinery queue.poked",
        "    has surveyIssues done",
        "session.stopRequested from overseer → brake.released+dispatch.surveying",
        "    mails w/witness/Nux work.paused",
        "session.stopRequested from overseer → brake.released+dispatch.surveying",
      ]
    `)
  })

  test('a retired worker frees its place, its name, and the next start', () => {
    const witness = atWork()
    witness.told()
    witness.mail('worker.retired', 'w/witness/Nux', {
      polecat: 'Nux',
      incarnation: 1,
      issue: 'w-1',
      outcome: 'handed_over',
      reason: '',
      tail: '',
    })
    expect(witness.told()).toMatchInlineSnapshot(`
      [
        "worker.retired from w/witness/Nux → brake.released+dispatch.surveying",
        "    freeSlot w/polecats/Nux",
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
