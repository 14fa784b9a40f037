// A whole town whose agents have several accounts: one that is used up, or refused, stops nobody while there is another.
import { afterEach, expect, test } from 'vitest'
import type { EffectInput } from '../../machines/effects.ts'
import { type Issue, town, type World } from './town.ts'

let t: ReturnType<typeof town>
afterEach(() => t.dispose())
const minute = 60_000
const [a, b] = ['claude/a', 'claude/b'] as const
const issue = (id: string): Issue => ({ id, status: 'open', after: [] })
const looked = { seen: 0, conversation: null, receipts: [], isFull: false }
const limited = (leftMs: number) => ({ kind: 'limited', until: null, leftMs, why: 'Enough.', ...looked })
const refused = { kind: 'refused', why: 'invalid x-api-key', ...looked }

/** Each start: whose, under which account, and what it goes on with. */
let starts: string[]
function begin(count: number, accounts: string[], world: World = {}) {
  starts = []
  const issues = Array.from({ length: count }, (_, n) => issue(`w-${n + 1}`))
  t = town(
    {
      startSession: (input: EffectInput<'startSession'>) => {
        starts.push(`${input.issue.id} under ${input.account || 'the environment'}, ${input.conversation ?? 'new'}`)
        const { id, epoch } = input
        const session = { id, backend: 'process', pid: 4242, pidStart: '1', epoch, dir: '/s' }
        return { kind: 'started', session, spoken: true }
      },
      tellSession: () => ({ laid: true }),
      ...world,
    },
    { issues, accounts },
  )
  t.begin()
}
const startsAs: NonNullable<World['startSession']> = ({ id, epoch }) => ({
  kind: 'started',
  session: { id, backend: 'process', pid: 4242, pidStart: '1', epoch, dir: '/s' },
  spoken: true,
})
const session = (id: string) => `w/polecats/${t.workerOf(id)}/session`
const speaks = (id: string) =>
  t.answer(`watchSession ${session(id)}`, { kind: 'heard', ...looked, conversation: `c-${id}` })
const meets = (id: string, news: object) => t.answer(`watchSession ${session(id)}`, news as never)
const triesOf = (id: string) => t.contextOf<{ starts: number }>(`w/polecats/${t.workerOf(id)}`).starts
const about = (word: string) => t.letters.filter(({ subject }) => subject.includes(word)).length

test('limited, it goes on under the other at once, in its conversation: no try, one notice, and nobody begins on the first', () => {
  begin(3, [a, b])
  speaks('w-1')
  speaks('w-2')
  expect(starts).toEqual([`w-1 under ${a}, new`, `w-2 under ${b}, new`])
  meets('w-1', limited(60 * minute))
  expect(starts.slice(2)).toEqual([`w-1 under ${b}, c-w-1`])
  expect([triesOf('w-1'), about('used up'), t.causes()]).toEqual([1, 1, []])
  t.handsOff('w-2')
  expect(starts.slice(3)).toEqual([`w-3 under ${b}, new`])
  expect(t.state('w/witness')).toMatchObject({ allowance: 'short' })
  // It is there again, and longest since.
  t.wait(60 * minute)
  expect(t.state('w/witness')).toMatchObject({ allowance: 'there' })
})

test('all used up, they wait for the first that is there again; then whoever waits goes on, and others begin', () => {
  begin(3, [a, b])
  speaks('w-1')
  meets('w-1', limited(30 * minute))
  meets('w-2', limited(10 * minute))
  expect(t.state('w/witness')).toMatchObject({ allowance: 'used_up' })
  t.post('daemon', 'w/witness', 'issues.changed')
  expect(starts).toHaveLength(3)
  t.wait(9 * minute)
  expect(starts).toHaveLength(3)
  t.wait(minute)
  expect(t.state(session('w-1'))).toMatchObject({ running: 'heard' })
  t.wait(20 * minute)
  expect(t.state('w/witness')).toMatchObject({ allowance: 'there' })
  expect([triesOf('w-1'), triesOf('w-2'), about('used up')]).toEqual([1, 1, 2])
})

test('one that dies while it waits begins again only once there is an account', () => {
  begin(1, [a])
  speaks('w-1')
  meets('w-1', limited(30 * minute))
  t.exits('w-1', 137)
  t.wait(2000)
  expect([starts.length, t.state(session('w-1'))]).toEqual([1, 'unpaid'])
  t.wait(30 * minute)
  expect(starts.slice(1)).toEqual([`w-1 under ${a}, c-w-1`])
})

test('without accounts it is so with what the environment says', () => {
  begin(1, [])
  speaks('w-1')
  meets('w-1', limited(30 * minute))
  t.exits('w-1', 137)
  t.wait(2000)
  expect(starts).toHaveLength(1)
  t.wait(30 * minute)
  expect(starts).toEqual(['w-1 under the environment, new', 'w-1 under the environment, c-w-1'])
})

