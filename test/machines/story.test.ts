import { afterEach, expect, test } from 'vitest'
import { conflict, green, type Issue, onlyWork, red, sha, town, type World } from './town.ts'

let t: ReturnType<typeof town>
afterEach(() => t.dispose())

const issue = (id: string, ...after: string[]): Issue => ({ id, status: 'open', after })
const begin = (world: World, options: Parameters<typeof town>[1]) => {
  t = town(world, options)
  const ask = t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', epic: 'w-e' })
  return ask
}
const handoff = (name: string) => t.post(`w/polecats/${name}`, `w/polecats/${name}`, 'handoff.requested')
const exits = (name: string, exitCode: number) =>
  t.answer(`watchSession w/polecats/${name}/session`, { kind: 'ended', exitCode, tail: 'boom' })
const workers = () =>
  Object.entries((t.host.actor('w/witness')?.context as { workers: Record<string, { issue: string }> }).workers).map(
    ([name, { issue: id }]) => `${name}:${id}`,
  )

const namesOf = (lines: string[]) => lines.map((line) => line.split(':')[0] ?? '')
const escalations = () =>
  (t.host.actor('mayor/')?.context as { escalations: { cause: string; subject: string; body: string }[] }).escalations

test('an epic in two waves goes from the Overseer’s word to closed, and leaves nothing behind', () => {
  const ask = begin({}, { issues: [issue('w-1'), issue('w-2', 'w-1')] })
  expect(t.host.reply(ask)).toMatchObject({ ok: true, text: 'w-e is with w/witness' })
  expect(workers()).toEqual(['Nux:w-1'])
  const done = handoff('Nux')
  expect(t.host.reply(done)).toMatchObject({ ok: true })
  expect(workers()).toEqual(['Nux:w-2'])
  handoff('Nux')
  expect(workers()).toEqual([])
  expect([...t.issues.values()].map((each) => each.status)).toEqual(['closed', 'closed'])
  expect(t.host.slots('w/workers')).toEqual([])
  expect(t.host.depth()).toMatchObject({ mail: 0, effectsPending: 0, effectsStarted: 0, timers: 0 })
  expect(t.host.deadLetters()).toEqual([])
  expect(t.log()).toMatchInlineSnapshot(`
    [
      "mayor/: w-e goes to w/witness",
      "w/polecats/Nux: Nux works on w-1 “Do w-1”",
      "w/polecats/Nux: Nux hands w-1 over and asks to be shut down",
      "w/refinery: merges w-1 and tests it",
      "w/witness/Nux: Nux is retired",
      "w/refinery: w-1 is on main as d8473aa04a",
      "w/polecats/Nux: Nux works on w-2 “Do w-2”",
      "w/polecats/Nux: Nux hands w-2 over and asks to be shut down",
      "w/refinery: merges w-2 and tests it",
      "w/witness/Nux: Nux is retired",
      "w/refinery: w-2 is on main as 18364fc10c",
      "w/witness: every child of w-e is done",
    ]
  `)
})

test('the Witness takes a worker down in order: what it leaves is kept, then its session ends, then its place goes', () => {
  begin({}, { issues: [issue('w-1'), issue('w-2')] })
  const down = () => {
    const steps = t.performed.filter((line) => /w\/witness\/|killSession/.test(line)).map((line) => line.split(' ')[0])
    t.performed.length = 0
    return steps
  }
  handoff('Nux')
  // Its commits are pinned and in the queue already.
  expect(down()).toEqual(['killSession', 'clearPlace'])
  t.post('w/polecats/Toast', 'w/polecats/Toast', 'handoff.requested', { outcome: 'cannot', reason: 'no key' })
  expect(down()).toEqual(['pinWork', 'killSession', 'clearPlace'])
})

