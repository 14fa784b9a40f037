// What a killed git leaves behind must not be the end of a rig: locks nobody holds, and worktrees that were never finished. On real git.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { gateHands } from '../../actors/gates/hands.ts'
import { git } from '../../actors/git/git.ts'
import { gitHands } from '../../actors/git/hands.ts'
import { lockNamed, watchLock } from '../../actors/git/locks.ts'
import { commandOf, endLeftGits, gitsByPs, ownerVariable } from '../../actors/git/running.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let town: string
let clone: string
const call = { key: 'k', address: 'a', attempt: 1, at: 0, signal: new AbortController().signal } satisfies EffectCall
const sh = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
const hands = () => gitHands({ town, defaultBranch: () => 'main' })
const place = { rig: 'w', polecat: 'Nux', incarnation: 1, branch: 'polecat/Nux-1' }
const worktree = () => hands().createWorktree({ ...place, start: null }, call)

/** A lock as a git leaves it that was killed a minute ago. */
function leftLock(path: string): string {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, '')
  utimesSync(path, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000))
  return path
}

beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'locks-')))
  clone = rigLayout(town, 'w').clone
  const origin = join(town, 'origin')
  sh(town, 'init', '--quiet', '--initial-branch=main', origin)
  writeFileSync(join(origin, 'a.txt'), 'one\n')
  sh(origin, 'add', '--all')
  sh(origin, 'commit', '--quiet', '-m', 'first')
  for (const path of [clone, rigLayout(town, 'w').refineryClone]) sh(town, 'clone', '--quiet', origin, path)
  mkdirSync(townLayout(town).gateLogs, { recursive: true })
})
afterEach(() => rmSync(town, { recursive: true, force: true }))

test("a lock that nobody holds is taken away: of a ref, of all refs, of a worktree's index, of a pin", async () => {
  const { path } = await worktree()
  writeFileSync(join(path, 'new.txt'), 'work\n')
  sh(path, 'add', '--all')
  sh(path, 'commit', '--quiet', '-m', 'work')
  writeFileSync(join(path, 'more.txt'), 'not committed\n')
  const sha = sh(path, 'rev-parse', 'HEAD')
  const ref = `refs/gt/work/w-1/Nux-1/${sha.slice(0, 12)}`
  const locks = [join(clone, '.git', `${ref}.lock`), join(clone, '.git/worktrees/Nux/gt-pin-index.lock')].map(leftLock)
  const pinned = await hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)
  expect(pinned).toMatchObject({ head: { ref, sha } })
  expect(sh(clone, 'show', `${pinned.dirty?.ref}:more.txt`)).toBe('not committed')
  sh(clone, 'pack-refs', '--all')
  locks.push(leftLock(join(clone, '.git/packed-refs.lock')), leftLock(join(clone, '.git/packed-refs.new')))
  await hands().removeWorktree(place, call)
  expect(await hands().deleteBranch(place, call)).toEqual({ kind: 'deleted' })
  expect(locks.filter(existsSync)).toEqual([])
})

test("a worker's next session finds its worktree unlocked, with all that was in it", async () => {
  const { path } = await worktree()
  writeFileSync(join(path, 'begun.txt'), 'half a thought\n')
  const locks = [join(clone, '.git/worktrees/Nux/index.lock'), join(clone, '.git/worktrees/Nux/HEAD.lock'), join(clone, '.git/refs/heads/polecat/Nux-1.lock')].map(leftLock)
  await worktree()
  expect(locks.filter(existsSync)).toEqual([])
  expect(readFileSync(join(path, 'begun.txt'), 'utf8')).toBe('half a thought\n')
  sh(path, 'add', '--all')
  sh(path, 'commit', '--quiet', '-m', 'goes on')
})

