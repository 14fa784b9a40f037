import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Trouble } from '../../runtime/contract.ts'
import { LeaseLost, openSqliteStore, Refusal, StoreUnusable } from '../../runtime/open.ts'
import { counterRole, world } from './counter.ts'

let w: ReturnType<typeof world>
beforeEach(() => {
  w = world()
})
afterEach(() => w.dispose())

const mail = (to: string, type: string, body: Record<string, number | string> = {}) => ({
  from: 'outside',
  to,
  type,
  body,
})
const count = (host: ReturnType<typeof w.open>, address = 'c/1') => host.actor(address)?.context.count

test('mail posted before a crash is handled after it, once', () => {
  const first = w.open()
  const { id } = first.post({ ...mail('c/1', 'add'), id: 'm-1' })
  first.close()
  const second = w.open()
  w.drain(second)
  second.close()
  const third = w.open()
  expect(third.post({ ...mail('c/1', 'add'), id })).toEqual({ id: 'm-1', repeated: true })
  w.drain(third)
  expect(count(third)).toBe(1)
  expect(third.mail('m-1')?.state).toBe('done')
})

test('a machine’s mail and its snapshot are committed together', () => {
  const host = w.open()
  host.post(mail('c/1', 'pass', { to: 'c/2', n: 5 }))
  expect(host.run(1)).toBe(1)
  host.close()
  const again = w.open()
  w.drain(again)
  expect(count(again, 'c/2')).toBe(5)
  expect(again.journal({}).map((entry) => `${entry.address} ${entry.mailType} ${entry.promised.join(',')}`)).toEqual([
    'c/1 pass mail c/2 add',
    'c/2 add reply ok',
  ])
})

test('an effect started before a crash is performed again under its key, and its result counts once', () => {
  const first = w.open()
  first.post(mail('c/1', 'work'))
  w.drain(first)
  const [effect] = first.takeEffects(10)
  expect(effect).toMatchObject({ name: 'work', key: 'c/1:1.1:0', attempt: 1 })
  first.close()
  const second = w.open()
  const [repeated] = second.takeEffects(10)
  expect(repeated).toMatchObject({ key: 'c/1:1.1:0', attempt: 2 })
  second.settle('c/1:1.1:0', { ok: true, output: 7 })
  second.settle('c/1:1.1:0', { ok: true, output: 8 })
  w.drain(second)
  expect(count(second)).toBe(7)
})

test('a result that nobody waits for any more is dropped, and its performer hears of it', () => {
  const host = w.open()
  const cancelled: string[] = []
  host.onCancelled((keys) => cancelled.push(...keys))
  host.post(mail('c/1', 'work'))
  w.drain(host)
  host.takeEffects(1)
  host.post(mail('c/1', 'stop'))
  w.drain(host)
  expect(cancelled).toEqual(['c/1:1.1:0'])
  host.settle('c/1:1.1:0', { ok: true, output: 9 })
  w.drain(host)
  expect(count(host)).toBe(0)
})

test('a result of an invocation that was left and entered again is not taken for the new one’s', () => {
  const host = w.open()
  host.post(mail('c/1', 'work'))
  w.drain(host)
  host.takeEffects(1)
  host.post(mail('c/1', 'stop'))
  host.post(mail('c/1', 'work'))
  w.drain(host)
  // Late, after the new one was promised …
  host.settle('c/1:1.1:0', { ok: true, output: 9 })
  w.drain(host)
  expect([host.actor('c/1')?.value, count(host)]).toEqual(['working', 0])
  host.takeEffects(1)
  // … and already in the mailbox when the state is left and entered again.
  host.post(mail('c/1', 'stop'))
  host.post(mail('c/1', 'work'))
  host.settle('c/1:1.3:0', { ok: true, output: 8 })
  w.drain(host)
  expect([host.actor('c/1')?.value, count(host)]).toEqual(['working', 0])
  host.takeEffects(1)
  host.settle('c/1:1.5:0', { ok: true, output: 7 })
  w.drain(host)
  expect([host.actor('c/1')?.value, count(host)]).toEqual(['idle', 7])
})

