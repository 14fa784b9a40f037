// What follows from each piece of news of a session: where it goes, what it says and to whom, what it tells its agent.
import { expect, test } from 'vitest'
import { anew, gone, heard, refused, type SessionContext, withWords } from '../../machines/hearing.ts'
import { toBegin } from '../../machines/notes.ts'
import { unspoken } from '../../machines/session.ts'
import { looked as nothingSeen } from '../../machines/session-cases.ts'
import { watches } from '../../machines/session-wishes.ts'

const session = { id: 'gt-w-Nux-1-2', backend: 'process' as const, pid: 7, pidStart: '1', epoch: 2, dir: '/s' }
const context = (more: Partial<SessionContext> = {}): SessionContext => ({
  ...{ rig: 'w', polecat: 'Nux', address: 'w/polecats/Nux', epoch: 2, incarnation: 1 },
  issue: { id: 'w-1', title: 'One', description: '', priority: 2, type: 'task', epic: null } as never,
  ...{ worktree: '/w', branch: 'polecat/Nux-1', attempt: 1, returned: null, session },
  ...{ killers: [], killReason: 'killed', trouble: '' },
  ...unspoken,
  ...{ spoken: true, isThere: true, conversation: 'c-1' },
  ...more,
})
const looked = { ...nothingSeen, seen: 10 }
const idle = (end: 'done' | 'interrupted' | 'overlong' | 'failed', why = '') => ({
  kind: 'turn_over' as const,
  end,
  why,
  asksToCycle: false,
  ...looked,
})
/** Where it leads, who is written to, how many words its agent is told. */
const follows = ({ to, mail = [], tell = [] }: ReturnType<typeof heard>) => [
  to,
  [mail].flat().map((one) => `${one.type} to ${one.to}`),
  tell.length,
]

test('a turn that is over is its polecat’s to hear of', () => {
  for (const end of ['done', 'interrupted'] as const)
    expect(follows(heard(context(), idle(end)))).toEqual(['heard', ['session.idle to w/polecats/Nux'], 0])
})

test('a service that fails is waited for, longer each time; at the sixth the run ends, and its conversation', () => {
  let now = context()
  const pauses = []
  for (let n = 0; n < 5; n++) {
    const next = heard(now, idle('failed', 'overloaded'))
    expect(next.to).toBe('paused')
    now = { ...now, ...next.changes }
    pauses.push((now.pause?.ms ?? 0) / 1000)
    now = { ...now, pause: null }
  }
  expect(pauses).toEqual([30, 60, 120, 240, 480])
  const last = heard(now, idle('failed', 'overloaded'))
  expect([last.to, last.changes?.killReason]).toEqual(['killing', 'failed'])
  expect(gone({ ...now, ...last.changes }, looked).changes?.conversation).toBeNull()
  // One that goes well begins the count again.
  expect(heard(now, idle('done')).changes?.failures).toBe(0)
})

test('a full context ends the run; the next begins another conversation', () => {
  const { to, changes } = heard(context(), idle('overlong', 'full'))
  expect([to, changes?.killReason, changes?.trouble]).toEqual(['killing', 'overlong', 'full'])
  expect(gone(context({ ...changes }), looked).changes?.conversation).toBeNull()
  expect(gone(context({ killReason: 'killed' }), looked).changes?.conversation).toBe('c-1')
})

test('a run whose start came to nothing may have had its notes all the same; one that went on had none of them', () => {
  const notes = [{ id: 'w-m1', text: 'half of it' }]
  const begins = { session: null, notes, ...toBegin({ notes, conversation: 'c-1' }) }
  const first = [{ id: 'w/polecats/Nux/2/0', state: 'delivered' as const }]
  const after = (conversation: string | null) =>
    gone(context(begins), { ...looked, conversation, receipts: first }).receipts?.map(({ step }) => step)
  expect([after('c-1'), after(null), after('c-2')]).toEqual([[], [], ['shown', 'read']])
  const anew = { ...begins, ...toBegin({ notes, conversation: null }), conversation: null }
  expect(gone(context(anew), { ...looked, receipts: first }).changes).toMatchObject({ notes: [], offered: [] })
})

