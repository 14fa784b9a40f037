// The lives of a polecat, its session and its keeper, each told alone; story.test.ts tells how they live together.
import { describe, expect, test } from 'vitest'
import { keeperMachine } from '../../machines/keeper.ts'
import { polecatMachine } from '../../machines/polecat.ts'
import { runSpeaks, sessionMachine } from '../../machines/session.ts'
import { brief, sha, storyOf } from './story-of.ts'

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

  test('a session that tmux’s server took along costs no start, but not for ever', () => {
    const polecat = atWork()
    polecat.told()
    const cut = { epoch: 1, exitCode: null, cause: 'cut_off', tail: '' }
    const starts = () =>
      polecat
        .timeOf('backing_off')
        .done('prepare', { path: '/p', head: sha('a'), base: sha('a') })
        .done('setUp', { kind: 'ready' })
        .mail('session.started', 'w/polecats/Nux/session', { epoch: 2, pid: 8, backend: 'tmux' })
    polecat.mail('session.ended', 'w/polecats/Nux/session', cut)
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "session.ended from w/polecats/Nux/session → backing_off",
        "    notes “Nux's session was cut off: tmux’s server ended, and all sessions with it; start 1 of 2 follows”",
        "    waits 1000 ms",
      ]
    `)
    for (let n = 2; n <= 5; n++) starts().mail('session.ended', 'w/polecats/Nux/session', cut)
    expect(polecat.told().at(-1)).toBe('    waits 16000 ms')
    // It is no accident any more: each counts.
    for (let n = 1; n <= 2; n++) starts().mail('session.ended', 'w/polecats/Nux/session', cut)
    expect(polecat.told().at(-2)).toBe(
      '    notes “Nux gave up on w-1: the session was cut off: tmux’s server ended again and again, 2 times”',
    )
  })

  test('a full context, or a wish in its state.json, is a new conversation and no start; after `cycles` it is over', () => {
    const polecat = atWork()
    polecat.mail('message.sent', 'w/polecats/Nux', { subject: 'Where I am', body: 'half of it is done' })
    const ends = (cause: string) =>
      polecat.mail('session.ended', 'w/polecats/Nux/session', { epoch: 1, exitCode: 0, cause, tail: '' })
    const starts = () =>
      polecat
        .timeOf('backing_off')
        .done('prepare', { path: '/p', head: sha('a'), base: sha('a') })
        .done('setUp', { kind: 'ready' })
        .mail('session.started', 'w/polecats/Nux/session', { epoch: 2, pid: 8, backend: 'tmux' })
    polecat.told()
    ends('overlong')
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "session.ended from w/polecats/Nux/session → backing_off",
        "    notes “Nux begins a new conversation: the context of the one before was full”",
        "    waits 1000 ms",
      ]
    `)
    for (const cause of ['cycled', 'overlong', 'cycled']) {
      starts()
      expect(polecat.context()).toMatchObject({ starts: 1 })
      ends(cause)
    }
    for (let n = 5; n <= 10; n++) {
      starts()
      ends('overlong')
    }
    starts()
    polecat.told()
    ends('cycled')
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "session.ended from w/polecats/Nux/session → pending_shutdown",
        "    notes “Nux gave up on w-1: it began a new conversation again and again, and was never done”",
        "    mails w/witness/Nux shutdown.requested",
      ]
    `)
  })

  test('a conversation that its program has forgotten costs no start', () => {
    const polecat = atWork()
    polecat.told()
    const end = { epoch: 1, exitCode: 1, cause: 'forgotten', tail: '' }
    polecat.mail('session.ended', 'w/polecats/Nux/session', end)
    expect(polecat.told()).toMatchInlineSnapshot(`
      [
        "session.ended from w/polecats/Nux/session → backing_off",
        "    notes “Nux's session could not go on with its conversation, and begins another; start 1 of 2 follows”",
        "    waits 1000 ms",
      ]
    `)
  })

  test.each([
    ['overseer', true],
    ['mayor/', true],
    ['w/crew/ann', true],
    ['w/plugins/oracle', false],
    ['w/polecats/Toast', false],
  ])('it waits for an answer to its question; a word of %s is one: %s', (from, isAnswer) => {
    const polecat = atWork()
    polecat.mail('question.asked', 'w/polecats/Nux', { question: 'Which of the two?' })
    polecat.mail('session.idle', 'w/polecats/Nux/session', { epoch: 1 })
    expect(polecat.state()).toBe('working')
    polecat.mail('message.sent', from, { subject: 'The first' })
    polecat.mail('session.idle', 'w/polecats/Nux/session', { epoch: 1 })
    expect(polecat.state()).toBe(isAnswer ? 'reminding' : 'working')
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
