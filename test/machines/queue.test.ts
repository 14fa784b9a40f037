// The merge queue in a whole town: what keeps work from landing, who is told of it, and that the queue never stands.
import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../runtime/contract.ts'
import { conflict, green, type Issue, onlyWork, red, sha, town, type World } from './town.ts'

let t: ReturnType<typeof town>
afterEach(() => t.dispose())
const begin = (world: World, ids: string[] = ['w-1'], options: { gated?: boolean; redMain?: 'wait' | 'land' } = {}) => {
  t = town(world, { ...options, maxWorkers: 3, issues: ids.map((id): Issue => ({ id, status: 'open', after: [] })) })
  t.begin()
}
const allHandOff = (...ids: string[]) => {
  for (const id of ids) t.handsOff(id)
}
const remove = (issue: string, from = 'overseer') =>
  t.host.reply(t.post(from, 'w/refinery', 'queue.removal', { issue, why: 'not now' }))
const poke = () => t.post('overseer', 'w/refinery', 'queue.poked')
const queue = () => t.contextOf<{ queue: { issue: string; wait: { what: string } | null }[] }>('w/refinery').queue
const judges =
  (work: () => JsonObject, main: () => JsonObject): NonNullable<World['runGates']> =>
  ({ issues }) =>
    issues.length === 0 ? main() : work()

describe('taking work out', () => {
  const gone = () => {
    expect([queue(), t.statuses()[0], t.causes()]).toEqual([[], 'blocked', ['w/w-1']])
    expect(t.escalations()[0]?.body).toContain('refs/gt/merge/w-1')
  }
  const states: [string, World, (() => void)?][] = [
    ['building', { buildCandidate: () => 'later' }],
    ['testing', { runGates: () => 'later' }],
    ['judging_main', { runGates: ({ issues }) => (issues.length === 0 ? 'later' : red()) }],
    ['origin_away', { buildCandidate: () => ({ kind: 'unreachable', why: 'no route' }) }],
    ['no_main', { buildCandidate: () => ({ kind: 'no_main', why: 'main is gone' }) }],
    ['cannot_run', { runGates: () => ({ kind: 'broken', why: 'no such program' }) }],
    ['pausing', { buildCandidate: () => new Error('no space left') }],
    ['idle', { landCandidate: () => ({ kind: 'refused', why: 'a hook' }) }],
  ]
  test.each(states)('in %s: it is out, the Overseer decides, and its place is free for the next', (state, world) => {
    begin(world, ['w-1', 'w-2'])
    t.handsOff('w-1')
    expect(t.state('w/refinery')).toBe(state)
    expect(remove('w-1')).toMatchObject({ ok: true, text: expect.stringContaining('its work is kept') })
    gone()
    // What was still going on for it changes nothing.
    for (const name of Object.keys(world)) delete world[name as keyof World]
    if (state !== 'idle' && state !== 'pausing') poke()
    t.handsOff('w-2')
    for (let n = 0; n < 3; n++) t.wait(300_000)
    expect([t.statuses(), queue()]).toEqual([['blocked', 'closed'], []])
  })

  test('while another is being tested: that one goes on', () => {
    begin({ runGates: () => 'later' }, ['w-1', 'w-2'])
    allHandOff('w-2', 'w-1')
    remove('w-1')
    expect([queue().map(({ issue }) => issue), t.causes()]).toEqual([['w-2'], ['w/w-1']])
    t.answer('runGates w/refinery', green)
    expect(t.statuses()).toEqual(['blocked', 'closed'])
  })

  test.each(['landCandidate', 'confirmLanded'] as const)('during %s is refused with words; it lands', (step) => {
    begin({ [step]: () => 'later' })
    t.handsOff('w-1')
    expect(remove('w-1')).toMatchObject({ ok: false, text: expect.stringContaining('being pushed') })
    t.answer(`${step} w/refinery`, { kind: step === 'landCandidate' ? 'pushed' : 'confirmed' })
    expect([t.statuses(), t.causes()]).toEqual([['closed'], []])
  })

  test('what may be on main is not taken out, however long origin is away; it lands', () => {
    const unknown = { kind: 'unreachable', why: 'no route' }
    const world: World = { confirmLanded: () => unknown, buildCandidate: (input) => t.well('buildCandidate', input) }
    begin(world)
    t.handsOff('w-1')
    expect(t.state('w/refinery')).toBe('origin_away')
    world.buildCandidate = () => unknown
    for (let n = 0; n < 3; n++) {
      t.wait(60_000)
      expect(remove('w-1')).toMatchObject({ ok: false, text: expect.stringContaining('being pushed') })
    }
    for (const name of Object.keys(world)) delete world[name as keyof World]
    for (let n = 0; n < 3; n++) t.wait(300_000)
    expect([t.statuses(), t.causes()]).toEqual([['closed'], []])
  })

  test('what is not in it is said so', () => {
    begin({})
    expect(remove('w-1')).toMatchObject({ ok: false, text: 'w-1 is not in the merge queue of w' })
  })

  test('an issue that somebody closes while it waits is taken out, and nobody is asked', () => {
    begin({ runGates: () => 'later' }, ['w-1', 'w-2'])
    t.handsOff('w-1')
    t.byHand('w-1', { status: 'closed', closedBy: null })
    expect([queue(), t.causes(), t.statuses()[0]]).toEqual([[], [], 'closed'])
  })
})

