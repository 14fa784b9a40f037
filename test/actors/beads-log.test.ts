// `bd` ends without closing its store: what it wrote is then in the log of writes beside the file.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bdScript, cleanEnv } from '../fixture/real-town.ts'

let dir: string
const file = () => join(dir, '.beads', 'issues.sqlite')
const bd = (...args: string[]) =>
  execFileSync(process.execPath, [bdScript, ...args], { cwd: dir, env: cleanEnv(), encoding: 'utf8' }).trim()

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'beads-log-'))
  bd('init', '--prefix', 'ab')
})
afterEach(() => rmSync(dir, { recursive: true }))

test('what was written is found by the next, and a log that has grown is put into the file', () => {
  const id = bd('q', 'One')
  expect(existsSync(`${file()}-wal`)).toBe(true)
  expect(bd('show', id)).toContain('One')
  writeFileSync(join(dir, 'long'), 'x'.repeat(1_048_576))
  bd('update', id, '--body-file', 'long')
  expect(existsSync(`${file()}-wal`)).toBe(false)
  expect(bd('list')).toContain('One')
})

test('the log of a file that was deleted is not taken for the one that is made in its place', () => {
  bd('q', 'Gone')
  rmSync(file())
  bd('init', '--prefix', 'cd')
  bd('q', 'New')
  expect(bd('list')).toMatch(/^cd-\S+ \[P2\] \[task\] open - New$/)
})