test('a firing in the mailbox when its state is left and entered again is not the new timer’s', () => {
  const host = w.open()
  host.post(mail('c/1', 'wait'))
  w.drain(host)
  w.clock.advance(1000)
  host.post(mail('c/1', 'stop'))
  host.post(mail('c/1', 'wait'))
  host.fireTimers()
  w.drain(host)
  expect([host.actor('c/1')?.value, count(host)]).toEqual(['waiting', 0])
  w.clock.advance(1000)
  host.fireTimers()
  w.drain(host)
  expect([host.actor('c/1')?.value, count(host)]).toEqual(['idle', 100])
})

test('a hand that fails, or answers in the wrong shape, reaches the machine as an error', () => {
  const host = w.open()
  host.post(mail('c/1', 'work'))
  w.drain(host)
  host.takeEffects(1)
  host.settle('c/1:1.1:0', { ok: true, output: 'no number' })
  w.drain(host)
  expect(host.actor('c/1')).toMatchObject({
    value: 'idle',
    context: { trouble: expect.stringContaining('wrong shape') },
  })
})

test('a timer survives a crash and fires once; one whose state was left never fires', () => {
  const first = w.open()
  first.post(mail('c/1', 'wait'))
  first.post(mail('c/2', 'wait'))
  first.post(mail('c/2', 'stop'))
  w.drain(first)
  expect(first.nextDueAt()).toBe(1_001_000)
  first.close()
  const second = w.open()
  expect(second.fireTimers()).toBe(0)
  w.clock.advance(5000)
  expect(second.fireTimers()).toBe(1)
  w.drain(second)
  expect([count(second, 'c/1'), count(second, 'c/2')]).toEqual([100, 0])
  expect([second.fireTimers(), second.nextDueAt()]).toEqual([0, null])
})

test('a failing turn is rolled back, tried three times with pauses, then set aside; the actor’s later mail waits its turn', () => {
  const host = w.open()
  host.post({ ...mail('c/1', 'fail'), id: 'bad' })
  host.post(mail('c/1', 'add'))
  host.post(mail('c/2', 'add'))
  w.drain(host)
  expect([count(host, 'c/1'), count(host, 'c/2')]).toEqual([undefined, 1])
  for (let i = 0; i < 2; i++) {
    w.clock.advance(10_000)
    w.drain(host)
  }
  expect(host.deadLetters().map((dead) => [dead.envelope.id, dead.reason])).toEqual([['bad', 'told to fail']])
  expect(count(host, 'c/1')).toBe(1)
})

test('one failing turn in a group commit takes nothing else down', () => {
  const host = w.open()
  host.post(mail('c/1', 'add'))
  host.post(mail('c/2', 'fail'))
  host.post(mail('c/3', 'add'))
  host.run(64)
  expect([count(host, 'c/1'), count(host, 'c/3')]).toEqual([1, 1])
})

test('an actor that crashes too often is halted, with one alert, until it is told to go on', () => {
  const told: string[] = []
  const options = {
    alert({ kind, address }: Trouble) {
      told.push(kind)
      return { from: address, to: 'c/alarm', type: 'add', body: {} }
    },
    attemptsMax: 1,
  }
  const host = w.open(options)
  host.post(mail('c/1', 'add'))
  for (let i = 0; i < 4; i++) host.post(mail('c/1', 'fail'))
  host.post(mail('c/1', 'add'))
  w.drain(host)
  expect(host.actor('c/1')?.status).toBe('halted')
  expect(count(host, 'c/alarm')).toBe(1)
  host.close()
  const again = w.open(options)
  w.drain(again)
  expect([again.actor('c/1')?.status, again.depth().mail]).toEqual(['halted', 3])
  again.resume('c/1')
  expect(again.actor('c/1')?.status).toBe('active')
  again.resume('c/1')
  w.drain(again)
  expect([told, count(again, 'c/alarm')]).toEqual([['halted', 'resumed', 'halted'], 3])
})

