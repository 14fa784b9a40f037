// What ends with a session, what does not, and what its tmux reaches. Real processes, real tmux.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { endLeftover } from '../../actors/gates/hands.ts'
import { townLayout } from '../../actors/layout.ts'
import { endAll, identityOf, isAlive, startOf } from '../../actors/processes.ts'
import { sessionHands } from '../../actors/sessions/hands.ts'
import { processBackend } from '../../actors/sessions/process.ts'
import { recorded } from '../../actors/sessions/runs.ts'
import { cancelStart, endSessions, start, watchSession } from '../../actors/sessions/session.ts'
import { tmuxBackend } from '../../actors/sessions/tmux.ts'
import type { EffectCall } from '../../runtime/contract.ts'
import { systemClock } from '../../runtime/open.ts'
import { eventually, isWritten } from '../fixture/real-town.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
const path = { PATH: process.env.PATH ?? '' }
const never = new AbortController().signal
const call = { signal: never } as EffectCall
const socket = `gt-test-${process.pid}-ends`
let dir: string
let sessions: string
let strangers: ChildProcess[]

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'ends-')))
  sessions = townLayout(dir).sessions
  strangers = []
})
afterEach(async () => {
  for (const stranger of strangers) stranger.kill('SIGKILL')
  spawnSync('tmux', ['-L', socket, 'kill-server'])
  await endAll({ mark: { variable: 'GT_SESSION', holds: (session) => session.startsWith(dir) } }, 0)
  rmSync(dir, { recursive: true, force: true })
})

const specOf = (id: string, script: string) => ({
  ...{ id, dir: join(sessions, id), argv: ['/bin/sh', '-c', script], cwd: dir, env: path },
})
const begin = async (backend: typeof processBackend, id: string, script: string) => {
  const record = await start(backend, specOf(id, script), 1, 10_000, never)
  if ('why' in record) throw new Error(record.why)
  return record
}
const leaves = `(setsid sh -c 'echo $$ > left.txt; exec sleep 100' > /dev/null 2>&1 < /dev/null &)
  while [ ! -s left.txt ]; do sleep 0.01; done`
const left = () => Number(readFileSync(join(dir, 'left.txt'), 'utf8'))

test('nobody works beside its successor, although nobody saw the one before end', async () => {
  const rig = rigConfig.parse({
    ...{ type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } },
    ...{ no_gate: true, gates: {}, agent: 'shell', worker: 'sleep 600', session: 'process' },
  })
  const hands = sessionHands({
    ...{ town: dir, rig: () => rig, backend: () => processBackend, secret: 's', env: path, node: process.execPath },
    ofTown: () => ({ roles: {} }),
    textsOf: async () => ({ description: '', acceptance: '', labels: [] }),
    supervisor: '',
    clock: systemClock,
  })
  await begin(processBackend, 'gt-w-Nux-1-1', `${leaves}; exec sleep 600`)
  const other = await begin(processBackend, 'gt-w-Nux-2-1-1', 'exec sleep 600')
  await eventually(() => isWritten(join(dir, 'left.txt')))
  const [former, leader] = [left(), Number(readFileSync(join(sessions, 'gt-w-Nux-1-1/started'), 'utf8'))]
  process.kill(leader, 'SIGKILL')
  const issue = { id: 'w-1', title: 't', priority: 2 }
  const place = { rig: 'w', polecat: 'Nux', incarnation: 1, branch: 'polecat/Nux-1', worktree: dir }
  const who = { id: 'gt-w-Nux-1-2', epoch: 2, address: 'w/polecats/Nux', issue, attempt: 1, returned: null }
  expect(
    await hands.startSession({ ...place, ...who, conversation: null, account: '', begunUnder: '' } as never, call),
  ).toMatchObject({ kind: 'started' })
  expect(startOf(former)).toBeUndefined()
  // Another worker's, whose name only begins alike.
  expect(isAlive(other)).toBe(true)
})

