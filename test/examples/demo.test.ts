// What the demo needs for a real agent is said before anything is made.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'demo-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test.each([
  [['--agent', 'cloud'], 'there is no agent "cloud"; there is aider, claude'],
  [['--agent', 'codex'], 'codex is not on your PATH; install it: npm install --global @openai/codex'],
  [['--agent', 'codex', '--scripted'], 'codex is not on your PATH'],
  [['--agent', 'claude'], 'no key for claude is set (ANTHROPIC_API_KEY or'],
  [['--scripted'], '--scripted is for a real agent'],
])('%j: %s', (flags, words) => {
  writeFileSync(join(dir, 'claude'), '#!/bin/sh\necho "2.1.332 (Claude Code)"\n')
  chmodSync(join(dir, 'claude'), 0o755)
  const demo = join(import.meta.dirname, '../../examples/demo.ts')
  const env = { PATH: `${dir}:/usr/bin:/bin`, HOME: dir, TMPDIR: dir }
  const { status, stderr } = spawnSync(process.execPath, [demo, ...flags], { env, encoding: 'utf8' })
  expect([status, stderr]).toEqual([1, expect.stringContaining(words)])
  expect(readdirSync(dir).filter((name) => name.startsWith('gastown-demo'))).toEqual([])
})
