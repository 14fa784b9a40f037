// How it ends for a worker, told in a whole town: each way is understood, nothing is lost, and nothing loops.
import { afterEach, describe, expect, test } from 'vitest'
import { conflict, green, type Issue, red, sha, town, type World } from './town.ts'

let t: ReturnType<typeof town>
afterEach(() => t.dispose())
const issue = (id: string, ...after: string[]): Issue => ({ id, status: 'open', after })
const begin = (world: World, ...issues: Issue[]) => {
  t = town(world, { issues })
  t.begin()
}
const empty = { ahead: 0, own: 0 }
const found = (more: object) => (input: { branch: string }) => ({
  ...{ kind: 'found', onBranch: input.branch, head: sha('b'), dirty: [], ahead: 1, own: 1, unfinished: null },
  ...more,
})
const atRest = () => expect(t.host.depth()).toMatchObject({ mail: 0, effectsPending: 0, effectsStarted: 0, timers: 0 })

describe('it says how it ended', () => {
  test('nothing to change: the issue is closed with its reason, and what waits for it starts', () => {
    begin({ inspectWorktree: found(empty) }, issue('w-1'), issue('w-2', 'w-1'))
    const ask = t.handsOff('w-1', { outcome: 'no_change', reason: 'it is right already' })
    expect(t.host.reply(ask)).toMatchObject({ ok: true, text: expect.stringContaining('closed without a change') })
    expect([t.statuses(), t.workers(), t.times('buildCandidate')]).toEqual([['closed', 'in_progress'], ['w-2'], 0])
  })

  test('nothing to change, it says, and has commits: it is told to hand them over, and keeps its session', () => {
    begin({}, issue('w-1'))
    expect(t.host.reply(t.handsOff('w-1', { outcome: 'no_change' }))).toMatchObject({
      ok: false,
      text: expect.stringContaining('hand them over with `gt handoff`'),
    })
    t.handsOff('w-1')
    expect(t.statuses()).toEqual(['closed'])
  })

  test('blocked by an issue: it waits for that one, and another worker goes on from what was kept', () => {
    begin({}, issue('w-1'), issue('w-2'))
    t.handsOff('w-1', { outcome: 'blocked', reason: 'needs the other', blockedBy: 'w-2' })
    expect([t.statuses(), t.workers(), t.causes()]).toEqual([['open', 'in_progress'], ['w-2'], []])
    t.handsOff('w-2')
    expect(t.workers()).toEqual(['w-1'])
    t.handsOff('w-1')
    expect([t.statuses(), t.causes()]).toEqual([['closed', 'closed'], []])
    atRest()
  })

  test.each(['blocked', 'cannot'])('%s, by nothing the town knows: the Overseer is asked, once', (outcome) => {
    begin({}, issue('w-1'))
    t.handsOff('w-1', { outcome, reason: 'no key for the service' })
    expect([t.statuses(), t.workers()]).toEqual([['blocked'], []])
    expect(t.escalations()).toMatchObject([
      {
        cause: 'w/w-1',
        subject: expect.stringContaining('no key for the service'),
        body: expect.stringContaining('kept at refs/gt/work'),
      },
    ])
    atRest()
  })

  test('given back: the Overseer says who takes it next, and nobody is started on it before', () => {
    begin({}, issue('w-1'))
    t.handsOff('w-1', { outcome: 'given_back', reason: 'another should' })
    expect([t.statuses(), t.workers(), t.causes()]).toEqual([['blocked'], [], ['w/w-1']])
  })
})