test('a run that has begun is found again, though its account was removed; one that has not waits for another', async () => {
  const rig = rigConfig.parse({
    ...{ type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } },
    ...{ no_gate: true, gates: {}, agent: 'claude', session: 'process' },
  })
  writeFileSync(join(dir, 'claude'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
  const hands = sessionHands({
    ...{ town: dir, rig: () => rig, backend: () => processBackend, secret: 's', node: process.execPath },
    ...{ env: { ...path, PATH: `${dir}:${path.PATH}` }, supervisor: join(dir, 'supervisor.mjs'), clock: systemClock },
    ofTown: () => ({ roles: {} }),
    textsOf: async () => ({ description: '', acceptance: '', labels: [] }),
  })
  writeFileSync(join(dir, 'supervisor.mjs'), 'setInterval(() => {}, 1000)\n')
  const issue = { id: 'w-1', title: 't', priority: 2 }
  const place = { rig: 'w', polecat: 'Nux', incarnation: 1, branch: 'polecat/Nux-1', worktree: dir }
  const who = { epoch: 1, address: 'w/polecats/Nux', issue, attempt: 1, returned: null, note: '', former: '' }
  const begins = (id: string, account: string, conversation: string | null = null) =>
    hands.startSession({ ...place, ...who, id, conversation, account, begunUnder: '' } as never, call)
  const first = await begins('gt-w-Nux-1-1', '')
  expect(first).toMatchObject({ kind: 'started', anew: false })
  const run = () => readFileSync(join(sessions, 'gt-w-Nux-1-1/run.json'), 'utf8')
  const before = run()
  expect(await begins('gt-w-Nux-1-1', 'claude/gone')).toEqual(first)
  expect(run()).toBe(before)
  expect(await begins('gt-w-Nux-1-2', 'claude/gone')).toMatchObject({ kind: 'unpaid' })
  // It may be under way, and says so to nobody yet: called off.
  mkdirSync(join(sessions, 'gt-w-Nux-1-3'))
  expect(await begins('gt-w-Nux-1-3', 'claude/gone')).toMatchObject({ kind: 'failed' })
})

test('a record that names somebody else’s process ends nobody', async () => {
  const stranger = spawn('sleep', ['100'], { detached: true })
  strangers.push(stranger)
  const { pid, pidStart } = identityOf(stranger.pid as number)
  const id = 'gt-w-Evil-1-1'
  const forged = { id, backend: 'process', pid, pidStart, epoch: 1, dir: join(sessions, id) }
  mkdirSync(forged.dir, { recursive: true })
  const write = (record: object) => writeFileSync(join(forged.dir, 'identity.json'), JSON.stringify(record))
  write(forged)
  writeFileSync(join(forged.dir, 'started'), `${pid}\n`)
  expect(await endSessions(sessions, null, 0, never)).toEqual([])
  await cancelStart(forged.dir, 0, never)
  mkdirSync(townLayout(dir).gateLogs, { recursive: true })
  writeFileSync(join(townLayout(dir).gateLogs, 'running-w.json'), JSON.stringify({ pid, pidStart }))
  await endLeftover(dir, 'w')
  expect(startOf(stranger.pid as number)).toBe(pidStart)
  for (const wrong of [{ pid: 1 }, { pid: -1 }, { dir: join(sessions, 'other') }, { id: 'other' }]) {
    write({ ...forged, ...wrong })
    expect(recorded(forged.dir)).toBeUndefined()
  }
})

test.runIf(hasTmux)(
  'a tmux in a session reaches neither the town’s server nor the person’s, and ends with it',
  async () => {
    const backend = tmuxBackend(socket, path)
    const victim = await begin(backend, 'gt-w-Nux-1-1', 'exec sleep 600')
    const attacker = await begin(
      backend,
      'gt-w-Furiosa-1-1',
      `tmux ls > ls.txt 2>&1; tmux kill-server; tmux send-keys -t gt-w-Nux-1-1 C-c
     tmux new-session -d 'echo $$ > own.txt; exec sleep 600'; env > env.txt; exec sleep 600`,
    )
    await eventually(() => isWritten(join(dir, 'own.txt')) && isWritten(join(dir, 'env.txt')))
    expect(readFileSync(join(dir, 'ls.txt'), 'utf8')).not.toContain('gt-w-Nux')
    expect(readFileSync(join(dir, 'env.txt'), 'utf8')).not.toMatch(/^TMUX(_PANE)?=/m)
    expect(isAlive(victim)).toBe(true)
    const own = Number(readFileSync(join(dir, 'own.txt'), 'utf8'))
    expect(existsSync(join(attacker.dir, `tmux/tmux-${process.getuid?.()}/default`))).toBe(true)
    await endSessions(sessions, null, 0, never)
    expect(startOf(own)).toBeUndefined()
  },
)

test.runIf(hasTmux)('who ends with tmux’s server is told as cut off; who ends alone, or dies, is not', async () => {
  const backend = tmuxBackend(socket, path)
  const watched = (record: Awaited<ReturnType<typeof begin>>) =>
    watchSession(backend, record, dir, null, systemClock, never, 20)
  const [killed, cut, asToo] = [
    await begin(backend, 'gt-w-Nux-1-1', 'exec sleep 600'),
    await begin(backend, 'gt-w-Nux-2-1', 'exec sleep 600'),
    await begin(backend, 'gt-w-Nux-3-1', 'exec sleep 600'),
  ]
  process.kill(killed.pid, 'SIGKILL')
  expect(await watched(killed)).toMatchObject({ kind: 'ended', exitCode: null, cutOff: false })
  execFileSync('tmux', ['-L', socket, 'kill-server'])
  expect(await watched(cut)).toMatchObject({ kind: 'ended', exitCode: null, cutOff: true })
  // Also when there is a server again by the time that anybody looks.
  await begin(backend, 'gt-w-Nux-2-2', 'exec sleep 600')
  expect(await watched(asToo)).toMatchObject({ kind: 'ended', exitCode: null, cutOff: true })
})