describe('main itself is red', () => {
  test('nobody is blamed: one escalation, what mends it lands, and what waited is released', () => {
    let mended = false
    const mends = new Set(['w-3'])
    const world: World = {
      runGates: ({ issues }) =>
        mended || (issues as string[]).some((id) => mends.has(id)) ? green : red('not ok 1', 'test'),
      landCandidate: (input) => {
        mended = true
        return t.well('landCandidate', input)
      },
    }
    begin(world, ['w-1', 'w-2', 'w-3'])
    allHandOff('w-1', 'w-2')
    expect([t.causes(), queue().map(({ wait }) => wait?.what)]).toEqual([
      ['w/queue/main_red'],
      ['main_red', 'main_red'],
    ])
    // Nobody is sent back, and the gates were not run on main twice.
    expect([t.workers(), t.times('runGates')]).toEqual([['w-3'], 3])
    t.handsOff('w-3')
    expect([t.statuses(), t.causes()]).toEqual([['closed', 'closed', 'closed'], []])
  })

  test('red_main=land: what fails as main does lands all the same', () => {
    begin({ runGates: () => red() }, ['w-1', 'w-2'], { redMain: 'land' })
    allHandOff('w-1', 'w-2')
    expect(t.statuses()).toEqual(['closed', 'closed'])
  })

  test('a gate that main passes before it comes to its own fault is the work’s', () => {
    begin({
      runGates: judges(
        () => red('not ok', 'lint'),
        () => red('not ok', 'test', ['lint']),
      ),
    })
    t.handsOff('w-1')
    expect([t.workers(), t.causes(), queue()]).toEqual([['w-1'], [], []])
  })

  test('another gate than the one that main is known to fail is looked at on its own', () => {
    let gate = 'test'
    begin(
      {
        runGates: judges(
          () => red('not ok', gate, ['test']),
          () => red('not ok', 'test'),
        ),
      },
      ['w-1', 'w-2'],
    )
    t.handsOff('w-1')
    expect(t.causes()).toEqual(['w/queue/main_red'])
    gate = 'lint'
    t.handsOff('w-2')
    // main stops at `test`, and says nothing of `lint`: what mends the one gate and fails another answers for that.
    expect(queue().map(({ issue, wait }) => [issue, wait?.what])).toEqual([['w-1', 'main_red']])
  })
})

describe('gates that cannot run', () => {
  test('with this work, and can without it: the work is at fault', () => {
    begin({
      runGates: judges(
        () => ({ kind: 'broken', why: 'no such program' }),
        () => green,
      ),
    })
    t.handsOff('w-1')
    expect([t.workers(), t.causes()]).toEqual([['w-1'], []])
    expect(t.contextOf<{ returned: JsonObject }>(`w/polecats/${t.workerOf('w-1')}`).returned.summary).toBe(
      'a gate cannot run with this work, and can without it: no such program',
    )
  })

  test('once, because of a bad moment of the machine: tried again when main passes, and it lands', () => {
    let times = 0
    begin({
      runGates: judges(
        () => (times++ === 0 ? { kind: 'broken', why: 'SIGKILL' } : green),
        () => green,
      ),
    })
    t.handsOff('w-1')
    expect([times, t.statuses(), t.causes(), t.workers()]).toEqual([2, ['closed'], [], []])
  })

  test('anywhere: nobody is blamed, the Overseer is told once, and it is tried again by and by', () => {
    let broken = true
    begin({ runGates: () => (broken ? { kind: 'broken', why: 'disk full' } : green) })
    t.handsOff('w-1')
    for (let n = 0; n < 4; n++) t.wait(300_000)
    expect([t.causes(), t.workers(), t.letters.length]).toEqual([['w/queue/broken'], [], 1])
    broken = false
    t.wait(300_000)
    expect([t.statuses(), t.causes()]).toEqual([['closed'], []])
  })
})

