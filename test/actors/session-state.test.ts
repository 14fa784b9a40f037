// What a session's agent may ask for in its state.json, and what else it may put there; how long its conversation lasts.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formerText } from '../../actors/agents/former.ts'
import { nothingRead } from '../../actors/agents/reading.ts'
import { startOf } from '../../actors/processes.ts'
import { processBackend } from '../../actors/sessions/process.ts'
import { watchSession } from '../../actors/sessions/session.ts'
import { asksToCycle, stateOf } from '../../actors/sessions/state.ts'
import { virtualClock } from '../../runtime/open.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'state-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test.each([
  ['{"requesting_cycle": true}', true],
  ['{"note": "mine", "requesting_cycle": true, "x": [1]}', true],
  ['{"requesting_cycle": false}', false],
  ['{"requesting_cycle": "true"}', false],
  ['{"requesting_cycle": 1}', false],
  ['[{"requesting_cycle": true}]', false],
  ['{"__proto__": {"requesting_cycle": true}}', false],
  ['{"requesting_cycle": tr', false],
  ['null', false],
  ['', false],
  ['\0\uffff', false],
  ['['.repeat(400_000), false],
  [`{"requesting_cycle": true, "more": "${'x'.repeat(2 ** 20)}"}`, false],
])('%.60s asks for another conversation: %s', (text, asks) => {
  writeFileSync(stateOf(dir), text)
  expect(asksToCycle(dir)).toBe(asks)
})

test('what is no plain file of its own asks for nothing, and holds nobody up', () => {
  expect(asksToCycle(dir)).toBe(false)
  expect(asksToCycle(join(dir, 'gone'))).toBe(false)
  const elsewhere = join(dir, 'elsewhere')
  writeFileSync(elsewhere, '{"requesting_cycle": true}')
  symlinkSync(elsewhere, stateOf(dir))
  expect(asksToCycle(dir)).toBe(false)
  rmSync(stateOf(dir))
  mkdirSync(stateOf(dir))
  expect(asksToCycle(dir)).toBe(false)
  rmSync(stateOf(dir), { recursive: true })
  spawnSync('mkfifo', [stateOf(dir)])
  expect(asksToCycle(dir)).toBe(false)
  rmSync(stateOf(dir))
  writeFileSync(stateOf(dir), '{"requesting_cycle": true}', { mode: 0 })
  // Who may read everything reads this too.
  expect(asksToCycle(dir)).toBe(process.getuid?.() === 0)
})

/** News of a session that does nothing. By its clock each look takes so long, in milliseconds. */
async function newsOf(lookMs: (look: number) => number, oldAfterMs: number, hangAfterMs: number | null) {
  const pidStart = startOf(process.pid) ?? ''
  const session = { id: 'gt-w-Nux-1-1', backend: 'process' as const, pid: process.pid, pidStart, epoch: 1, dir }
  const from = { since: 0, pause: null, fullAtPercent: null, oldAfterMs, heard: () => {} }
  const known = { at: () => nothingRead, keep: () => {} }
  const clock = virtualClock(1_000_000)
  let looks = 0
  const stepping = {
    now: () => clock.now(),
    watched() {
      clock.advance(lookMs(++looks))
      return clock.watched()
    },
  }
  const { signal } = new AbortController()
  return watchSession(processBackend, session, dir, hangAfterMs, stepping, signal, 10, { ...from, known })
}

test('how long a conversation lasts is watched time: a pause of the town is none of it', async () => {
  const news = await newsOf((look) => (look === 5 ? 3_600_000 : 10), 60, null)
  expect(news).toMatchObject({ kind: 'heard', isOld: true })
  expect([news.watchedMs >= 60, news.watchedMs < 1000]).toEqual([true, true])
})

test('a silent one is told as silent, however long its conversation may still last', async () => {
  writeFileSync(join(dir, 'started'), '1\n')
  expect(await newsOf(() => 1900, 3_600_000, 700_000)).toMatchObject({ kind: 'stalled' })
})

test('a new conversation hears why the one before is over, what it left, and its note or that there is none', () => {
  const found = { kind: 'found' as const, onBranch: 'b', head: 'a'.repeat(40), ahead: 2, own: 2, unfinished: 'merge' }
  const why = { why: 'its context was full', main: 'main' }
  expect(formerText({ ...why, note: '' }, { ...found, dirty: ['a.ts', 'b\u001b[2J.ts'] })).toMatchInlineSnapshot(`
    "

    ## There was a conversation before this one, on this very issue
    It is over: its context was full. In your worktree it left 2 commits that main lacks, 2 uncommitted files (a.ts, b\\x1b[2J.ts), a merge that is unfinished.
    Look at \`git status\` and \`git log main..HEAD\`, and go on from there.
    It left no note."
  `)
  expect(formerText({ ...why, note: 'half of it' }, undefined)).toMatchInlineSnapshot(`
    "

    ## There was a conversation before this one, on this very issue
    It is over: its context was full. What it left is in your worktree.
    Look at \`git status\` and \`git log main..HEAD\`, and go on from there.

    ## Your own note, from before

    half of it"
  `)
})
