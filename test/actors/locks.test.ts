// What a killed git leaves behind must not be the end of a rig: locks nobody holds, and worktrees that were never finished. On real git.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { gateHands } from '../../actors/gates/hands.ts'
import { git } from '../../actors/git/git.ts'
import { gitHands } from '../../actors/git/hands.ts'
import { lockNamed, releaseStale } from '../../actors/git/locks.ts'
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
  locks.push(leftLock(join(clone, '.git/packed-refs.lock')))
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

test('a lock that is young, held, or of another repository is left alone; the error says which', async () => {
  const lock = join(clone, '.git/refs/heads/x.lock')
  writeFileSync(lock, '')
  expect(releaseStale(lock, clone)).toBe(false)
  rmSync(lock)
  // It waits for the last of what it is to do, with its lock taken.
  const held = spawn('git', ['update-ref', '--stdin'], { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] })
  const reader = spawn('git', ['cat-file', '--batch'], { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    held.stdin.write('start\ncreate refs/heads/x HEAD\nprepare\n')
    while (!existsSync(lock)) await new Promise((resolve) => setTimeout(resolve, 5))
    const later = Date.now() + 3_600_000
    expect(releaseStale(lock, clone, later)).toBe(false)
    expect(releaseStale(lock, join(clone, '.git'), later)).toBe(false)
    held.kill('SIGKILL')
    await new Promise((resolve) => held.once('exit', resolve))
    expect(existsSync(lock)).toBe(true)
    expect(releaseStale(lock, clone, later)).toBe(true)
  } finally {
    held.kill('SIGKILL')
    reader.kill('SIGKILL')
  }
  const theirs = leftLock(join(town, 'origin/.git/index.lock'))
  expect(releaseStale(theirs, clone)).toBe(false)
  expect(existsSync(theirs)).toBe(true)
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

test("a worktree that somebody locked on purpose is nobody's half-made one", async () => {
  const { path } = await worktree()
  writeFileSync(join(path, 'mine.txt'), 'mine\n')
  sh(clone, 'worktree', 'lock', '--reason', 'mine', path)
  await worktree()
  expect(existsSync(join(path, 'mine.txt'))).toBe(true)
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
