// The driver in real time, on a real store that somebody else locks and on hands whose disk is full.
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Driver, Handler, Host } from '../../runtime/contract.ts'
import { openDriver, openSqliteStore, systemClock } from '../../runtime/open.ts'
import { world } from './counter.ts'

let w: ReturnType<typeof world>
let host: Host
let driver: Driver
let waits: (readonly string[])[]
let fatal: unknown[]
beforeEach(() => {
  w = world()
  waits = []
  fatal = []
  host = w.open({ store: openSqliteStore(w.path, { busyMs: 20 }), clock: systemClock })
})
afterEach(async () => {
  await driver.stop(1000)
  host.close()
  w.dispose()
})

const drive = (work: Handler) => {
  driver = openDriver({
    host,
    clock: systemClock,
    handlers: { work, tell: async () => 0 },
    onFatal: (error) => fatal.push(error),
    onWait: (words) => waits.push(words),
    passes: (error) => (error as NodeJS.ErrnoException).code === 'EACCES',
  })
  driver.start()
}
const ask = (type: string) => ({ from: 'outside', to: 'c/1', type, body: {} })
const count = () => host.actor('c/1')?.context.count
/** Another connection that holds the store, as another process would. */
const lock = () => {
  const other = new DatabaseSync(w.path)
  other.exec('BEGIN EXCLUSIVE')
  return () => {
    other.exec('ROLLBACK')
    other.close()
  }
}

test('a locked store is waited out: a result that came meanwhile counts, once, and what was to be posted is posted', async () => {
  let performed = 0
  let answer: (n: number) => void = () => {}
  drive(() => {
    performed++
    return new Promise((resolve) => {
      answer = resolve
    })
  })
  host.post(ask('work'))
  driver.poke()
  expect(performed).toBe(1)
  const release = lock()
  answer(7)
  await expect.poll(() => waits.length).toBe(1)
  for (const _ of [1, 2]) driver.post({ ...ask('add'), to: 'c/2' })
  expect(waits).toEqual([[expect.stringContaining('is locked by another process')]])
  // Whoever asks is told at once, and nothing of it is kept.
  expect(() => host.post(ask('add'))).toThrow(/locked by another process/)
  expect(count()).toBe(0)
  release()
  await expect.poll(count, { timeout: 8000 }).toBe(7)
  expect(host.actor('c/2')?.context.count).toBe(2)
  expect([performed, waits.at(-1), fatal]).toEqual([1, [], []])
})

test('a full store is waited out the same way, and a damaged one is the end', async () => {
  const store = openSqliteStore(w.path)
  host.close()
  host = w.open({ store, clock: systemClock })
  drive(async () => 7)
  const { page_count: pages } = store.get<{ page_count: number }>('PRAGMA page_count') as { page_count: number }
  store.get(`PRAGMA max_page_count = ${pages}`)
  for (let n = 0; n < 40; n++) driver.post({ ...ask('add'), id: `m-${n}`, body: { n: 1, why: 'x'.repeat(2000) } })
  expect(waits.at(-1)).toEqual([expect.stringContaining('make room on the disk')])
  store.get('PRAGMA max_page_count = 1000000')
  await expect.poll(count, { timeout: 8000 }).toBe(40)
  expect([waits.at(-1), fatal]).toEqual([[], []])
  store.run('DROP TABLE mail')
  driver.poke()
  expect(fatal).toEqual([expect.objectContaining({ message: expect.stringContaining('no such table') })])
})

test('a hand whose disk is full is no answer: it is tried again, and its actor hears of what came of it', async () => {
  let tries = 0
  drive(async () => {
    if (++tries < 3)
      throw Object.assign(new Error(tries === 1 ? 'no space left' : 'shut'), {
        code: tries === 1 ? 'ENOSPC' : 'EACCES',
      })
    return 5
  })
  host.post(ask('work'))
  driver.poke()
  await expect.poll(count, { timeout: 8000 }).toBe(5)
  expect(waits).toEqual([['no space left'], ['shut'], []])
  expect([tries, host.actor('c/1')?.context.trouble, waits.at(-1)]).toEqual([3, '', []])
})

test('what waits for room is not begun again once nobody waits for it', async () => {
  let tries = 0
  drive(async () => {
    tries++
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  })
  host.post(ask('work'))
  driver.poke()
  await expect.poll(() => tries).toBe(1)
  host.post(ask('stop'))
  driver.poke()
  await expect.poll(() => waits.at(-1)).toEqual([])
  expect(tries).toBe(1)
})