const later = () => Date.now() + 3_600_000
const isSpawned = (child: ChildProcess, lock: string) => eventually(() => existsSync(lock) && child.pid !== undefined)
async function eventually(holds: () => boolean): Promise<void> {
  for (let n = 0; !holds(); n++) {
    if (n === 1000) throw new Error('never')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

test('a lock that is young, or of another repository, is left alone', () => {
  const lock = join(clone, '.git/refs/heads/x.lock')
  writeFileSync(lock, '')
  expect(watchLock(lock, clone)()).toBe(false)
  expect(watchLock(lock, clone, later)()).toBe(true)
  const theirs = leftLock(join(town, 'origin/.git/index.lock'))
  expect(watchLock(theirs, clone)()).toBe(false)
  expect(existsSync(theirs)).toBe(true)
})

// It waits for the last of what it is to do, with its lock taken.
const script = 'start\ncreate refs/heads/x HEAD\nprepare\n'
test.each([
  ['in the repository', () => spawn('git', ['update-ref', '--stdin'], { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] })],
  ['in a worktree of it', () => spawn('git', ['update-ref', '--stdin'], { cwd: rigLayout(town, 'w').polecat('Nux'), stdio: ['pipe', 'ignore', 'ignore'] })],
  [
    'from elsewhere, by a variable',
    () => spawn('git', ['update-ref', '--stdin'], { cwd: '/', env: { ...process.env, GIT_DIR: join(clone, '.git') }, stdio: ['pipe', 'ignore', 'ignore'] }),
  ],
  ['from elsewhere, by an argument', () => spawn('git', ['--git-dir', join(clone, '.git'), 'update-ref', '--stdin'], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] })],
])('a lock that a git holds %s stays until that git is gone, whoever comes later', async (_, start) => {
  await worktree()
  const lock = join(clone, '.git/refs/heads/x.lock')
  const holder = start()
  let reader: ChildProcess | undefined
  try {
    holder.stdin.write(script)
    await isSpawned(holder, lock)
    const isGone = watchLock(lock, clone, later)
    expect(isGone()).toBe(false)
    reader = spawn('git', ['update-ref', '--stdin'], { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] })
    await killed(holder)
    expect(existsSync(lock)).toBe(true)
    expect(isGone()).toBe(true)
    expect(existsSync(lock)).toBe(false)
  } finally {
    holder.kill('SIGKILL')
    reader?.kill('SIGKILL')
  }
})

test('another program, or a git that only reads, holds nothing up', async () => {
  writeFileSync(join(town, 'github-server'), '#!/bin/sh\nread line\n', { mode: 0o755 })
  const others = [
    spawn(join(town, 'github-server'), { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] }),
    spawn('git', ['cat-file', '--batch'], { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] }),
  ]
  try {
    await eventually(() => readFileSync(`/proc/${others[1]?.pid}/comm`, 'utf8').trim() === 'git')
    expect(watchLock(leftLock(join(clone, '.git/refs/heads/x.lock')), clone)()).toBe(true)
    expect(gitsByPs().map(({ pid }) => pid)).toContain(others[1]?.pid)
    expect(gitsByPs().map(({ pid }) => pid)).not.toContain(others[0]?.pid)
  } finally {
    for (const other of others) other.kill('SIGKILL')
  }
  expect(commandOf(['git', '-c', 'a.b=c', '--no-pager', 'commit', 'cat-file'])).toBe('commit')
})

test("git's words for a lock in its way", () => {
  const lock = join(clone, '.git/refs/heads/x.lock')
  expect(lockNamed(`fatal: Unable to create '${lock}': File exists.\n`, clone)).toBe(lock)
  expect(lockNamed(`error: cannot lock ref 'refs/heads/x': Unable to create '${lock}': File exists.`, clone)).toBe(lock)
  expect(lockNamed('error: could not lock config file .git/config: File exists', clone)).toBe(join(clone, '.git/config.lock'))
  expect(lockNamed("remote: fatal: Unable to create '/srv/x.lock': File exists.", clone)).toBeUndefined()
})

test('git itself waits for one that holds the lock only for a moment', async () => {
  const lock = join(clone, '.git/refs/heads/y.lock')
  writeFileSync(lock, '')
  setTimeout(() => rmSync(lock), 400)
  await git(clone, ['update-ref', 'refs/heads/y', 'HEAD'])
  expect(sh(clone, 'rev-parse', 'y')).toBe(sh(clone, 'rev-parse', 'HEAD'))
})

test('an effect whose git was killed is done again', async () => {
  const { path } = await worktree()
  const flag = join(town, 'killed')
  // Git itself runs this filter; the first time it kills the git that does.
  sh(clone, 'config', 'filter.kill.clean', `test -e '${flag}' || { touch '${flag}'; kill -9 $PPID; }; cat`)
  writeFileSync(join(clone, '.git/info/attributes'), '*.txt filter=kill\n')
  writeFileSync(join(path, 'work.txt'), 'not committed\n')
  const { dirty } = await hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)
  expect(existsSync(flag)).toBe(true)
  expect(sh(clone, 'show', `${dirty?.ref}:work.txt`)).toBe('not committed')
})

test.each([
  ['with the files not there yet', (path: string) => writeFileSync(join(clone, '.git/worktrees/Nux/locked'), 'initializing\n') ?? rmSync(join(path, 'a.txt'))],
  ['before the folder says whose it is', (path: string) => leftLock(join(path, '.git')) && rmSync(join(path, 'a.txt'))],
  [
    'with the folder gone and its registration locked',
    (path: string) => writeFileSync(join(clone, '.git/worktrees/Nux/locked'), 'initializing\n') ?? rmSync(path, { recursive: true }),
  ],
])('a worktree that was never finished is made anew: %s', async (_, kill) => {
  const { path } = await worktree()
  kill(path)
  await worktree()
  expect(readdirSync(path).sort()).toEqual(['.git', 'a.txt'])
  expect(sh(path, 'status', '--porcelain')).toBe('')
  expect(sh(path, 'branch', '--show-current')).toBe(place.branch)
})

