// Time that nobody watched, and what outlives a session, as a town meets them: real daemon, workers, tmux.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { isAlive, marked, startOf } from '../../actors/processes.ts'
import { make, t } from '../fixture/own-town.ts'
import { eventually, hasTmux, isWritten, type RealTownOptions } from '../fixture/real-town.ts'

const begin = (options: RealTownOptions = {}) => {
  make(options)
  t.issues(2)
  t.ok('up')
}
const written = (name: string) => readFileSync(join(t.dir, name), 'utf8')
const numberIn = (name: string) => Number(written(name))
/** A worker's line that starts something outside its session; `$out` is the test's own folder. */
const leaves = `(setsid sh -c 'echo $$ > "$0/left-$GT_ISSUE.txt"; exec sleep 1000' "$out" > /dev/null 2>&1 < /dev/null &)
while [ ! -s "$out/left-$GT_ISSUE.txt" ]; do sleep 0.01; done
`
const worker = (script: string) => `#!/bin/sh
out=$(dirname "$GT_TOWN"); echo $$ >> "$out/starts-$GT_ISSUE.txt"
${script}`

test('after an hour’s sleep nobody is silent: daemon and worker stopped, every file an hour older', async () => {
  begin({
    worker: worker(`while [ ! -f "$out/go" ]; do sleep 0.1; done
echo x > x.txt; git add --all; git commit --quiet -m x; gt handoff; exec sleep 1000`),
    config: { hang_after: '60s' },
  })
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => existsSync(join(t.dir, 'starts-wy-1.txt')) && t.alive().length === 1)
  // It has been watched: what comes is a change of what was seen.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const stopped = [t.daemonPid(), numberIn('starts-wy-1.txt')]
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  const files = [t.layout.sessions, join(t.rig, 'polecats'), join(t.rig, 'mayor/rig/.git')]
  execFileSync('find', [...files, '-exec', 'touch', '-h', '-d', '1 hour ago', '{}', '+'])
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  await new Promise((resolve) => setTimeout(resolve, 5000))
  writeFileSync(join(t.dir, 'go'), '')
  t.ok('wait', 'wy-1')
  expect(written('starts-wy-1.txt').trim().split('\n')).toHaveLength(1)
})

const both = ['process', ...(hasTmux ? ['tmux'] : [])] as ('process' | 'tmux')[]
test.each(both)('what a session moved away ends with gt stop, and with gt down (%s)', async (session) => {
  begin({ session, worker: worker(`${leaves}exec sleep 1000`) })
  const stranger = spawn('sleep', ['1000'], { detached: true })
  try {
    for (const [issue, end] of [
      ['wy-1', ['stop', '--all']],
      ['wy-2', ['down']],
    ] as const) {
      t.ok('spawn', '--issue', issue)
      await eventually(() => isWritten(join(t.dir, `left-${issue}.txt`)))
      t.ok(...end)
      expect([startOf(numberIn(`left-${issue}.txt`)), t.alive()]).toEqual([undefined, []])
      if (end[0] === 'stop') t.ok('up')
    }
    if (hasTmux) expect(() => execFileSync('tmux', ['-L', t.layout.tmuxSocket, 'ls'], { stdio: 'pipe' })).toThrow()
    expect(startOf(stranger.pid as number)).toBeDefined()
  } finally {
    stranger.kill('SIGKILL')
  }
})

test.each(both)('gt down leaves nothing, however far a start has come (%s)', async (session) => {
  begin({ session, worker: worker('exec sleep 1000') })
  const left = () => marksOf(t.layout.sessions)
  t.ok('spawn', '--issue', 'wy-1')
  for (const waitMs of [0, 60, 120, 180, 240, 300]) {
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    t.ok('down')
    expect([waitMs, await left()]).toEqual([waitMs, []])
    // Nothing begins later, either.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([waitMs, await left()]).toEqual([waitMs, []])
    // It goes on, and is begun again.
    t.ok('up')
  }
})

const marksOf = (sessions: string) => marked({ variable: 'GT_SESSION', holds: (dir) => dir.startsWith(sessions) })

test.runIf(existsSync('/proc/self/stat'))(
  'what a session left ends before its successor starts, also when nobody saw the one before end',
  async () => {
    // Each looks whether the one before is still there.
    const looks = `[ -s "$out/left-$GT_ISSUE.txt" ] && grep -qs sleep "/proc/$(cat "$out/left-$GT_ISSUE.txt")/cmdline" && echo beside >> "$out/beside.txt"
rm -f "$out/left-$GT_ISSUE.txt"
`
    begin({ worker: worker(`${looks}${leaves}exec sleep 1000`) })
    t.ok('spawn', '--issue', 'wy-1')
    await eventually(() => isWritten(join(t.dir, 'left-wy-1.txt')) && t.alive().length === 1)
    const [session, left, daemon] = [t.alive()[0], numberIn('left-wy-1.txt'), t.daemonPid()]
    const daemonStart = startOf(daemon) ?? ''
    process.kill(daemon, 'SIGKILL')
    await eventually(() => !isAlive({ pid: daemon, pidStart: daemonStart }))
    process.kill(session?.pid as number, 'SIGKILL')
    expect(startOf(left)).toBeDefined()
    t.ok('up')
    await eventually(() => (written('starts-wy-1.txt').match(/\n/g) ?? []).length === 2)
    expect(startOf(left)).toBeUndefined()
    await eventually(() => isWritten(join(t.dir, 'left-wy-1.txt')))
    expect(existsSync(join(t.dir, 'beside.txt'))).toBe(false)
  },
)

test.runIf(hasTmux)('tmux’s server dies: every worker goes on, and none has lost a try', async () => {
  begin({ session: 'tmux', worker: worker('exec sleep 1000') })
  for (const issue of ['wy-1', 'wy-2']) t.ok('spawn', '--issue', issue)
  const starts = (issue: string) =>
    existsSync(join(t.dir, `starts-${issue}.txt`)) ? written(`starts-${issue}.txt`).trim().split('\n').length : 0
  await eventually(() => starts('wy-1') === 1 && starts('wy-2') === 1 && t.alive().length === 2)
  execFileSync('tmux', ['-L', t.layout.tmuxSocket, 'kill-server'])
  await eventually(() => starts('wy-1') === 2 && starts('wy-2') === 2)
  const log = t.ok('log')
  expect(
    log.match(/session was cut off: tmux’s server ended, and all sessions with it; start 1 of \d+ follows/g),
  ).toHaveLength(2)
})