test('refused, it is set aside with one escalation, and the others go on; with none left the rig is halted, until one is mended', () => {
  begin(2, [a, b])
  speaks('w-1')
  speaks('w-2')
  meets('w-1', refused)
  expect(t.escalations()).toMatchObject([{ cause: `account/${a}`, subject: expect.stringContaining('invalid') }])
  expect(starts.slice(2)).toEqual([`w-1 under ${b}, c-w-1`])
  expect(triesOf('w-1')).toBe(1)
  meets('w-2', refused)
  expect(t.causes().sort()).toEqual([`account/${a}`, `account/${b}`, 'w/account'])
  expect(t.state('w/witness')).toMatchObject({ brake: 'halted' })
  expect(starts).toHaveLength(3)
  meets('w-1', { kind: 'ended', exitCode: 143, tail: '', cutOff: false, ...looked })
  t.post('overseer', 'mayor/', 'account.released', { account: b, rigs: ['w'] })
  expect(t.causes()).toEqual([`account/${a}`])
  expect(starts.slice(3).sort()).toEqual([`w-1 under ${b}, c-w-1`, `w-2 under ${b}, c-w-2`])
})

test.each([[[]], [[a]]])('with %j held, nobody begins anything; once that is over, all do', (accounts) => {
  for (const news of [limited(30 * minute), refused]) {
    begin(1, accounts)
    speaks('w-1')
    meets('w-1', news)
    t.byHand('w-1', {})
    t.issues.set('w-2', issue('w-2'))
    t.post('daemon', 'w/witness', 'issues.changed')
    expect([starts.length, t.workers()]).toEqual([1, ['w-1']])
    if (news.kind === 'limited') t.wait(30 * minute)
    else if (accounts.length > 0) t.post('overseer', 'mayor/', 'account.released', { account: a, rigs: ['w'] })
    else t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 2, spawnDelayMs: 0 })
    expect([t.workers(), t.causes()]).toEqual([['w-1', 'w-2'], []])
    if (news.kind === 'limited') t.dispose()
  }
})

test('what another rig has met nobody begins on here; a new account is used at once', () => {
  begin(0, [a, b])
  const from = { issue: 'v-1', what: 'limited', until: null, leftMs: 60 * minute, why: '429' }
  t.post('mayor/', 'w/witness', 'account.held', { ...from, account: a })
  t.issues.set('w-1', issue('w-1'))
  t.post('daemon', 'w/witness', 'issues.changed')
  t.begin()
  expect(starts).toEqual([`w-1 under ${b}, new`])
  meets('w-1', limited(60 * minute))
  const rig = { maxWorkers: 2, spawnDelayMs: 0, agent: 'claude', accounts: [a, b, 'claude/c'], sharers: [] }
  t.post('daemon', 'w/witness', 'rig.configured', rig)
  expect(starts.slice(1)).toEqual(['w-1 under claude/c, new'])
})

const gone: NonNullable<World['startSession']> = ({ account }) => ({
  kind: 'unpaid',
  why: `there is no account ${account}`,
})
const entitles = (accounts: string[]) =>
  t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 2, spawnDelayMs: 0, agent: 'claude', accounts })

test('an account that is removed while a session begins costs no try: it begins under another', () => {
  begin(1, [a, b], { startSession: (input, effect) => (input.account === a ? 'later' : startsAs(input, effect)) })
  entitles([b])
  t.answer(`startSession ${session('w-1')}`, { kind: 'unpaid', why: `there is no account ${a}` })
  expect(t.state(session('w-1'))).toMatchObject({ running: 'heard' })
  expect([t.contextOf<{ under: string }>(session('w-1')).under, triesOf('w-1'), t.causes()]).toEqual([b, 1, []])
})

test('with none left of those it is confined to, the rig is halted with words, and goes on once one is there', () => {
  let isThere = false
  begin(1, [a], { startSession: (input, effect) => (isThere ? startsAs(input, effect) : gone(input, effect)) })
  expect([t.state(session('w-1')), t.causes().sort()]).toEqual(['absent', [`account/${a}`, 'w/account']])
  expect(
    t
      .escalations()
      .map(({ subject }) => subject)
      .join(),
  ).toContain(`there is no account ${a}`)
  expect(t.state('w/witness')).toMatchObject({ brake: 'halted' })
  isThere = true
  t.post('overseer', 'mayor/', 'account.released', { account: a, rigs: ['w'] })
  expect([t.state(session('w-1')), triesOf('w-1'), t.causes()]).toMatchObject([{ running: 'heard' }, 1, []])
})

test('one is refused and the other removed: the rig is halted with words, and goes on with a new one', () => {
  begin(3, [a, b])
  speaks('w-1')
  meets('w-1', refused)
  entitles([a])
  expect(t.state('w/witness')).toMatchObject({ brake: 'halted' })
  expect(t.causes().sort()).toEqual([`account/${a}`, 'w/account'])
  t.answer(`watchSession ${session('w-1')}`, { kind: 'ended', exitCode: 143, tail: '', cutOff: false, ...looked })
  entitles([a, 'claude/c'])
  expect([t.state('w/witness'), starts.at(-1)]).toMatchObject([{ brake: 'released' }, /w-1 under claude\/c/])
})