test('a flaky gate lands the work, and is told of once', () => {
  begin({ runGates: () => ({ kind: 'green', gates: [], flaky: [{ gate: 'test', tail: 'not ok' }] }) }, ['w-1', 'w-2'])
  allHandOff('w-1', 'w-2')
  expect([t.statuses(), t.letters.filter(({ subject }) => subject.includes('flaky')).length]).toEqual([
    ['closed', 'closed'],
    1,
  ])
})

describe('what origin says to a push', () => {
  test('several without gates: one of them is refused alone, the others land', () => {
    const landCandidate: World['landCandidate'] = (input) => {
      const { members } = t.contextOf<{ members: { issue: string }[] }>('w/refinery')
      return members.some(({ issue }) => issue === 'w-2')
        ? { kind: 'refused', why: 'a file is too large' }
        : t.well('landCandidate', input)
    }
    const world: World = { landCandidate, buildCandidate: () => ({ kind: 'unreachable', why: 'no route' }) }
    begin(world, ['w-1', 'w-2', 'w-3'], { gated: false })
    allHandOff('w-1', 'w-2', 'w-3')
    delete world.buildCandidate
    t.wait(300_000)
    expect([t.statuses(), t.causes(), queue().map(({ issue }) => issue)]).toEqual([
      ['closed', 'in_progress', 'closed'],
      ['w/queue/refused'],
      ['w-2'],
    ])
  })

  test('denied is told at the second time with git’s words, and the gates do not run again for it', () => {
    let denies = true
    begin({
      landCandidate: (input) =>
        denies ? { kind: 'denied', why: 'Permission denied (publickey)' } : t.well('landCandidate', input),
    })
    t.handsOff('w-1')
    expect(t.causes()).toEqual([])
    t.wait(300_000)
    expect(t.escalations()).toMatchObject([
      { cause: 'w/queue/denied', body: expect.stringContaining('Permission denied (publickey)') },
    ])
    for (let n = 0; n < 3; n++) t.wait(300_000)
    expect([t.times('runGates'), t.letters.length]).toEqual([1, 1])
    denies = false
    t.wait(300_000)
    expect([t.statuses(), t.causes(), t.times('runGates')]).toEqual([['closed'], [], 1])
  })

  test('a step that goes well says nothing of another that does not: the push that is away is told, though main is read', () => {
    begin({ landCandidate: () => ({ kind: 'unreachable', why: 'timed out' }) })
    t.handsOff('w-1')
    for (let n = 0; n < 4; n++) t.wait(300_000)
    expect([t.causes(), t.letters.length]).toEqual([['w/queue/unreachable'], 1])
  })

  test('pushed, and no confirmation yet: nothing is closed or told before origin says that it has it', () => {
    begin({ confirmLanded: () => 'later' })
    t.handsOff('w-1')
    expect([t.statuses(), t.log().some((line) => line.includes('is on main'))]).toEqual([['in_progress'], false])
    t.answer('confirmLanded w/refinery', { kind: 'confirmed' })
    expect(t.statuses()).toEqual(['closed'])
  })
})

describe('what cannot be built', () => {
  test('sets only that one aside; the next goes on, and it is tried again by itself', () => {
    let full = true
    const buildCandidate: World['buildCandidate'] = (input) =>
      full && input.members[0].issue === 'w-1' ? new Error('no space left') : t.well('buildCandidate', input)
    begin({ buildCandidate }, ['w-1', 'w-2'])
    allHandOff('w-1', 'w-2')
    expect([t.statuses(), t.causes()]).toEqual([['in_progress', 'closed'], ['w/queue/broken']])
    full = false
    t.wait(60_000)
    expect([t.statuses(), t.causes()]).toEqual([['closed', 'closed'], []])
  })

  test('one of several that does not fit goes back, the others land with one push', () => {
    const world: World = { buildCandidate: () => 'later' }
    begin(world, ['w-1', 'w-2', 'w-3'], { gated: false })
    allHandOff('w-1', 'w-2', 'w-3')
    // The first was alone when it was begun; the others come together.
    remove('w-1')
    const members = queue().filter(({ issue }) => issue !== 'w-2') as unknown as JsonObject[]
    const unfit = conflict(sha('a'), 'w-2').unfit as JsonObject[]
    t.answer('buildCandidate w/refinery', { ...t.well('buildCandidate', { members }), unfit })
    expect([t.statuses(), t.times('landCandidate'), t.workers()]).toEqual([
      ['blocked', 'in_progress', 'closed'],
      1,
      ['w-2'],
    ])
  })
})

