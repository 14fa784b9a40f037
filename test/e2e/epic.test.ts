import { statSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { committer, eventually, hasTmux, type RealTown, realTown } from '../fixture/real-town.ts'
import { expectAllWell, tinytext } from '../fixture/tinytext.ts'

let t: RealTown
afterEach(() => t?.dispose())
const makeTown = (session: 'tmux' | 'process') => {
  t = tinytext(session)
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
    expectAllWell(t)
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

test('stop --all ends every session and nothing starts until gt up', async () => {
  t = realTown({ worker: committer.replace('set -e', 'set -e\nsleep 2'), gates: ['there=test -e file-1.txt'] })
  t.issues(3)
  t.gt('up')
  t.gt('spawn', '--epic', 'wy-all')
  await eventually(() => t.alive().length > 1)
  expect(t.gt('stop', '--all')).toMatchObject({ status: 0 })
  expect(t.alive()).toEqual([])
  process.kill(t.daemonPid(), 'SIGKILL')
  expect(t.gt('status')).toMatchObject({ status: 3, stderr: expect.stringContaining('gt up') })
  expect(t.gt('up')).toMatchObject({ status: 0 })
  expect(t.gt('wait', 'wy-all', '--timeout', '50')).toMatchObject({ status: 0 })
})

test('wrong words, a folder that is no town, and mail to a town that is down', () => {
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
