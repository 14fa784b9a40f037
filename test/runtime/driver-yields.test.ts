// The driver with much to do: whoever asks meanwhile is heard.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDriver } from '../../runtime/open.ts'
import { world } from './counter.ts'

let w: ReturnType<typeof world>
beforeEach(() => {
  w = world()
})
afterEach(() => w.dispose())

const busyFor = (ms: number) => {
  for (const from = performance.now(); performance.now() - from < ms; );
}

/** How often something that comes in from outside, as a request does, is heard before `over`. */
async function heard(over: () => boolean): Promise<number> {
  let times = 0
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, 0))
    times++
  }
  return times
}

test('while a hundred effects are begun, each of which takes its time at once', async () => {
  const host = w.open()
  let begun = 0
  const tell = async () => {
    busyFor(10)
    begun++
    return 1
  }
  const driver = openDriver({ host, clock: w.clock, onFatal: expect.fail, handlers: { tell } })
  for (let n = 0; n < 100; n++) host.post({ from: 'test', to: `c/${n}`, type: 'tell', body: {} })
  driver.start()
  expect(await heard(() => begun === 100)).toBeGreaterThan(40)
  await driver.stop(0)
  host.close()
})

test('while thousands of mails wait', async () => {
  const host = w.open()
  const driver = openDriver({ host, clock: w.clock, onFatal: expect.fail, handlers: {} })
  host.together(() => {
    for (let n = 0; n < 3000; n++) host.post({ from: 'test', to: `c/${n % 100}`, type: 'add', body: {} })
  })
  driver.start()
  expect(await heard(() => host.depth().mail === 0)).toBeGreaterThan(10)
  await driver.stop(0)
  host.close()
})