test('an issue asked for again while its failed worker is taken down: who asks hears who has it, and is asked afterwards', () => {
  const world: World = { createWorktree: () => new Error('no room'), clearPlace: () => 'later' }
  begin(world, { issues: [issue('w-1')] })
  t.wait(60_000)
  t.wait(60_000)
  expect([workers(), t.state('w/witness/Nux')]).toEqual([['Nux:w-1'], { clearing: 'at_work' }])
  delete world.createWorktree
  const ask = () => t.host.reply(t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: ['w-1'] }))
  expect(ask()).toMatchObject({ ok: false, text: 'w-1 is held by w/polecats/Nux' })
  t.answer('clearPlace w/witness/Nux', { head: null, dirty: null })
  expect([workers(), t.issues.get('w-1')?.status, escalations().map(({ cause }) => cause)]).toEqual([
    [],
    'blocked',
    ['w/w-1'],
  ])
  // The Overseer gives it back to the town as `gt spawn` does.
  ;(t.issues.get('w-1') as Issue).status = 'open'
  expect(ask()).toMatchObject({ ok: true, text: 'w-1 is with w/witness' })
  expect([workers(), escalations()]).toEqual([['Nux:w-1'], []])
})

test('never more workers than the rig allows; the rest follow by themselves', () => {
  begin({}, { maxWorkers: 2, issues: [issue('w-1'), issue('w-2'), issue('w-3'), issue('w-4')] })
  expect(workers()).toEqual(['Nux:w-1', 'Toast:w-2'])
  expect(t.host.slots('w/workers')).toHaveLength(2)
  handoff('Toast')
  expect(workers().sort()).toEqual(['Nux:w-1', 'Toast:w-3'])
})

test('however much there is to do, the Witness is shown what it has places for and two more, and keeps no more', () => {
  const shown: [asked: number, given: number][] = []
  const world: World = {
    surveyIssues: (input) => {
      const found = t.well('surveyIssues', input)
      shown.push([input.most, (found.ready as unknown[]).length])
      return found
    },
  }
  begin(world, { maxWorkers: 2, issues: Array.from({ length: 12 }, (_, n) => issue(`w-${n + 1}`)) })
  for (let n = 0; n < 12; n++) handoff((workers()[0] as string).split(':')[0] as string)
  expect(t.statuses()).toEqual(Array.from({ length: 12 }, () => 'closed'))
  expect([Math.max(...shown.map(([asked]) => asked)), Math.max(...shown.map(([, given]) => given))]).toEqual([4, 4])
  expect(JSON.stringify(t.contextOf('w/witness')).length).toBeLessThan(2000)
})

test('a worker with uncommitted files, or without commits, is told so and keeps its session', () => {
  let dirty = ['a.ts', 'b.ts']
  begin(
    {
      inspectWorktree: (input) => ({
        kind: 'found',
        onBranch: input.branch,
        head: sha('b'),
        dirty,
        ahead: dirty.length === 0 ? 1 : 0,
        own: 1,
        unfinished: null,
      }),
    },
    { issues: [issue('w-1')] },
  )
  expect(t.host.reply(handoff('Nux'))).toMatchObject({
    ok: false,
    text: expect.stringContaining('2 uncommitted files (a.ts, b.ts)'),
  })
  expect(t.state('w/polecats/Nux/session')).toEqual({ running: 'heard' })
  dirty = []
  expect(t.host.reply(handoff('Nux'))).toMatchObject({ ok: true })
  expect(t.issues.get('w-1')?.status).toBe('closed')
})

test('a conflict goes back to a new polecat on the preserved work, and lands the second time', () => {
  let builds = 0
  const starts: unknown[] = []
  begin(
    {
      buildCandidate: (input) => (builds++ === 0 ? conflict(sha('a')) : t.well('buildCandidate', input)),
      createWorktree: (input) => {
        starts.push(input.start)
        return { path: '/x', head: sha('a'), base: sha('a') }
      },
    },
    { issues: [issue('w-1')] },
  )
  handoff('Nux')
  expect(starts).toEqual([null, { ref: 'refs/gt/merge/w-1', sha: expect.any(String) }])
  const [next] = namesOf(workers())
  const context = t.host.actor(`w/polecats/${next}`)?.context as { returned: unknown; attempt: number }
  expect(context).toMatchObject({ attempt: 2, returned: { kind: 'conflict', files: ['README.md'] } })
  handoff(next ?? '')
  expect(t.issues.get('w-1')?.status).toBe('closed')
})

