// A tmux that does not answer holds nobody up. On real tmux.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { townLayout } from '../../actors/layout.ts'
import { endAll, isAlive } from '../../actors/processes.ts'
import { sessionHands } from '../../actors/sessions/hands.ts'
import { endSession, start, watchSession } from '../../actors/sessions/session.ts'
import { tmuxBackend } from '../../actors/sessions/tmux.ts'
import type { SessionRecord } from '../../machines/session-effects.ts'
import type { EffectCall } from '../../runtime/contract.ts'
import { systemClock } from '../../runtime/open.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
const env = { PATH: process.env.PATH ?? '' }
const socket = `gt-test-${process.pid}-stopped`
const never = new AbortController().signal
const backend = tmuxBackend(socket, env, { answerMs: 300 })
let dir: string
let server: number | undefined

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'tmux-')))
})
afterEach(async () => {
  if (server !== undefined) process.kill(server, 'SIGCONT')
  server = undefined
  spawnSync('tmux', ['-L', socket, 'kill-server'])
  await endAll({ mark: { variable: 'GT_SESSION', holds: (session) => session.startsWith(dir) } }, 0)
  rmSync(dir, { recursive: true, force: true })
})

const specOf = (id: string) => ({ id, dir: join(dir, id), argv: ['sleep', '600'], cwd: dir, env })

/** A session that runs, in a server that has stopped. */
async function stopped(): Promise<SessionRecord> {
  const patient = tmuxBackend(socket, env)
  const record = await start(patient, specOf('first'), 1, 10_000, never)
  if ('why' in record) throw new Error(record.why)
  server = Number(execFileSync('tmux', ['-L', socket, 'display-message', '-p', '#{pid}'], { encoding: 'utf8' }))
  process.kill(server, 'SIGSTOP')
  return record
}

test.runIf(hasTmux)('a start fails in words, and nothing of it begins later', async () => {
  await stopped()
  expect(await start(backend, specOf('second'), 1, 10_000, never)).toMatchObject({
    why: expect.stringContaining('tmux did not answer within 0.3 s'),
  })
  if (server !== undefined) process.kill(server, 'SIGCONT')
  // It answers again: whatever it still did of the start is over by then.
  execFileSync('tmux', ['-L', socket, 'list-sessions'])
  expect(existsSync(join(dir, 'second/started'))).toBe(false)
})

test.runIf(hasTmux)('a session in it is ended, and the end of one is seen', async () => {
  const record = await stopped()
  await endSession(record, 0, never)
  expect(isAlive(record)).toBe(false)
  expect(await watchSession(backend, record, dir, null, systemClock, never, 20)).toMatchObject({ kind: 'ended' })
  await backend.forget(record.id)
})

test('a start that never ends is called off by who ends the session', async () => {
  const rig = rigConfig.parse({
    ...{ type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } },
    ...{ no_gate: true, gates: {}, agent: 'shell', worker: 'sleep 600' },
  })
  const silent = { ...backend, launch: () => new Promise<void>(() => undefined), forget: async () => undefined }
  const hands = sessionHands({
    ...{
      town: dir,
      rig: () => rig,
      backend: () => silent,
      secret: 's',
      env,
      node: process.execPath,
      clock: systemClock,
    },
    ...{
      ofTown: () => ({ roles: {} }),
      textsOf: async () => ({ description: '', acceptance: '', labels: [] }),
      supervisor: '',
      startWithinMs: 200,
      graceMs: 0,
    },
  })
  const call = { signal: never } as EffectCall
  const id = 'gt-w-Nux-1-1'
  const issue = { id: 'w-1', title: 't', priority: 2 }
  const of = {
    rig: 'w',
    polecat: 'Nux',
    incarnation: 1,
    branch: 'polecat/Nux-1',
    worktree: dir,
    id,
    epoch: 1,
    address: 'a',
  }
  void hands.startSession(
    { ...of, issue, attempt: 1, returned: null, conversation: null, account: '', begunUnder: '' } as never,
    call,
  )
  await hands.killSession({ rig: 'w', id, session: null } as never, call)
  expect(existsSync(join(townLayout(dir).sessions, id, 'cancelled'))).toBe(true)
})