test('what befalls another account lets no halted rig go on; nor does an account, where a program is missing', () => {
  begin(1, [a])
  speaks('w-1')
  meets('w-1', refused)
  const release = (account: string) => t.post('overseer', 'mayor/', 'account.released', { account, rigs: ['w'] })
  release('codex/x')
  expect([t.state('w/witness'), t.causes().sort()]).toMatchObject([{ brake: 'halted' }, [`account/${a}`, 'w/account']])
  release(a)
  expect([t.state('w/witness'), t.causes()]).toMatchObject([{ brake: 'released' }, []])
  t.dispose()
  begin(1, [a, b], { startSession: () => ({ kind: 'refused', why: 'no such program' }) })
  release(a)
  expect(t.state('w/witness')).toMatchObject({ brake: 'halted' })
})

test('a worker that is told to go on while all is used up goes on once there is something', () => {
  begin(1, [a])
  speaks('w-1')
  meets('w-1', limited(30 * minute))
  const told = { polecat: t.workerOf('w-1') }
  t.post('overseer', 'w/witness', 'session.stopRequested', told)
  t.answer(`watchSession ${session('w-1')}`, { kind: 'ended', exitCode: 143, tail: '', cutOff: false, ...looked })
  t.post('overseer', 'w/witness', 'session.resumeRequested', told)
  expect(t.state(session('w-1'))).toBe('unpaid')
  t.wait(30 * minute)
  expect(t.state(session('w-1'))).toMatchObject({ running: 'heard' })
})

test.each([[[]], [[a, 'codex/x']]])(
  'with %j, an issue that asks for another agent stops nobody at that one’s limit, and waits in no place for it',
  (accounts) => {
    const asksForCodex = (id: string) => ['w-1', 'w-2', 'w-3'].includes(id)
    begin(5, accounts, {
      surveyIssues: (input) => {
        const { ready, ...found } = t.well('surveyIssues', { ...input, most: 9 }) as { ready: { id: string }[] }
        const left = ready.filter(({ id }) => !(asksForCodex(id) && input.agentsHeld.includes('codex')))
        return { ...found, ready: left.slice(0, input.most), more: left.length > input.most } as never
      },
      claimIssue: (input) => ({
        ...t.well('claimIssue', input),
        agent: asksForCodex(input.issue) ? 'codex' : null,
      }),
    })
    speaks('w-1')
    meets('w-1', limited(60 * minute))
    meets('w-2', limited(60 * minute))
    expect([t.state('w/witness'), about('used up')]).toMatchObject([{ brake: 'released', allowance: 'short' }, 1])
    t.handsOff('w-2')
    expect(t.workers()).toEqual(['w-1', 'w-4'])
    t.handsOff('w-4')
    expect([t.workers(), t.issues.get('w-3')?.status]).toEqual([['w-1', 'w-5'], 'open'])
    t.handsOff('w-5')
    expect(t.workers()).toEqual(['w-1'])
    t.wait(60 * minute)
    expect([t.workers(), t.state(session('w-1'))]).toMatchObject([['w-1', 'w-3'], { running: 'heard' }])
  },
)

test('what held a rig before its agent was known holds it still', () => {
  begin(1, [])
  const configured = (agent: string) =>
    t.post('daemon', 'w/witness', 'rig.configured', { maxWorkers: 2, spawnDelayMs: 0, agent })
  configured('')
  speaks('w-1')
  meets('w-1', limited(30 * minute))
  configured('claude')
  expect([t.state('w/witness'), starts.length]).toMatchObject([{ allowance: 'used_up' }, 1])
  t.wait(30 * minute)
  expect(t.state(session('w-1'))).toMatchObject({ running: 'heard' })
})

test('kill -9 in the midst of it changes nothing', () => {
  begin(1, [a, b])
  speaks('w-1')
  t.crash()
  meets('w-1', limited(60 * minute))
  t.crash()
  expect(starts.at(-1)).toBe(`w-1 under ${b}, c-w-1`)
  t.handsOff('w-1')
  expect(t.statuses()).toEqual(['closed'])
})

test.each([[[]], [[a]], [[a, b]]])(
  'with %j, a reset that is over by our clock is no reason to ask without a pause',
  (accounts) => {
    begin(1, accounts)
    speaks('w-1')
    const asked: number[] = []
    for (let seconds = 0; seconds < 3600; seconds++) {
      if (
        t.waits(`watchSession ${session('w-1')}`) &&
        t.contextOf<{ account: unknown }>(session('w-1')).account !== null
      ) {
        asked.push(seconds)
        meets('w-1', { ...limited(0), until: 1 })
      }
      t.wait(1000)
    }
    expect(asked.length).toBeLessThanOrEqual(8 * Math.max(1, accounts.length))
    expect(about('used up')).toBe(Math.max(1, accounts.length))
  },
)