test('three red gates are one escalation with the log’s tail; the issue waits for the Overseer, who may try again', () => {
  let fails = true
  begin({ runGates: onlyWork(() => (fails ? red() : green)) }, { issues: [issue('w-1')] })
  for (let i = 0; i < 3; i++) handoff(namesOf(workers())[0] ?? '')
  expect(t.issues.get('w-1')?.status).toBe('blocked')
  expect(escalations()).toMatchObject([
    { subject: 'w-1 needs you: 3 tries did not land it', body: expect.stringContaining('not ok 1') },
  ])
  expect(t.performed.filter((line) => line === 'fileMessage overseer')).toHaveLength(1)
  fails = false
  ;(t.issues.get('w-1') as Issue).status = 'open'
  t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: ['w-1'] })
  expect(escalations()).toEqual([])
  handoff(namesOf(workers())[0] ?? '')
  expect(t.issues.get('w-1')?.status).toBe('closed')
})

test('a session that ends without a handoff is started again with pauses, then escalated with its last output, its work kept', () => {
  begin({}, { issues: [issue('w-1')] })
  for (let i = 0; i < 3; i++) {
    exits('Nux', i)
    t.wait(60_000)
  }
  expect(t.performed.filter((line) => line.startsWith('startSession'))).toHaveLength(3)
  expect(t.issues.get('w-1')?.status).toBe('blocked')
  expect((t.host.actor('mayor/')?.context as { escalations: { body: string }[] }).escalations).toMatchObject([
    { body: expect.stringContaining('boom') },
  ])
  expect(workers()).toEqual([])
  expect(t.host.depth()).toMatchObject({ mail: 0, effectsPending: 0, effectsStarted: 0, timers: 0 })
})

test('a silent session is ended by the Witness and started again with a higher epoch', () => {
  begin({}, { issues: [issue('w-1')] })
  t.answer('watchSession w/polecats/Nux/session', { kind: 'stalled', silentMs: 1_800_000, tail: '…' })
  t.wait(60_000)
  expect(t.host.actor('w/polecats/Nux/session')?.context.epoch).toBe(2)
  expect(t.state('w/polecats/Nux')).toBe('working')
})

test('stopped means that nothing starts until it is resumed; then the worker goes on, and no try was counted', () => {
  begin({}, { issues: [issue('w-1'), issue('w-2')], maxWorkers: 1 })
  t.host.hold('*')
  t.post('overseer', 'w/witness', 'rig.stopped', { why: 'stop --all' })
  expect([t.state('w/polecats/Nux'), t.state('w/polecats/Nux/session')]).toEqual(['stopped', 'absent'])
  t.wait(600_000)
  expect(t.performed.filter((line) => line.startsWith('startSession'))).toHaveLength(1)
  t.host.release('*')
  t.post('overseer', 'w/witness', 'rig.resumed')
  expect(t.state('w/polecats/Nux')).toBe('working')
  expect(t.host.actor('w/polecats/Nux')?.context.starts).toBe(1)
})

test('main that moved is merged anew, never forced', () => {
  let pushes = 0
  const land: World['landCandidate'] = (input) => {
    if (pushes++ >= 2) return t.well('landCandidate', input)
    t.mainMoves()
    return { kind: 'moved' }
  }
  begin({ landCandidate: land }, { issues: [issue('w-1')] })
  handoff('Nux')
  t.wait(1)
  t.wait(1)
  expect(
    t.performed.filter((line) => /buildCandidate|runGates|landCandidate/.test(line)).map((line) => line.split(' ')[0]),
  ).toEqual(Array.from({ length: 3 }, () => ['buildCandidate', 'runGates', 'landCandidate']).flat())
  expect(t.issues.get('w-1')?.status).toBe('closed')
})

test('a push that origin refuses is one escalation; the work waits, and lands when the queue is poked after the cause is gone', () => {
  let refuses = true
  begin(
    { landCandidate: () => (refuses ? { kind: 'refused', why: 'pre-receive hook declined' } : { kind: 'pushed' }) },
    { issues: [issue('w-1')] },
  )
  handoff('Nux')
  const open = () =>
    (t.host.actor('mayor/')?.context as { escalations: { cause: string }[] }).escalations.map(
      (escalation) => escalation.cause,
    )
  expect([open(), t.issues.get('w-1')?.status]).toEqual([['w/queue/refused'], 'in_progress'])
  refuses = false
  t.post('overseer', 'w/refinery', 'queue.poked')
  expect([open(), t.issues.get('w-1')?.status]).toEqual([[], 'closed'])
})