test('mail nobody understands is a dead letter; mail ignored on purpose is not; both can be told apart from outside', () => {
  const host = w.open()
  host.post(mail('c/1', 'add'))
  host.post(mail('c/1', 'stop'))
  host.post(mail('c/1', 'hello'))
  w.drain(host)
  expect(host.deadLetters().map((dead) => dead.reason)).toEqual(['nothing in state idle of c/1 understands stop'])
  expect(() => host.post(mail('c/1', 'sing'))).toThrow(Refusal)
  expect(() => host.post(mail('d/1', 'add'))).toThrow('nobody is at "d/1"; did you mean c/1?')
})

test('who may not send something is refused with the words; a machine’s such mail is a dead letter, and its turn goes on', () => {
  const refuses = ({ from, to, type }: { from: string; to: string; type: string }) =>
    type === 'add' && from !== 'outside' ? `${from} may not send ${type} to ${to}` : undefined
  const host = w.open({ refuses })
  expect(() => host.post({ ...mail('c/1', 'add'), from: 'stranger' })).toThrow(
    new Refusal('stranger may not send add to c/1'),
  )
  host.post(mail('c/1', 'add'))
  const { id } = host.post(mail('c/1', 'pass', { to: 'c/2' }))
  w.drain(host)
  const [dead] = host.deadLetters()
  expect(dead).toMatchObject({ reason: 'c/1 may not send add to c/2', envelope: { from: 'c/1', to: 'c/2' } })
  expect([host.mail(id)?.state, host.actor('c/1')?.revision, host.actor('c/2')]).toEqual(['done', 2, undefined])
  // Nor does it come in by the back door.
  expect(() => host.redeliver(dead?.envelope.id ?? '')).toThrow('c/1 may not send add to c/2')
  host.close()
  const again = w.open()
  again.redeliver(dead?.envelope.id ?? '')
  w.drain(again)
  expect(count(again, 'c/2')).toBe(1)
})

test('an actor’s own timers and results are not refused', () => {
  const host = w.open({ refuses: ({ from }) => (from === 'outside' ? undefined : 'no') })
  host.post(mail('c/1', 'wait'))
  host.post(mail('c/2', 'work'))
  w.drain(host)
  w.clock.advance(1000)
  host.fireTimers()
  host.settle(host.takeEffects(1)[0]?.key ?? '', { ok: true, output: 7 })
  w.drain(host)
  expect([count(host, 'c/1'), count(host, 'c/2'), host.deadLetters()]).toEqual([100, 7, []])
})

test('a word without one of its parts fails its turn; nothing is sent to "undefined"', () => {
  const host = w.open({ attemptsMax: 1 })
  host.post(mail('c/1', 'add'))
  host.post(mail('c/1', 'pass'))
  w.drain(host)
  expect(host.deadLetters().map(({ envelope, reason }) => [envelope.to, reason])).toEqual([
    ['c/1', 'the word "mail" needs text as its "to", not undefined'],
  ])
})

test('an actor that was done when it was halted is done when it goes on, and begins anew', () => {
  const host = w.open({ attemptsMax: 1 })
  for (const type of ['add', 'end', 'fail', 'fail']) host.post(mail('c/1', type))
  w.drain(host)
  expect(host.actor('c/1')?.status).toBe('halted')
  host.resume('c/1')
  expect(host.actor('c/1')?.status).toBe('done')
  host.post(mail('c/1', 'add'))
  w.drain(host)
  expect([host.actor('c/1')?.incarnation, count(host)]).toEqual([2, 1])
})

test('slots: no turn can claim more than there are, whatever the machine believes', () => {
  const host = w.open({ attemptsMax: 1 })
  for (const holder of ['a', 'b', 'b', 'c']) host.post(mail('c/1', 'slot', { to: holder }))
  w.drain(host)
  expect(host.slots('pool')).toEqual(['a', 'b'])
  expect(host.deadLetters()[0]?.reason).toBe('all 2 places of pool are taken')
})

