// The whole thing as a person uses it: the bundled gt and bd, real git, real sessions, a real daemon that is killed
// again and again.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { hasTmux, type RealTown, realTown } from '../fixture/real-town.ts'

const examples = join(import.meta.dirname, '../../examples')
let t: RealTown
afterEach(() => t?.dispose())

function makeTown(session: 'tmux' | 'process') {
  t = realTown({
    sample: join(examples, 'tinytext'),
    worker: join(examples, 'worker.mjs'),
    rig: 'tinytext',
    prefix: 'tt',
    gates: [`test=${process.execPath} --test`],
    session,
    env: { WORKER_PAUSE_MS: '150' },
  })
  t.okBd('import', join(examples, 'issues.jsonl'))
}

/** Everything landed once and green, and nothing is left over. */
function expectAllWell() {
  const merges = t
    .git(t.origin, 'log', '--format=%s', '--first-parent', 'main')
    .split('\n')
    .filter((subject) => subject.startsWith('Merge tt-kit'))
  expect(merges.map((subject) => subject.replace(/^Merge (\S+):.*/, '$1')).sort()).toEqual(
    [1, 2, 3, 4, 5, 6, 7].map((n) => `tt-kit.${n}`),
  )
  const issues = JSON.parse(t.bd('list', '--all', '--json').stdout) as { id: string; status: string }[]
  expect(issues.filter((issue) => issue.status !== 'closed')).toEqual([])
  const check = join(t.dir, 'check')
  t.git(t.dir, 'clone', '--quiet', t.origin, check)
  for (const commit of t.git(check, 'rev-list', '--first-parent', 'main').split('\n')) {
    t.git(check, 'checkout', '--quiet', commit)
    expect(spawnSync(process.execPath, ['--test'], { cwd: check, env: t.env }).status, commit).toBe(0)
  }
  const clone = join(t.town, 'tinytext/mayor/rig')
  expect(t.git(clone, 'branch', '--list', 'polecat/*')).toBe('')
  expect(readdirSync(join(t.town, 'tinytext/polecats'))).toEqual([])
  expect(t.alive()).toEqual([])
  const status = JSON.parse(t.gt('status', '--json').stdout) as {
    escalations: unknown[]
    rigs: { workers: { busy: number } }[]
    depth: { dead: number }
  }
  expect([status.escalations, status.rigs[0]?.workers.busy, status.depth.dead]).toEqual([[], 0, 0])
  expect(JSON.parse(t.gt('mail', 'inbox', '--json').stdout)).toMatchObject([
    { subject: 'tt-kit is complete', from: 'mayor/' },
  ])
}

test.each(hasTmux ? (['process', 'tmux'] as const) : (['process'] as const))(
  'an epic with a red gate, a conflict and a crash lands whole (%s)',
  { timeout: 120_000 },
  (session) => {
    makeTown(session)
    expect(t.gt('up')).toMatchObject({ status: 0 })
    expect(t.gt('up').stdout).toContain('is up already')
    expect(statSync(t.layout.socket).mode & 0o777).toBe(0o600)
    expect(t.gt('spawn', '--epic', 'tt-kit')).toMatchObject({ status: 0 })
    expect(t.gt('spawn', '--issue', 'tt-kit')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('gt spawn --epic'),
    })
    expect(t.gt('wait', 'tt-kit', '--timeout', '100')).toMatchObject({ status: 0 })
    expectAllWell()
    const log = t.gt('log').stdout
    expect(log).toContain('the gate “test” failed (exit 1); back to a worker')
    expect(log).toContain('ended without a handoff (exit 3); start 2 of 3 follows')
    const replayed = JSON.parse(t.gt('replay', '--json').stdout) as {
      turns: number
      equal: string[]
      partial: string[]
      differing: unknown[]
    }
    expect([replayed.differing, replayed.partial]).toEqual([[], []])
    expect(replayed.turns).toBeGreaterThan(100)
    expect(replayed.equal).toContain('tinytext/witness')
    expect(t.gt('replay', '--until', '1').stdout).toContain('tinytext/witness')
    expect(t.gt('replay', '--until', '100').stdout).toMatch(/after turn 100[\s\S]*workers \d\/\d/)
  },
)

test('kill -9 of the daemon, ten times and more: nothing lost, nothing landed twice, nothing left over', {
  timeout: 240_000,
}, () => {
  makeTown('process')
  expect(t.gt('up')).toMatchObject({ status: 0 })
  expect(t.gt('spawn', '--epic', 'tt-kit')).toMatchObject({ status: 0 })
  // Different moments of each step, the same in every run: a multiplicative walk through 0…399 ms.
  let moment = 137
  let kills = 0
  for (let landed = false; kills < 10 || !landed; ) {
    moment = (moment * 171 + 11) % 400
    // On a busy machine the town gets a little more time between kills, so that the epic ends.
    spawnSync('sleep', [String((moment + Math.max(0, kills - 30) * 25) / 1000)])
    process.kill(t.daemonPid(), 'SIGKILL')
    kills++
    expect(t.gt('up')).toMatchObject({ status: 0 })
    landed = t.gt('wait', 'tt-kit', '--timeout', '0').status === 0
    if (kills > 150) throw new Error(`not landed after ${kills} kills: ${t.gt('log').stdout}`)
  }
  expect(t.gt('wait', 'tt-kit', '--timeout', '60')).toMatchObject({ status: 0 })
  console.log(`${kills} kills`)
  expectAllWell()
})

test('stop --all ends every session and nothing starts until gt up', { timeout: 60_000 }, () => {
  makeTown('process')
  t.gt('up')
  t.gt('spawn', '--epic', 'tt-kit')
  expect(t.gt('stop', '--all')).toMatchObject({ status: 0 })
  expect(t.alive()).toEqual([])
  process.kill(t.daemonPid(), 'SIGKILL')
  expect(t.gt('status')).toMatchObject({ status: 3, stderr: expect.stringContaining('gt up') })
  expect(t.gt('up')).toMatchObject({ status: 0 })
  expect(t.gt('wait', 'tt-kit', '--timeout', '50')).toMatchObject({ status: 0 })
})

test('wrong words, a folder that is no town, and mail to a town that is down', { timeout: 60_000 }, () => {
  makeTown('process')
  expect(t.gt('spwan')).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean `gt spawn`') })
  expect(t.gt('status', '--colour')).toMatchObject({ status: 2 })
  expect(t.gtIn(t.dir, 'status')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not in a town') })
  expect(t.gt('status')).toMatchObject({ status: 3 })
  const send = () => t.gt('send', 'mayor/', '-s', 'While you slept; $(touch x)', '-m', "it's <fine> & `well`")
  // Mail is the daemon's to take: nothing waits in a file where anybody could have put it.
  expect(send()).toMatchObject({ status: 3, stderr: expect.stringContaining('gt up') })
  t.gt('up')
  expect(send()).toMatchObject({ status: 0 })
  expect(t.gt('send', 'tinytext/witnes', '-s', 'Hello')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('did you mean tinytext/witness?'),
  })
  t.gt('down')
  t.gt('up')
  const inbox = JSON.parse(t.gt('mail', 'inbox', 'mayor/', '--json').stdout) as {
    id: string
    subject: string
    body: string
  }[]
  expect(inbox).toMatchObject([{ subject: 'While you slept; $(touch x)', body: "it's <fine> & `well`" }])
  expect(t.gt('mail', 'read', String(inbox[0]?.id)).stdout).toContain('While you slept')
  expect(JSON.parse(t.gt('mail', 'inbox', 'mayor/', '--json').stdout)).toEqual([])
})
