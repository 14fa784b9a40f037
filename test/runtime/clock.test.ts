// Watched time: the clock on the wall may go where it likes, the machine may sleep and the process be stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDriver, systemClock, virtualClock, watchEvery } from '../../runtime/open.ts'
import { world } from './counter.ts'

const yearMs = 365 * 86_400_000
let w: ReturnType<typeof world>
beforeEach(() => {
  w = world()
})
afterEach(() => w.dispose())

const mail = (to: string, type: string) => ({ from: 'test', to, type, body: {} })

test.each([
  ['back by a year', -yearMs],
  ['back by a minute', -60_000],
  ['forward by a year', yearMs],
])('a clock set %s neither stops a timer nor fires it', (_, jumpMs) => {
  const host = w.open()
  host.post(mail('c/1', 'wait'))
  w.drain(host)
  w.clock.jump(jumpMs)
  expect([host.fireTimers(), host.nextDueAt()]).toEqual([0, 1_001_000])
  w.clock.advance(999)
  expect(host.fireTimers()).toBe(0)
  w.clock.advance(1)
  expect(host.fireTimers()).toBe(1)
})

test('who is killed again and again gets to what waits all the same', () => {
  const first = w.open()
  first.post(mail('c/1', 'wait'))
  w.drain(first)
  first.close()
  w.clock.advance(600)
  const second = w.open()
  expect(second.fireTimers()).toBe(0)
  second.close()
  w.clock.advance(600)
  expect(w.open().fireTimers()).toBe(1)
})

test('a clock that was set back while the town was down stops nothing', () => {
  const first = w.open()
  first.post(mail('c/1', 'wait'))
  w.drain(first)
  first.close()
  w.clock.advance(3_600_000)
  w.clock.jump(-yearMs)
  const second = w.open()
  expect(second.fireTimers()).toBe(0)
  expect(Number(second.nextDueAt()) - w.clock.watched()).toBeLessThanOrEqual(1000)
  w.clock.set(Number(second.nextDueAt()) - 1)
  expect(second.fireTimers()).toBe(0)
  w.clock.advance(1)
  expect(second.fireTimers()).toBe(1)
})

test('what failed is tried again after as long, whatever the clock was set to', () => {
  const host = w.open()
  host.post(mail('c/1', 'tell'))
  host.post({ ...mail('c/2', 'fail'), id: 'bad' })
  w.drain(host)
  host.settle(String(host.takeEffects(1)[0]?.key), { ok: false, error: 'no' })
  w.clock.jump(-yearMs)
  expect(host.takeEffects(1)).toEqual([])
  w.clock.set(Number(host.nextDueAt()))
  host.run(1)
  w.clock.advance(60_000)
  w.drain(host)
  expect(host.takeEffects(1)).toHaveLength(1)
  w.clock.advance(60_000)
  w.drain(host)
  expect(host.deadLetters()).toHaveLength(1)
})

test('people read the clock on the wall, machines are told watched time', () => {
  const host = w.open()
  host.post(mail('c/1', 'add'))
  w.drain(host)
  w.clock.jump(yearMs)
  w.clock.advance(5)
  host.post(mail('c/1', 'add'))
  w.drain(host)
  expect(host.journal({}).map(({ at, watchedAt }) => [at, watchedAt])).toEqual([
    [1_000_000, 1_000_000],
    [1_000_005 + yearMs, 1_000_005],
  ])
  expect(host.clockMoved(1000)).toBe(yearMs)
  expect([1_000_000, 1_000_004, 1_000_005, 1_000_009].map(host.shownAt)).toEqual([
    1_000_000,
    1_000_004,
    1_000_005 + yearMs,
    1_000_009 + yearMs,
  ])
  w.clock.advance(1000)
  host.post(mail('c/1', 'add'))
  w.drain(host)
  w.clock.advance(1000)
  expect(host.clockMoved(1000)).toBe(0)
})

test('a driver sleeps until what is due, whatever the clock says, and does not wake before', async () => {
  let pumps = 0
  const clock = { now: () => Date.now() - yearMs, watched: systemClock.watched }
  const host = w.open({ clock })
  const driver = openDriver({
    host: {
      ...host,
      fireTimers: () => {
        pumps++
        return host.fireTimers()
      },
    },
    ...{ handlers: {}, clock, onFatal: expect.fail },
  })
  host.post(mail('c/1', 'wait'))
  driver.start()
  const from = performance.now()
  while (host.actor('c/1')?.value === 'waiting' && performance.now() - from < 10_000) await sleep(10)
  await driver.stop(0)
  expect(host.actor('c/1')?.value).toBe('idle')
  expect(pumps).toBeLessThan(5)
})

test('a look tells how long it watched, and says so when it did not', () => {
  const clock = virtualClock(0)
  const watch = watchEvery(2000, clock)
  clock.advance(2000)
  expect(watch.look()).toBe(2000)
  // It slept: the clock on the wall alone moved on.
  clock.advance(2000)
  clock.jump(3_600_000)
  expect(watch.look()).toBeNull()
  clock.advance(2000)
  clock.jump(-86_400_000)
  expect(watch.look()).toBeNull()
  // It was stopped: both moved on, and nobody looked.
  clock.advance(3_600_000)
  expect(watch.look()).toBeNull()
  clock.advance(2000)
  expect(watch.look()).toBe(2000)
})

/** Starts a process that sets a limit of so many milliseconds; it says when the limit is over. */
function limited(ms: number, more = '') {
  const script = `import { afterWatched } from ${JSON.stringify(new URL('../../runtime/clock.ts', import.meta.url).href)}
    const limit = afterWatched(${ms}, () => { console.log('over'); process.exit() })
    ${more}
    console.log('begun')`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (piece: Buffer) => {
    said += piece
  })
  return { child, said: () => said }
}

test('a limit that ran out while its process was stopped hears first what came in meanwhile', async () => {
  const { child, said } = limited(
    1500,
    // As what takes more than one step to be heard: a process that ended, a file that changed.
    "process.stdin.once('data', () => setTimeout(() => { console.log('heard'); limit.stop(); process.exit() }, 100))",
  )
  try {
    await once(child.stdout, 'data')
    child.kill('SIGSTOP')
    child.stdin.write('done\n')
    // Longer than the limit, and than what a busy machine explains.
    await sleep(4500)
    child.kill('SIGCONT')
    await once(child, 'exit')
    expect(said()).toBe('begun\nheard\n')
  } finally {
    child.kill('SIGKILL')
  }
})

test('a limit is over when its time has passed, and not before it was last refreshed', async () => {
  const plain = limited(100)
  await once(plain.child, 'exit')
  expect(plain.said()).toBe('begun\nover\n')
  const refreshed = limited(
    400,
    'for (let n = 1; n <= 6; n++) setTimeout(() => { limit.refresh(); console.log(n) }, n * 100)',
  )
  await once(refreshed.child, 'exit')
  expect(refreshed.said()).toBe('begun\n1\n2\n3\n4\n5\n6\nover\n')
})