test('a turn that fails in its middle leaves nothing of itself, and is tried again whole', () => {
  let places = 0
  const host = w.open({ slotCapacity: () => places })
  host.post(mail('c/1', 'add'))
  w.drain(host)
  const { id } = host.post(mail('c/1', 'spree'))
  w.drain(host)
  expect([
    count(host),
    host.actor('c/1')?.revision,
    host.actor('c/2'),
    host.mail(id)?.state,
    host.mail(id)?.attempt,
    host.journal({}).length,
  ]).toEqual([1, 1, undefined, 'new', 1, 1])
  places = 1
  w.clock.advance(60_000)
  w.drain(host)
  expect([count(host), count(host, 'c/2'), host.mail(id)?.state, host.slots('pool')]).toEqual([2, 1, 'done', ['spree']])
})

test('slots: a pool that was made smaller is so once a machine has heard of it, and then gives no place until enough are free', () => {
  let capacity = 3
  const host = w.open({
    slotCapacity: () => capacity,
    attemptsMax: 1,
    roles: [counterRole({ intensity: { crashesMax: 9, periodMs: 1 } })],
  })
  const hears = (type: string, to = '') => {
    host.post(mail('c/1', type, { to, n: capacity }))
    w.drain(host)
    return host.slots('pool').sort().join('')
  }
  for (const to of ['a', 'b']) hears('slot', to)
  capacity = 2
  // What was chosen before it heard …
  expect(hears('slot', 'c')).toBe('abc')
  // … but no more than there ever were.
  expect(hears('slot', 'd')).toBe('abc')
  hears('shrink')
  // It cannot say that there are more than there are.
  host.post(mail('c/1', 'shrink', { n: 9 }))
  hears('free', 'a')
  expect(hears('slot', 'e')).toBe('bc')
  expect(host.deadLetters().map(({ reason }) => reason)).toEqual([
    'all 3 places of pool are taken',
    'all 2 places of pool are taken',
  ])
  // More places are there at once.
  capacity = 4
  expect(hears('slot', 'f')).toBe('bcf')
})

test('a role promises no more than it may', () => {
  const host = w.open({
    roles: [counterRole({ promises: ['mail', 'reply'], intensity: { crashesMax: 9, periodMs: 1 } })],
    attemptsMax: 1,
  })
  host.post(mail('c/1', 'pass', { to: 'c/1', n: 5 }))
  host.post(mail('c/1', 'tell'))
  host.post(mail('c/1', 'work'))
  w.drain(host)
  expect(count(host)).toBe(5)
  expect(host.deadLetters().map(({ reason }) => reason)).toEqual([
    'counter may not promise tell',
    'counter may not promise work',
  ])
})

test('lanes run one at a time, and held effects wait over a restart', () => {
  const host = w.open()
  host.hold('c/2')
  for (const n of [1, 2, 3]) host.post(mail(`c/${n}`, 'work'))
  w.drain(host)
  expect(host.takeEffects(10).map((effect) => effect.address)).toEqual(['c/1'])
  host.settle('c/1:1.1:0', { ok: true, output: 1 })
  host.close()
  const again = w.open()
  expect(again.holds()).toEqual(['c/2'])
  expect(again.takeEffects(10).map((effect) => effect.address)).toEqual(['c/3'])
  again.settle('c/3:1.1:0', { ok: true, output: 1 })
  again.release('c/2')
  expect(again.takeEffects(10).map((effect) => effect.address)).toEqual(['c/2'])
})

test('two hosts never both act: the older one stops at its next write', () => {
  const old = w.open()
  old.post(mail('c/1', 'add'))
  const young = w.open()
  expect(() => old.run(1)).toThrow(LeaseLost)
  w.drain(young)
  expect(count(young)).toBe(1)
  expect(() => w.open({ holderGone: () => false })).toThrow('holds this store')
})