test('a crash of the host between any two steps changes nothing but time', () => {
  begin({}, { issues: [issue('w-1'), issue('w-2', 'w-1')] })
  t.crash()
  handoff('Nux')
  t.crash()
  handoff(namesOf(workers())[0] ?? '')
  t.crash()
  expect([...t.issues.values()].map((each) => each.status)).toEqual(['closed', 'closed'])
  expect(t.host.deadLetters()).toEqual([])
})

test('a worktree that cannot be made is tried again, and escalated when that leads nowhere', () => {
  let full = true
  begin(
    {
      createWorktree: () =>
        full ? new Error('no space left on device') : { path: '/x', head: sha('a'), base: sha('a') },
    },
    { issues: [issue('w-1')] },
  )
  expect([t.state('w/polecats/Nux'), escalations()]).toEqual(['backing_off', []])
  full = false
  t.wait(1000)
  expect(t.state('w/polecats/Nux')).toBe('working')
})

test('a worktree that somebody removed is made again before the next session starts', () => {
  begin({}, { issues: [issue('w-1')] })
  t.performed.length = 0
  exits('Nux', 1)
  t.wait(60_000)
  expect(t.performed.filter((line) => /createWorktree|startSession/.test(line))).toEqual([
    'createWorktree w/polecats/Nux',
    'startSession w/polecats/Nux/session',
  ])
})

test('an issue that the Overseer lets go is no escalation any more', () => {
  begin({ startSession: () => ({ kind: 'failed', why: 'no such program', tail: '' }) }, { issues: [issue('w-1')] })
  for (let n = 0; n < 3; n++) t.wait(60_000)
  t.post('daemon', 'w/witness', 'issues.changed')
  expect([t.issues.get('w-1')?.status, escalations()]).toMatchObject(['blocked', [{ cause: 'w/w-1' }]])
  ;(t.issues.get('w-1') as Issue).status = 'closed'
  t.post('daemon', 'w/witness', 'issues.changed')
  expect(escalations()).toEqual([])
})

test('what could not be taken down is an escalation of its own, and is taken down when the Overseer says so', () => {
  let locked = true
  begin({ clearPlace: () => (locked ? new Error('in use') : { head: null, dirty: null }) }, { issues: [issue('w-1')] })
  handoff('Nux')
  for (let n = 0; n < 6; n++) t.wait(3000)
  expect(escalations()).toMatchObject([{ cause: 'w/remains/Nux', subject: 'Nux of w could not be taken down' }])
  expect([t.issues.get('w-1')?.status, workers(), t.host.slots('w/workers')]).toEqual([
    'closed',
    ['Nux:w-1'],
    ['w/polecats/Nux'],
  ])
  locked = false
  t.post('overseer', 'w/witness', 'session.stopRequested', { polecat: 'Nux' })
  expect([escalations(), workers(), t.host.slots('w/workers')]).toEqual([[], [], []])
})

test('max_workers lowered while a claim is under way: the issue goes back and waits for room', () => {
  begin(
    {
      claimIssue: ({ issue: id }) => (id === 'w-2' ? 'later' : t.well('claimIssue', { issue: id })) as never,
    },
    { maxWorkers: 2, issues: [issue('w-1'), issue('w-2')] },
  )
  t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 1, spawnDelayMs: 0 })
  ;(t.issues.get('w-2') as Issue).status = 'in_progress'
  t.answer('claimIssue w/witness', {
    kind: 'claimed',
    issue: { id: 'w-2', title: 'Do w-2', priority: 2, type: 'task', createdAt: 'w-2', epic: 'w-e' },
    preserved: null,
  })
  expect([workers(), t.issues.get('w-2')?.status, t.host.deadLetters()]).toEqual([['Nux:w-1'], 'open', []])
})

test('beads that cannot be written are tried on and on; the Overseer hears of it once, and no more when it is over', () => {
  let full = true
  const goes = (input: { status: string }) => {
    if (full) return new Error('database or disk is full')
    ;(t.issues.get('w-1') as Issue).status = input.status as Issue['status']
    return { status: input.status }
  }
  begin(
    { startSession: () => ({ kind: 'failed', why: 'no such program', tail: '' }), releaseIssue: goes },
    { issues: [issue('w-1')] },
  )
  for (let n = 0; n < 20; n++) t.wait(300_000)
  expect(t.issues.get('w-1')?.status).toBe('in_progress')
  expect(escalations().map(({ cause }) => cause)).toEqual(['w/w-1', 'failing/w/witness/releaseIssue'])
  full = false
  t.wait(300_000)
  expect([t.issues.get('w-1')?.status, escalations().map(({ cause }) => cause)]).toEqual(['blocked', ['w/w-1']])
})

