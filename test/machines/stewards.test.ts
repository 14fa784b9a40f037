// The lives of those who run a town, each told alone; story.test.ts tells how they live together.
import { describe, expect, test } from 'vitest'
import { mayorMachine } from '../../machines/mayor.ts'
import { overseerMachine } from '../../machines/overseer.ts'
import { pluginMachine } from '../../machines/plugin.ts'
import { refineryMachine } from '../../machines/refinery.ts'
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

describe('Witness', () => {
  const rig = (more = {}) => storyOf(witnessMachine, { rig: 'w', maxWorkers: 1, spawnDelayMs: 0, triesMax: 2, ...more })
  const ready = (...ids: string[]) => ({
    ready: ids.map((id) => ({ id, priority: 2, createdAt: id })),
    more: false,
    closed: [],
    dropped: [],
    unknown: [],
    complete: [],
    over: [],
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
        "work.assigned from mayor/ → brake.released+allowance.there+dispatch.surveying",
        "    has surveyIssues done",
        "survey is done → brake.released+allowance.there+dispatch.claiming",
        "    has claimIssue done",
        "claim is done → brake.released+allowance.there+dispatch.resting",
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

  test('what an older copy of the issues says to be in hands that are gone is taken over from them', () => {
    const shown = [{ id: 'w-1', priority: 2, createdAt: '', previous: 'w/polecats/Toast' }]
    const witness = rig().mail('work.assigned', 'mayor/', { epic: 'w-e' })
    witness.done('survey', { ...ready(), ready: shown })
    expect(witness.context().choice).toMatchObject({ issue: 'w-1', previous: 'w/polecats/Toast' })
  })

  test('what has landed, as an older copy of the issues does not know, is closed, and nobody works on it again', () => {
    const witness = rig()
      .mail('work.assigned', 'mayor/', { issues: ['w-1'] })
      .done('survey', ready('w-1'))
    witness.told()
    witness.done('claim', { kind: 'landed', commit: sha('c') })
    expect(witness.told()).toMatchInlineSnapshot(`
      [
        "claim is done → brake.released+allowance.there+dispatch.resting",
        "    notes “w-1 is on main already: nobody works on it again”",
        "    has closeIssues done",
        "    mails mayor/ escalation.cleared",
      ]
    `)
    expect(witness.context()).toMatchObject({ workers: {}, wanted: { issues: [] } })
  })

  test('when others took what it was shown, and there is more, it looks again in a moment', () => {
    const held = { kind: 'held', holder: 'alice' }
    const witness = rig()
      .mail('work.assigned', 'mayor/', { epic: 'w-e' })
      .done('survey', { ...ready('w-1'), more: true })
    witness.told()
    witness.done('claim', held).timeOf('looking_further').done('survey', ready('w-2')).done('claim', held)
    expect(witness.told()).toMatchInlineSnapshot(`
      [
        "claim is done → brake.released+allowance.there+dispatch.looking_further",
        "    notes “w-1 is not to be had: alice holds it”",
        "    waits 5000 ms",
        "looking_further is over → brake.released+allowance.there+dispatch.surveying",
        "    has surveyIssues done",
        "survey is done → brake.released+allowance.there+dispatch.claiming",
        "    has claimIssue done",
        "claim is done → brake.released+allowance.there+dispatch.resting",
        "    notes “w-2 is not to be had: alice holds it”",
      ]
    `)
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
        "rig.stopped from overseer → brake.pulled+allowance.there+dispatch.resting",
        "    notes “stopped: stop --all”",
        "    mails w/witness/Nux work.paused",
        "rig.resumed from overseer → brake.released+allowance.there+dispatch.surveying",
        "    notes “goes on”",
        "    mails w/witness/Nux work.resumed",
        "    mails w/refinery queue.poked",
        "    has surveyIssues done",
        "session.stopRequested from overseer → brake.released+allowance.there+dispatch.surveying",
        "    mails w/witness/Nux work.paused",
        "session.stopRequested from overseer → brake.released+allowance.there+dispatch.surveying",
      ]
    `)
  })

  test('one that was stopped goes on by itself, but not in a rig that is stopped', () => {
    const witness = atWork()
    witness.told()
    const mails = () => witness.told().filter((line) => line.includes('mails'))
    witness.mail('session.resumeRequested', 'overseer', { polecat: 'Nux' })
    expect(mails()).toEqual(['    mails w/witness/Nux work.resumed'])
    // Nobody of that name is there.
    witness.mail('session.resumeRequested', 'overseer', { polecat: 'Toast' })
    witness.mail('rig.stopped', 'overseer', { why: 'stop --all' })
    expect(mails()).toEqual(['    mails w/witness/Nux work.paused'])
    witness.mail('session.resumeRequested', 'overseer', { polecat: 'Nux' })
    expect(mails()).toEqual([])
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
        "worker.retired from w/witness/Nux → brake.released+allowance.there+dispatch.surveying",
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
    expect(witness.state()).toBe('brake.pulled+allowance.there+dispatch.resting')
    expect(witness.mail('rig.resumed', 'overseer').state()).toBe('brake.released+allowance.there+dispatch.surveying')
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
        "merge.returned from w/refinery → brake.released+allowance.there+dispatch.surveying",
        "    has surveyIssues done",
        "merge.returned from w/refinery → brake.released+allowance.there+dispatch.surveying",
        "    notes “w-1 came back 2 times; the Overseer decides”",
        "    has releaseIssue done",
        "    mails mayor/ escalation.raised",
      ]
    `)
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
