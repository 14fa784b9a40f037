// A rig's issues are shared as often as its configuration says, whatever the process that does it answers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RigConfig } from '../../actors/config.ts'
import { startSyncing } from '../../cli/syncing.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'syncing-'))
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(dir, { recursive: true, force: true })
})

test('an answer that cannot be read is told, and asked for again when it is due, not before', async () => {
  const [script, log] = [join(dir, 'sync.mjs'), join(dir, 'log')]
  writeFileSync(
    script,
    `import { appendFileSync } from 'node:fs'\nappendFileSync('${log}', process.argv[3] + '\\n')\nconsole.log('no answer')`,
  )
  const rigs = new Map([['wyvern', { sync_every: 3_600_000 } as RigConfig]])
  const warned: string[] = []
  const reported: unknown[] = []
  const told = () => warned.length + reported.length
  const syncing = startSyncing({ town: dir, node: process.execPath, script }, () => rigs, {
    warn: (words) => warned.push(words),
    report: (error) => reported.push(error),
  })
  try {
    await vi.waitFor(() => expect(told()).toBe(1), { timeout: 30_000 })
    rigs.set('other', { sync_every: 3_600_000 } as RigConfig)
    vi.advanceTimersByTime(5000)
    await vi.waitFor(() => expect(told()).toBeGreaterThan(1), { timeout: 30_000 })
  } finally {
    await syncing.close()
  }
  expect(readFileSync(log, 'utf8')).toBe('wyvern\nother\n')
  expect([warned.length, reported]).toEqual([2, []])
  expect(syncing.problems()[0]).toMatch(/the issues of wyvern are not shared: .*answered "no answer\\n"/)
})
