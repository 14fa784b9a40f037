// How long a session waits for an allowance, whatever becomes of the clock; and what is remembered of one that is over.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { townLayout } from '../../actors/layout.ts'
import { sessionHands } from '../../actors/sessions/hands.ts'
import { processBackend } from '../../actors/sessions/process.ts'
import { endSessions, start } from '../../actors/sessions/session.ts'
import type { Clock, EffectCall } from '../../runtime/contract.ts'
import { systemClock } from '../../runtime/open.ts'

const never = new AbortController().signal
let dir: string
let sessions: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'pause-')))
  sessions = townLayout(dir).sessions
})
afterEach(async () => {
  await endSessions(sessions, null, 0, never)
  rmSync(dir, { recursive: true, force: true })
})

async function begun(clock: Clock, cycleAt = 80) {
  const rig = rigConfig.parse({
    ...{ type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } },
    ...{ no_gate: true, gates: {}, agent: 'shell', worker: 'sleep 600', session: 'process', cycle_at: cycleAt },
  })
  const hands = sessionHands({
    ...{ town: dir, rig: () => rig, backend: () => processBackend, secret: 's', env: {}, node: process.execPath },
    ofTown: () => ({ roles: {} }),
    textsOf: async () => ({ description: '', acceptance: '', labels: [] }),
    ...{ supervisor: '', clock, pollMs: 20 },
  })
  const id = 'gt-w-Nux-1-1'
  const spec = { id, dir: join(sessions, id), argv: ['sleep', '600'], cwd: dir, env: { PATH: process.env.PATH ?? '' } }
  mkdirSync(sessions, { recursive: true })
  const session = await start(processBackend, spec, 1, 10_000, never)
  if ('why' in session) throw new Error(session.why)
  const call = { signal: never } as EffectCall
  const watched = { rig: 'w', session, worktree: dir, stallMatters: false, since: 0, fullMatters: true, lastedMs: null }
  return {
    dir: session.dir,
    watch: (more: { since?: number; until?: number; atLeastMs?: number } = {}) => {
      const { since = 0, until, atLeastMs = 0 } = more
      return hands.watchSession({ ...watched, since, pause: until ? { until, ms: 0, atLeastMs } : null }, call)
    },
    kill: () => hands.killSession({ rig: 'w', id, session, lastWords: false, since: 0 } as never, call),
  }
}

test('a clock set forward over a reset ends the wait, and no sooner than at least it is to be; one set back prolongs none', async () => {
  let jumpedMs = 0
  const { watch } = await begun({ now: () => Date.now() + jumpedMs, watched: systemClock.watched })
  const inAnHour = watch({ until: Date.now() + 3_600_000 })
  await sleep(100)
  jumpedMs = 7_200_000
  expect(await inAnHour).toMatchObject({ kind: 'pause_over' })
  const from = performance.now()
  await watch({ until: Date.now() + jumpedMs - 1, atLeastMs: 500 })
  expect(performance.now() - from).toBeGreaterThan(490)
  const soon = watch({ until: Date.now() + jumpedMs + 300 })
  await sleep(100)
  jumpedMs = -365 * 86_400_000
  expect(await soon).toMatchObject({ kind: 'pause_over' })
})

test('what is remembered of a session’s evidence goes when it is killed', async () => {
  const { dir: own, watch, kill } = await begun(systemClock)
  const filled = (used: number) =>
    writeFileSync(
      join(own, 'evidence.jsonl'),
      `${JSON.stringify({ at: 1, what: 'context', used, window: 100 })}\n${JSON.stringify({ at: 1, what: 'started', conversation: 'c', version: '', model: '' })}\n`,
    )
  filled(90)
  const first = await watch()
  expect(first).toMatchObject({ kind: 'heard', isFull: true })
  // It is known without a look at the file.
  filled(10)
  expect(await watch({ since: first.seen })).toMatchObject({ isFull: true })
  await kill()
  expect(await watch({ since: first.seen })).toMatchObject({ kind: 'ended', isFull: false })
})
