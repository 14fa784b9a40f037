// A plugin's program: its answer is bounded, and nothing of it is left when it has ended.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigLayout } from '../../actors/layout.ts'
import { pluginHands } from '../../actors/plugins/hands.ts'
import { endAll, marked } from '../../actors/processes.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let town: string
beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'plugin-')))
  mkdirSync(rigLayout(town, 'w').plugin('p'), { recursive: true })
})
afterEach(async () => {
  await endAll({ mark: { variable: 'GT_RUN', holds: (run) => run.startsWith(town) } }, 0)
  rmSync(town, { recursive: true, force: true })
})

function run(script: string, runWithinMs = 10_000) {
  writeFileSync(join(rigLayout(town, 'w').plugin('p'), 'run'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const message = { id: 'w-1', from: 'overseer', subject: 'Hello', body: 'x'.repeat(100_000) }
  const plugins = { trouble: () => Promise.resolve(undefined) }
  const hands = pluginHands({ town, env: { PATH: process.env.PATH ?? '' }, plugins, runWithinMs, now: () => 7 })
  const call = { signal: new AbortController().signal } as EffectCall
  return hands.runPlugin({ rig: 'w', plugin: 'p', message }, call)
}

test('it hears the message and answers, whether it reads to the end or not', async () => {
  expect(await run('wc -c')).toMatchObject({ kind: 'answered', reply: expect.stringMatching(/^100\d\d\d$/) })
  expect(await run('echo ünread')).toEqual({ kind: 'answered', reply: 'ünread', startedAt: 7 })
  expect(await run('cat > /dev/null')).toEqual({ kind: 'silent', startedAt: 7 })
})

test('an answer without end is cut, and takes no memory', async () => {
  const answer = await run('head -c 50000000 /dev/zero | tr "\\0" x')
  expect((answer as { reply: string }).reply).toHaveLength(60_000)
})

test('it fails with its last words', async () => {
  expect(await run('head -c 100000 /dev/zero >&2; echo >&2; echo sorry >&2; exit 3')).toMatchObject({
    kind: 'failed',
    why: 'p failed (3)',
    tail: expect.stringMatching(/sorry$/),
  })
})

test('one that hides from the town is not waited for either', async () => {
  const begun = performance.now()
  const hides = `env -i setsid sh -c 'echo $$ > hidden; exec sleep 1000' & while [ ! -s hidden ]; do :; done; echo done`
  try {
    expect(await run(hides)).toMatchObject({ kind: 'answered', reply: 'done' })
    expect(performance.now() - begun).toBeLessThan(8000)
  } finally {
    process.kill(Number(readFileSync(join(rigLayout(town, 'w').plugin('p'), 'hidden'), 'utf8')), 'SIGKILL')
  }
})

test.each([
  ['when it ends', 'echo done', { kind: 'answered', reply: 'done' }],
  ['when it takes too long', 'sleep 1000', { kind: 'failed', why: 'p took longer than 1 s' }],
])('nothing of it is left, nor waited for, %s', async (_, then, end) => {
  const begun = performance.now()
  expect(await run(`setsid sleep 1000 & ${then}`, 1000)).toMatchObject(end)
  expect(performance.now() - begun).toBeLessThan(8000)
  expect(await marked({ variable: 'GT_RUN', holds: (run) => run.startsWith(town) })).toEqual([])
})
