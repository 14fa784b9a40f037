// `gt viz --live` in a real browser, while a town works.
import { spawn } from 'node:child_process'
import { get } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import type { LogEntry } from '../../cli/api.ts'
import { asTheyAre } from '../../cli/live.ts'
import { chromiumPath, openBrowser } from '../fixture/browser.ts'
import { committer, gtScript, type RealTown, realTown } from '../fixture/real-town.ts'

let t: RealTown
let live: ReturnType<typeof spawn> | undefined
afterEach(() => {
  live?.kill()
  t?.dispose()
})

/** Starts it and gives the address it prints. */
function serve(): Promise<string> {
  live = spawn(process.execPath, [gtScript, 'viz', '--live'], {
    cwd: t.town,
    env: t.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve) =>
    live?.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().split('\n')[0] as string)),
  )
}
const status = (url: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve) => get(url, { headers }, (response) => resolve(response.resume().statusCode ?? 0)))

test('only this machine, only with the token', async () => {
  t = realTown()
  t.ok('up')
  const url = await serve()
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/)
  expect(await status(url)).toBe(200)
  const bare = new URL(url)
  bare.search = ''
  expect(await status(bare.href)).toBe(403)
  expect(await status(`${bare.href}events?token=wrong`)).toBe(403)
  expect(await status(url, { host: 'evil.example' })).toBe(403)
  expect(t.gt('viz', '--live', '--port', bare.port)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`port ${bare.port} is taken`),
  })
  const ended = new Promise<number | null>((resolve) => live?.once('exit', resolve))
  t.ok('down')
  expect(await ended).toBe(3)
})

test.skipIf(!chromiumPath)('each actor’s state as it changes, and the mail between them', async () => {
  t = realTown({ worker: committer })
  t.issues(2)
  t.ok('up')
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(await serve())
    t.ok('spawn', '--epic', 'wy-all')
    // Present while it works …
    await page.waitForSelector('section[data-address="wyvern/polecats/Nux"] g.active')
    await page.waitForSelector('section[data-address="wyvern/refinery"] g.active')
    t.ok('wait', 'wy-all', '--timeout', '60')
    // … and in the end as it is: at rest, retired, on the drawing too.
    await page.waitForSelector('section[data-address="wyvern/polecats/Nux"][data-state="retired"]')
    await page.waitForSelector('section[data-address="wyvern/refinery"][data-state="idle"]')
    // What is lit can still be read.
    const covers = await page.evaluate<number[]>(
      "[...document.querySelectorAll('g.active > path, g.active > polygon')].map((shape) => Number(getComputedStyle(shape).fillOpacity))",
    )
    expect(Math.max(...covers)).toBeLessThan(0.5)
    const titles = (address: string, kind: string) =>
      page.$$eval(`section[data-address="${address}"] g.${kind} > title`, (nodes: { textContent: string | null }[]) =>
        nodes.map((node) => node.textContent),
      )
    expect(await titles('wyvern/refinery', 'active')).toEqual(['idle'])
    // The witness looks for more to do before it rests.
    await expect
      .poll(async () => (await titles('wyvern/witness', 'active')).sort(), { timeout: 10_000 })
      .toEqual(['allowance_there', 'brake_released', 'dispatch_resting'])
    // Transitions of a state around another, and of the machine itself, light up too.
    expect(await titles('wyvern/polecats/Nux', 'taken')).toEqual(['polecat->retired'])
    // Who had no turn lately is shown as it is.
    const idle = asTheyAre(t.town, [{ address: 'mayor/' } as LogEntry])
    expect(idle.map(({ address, before, after }) => [address, before === after && after])).toContainEqual([
      'wyvern/refinery',
      'idle',
    ])
    expect(idle.map(({ address }) => address)).not.toContain('mayor/')
    const arrows = await page.$$eval('#sequence g.mail text', (nodes: { textContent: string | null }[]) =>
      nodes.map((node) => node.textContent),
    )
    expect(arrows).toContain('merge.landed')
    expect(arrows).toContain('polecat.retired')
    expect(errors).toEqual([])
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT, fullPage: true })
  } finally {
    await browser.close()
  }
})