test('a half-made place is retired as what it is: nothing', async () => {
  const { path } = await worktree()
  writeFileSync(join(clone, '.git/worktrees/Nux/locked'), 'initializing\n')
  rmSync(join(path, 'a.txt'))
  expect(await hands().inspectWorktree(place, call)).toMatchObject({ kind: 'absent' })
  expect(await hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)).toEqual({ head: null, dirty: null })
  expect(await hands().removeWorktree(place, call)).toEqual({ removed: true })
  expect(await hands().deleteBranch(place, call)).toEqual({ kind: 'deleted' })
  expect([existsSync(path), sh(clone, 'worktree', 'list').split('\n').length]).toEqual([false, 1])
})

test('a place that a session was started in is never taken for a half-made one; nor is one that somebody locked', async () => {
  const { path } = await worktree()
  mkdirSync(join(townLayout(town).sessions, 'gt-w-Nux-1-1'), { recursive: true })
  for (const reason of ['initializing', 'mine']) {
    writeFileSync(join(clone, '.git/worktrees/Nux/locked'), reason)
    writeFileSync(join(path, 'mine.txt'), reason)
    await worktree()
    expect(readFileSync(join(path, 'mine.txt'), 'utf8')).toBe(reason)
    await expect(hands().removeWorktree(place, call)).rejects.toThrow('uncommitted files that are not pinned (mine.txt)')
  }
  await hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)
  expect(await hands().removeWorktree(place, call)).toEqual({ removed: true })
  expect([existsSync(rigLayout(town, 'w').trash), sh(clone, 'worktree', 'list').split('\n').length]).toEqual([false, 1])
})

test('a place is left alone while a git is still making it; the git of a daemon that is gone is ended when the next begins', async () => {
  writeFileSync(join(clone, '.git/info/attributes'), '*.txt filter=slow\n')
  sh(clone, 'config', 'filter.slow.smudge', `touch '${join(town, 'at-it')}'; sleep 30; cat`)
  const path = rigLayout(town, 'w').polecat('Nux')
  const old = spawn('git', ['worktree', 'add', '--quiet', '-b', place.branch, path, 'origin/main'], {
    cwd: clone,
    env: { ...process.env, [ownerVariable]: '1:1' },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => old.once('exit', resolve))
  try {
    await eventually(() => existsSync(join(town, 'at-it')))
    await expect(worktree()).rejects.toThrow(/is being made by git \(pid \d+\) still/)
    expect(existsSync(path)).toBe(true)
    await endLeftGits(town)
    await ended
    sh(clone, 'config', '--unset', 'filter.slow.smudge')
    await worktree()
    expect(sh(path, 'status', '--porcelain')).toBe('')
  } finally {
    old.kill('SIGKILL')
  }
})

test('a removal that was killed in the middle left nothing in the way; the rest goes with the next', async () => {
  const { path } = await worktree()
  const { trash } = rigLayout(town, 'w')
  mkdirSync(trash)
  renameSync(path, join(trash, 'Nux-1-7-7'))
  expect(await hands().removeWorktree(place, call)).toEqual({ removed: false })
  const next = { ...place, incarnation: 2, branch: 'polecat/Nux-2' }
  await hands().createWorktree({ ...next, start: null }, call)
  expect(await hands().removeWorktree(next, call)).toEqual({ removed: true })
  expect(existsSync(trash)).toBe(false)
})

test.each([
  ['its index locked', (own: string) => leftLock(join(own, 'index.lock'))],
  ['half made', (own: string) => writeFileSync(join(own, 'locked'), 'initializing\n')],
  ['its index broken', (own: string) => writeFileSync(join(own, 'index'), 'not an index')],
  ['its registration gone', (own: string) => rmSync(own, { recursive: true })],
  [
    'its folder gone and its registration locked',
    (own: string) => writeFileSync(join(own, 'locked'), 'initializing\n') ?? rmSync(join(rigLayout(town, 'w').gatePool, '1'), { recursive: true }),
  ],
])("the gates' place is made anew whatever a kill left of it: %s", async (_, kill) => {
  const { refineryClone, gatePool } = rigLayout(town, 'w')
  const config = rigConfig.parse({ type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' }, gates: { there: ['test', '-f', 'a.txt'] } })
  const { runGates } = gateHands({ town, rig: () => config, env: { PATH: process.env.PATH ?? '' } })
  const commit = sh(refineryClone, 'rev-parse', 'HEAD')
  const run = () => runGates({ rig: 'w', commit, issues: ['w-1'] }, call)
  expect(await run()).toMatchObject({ kind: 'green' })
  kill(join(refineryClone, '.git/worktrees', readdirSync(join(refineryClone, '.git/worktrees'))[0] as string))
  expect(await run()).toMatchObject({ kind: 'green' })
  expect(readdirSync(gatePool)).toEqual(['1'])
})
