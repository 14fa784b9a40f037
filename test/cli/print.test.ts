// What agents and origins write reaches a terminal as text, and steers nothing there.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Status } from '../../cli/api.ts'
import { boardOf, onScreen } from '../../cli/board.ts'
import { body, json, oneLine, plain, plainly, shownLine, table } from '../../cli/print.ts'
import { asOneLine } from '../../machines/texts.ts'
import { bdScript, cleanEnv, gtScript } from '../fixture/real-town.ts'

const evil = 'Fix\u001b]0;owned\u0007\u001b[2J \u009b31m\u202eit\u2066\u007f\rgone\n! main is red'
const steers = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e\u2066]/

test('what would steer a terminal is shown as an escape; bodies keep their lines and tabs', () => {
  expect(plain(evil)).toBe('Fix\\x1b]0;owned\\x07\\x1b[2J \\x9b31m\\u202eit\\u2066\\x7f\\x0dgone\n! main is red')
  expect(plain('a\tb\r\nc ü 🛢 ‘quoted’ 👩‍🚀')).toBe('a\tb\nc ü 🛢 ‘quoted’ 👩‍🚀')
  expect(oneLine(evil)).toBe('Fix\\x1b]0;owned\\x07\\x1b[2J \\x9b31m\\u202eit\\u2066\\x7f gone ! main is red')
  expect(plainly({ a: [evil], n: 1, none: null })).toEqual({ a: [plain(evil)], n: 1, none: null })
  expect(table([['a\nb', 'c']])).toEqual(['a b  c'])
})

test('a line stays one line, whoever wrote it; a body is indented; colours are the town’s own, and no more', () => {
  expect(shownLine(`title ${evil}`)).not.toMatch(/\n/)
  expect(shownLine('\u001b[31mred\u001b[0m \u001b[8mhidden')).toBe('\u001b[31mred\u001b[0m \\x1b[8mhidden')
  expect(shownLine(body('one\n\n  Toast  wy-1  landed\u001b[1A'))).toBe('    one\n\n      Toast  wy-1  landed\\x1b[1A')
  expect(onScreen([`Nux ${evil}`], [], 24, 200).replaceAll(/\u001b\[[HKJ]/g, '')).not.toMatch(steers)
})

test('who reads no further than the first letter has what they wanted', () => {
  const drawn = `{ '${process.execPath}' '${gtScript}' viz --format html | head -c 1; } 2>&1`
  expect(spawnSync('sh', ['-c', drawn], { env: cleanEnv(), encoding: 'utf8' }).stdout).toBe('<')
})

test('a command that fails says so by its code, also to who does not hear its words', async () => {
  const child = spawn(process.execPath, [gtScript, 'no-such-word'], {
    env: cleanEnv(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr.destroy()
  expect(await once(child, 'close')).toEqual([2, null])
})

test('JSON says the same to a program, and nothing to a terminal', () => {
  const data = { title: `${evil}\u2028\u0085` }
  expect(json(data)).not.toMatch(steers)
  expect(JSON.parse(json(data))).toEqual(data)
})

test('on the board a title, a problem or a subject is one line', () => {
  const rig = {
    ...{ name: 'w', prefix: 'w', stopped: false, gated: true, gates: ['test'], workers: { busy: 1, max: 4 } },
    polecats: [{ name: 'Nux', issue: 'w-1', state: 'working', attempt: 1, title: evil }],
    queue: [{ position: 1, issue: 'w-2', state: 'queued', title: evil }],
    landed: [{ issue: 'w-3', title: evil, commit: 'abc', at: 0 }],
  }
  const town = { name: 'T', root: '/t', pid: 1, stopped: false }
  const status = { town, rigs: [rig], escalations: [{ subject: evil }], problems: [evil], depth: { dead: 0 } }
  const lines = boardOf(status as unknown as Status).map(shownLine)
  expect(lines.filter((line) => line.includes('owned'))).toHaveLength(5)
  expect(lines.join('')).not.toMatch(/[\n\r]|\u001b\]|\u001b\[2J|\u009b|\u202e/)
})

test('gt and bd print a title in one line, a description indented; --json has all of it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'print-'))
  try {
    const said = spawnSync(process.execPath, [gtScript, evil], { cwd: dir, env: cleanEnv(), encoding: 'utf8' })
    expect(said.stderr.split('\n! ')).toHaveLength(1)
    expect(said.stderr).toContain('Fix\\x1b]0;owned')
    const bd = (...args: string[]) => {
      const done = spawnSync(process.execPath, [bdScript, ...args], { cwd: dir, env: cleanEnv(), encoding: 'utf8' })
      expect(done.stderr).toBe('')
      expect(done.stdout).not.toMatch(steers)
      return done.stdout
    }
    bd('init', '--prefix', 'w')
    const { id } = JSON.parse(bd('create', evil, '--description', `first\n\u001b[2Jsecond\u009b`, '--json'))
    expect(bd('show', id)).toContain(`- ${asOneLine(evil)}\n\n    first\n    \\x1b[2Jsecond\\x9b\n`)
    expect(JSON.parse(bd('show', id, '--json'))[0]).toMatchObject({
      title: asOneLine(evil),
      description: 'first\n\u001b[2Jsecond\u009b',
    })
    expect(bd('export')).toContain('second\\u009b')
  } finally {
    rmSync(dir, { recursive: true })
  }
})