test('done actors begin anew with a higher incarnation', () => {
  const host = w.open()
  for (const type of ['add', 'end', 'add']) host.post(mail('c/1', type))
  w.drain(host)
  expect(host.actor('c/1')).toMatchObject({ incarnation: 2, status: 'active', context: { count: 1 } })
})

test('an effect nobody waits for is tried again by itself', () => {
  const host = w.open()
  host.post(mail('c/1', 'tell'))
  w.drain(host)
  const [effect] = host.takeEffects(1)
  host.settle(String(effect?.key), { ok: false, error: 'no' })
  expect(host.takeEffects(1)).toEqual([])
  w.clock.set(Number(host.nextDueAt()))
  expect(host.takeEffects(1)).toMatchObject([{ attempt: 2 }])
})

test('what fails again and again is told, tried on for ever, and told again when it went well', () => {
  const told: string[] = []
  const host = w.open({
    alert: (trouble) => {
      told.push(`${trouble.kind} ${trouble.address}`)
      return null
    },
  })
  host.post(mail('c/1', 'tell'))
  w.drain(host)
  for (let n = 1; n <= 12; n++) {
    const [effect] = host.takeEffects(1)
    host.settle(String(effect?.key), { ok: false, error: 'no' })
    expect(Number(host.nextDueAt()) - w.clock.now()).toBeLessThanOrEqual(300_000)
    w.clock.set(Number(host.nextDueAt()))
  }
  expect(told).toEqual(Array.from({ length: 8 }, () => 'failing c/1'))
  host.settle(String(host.takeEffects(1)[0]?.key), { ok: true, output: 1 })
  expect([told.at(-1), host.nextDueAt(), host.depth().effectsPending]).toEqual(['mended c/1', null, 0])
})

test('what is to be tried again keeps its place in its lane', () => {
  const host = w.open({ effects: { ...w.effects, tell: { ...w.effects.tell, lane: () => 'lane' } } })
  host.post(mail('c/1', 'tell'))
  host.post(mail('c/2', 'tell'))
  w.drain(host)
  for (let n = 1; n <= 8; n++) {
    const taken = host.takeEffects(9)
    expect(taken.map(({ address }) => address)).toEqual(['c/1'])
    host.settle(String(taken[0]?.key), { ok: n === 8, ...(n === 8 ? { output: 1 } : { error: 'no' }) } as never)
    if (n < 8) w.clock.set(Number(host.nextDueAt()))
  }
  expect(host.takeEffects(9).map(({ address }) => address)).toEqual(['c/2'])
})

test('what is pruned is over: what waits, however old, is kept', () => {
  const host = w.open()
  host.hold('*')
  host.post(mail('c/1', 'work'))
  const { id: done } = host.post(mail('c/2', 'add'))
  w.drain(host)
  const { id: waiting } = host.post(mail('c/2', 'add'))
  w.clock.advance(1000)
  host.prune(w.clock.now())
  expect([host.mail(done), host.reply(done)]).toEqual([undefined, undefined])
  // The last turn stays, for watched time goes on from it.
  expect(host.journal({}).map(({ address }) => address)).toEqual(['c/2'])
  expect([host.mail(waiting)?.state, host.depth().effectsPending]).toEqual(['new', 1])
  host.release('*')
  host.settle(host.takeEffects(1)[0]?.key ?? '', { ok: true, output: 7 })
  w.drain(host)
  expect([count(host, 'c/1'), count(host, 'c/2')]).toEqual([7, 2])
})

test('listeners hear of a turn when it is committed, and never of one that was rolled back', () => {
  const store = openSqliteStore(w.path)
  let depth = 0
  let fails = false
  const host = w.open({
    store: {
      ...store,
      transaction: (work) =>
        store.transaction(() => {
          depth++
          const result = work()
          if (--depth === 0 && fails) throw new StoreUnusable('the disk is full')
          return result
        }),
    },
  })
  const heard: string[] = []
  host.onCommit((entries) => heard.push(...entries.map(({ mailType }) => `${mailType} ${depth}`)))
  host.post(mail('c/1', 'add'))
  fails = true
  expect(() => host.run(1)).toThrow(StoreUnusable)
  expect(heard).toEqual([])
  fails = false
  w.drain(host)
  expect([heard, count(host)]).toEqual([['add 0'], 1])
})