test('a worker that is stopped between two sessions starts none until it is resumed', () => {
  begin({}, { issues: [issue('w-1')] })
  exits('Nux', 1)
  expect(t.state('w/polecats/Nux')).toBe('backing_off')
  t.post('overseer', 'w/witness', 'session.stopRequested', { polecat: 'Nux' })
  t.wait(600_000)
  expect([t.state('w/polecats/Nux'), t.performed.filter((line) => line.startsWith('startSession')).length]).toEqual([
    'stopped',
    1,
  ])
  t.post('overseer', 'w/witness', 'rig.resumed')
  expect([t.state('w/polecats/Nux'), t.host.actor('w/polecats/Nux')?.context.starts]).toEqual(['working', 2])
})

test('why work came back reaches every session of the next worker', () => {
  begin({ runGates: onlyWork(() => red('not ok 7')) }, { issues: [issue('w-1')] })
  handoff('Nux')
  const [next] = namesOf(workers())
  const why = { attempt: 2, returned: { kind: 'red', tail: 'not ok 7' } }
  expect(t.host.actor(`w/polecats/${next}/session`)?.context).toMatchObject(why)
  exits(next ?? '', 1)
  t.wait(60_000)
  expect(t.host.actor(`w/polecats/${next}/session`)?.context).toMatchObject(why)
})

test('what kept the queue from moving is no escalation any more when nothing is left in it', () => {
  let builds = 0
  begin(
    {
      buildCandidate: (input) => (++builds === 1 ? t.well('buildCandidate', input) : conflict(sha('a'))),
      runGates: () => ({ kind: 'broken', why: 'no such program' }),
    },
    { issues: [issue('w-1')] },
  )
  handoff('Nux')
  expect(escalations().map(({ cause }) => cause)).toEqual(['w/queue/broken'])
  t.wait(60_000)
  expect([builds, escalations()]).toEqual([2, []])
})

test('a worker that is stopped while its stalled session ends starts none either', () => {
  begin({ killSession: () => 'later' }, { issues: [issue('w-1')] })
  t.answer('watchSession w/polecats/Nux/session', { kind: 'stalled', silentMs: 1_800_000, tail: '' })
  t.post('overseer', 'w/witness', 'session.stopRequested', { polecat: 'Nux' })
  t.answer('killSession w/polecats/Nux/session', { exitCode: 143, tail: '' })
  t.wait(600_000)
  expect([t.state('w/polecats/Nux'), t.performed.filter((line) => line.startsWith('startSession')).length]).toEqual([
    'stopped',
    1,
  ])
})

test('a stop that comes after its worker has ended does not stop the next of that name', () => {
  begin({}, { issues: [issue('w-1')] })
  handoff('Nux')
  t.post('overseer', 'w/witness', 'session.stopRequested', { polecat: 'Nux' })
  t.issues.set('w-3', issue('w-3'))
  t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: ['w-3'] })
  expect([workers(), t.state('w/polecats/Nux')]).toEqual([['Nux:w-3'], 'working'])
})

test('an origin that is away again after it answered is told of again', () => {
  let answers: 'unreachable' | 'conflict' = 'unreachable'
  begin(
    {
      buildCandidate: () => (answers === 'conflict' ? conflict(sha('a')) : { kind: 'unreachable', why: 'no route' }),
    },
    { issues: [issue('w-1')] },
  )
  const away = () => {
    for (let n = 0; n < 4; n++) t.wait(300_000)
    return escalations().map(({ cause }) => cause)
  }
  handoff('Nux')
  expect(away()).toEqual(['w/queue/unreachable'])
  answers = 'conflict'
  t.wait(300_000)
  expect(escalations()).toEqual([])
  answers = 'unreachable'
  handoff(String(workers()[0]?.split(':')[0]))
  expect(away()).toEqual(['w/queue/unreachable'])
})