describe('it says by its issue how it ended, and goes', () => {
  test('closed by itself, with nothing to land: it stays closed', () => {
    begin({ inspectWorktree: found(empty) }, issue('w-1'), issue('w-2', 'w-1'))
    t.closes('w-1')
    t.exits('w-1')
    expect([t.statuses(), t.times('buildCandidate'), t.workers()]).toEqual([['closed', 'in_progress'], 0, ['w-2']])
  })

  test('closed by itself, with work to land: it is done when that has landed', () => {
    begin({ runGates: () => 'later' }, issue('w-1'), issue('w-2', 'w-1'))
    t.closes('w-1')
    t.post('daemon', 'w/witness', 'issues.changed')
    // It says that it is done; nothing may build on that yet.
    expect(t.workers()).toEqual(['w-1'])
    t.exits('w-1')
    expect([t.workers(), t.times('surveyIssues') > 1]).toEqual([[], true])
    t.answer('runGates w/refinery', green)
    expect(t.workers()).toEqual(['w-2'])
  })

  test.each([['open'], ['blocked']] as const)('%s again: the Overseer says how it goes on', (status) => {
    begin({}, issue('w-1'))
    Object.assign(t.issues.get('w-1') as Issue, { status, holder: null })
    t.exits('w-1')
    expect([t.causes(), t.workers(), t.times('startSession')]).toEqual([['w/w-1'], [], 1])
  })

  test('closed by itself after its handoff, and the gate fails: it comes back, is mended, and lands; nothing builds on it', () => {
    begin({ runGates: ({ issues }) => (issues.length === 0 ? green : 'later') }, issue('w-1'), issue('w-2', 'w-1'))
    const closedBy = `w/polecats/${t.workerOf('w-1')}`
    t.handsOff('w-1')
    t.byHand('w-1', { status: 'closed', closedBy })
    expect(t.workers()).toEqual([])
    t.answer('runGates w/refinery', red())
    // The epic is not complete, its successor does not start, and another worker mends it.
    expect([t.workers(), t.statuses(), t.log().some((line) => line.includes('is done'))]).toEqual([
      ['w-1'],
      ['in_progress', 'open'],
      false,
    ])
    t.handsOff('w-1')
    t.answer('runGates w/refinery', green)
    expect([t.statuses()[0], t.workers()]).toEqual(['closed', ['w-2']])
  })

  test('closed by somebody while its worker was at it: nobody is asked, its work is kept', () => {
    begin({}, issue('w-1'))
    Object.assign(t.issues.get('w-1') as Issue, { status: 'closed', closedBy: null })
    t.exits('w-1')
    expect([t.workers(), t.causes(), t.times('pinWork')]).toEqual([[], [], 1])
    atRest()
  })
})

test('what is written after the handoff is kept and told; the work lands once', () => {
  const late = { ref: 'refs/gt/work/w-1/Nux-1/dirty', sha: sha('e') }
  begin({ clearPlace: () => ({ head: null, dirty: late }) }, issue('w-1'))
  t.handsOff('w-1')
  expect([t.statuses(), t.times('landCandidate')]).toEqual([['closed'], 1])
  expect(t.log()).toContain(`w/witness/Nux: Nux is retired; what it left is kept at ${late.ref}`)
  const told = t.letters.filter(({ body }) => body.includes(late.ref))
  expect(told).toMatchObject([{ to: 'overseer', subject: expect.stringContaining('left something behind') }])
})

describe('the setup of a worktree', () => {
  test('that fails is tried as often as a start, then told with its last lines; no session is ever begun', () => {
    begin({ setUpWorktree: () => ({ kind: 'failed', why: 'exit 1', tail: 'no such package' }) }, issue('w-1'))
    for (let n = 0; n < 3; n++) t.wait(60_000)
    expect([t.statuses(), t.times('setUpWorktree'), t.times('startSession')]).toEqual([['blocked'], 3, 0])
    expect(t.escalations()).toMatchObject([
      { body: expect.stringContaining('the setup failed: exit 1\nno such package') },
    ])
    atRest()
  })

  test('that works the second time goes on to a session', () => {
    let fails = true
    begin(
      { setUpWorktree: () => (fails ? { kind: 'failed', why: 'exit 1', tail: '' } : { kind: 'ready' }) },
      issue('w-1'),
    )
    fails = false
    t.wait(60_000)
    expect(t.state(`w/polecats/${t.workerOf('w-1')}`)).toBe('working')
  })
})