test('commits that others pushed are noted each, told once, until the Overseer has seen it', () => {
  const pushed = (author: string) => ({ foreign: [{ sha: sha('f'), author, subject: 'Quick fix' }] })
  const world: World = {
    buildCandidate: () => 'later',
    runGates: onlyWork(() => (queue()[0]?.issue === 'w-1' ? red() : green)),
    landCandidate: () => 'later',
  }
  begin(world, ['w-1', 'w-2', 'w-3'])
  allHandOff('w-1', 'w-2', 'w-3')
  const members = queue().slice(0, 1) as unknown as JsonObject[]
  world.buildCandidate = (input) => ({ ...t.well('buildCandidate', input), ...pushed('Bob') })
  t.answer('buildCandidate w/refinery', { ...t.well('buildCandidate', { members }), ...pushed('Ann') })
  expect(t.log().filter((line) => line.includes('came not through this queue'))).toHaveLength(2)
  expect([t.causes(), t.letters.filter(({ subject }) => subject.includes('did not test')).length]).toEqual([
    ['w/queue/foreign'],
    1,
  ])
  world.buildCandidate = (input) => t.well('buildCandidate', input)
  t.answer('landCandidate w/refinery', { kind: 'pushed' })
  expect([t.statuses()[1], queue().map(({ issue }) => issue)]).toEqual(['closed', ['w-3']])
  expect(t.causes()).toEqual(['w/queue/foreign'])
  poke()
  expect(t.causes()).toEqual([])
})

test('a main that is another one at every push is one escalation, until something lands', () => {
  let moves = 0
  const world: World = { landCandidate: (input) => (moves++ < 8 ? { kind: 'moved' } : t.well('landCandidate', input)) }
  begin(world)
  t.handsOff('w-1')
  for (let n = 0; n < 3; n++) t.wait(0)
  expect([moves, t.causes()]).toEqual([4, ['w/queue/moving']])
  for (let n = 0; n < 5; n++) t.wait(2000)
  expect([t.statuses(), t.causes()]).toEqual([['closed'], []])
  expect(t.letters.filter(({ subject }) => subject.includes('another one at every push'))).toHaveLength(1)
})

describe('other gates', () => {
  const change = () =>
    t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 3, spawnDelayMs: 0, judgedBy: 'more' })

  test('what the former ones passed is judged anew before it lands', () => {
    let runs = 0
    const world: World = {
      runGates: () => (runs++ === 0 ? green : red()),
      landCandidate: () => ({ kind: 'unreachable', why: 'no route' }),
    }
    begin(world)
    t.handsOff('w-1')
    expect([runs, t.state('w/refinery')]).toEqual([1, 'origin_away'])
    change()
    delete world.landCandidate
    poke()
    expect([runs > 1, t.statuses()]).toEqual([true, ['in_progress']])
  })

  test.each(['testing', 'judging_main'])('a verdict that is still to come, in %s, is not waited for', (state) => {
    let runs = 0
    const world: World = {
      runGates: ({ issues }) => {
        runs++
        return state === 'testing' || issues.length === 0 ? 'later' : red()
      },
    }
    begin(world)
    t.handsOff('w-1')
    expect(t.state('w/refinery')).toBe(state)
    const before = runs
    delete world.runGates
    change()
    expect([before, t.statuses()]).toEqual([state === 'testing' ? 1 : 2, ['closed']])
  })

  test('main that passed the former ones may fail these: no worker is blamed', () => {
    const world: World = {}
    begin(world, ['w-1', 'w-2'])
    t.handsOff('w-1')
    expect(t.statuses()[0]).toBe('closed')
    change()
    world.runGates = () => red()
    t.handsOff('w-2')
    expect([queue().map(({ issue, wait }) => [issue, wait?.what]), t.causes()]).toEqual([
      [['w-2', 'main_red']],
      ['w/queue/main_red'],
    ])
  })

  test('the same ones said again change nothing', () => {
    const world: World = { runGates: () => 'later' }
    begin(world)
    t.handsOff('w-1')
    t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 2, spawnDelayMs: 0 })
    t.answer('runGates w/refinery', green)
    expect(t.statuses()).toEqual(['closed'])
  })
})