test('a mail that its model had in the last moment before it was ended is shown all the same', () => {
  const mail = { id: 'w-m1', from: 'mayor/', text: 'Well?', isMail: true, state: 'taken' as const }
  const had = { ...looked, receipts: [{ id: 'w-m1', state: 'delivered' as const }] }
  const shown = { mail: 'w-m1', to: 'w/polecats/Nux', step: 'shown', by: 'w/polecats/Nux' }
  expect(gone(context({ words: [mail] }), had).receipts).toEqual([shown])
  const ended = { kind: 'ended' as const, exitCode: 0, tail: '', cutOff: false, asksToCycle: false, ...had }
  expect(heard(context({ words: [mail] }), ended).receipts).toEqual([shown])
})

const news = (more: object = {}) => ({ kind: 'heard' as const, isOld: false, ...looked, ...more })

test('one that has gone on for long is asked to begin anew, once; how long is counted through its runs', () => {
  const asked = heard(context({ lastedMs: 1000 }), news({ isOld: true, watchedMs: 500 }))
  expect(follows(asked)).toEqual(['heard', [], 1])
  expect(asked.tell?.[0]?.text).toContain('gone on for long')
  expect(asked.changes).toMatchObject({ lastedMs: 1500, toldToCycle: true })
  const now = context({ ...asked.changes })
  expect(heard(now, news({ isOld: true, isFull: true })).tell).toEqual([])
  expect(anew(now, 1)).toMatchObject({ lastedMs: 1500, toldToCycle: false })
  expect(anew(now, 2)).toMatchObject({ lastedMs: 0 })
  // Its hours are no news while nobody speaks with it, while it waits for an allowance, or for the Overseer.
  for (const quiet of [{ spoken: false }, { pause: { until: null, ms: 1, why: '' } }, { isIdle: true }])
    expect(watches(context({ lastedMs: 9, ...quiet }), true).lastedMs).toBeNull()
  expect(watches(context({ lastedMs: 9 }), true).lastedMs).toBe(9)
})

test('whose context was made shorter hears once more who it is, and is asked again when that is full again', () => {
  const told = context({ toldToCycle: true })
  const shorter = heard(told, news({ isCompacted: true }))
  expect([follows(shorter), shorter.tell?.[0]?.primes]).toEqual([['heard', [], 1], true])
  const now = context({ ...shorter.changes })
  expect(heard(now, news({ isFull: true })).tell?.[0]?.text).toContain('nearly full')
  // At the end of a turn, too; not in a run that is over.
  expect(heard(told, { ...idle('done'), isCompacted: true }).tell).toHaveLength(1)
  expect(heard(told, { ...ends(), isCompacted: true }).tell).toBeUndefined()
})

test('what its state.json asks for is done where its turn or its run is over: a new conversation', () => {
  for (const news of [{ ...idle('done'), asksToCycle: true }, ends({ asksToCycle: true, exitCode: 137 })]) {
    const { to, changes, mail } = heard(context(), news)
    const over = to === 'killing' ? gone(context({ ...changes }), looked).changes : changes
    expect(over).toMatchObject({ conversation: null, former: 'it asked for a new one' })
    if (to === 'absent') expect(mail).toMatchObject([{ body: { cause: 'cycled' } }])
    else expect([to, changes?.killReason]).toEqual(['killing', 'cycled'])
  }
  // An allowance is waited for first.
  expect(heard(context(), { kind: 'limited', until: 5000, leftMs: null, why: '', ...looked }).to).toBe('paused')
})