test('passivation changes nothing: one resident actor or many, the same journal', () => {
  const story = (residentMax: number) => {
    const own = world()
    const host = own.open({ residentMax })
    for (let i = 0; i < 30; i++) host.post(mail(`c/${i % 5}`, 'pass', { to: `c/${(i + 1) % 5}`, n: i }))
    own.drain(host)
    const entries = host.journal({}).map(({ mailId, causeId, ...entry }) => entry)
    host.close()
    own.dispose()
    return entries
  }
  expect(story(1)).toEqual(story(100))
})

test('replies are kept and told', () => {
  const host = w.open()
  const heard: string[] = []
  host.onCommit((_, replies) => heard.push(...replies.map((reply) => reply.reply.text)))
  const { id } = host.post(mail('c/1', 'add', { n: 4 }))
  w.drain(host)
  expect([host.reply(id)?.text, heard]).toEqual(['4', ['4']])
})

test.each([
  ['no database', () => writeFileSync(w.path, 'this is not a database, it is a letter to the next of kin')],
  ['a newer version', () => new DatabaseSync(w.path).exec('PRAGMA user_version = 99')],
])('%s is refused with words and left as it is', (_, spoil) => {
  spoil()
  const before = readFileSync(w.path)
  expect(() => openSqliteStore(w.path)).toThrow(StoreUnusable)
  expect(readFileSync(w.path).equals(before)).toBe(true)
})

test('a full mailbox refuses with words', () => {
  const host = w.open({ roles: [counterRole({ mailboxLengthMax: 1 })] })
  host.post(mail('c/1', 'add'))
  expect(() => host.post(mail('c/1', 'add'))).toThrow('the mailbox of c/1 is full')
})

test('chance that gives the same id twice loses no mail', () => {
  const ids = ['same', 'same', 'same', 'other']
  const host = w.open({ newMailId: () => String(ids.shift()) })
  host.post(mail('c/1', 'add'))
  host.post(mail('c/1', 'add'))
  w.drain(host)
  expect(count(host)).toBe(2)
})

test('what is over is not read again: every query of a turn goes by an index', () => {
  const said = new Set<string>()
  const store = openSqliteStore(w.path)
  const heard = <T extends unknown[], R>(query: (sql: string, ...rest: T) => R) => {
    return (sql: string, ...rest: T): R => {
      said.add(sql)
      return query(sql, ...rest)
    }
  }
  const host = w.open({
    store: {
      ...store,
      run: heard(store.run),
      get: heard(store.get) as typeof store.get,
      all: heard(store.all) as typeof store.all,
    },
  })
  for (const [type, body] of Object.entries({
    add: {},
    pass: { to: 'c/2', n: 1 },
    slot: { to: 'holder' },
    free: { to: 'holder' },
    shrink: { n: 1 },
    work: {},
    stop: {},
    wait: {},
    tell: {},
  }))
    host.post(mail('c/1', type, body))
  w.drain(host)
  host.settle(host.takeEffects(1)[0]?.key ?? '', { ok: true, output: 1 })
  w.clock.advance(1000)
  host.fireTimers()
  host.nextDueAt()
  host.depth()
  host.close()
  const db = new DatabaseSync(w.path)
  const plans = [...said].flatMap((sql) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...Array.from(sql.matchAll(/\?/g), () => 0))
      .map((row) => `${row.detail}: ${sql}`),
  )
  db.close()
  expect(plans.length).toBeGreaterThan(10)
  // These grow with the town's past.
  expect(
    plans.filter(
      (plan) => /^(SCAN|SEARCH) (mail|m|e|effect|journal|reply)\b/.test(plan) && !/^[^:]* USING /.test(plan),
    ),
  ).toEqual([])
})
