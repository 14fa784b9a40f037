// What agents and origins write reaches a terminal as text, and steers nothing there.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Status } from '../../cli/api.ts'
import { boardOf } from '../../cli/board.ts'
import { oneLine, plain, plainly, table } from '../../cli/print.ts'
import { asOneLine } from '../../machines/texts.ts'
import { bdScript, cleanEnv, gtScript } from '../fixture/real-town.ts'

const evil = 'Fix\u001b]0;owned\u0007\u001b[2J \u009b31m\u202eit\u2066\u007f\rgone\n! main is red'

test('what would steer a terminal is shown as �; bodies keep their lines and tabs', () => {
  expect(plain(evil)).toBe('Fix�]0;owned��[2J �31m�it���gone\n! main is red')
  expect(plain('a\tb\r\nc ü 🛢 ‘quoted’')).toBe('a\tb\nc ü 🛢 ‘quoted’')
  expect(oneLine(evil)).toBe('Fix�]0;owned��[2J �31m�it�� gone ! main is red')
  expect(plainly({ a: [evil], n: 1, none: null })).toEqual({ a: [plain(evil)], n: 1, none: null })
  expect(table([['a\nb', 'c']])).toEqual(['a b  c'])
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
  const lines = boardOf(plainly(status) as unknown as Status)
  expect(lines.filter((line) => line.includes('owned'))).toHaveLength(5)
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\u2066]/)
})

test('bd shows a title in one line, a description as it is but for what steers; --json has all of it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'print-'))
  try {
    const said = spawnSync(process.execPath, [gtScript, evil], { cwd: dir, env: cleanEnv(), encoding: 'utf8' })
    expect(said.stderr).toContain(`"${plain(evil)}" is no gt command`)
    const bd = (...args: string[]) => {
      const done = spawnSync(process.execPath, [bdScript, ...args], { cwd: dir, env: cleanEnv(), encoding: 'utf8' })
      expect(done.stderr).toBe('')
      return done.stdout
    }
    bd('init', '--prefix', 'w')
    const { id } = JSON.parse(bd('create', evil, '--description', `first\n\u001b[2Jsecond`, '--json'))
    expect(bd('show', id)).toContain(`${oneLine(evil)}\n\nfirst\n�[2Jsecond\n`)
    expect(JSON.parse(bd('show', id, '--json'))[0].title).toBe(asOneLine(evil))
  } finally {
    rmSync(dir, { recursive: true })
  }
})