describe('a conflict', () => {
  test('with a main that moved is no try, however often; with the same main it is one', () => {
    let main = 0
    begin({ buildCandidate: () => conflict(sha(String(main++ % 10))) }, issue('w-1'))
    for (let n = 0; n < 9; n++) t.handsOff('w-1')
    expect([t.workers(), t.causes()]).toEqual([['w-1'], []])
    main = 8
    for (let n = 0; n < 3; n++) {
      main = 8
      t.handsOff('w-1')
    }
    expect([t.workers(), t.causes()]).toEqual([[], ['w/w-1']])
  })

  test('whose worker fails is begun anew from main, once', () => {
    const starts: unknown[] = []
    let conflicts = true
    const world: World = {
      buildCandidate: (input) => (conflicts ? conflict(sha('a')) : t.well('buildCandidate', input)),
      createWorktree: ({ start }) => {
        starts.push(start)
        return { path: '/x', head: sha('a'), base: sha('a') }
      },
    }
    begin(world, issue('w-1'))
    t.handsOff('w-1')
    conflicts = false
    world.startSession = () => ({ kind: 'failed', why: 'no such program', tail: '' })
    const fails = () => {
      t.exits('w-1', 1)
      for (let n = 0; n < 3; n++) t.wait(60_000)
    }
    fails()
    expect(t.causes()).toEqual([])
    expect(t.log()).toContain('w/witness: w-1 could not be put on the new main; it is begun anew from there')
    expect(starts.at(-1)).toBeNull()
    // Once: the next that fails is the Overseer's.
    for (let n = 0; n < 3; n++) t.wait(60_000)
    expect([t.statuses(), t.causes()]).toEqual([['blocked'], ['w/w-1']])
  })
})

describe('stop and go on', () => {
  test('what could not be taken down is taken down again by `gt session stop`, from its first step', () => {
    let locked = true
    begin({ clearPlace: () => (locked ? new Error('in use') : { head: null, dirty: null }) }, issue('w-1'))
    t.handsOff('w-1', { outcome: 'cannot', reason: 'no key' })
    for (let n = 0; n < 6; n++) t.wait(3000)
    expect([t.state('w/witness/Nux'), t.causes()]).toEqual(['stranded', ['w/remains/Nux']])
    locked = false
    const before = t.times('pinWork')
    t.post('overseer', 'w/witness', 'session.stopRequested', { polecat: 'Nux' })
    expect([t.times('pinWork') - before, t.host.slots('w/workers'), t.causes()]).toEqual([1, [], ['w/w-1']])
  })

  test('a rig that is stopped and goes on: each worker hears it by its keeper, and no try is counted', () => {
    begin({}, issue('w-1'), issue('w-2'))
    t.post('overseer', 'w/witness', 'rig.stopped', { why: 'stop --all' })
    expect(['Nux', 'Toast'].map((name) => t.state(`w/polecats/${name}`))).toEqual(['stopped', 'stopped'])
    t.post('overseer', 'w/witness', 'rig.resumed')
    expect(['Nux', 'Toast'].map((name) => t.state(`w/polecats/${name}`))).toEqual(['working', 'working'])
    expect(t.contextOf<{ starts: number }>('w/polecats/Nux').starts).toBe(1)
  })

  test('one that was stopped alone stays so until the rig goes on', () => {
    begin({}, issue('w-1'), issue('w-2'))
    t.post('overseer', 'w/witness', 'session.stopRequested', { polecat: 'Nux' })
    t.wait(600_000)
    expect(['Nux', 'Toast'].map((name) => t.state(`w/polecats/${name}`))).toEqual(['stopped', 'working'])
    t.post('overseer', 'w/witness', 'rig.resumed')
    expect(t.state('w/polecats/Nux')).toBe('working')
  })
})