test('a used-up allowance is the Witness’s to know; when it is back the agent is told to go on', () => {
  const limited = heard(context(), { kind: 'limited', until: 5000, leftMs: null, why: 'Enough.', ...looked })
  expect(follows(limited)).toEqual(['paused', ['account.held to w/witness'], 0])
  expect(limited.changes?.pause).toMatchObject({ until: 5000 })
  const back = heard(context({ ...limited.changes }), { kind: 'pause_over', ...looked })
  expect(follows(back)).toEqual(['heard', [], 1])
  expect(back.changes?.pause).toBeNull()
})

test('no key ends the run, and the Witness knows; the conversation is kept', () => {
  const no = heard(context(), { kind: 'refused', why: 'Who are you?', ...looked })
  expect(follows(no)).toEqual(['killing', ['account.held to w/witness'], 0])
  expect(no.mail).toMatchObject([{ body: { what: 'refused', why: 'Who are you?', issue: 'w-1', until: null } }])
  expect(gone(context({ ...no.changes }), looked).changes?.conversation).toBe('c-1')
  expect(refused(context(), 'no program').changes).toMatchObject({ killReason: 'refused', trouble: 'no program' })
})

test('silence is asked about once, then told; one that nobody speaks with is told of at once', () => {
  const silent = { kind: 'stalled' as const, silentMs: 9000, tail: '', ...looked }
  const asked = heard(context(), silent)
  expect(follows(asked)).toEqual(['heard', [], 1])
  expect(follows(heard(context({ ...asked.changes }), silent))).toEqual([
    'silent',
    ['session.stalled to w/polecats/Nux'],
    0,
  ])
  expect(follows(heard(context({ spoken: false }), silent))[0]).toBe('silent')
  expect(heard(context({ asked: true }), { kind: 'heard', isOld: false, ...looked }).changes?.asked).toBeUndefined()
  expect(
    heard(context({ asked: true }), { kind: 'heard', isOld: false, ...looked, conversation: 'c-1' }).changes?.asked,
  ).toBe(false)
})

const ends = (more: object = {}) => ({
  kind: 'ended' as const,
  exitCode: 1,
  tail: 'no',
  cutOff: false,
  asksToCycle: false,
  ...looked,
  ...more,
})
const isNew = { isThere: false, conversation: null }

test('a program that ends before it was there, by itself, is one that cannot run; a killed one is a crash', () => {
  expect(follows(heard(context(isNew), ends()))).toEqual(['killing', ['account.held to w/witness'], 0])
  for (const exitCode of [0, 137, null])
    expect(follows(heard(context(isNew), ends({ exitCode })))).toEqual([
      'absent',
      ['session.ended to w/polecats/Nux'],
      0,
    ])
  expect(follows(heard(context({ isThere: true }), ends()))[0]).toBe('absent')
  expect(heard(context(isNew), ends({ cutOff: true })).mail).toMatchObject([{ body: { cause: 'cut_off' } }])
})

test('a conversation that could not be resumed is not tried again; one that was there is', () => {
  const forgotten = heard(context({ isThere: false }), ends())
  expect(forgotten.changes?.conversation).toBeNull()
  expect(forgotten.mail).toMatchObject([{ body: { cause: 'forgotten' } }])
  // Killed on its way: that says nothing of the conversation.
  const killed = heard(context({ isThere: false }), ends({ exitCode: 137 }))
  expect(killed.changes?.conversation).toBe('c-1')
  expect(killed.mail).toMatchObject([{ body: { cause: 'gone' } }])
  expect(heard(context(), ends()).changes?.conversation).toBe('c-1')
})

test('words are told to a run that there is, and kept for one that is to come', () => {
  const now = withWords(context(), { id: 'w-m1', from: 'overseer', text: 'Hello' })
  expect(now.tell).toMatchObject([{ id: 'w-m1', text: 'Hello' }])
  expect(withWords(context({ session: null }), { id: 'w-m1', from: 'overseer', text: 'Hello' })).toMatchObject({
    changes: { words: [{ id: 'w-m1', state: 'queued' }] },
    tell: [],
  })
  expect(withWords(context({ spoken: false }), { id: 'w-m1', from: 'overseer', text: 'Hello' })).toEqual({})
})
