// What a killed git leaves behind must not be the end of a rig: locks nobody holds, and worktrees that were never
// finished. On real git.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { git } from '../../actors/git/git.ts'
import { gitHands } from '../../actors/git/hands.ts'
import { lockNamed, watchLock } from '../../actors/git/locks.ts'
import { linkedFrom } from '../../actors/git/repository.ts'
import { commandOf, endLeftGits, gitsByPs, ownerOfMine, ownerVariable, runningGits } from '../../actors/git/running.ts'
import { clearStaged, emptyTrash, trashEmptied } from '../../actors/git/staging.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { startOf } from '../../actors/processes.ts'
import type { EffectCall } from '../../runtime/contract.ts'
import { eventually } from '../fixture/real-town.ts'

let town: string
let clone: string
const call = { at: 0, signal: new AbortController().signal } satisfies EffectCall
const sh = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
const deps = () => ({ town, defaultBranch: () => 'main', url: () => join(town, 'origin') })
const hands = () => gitHands(deps())
const clear = (of = place) => hands().clearPlace({ ...of, issue: 'w-1', handedOver: null }, call)
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
  const locks = [join(clone, '.git', `${ref}.lock`), join(linkedFrom(path), 'gt-pin-index.lock')].map(leftLock)
  const pinned = await hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)
  expect(pinned).toMatchObject({ head: { ref, sha } })
  expect(sh(clone, 'show', `${pinned.dirty?.ref}:more.txt`)).toBe('not committed')
  sh(clone, 'pack-refs', '--all')
  locks.push(leftLock(join(clone, '.git/packed-refs.lock')), leftLock(join(clone, '.git/packed-refs.new')))
  await clear()
  expect(sh(clone, 'branch', '--list', 'polecat/*')).toBe('')
  expect(locks.filter(existsSync)).toEqual([])
})

test("a worker's next session finds its worktree unlocked, with all that was in it", async () => {
  const { path } = await worktree()
  writeFileSync(join(path, 'begun.txt'), 'half a thought\n')
  const locks = [
    join(linkedFrom(path), 'index.lock'),
    join(linkedFrom(path), 'HEAD.lock'),
    join(clone, '.git/refs/heads/polecat/Nux-1.lock'),
  ].map(leftLock)
  await worktree()
  expect(locks.filter(existsSync)).toEqual([])
  expect(readFileSync(join(path, 'begun.txt'), 'utf8')).toBe('half a thought\n')
  sh(path, 'add', '--all')
  sh(path, 'commit', '--quiet', '-m', 'goes on')
})

/** A watched hour after each look before: what was seen at one is old at the next. */
let hours = 0
const later = () => ++hours * 3_600_000
/** Taken and written: a lock that changes is another one. */
const isTaken = (lock: string) => eventually(() => (statSync(lock, { throwIfNoEntry: false })?.size ?? 0) > 0)
async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

test('a lock that is young, or of another repository, is left alone', () => {
  const lock = join(clone, '.git/refs/heads/x.lock')
  writeFileSync(lock, '')
  let now = 0
  const isGone = watchLock(lock, clone, () => now)
  expect(isGone()).toBe(false)
  // The clock was set back: the file is young for a year.
  const nextYear = new Date(Date.now() + 365 * 86_400_000)
  utimesSync(lock, nextYear, nextYear)
  const newer = watchLock(lock, clone, () => now)
  expect(newer()).toBe(false)
  now = 2999
  expect(newer()).toBe(false)
  now = 3000
  // Who looks anew knows since when it is there.
  expect(watchLock(lock, clone, () => now)()).toBe(true)
  expect(existsSync(lock)).toBe(false)
  const theirs = leftLock(join(town, 'origin/.git/index.lock'))
  expect(watchLock(theirs, clone)()).toBe(false)
  expect(existsSync(theirs)).toBe(true)
})

// It waits for the last of what it is to do, with its lock taken.
const script = 'start\ncreate refs/heads/x HEAD\nprepare\n'
test.each([
  [
    'in the repository',
    () => spawn('git', ['update-ref', '--stdin'], { cwd: clone, stdio: ['pipe', 'ignore', 'ignore'] }),
  ],
  [
    'in a worktree of it',
    () =>
      spawn('git', ['update-ref', '--stdin'], {
        cwd: rigLayout(town, 'w').polecat('Nux'),
        stdio: ['pipe', 'ignore', 'ignore'],
      }),
  ],
  [
    'from elsewhere, by a variable',
    () =>
      spawn('git', ['update-ref', '--stdin'], {
        cwd: '/',
        env: { ...process.env, GIT_DIR: join(clone, '.git') },
        stdio: ['pipe', 'ignore', 'ignore'],
      }),
  ],
  [
    'from elsewhere, by an argument',
    () =>
      spawn('git', ['--git-dir', join(clone, '.git'), 'update-ref', '--stdin'], {
        cwd: '/',
        stdio: ['pipe', 'ignore', 'ignore'],
      }),
  ],
])('a lock that a git holds %s stays until that git is gone, whoever comes later', async (_, start) => {
  await worktree()
  const lock = join(clone, '.git/refs/heads/x.lock')
  const holder = start()
  let reader: ChildProcess | undefined
  try {
    holder.stdin.write(script)
    await isTaken(lock)
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
    // Some other test's git, whose folder is just removed, may count for as long as it lives; these two live on.
    await eventually(watchLock(leftLock(join(clone, '.git/refs/heads/x.lock')), clone))
    expect(others.map(({ exitCode }) => exitCode)).toEqual([null, null])
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
  expect(lockNamed('error: could not lock config file .git/config: File exists', clone)).toBe(
    join(clone, '.git/config.lock'),
  )
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
  const bin = join(town, 'bin')
  mkdirSync(bin)
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  writeFileSync(
    join(bin, 'git'),
    `#!/bin/sh\ntest -e '${flag}' || { touch '${flag}'; kill -9 $$; }\nexec ${real} "$@"\n`,
    {
      mode: 0o755,
    },
  )
  const { PATH } = process.env
  process.env.PATH = `${bin}:${PATH}`
  writeFileSync(join(path, 'work.txt'), 'not committed\n')
  const { dirty } = await hands()
    .pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)
    .finally(() => {
      process.env.PATH = PATH
    })
  expect(existsSync(flag)).toBe(true)
  expect(sh(clone, 'show', `${dirty?.ref}:work.txt`)).toBe('not committed')
})

/** What a killed `git worktree add` can leave: in the staging folder and in the clone's list. */
const admins = () => join(clone, '.git/worktrees')
function staged(): { path: string; admin: string } {
  const path = join(rigLayout(town, 'w').staging, 'Nux-1-77-1')
  sh(
    clone,
    'worktree',
    'add',
    '--quiet',
    '--lock',
    '--reason',
    'it is being made',
    '-b',
    place.branch,
    path,
    'origin/main',
  )
  return { path, admin: join(admins(), 'Nux-1-77-1') }
}
test.each([
  ['whole, but not at its place', () => staged()],
  ['with half of its files', () => rmSync(join(staged().path, 'a.txt'))],
  ['before it says whose it is', () => rmSync(join(staged().path, '.git'))],
  ['with nothing but its registration', () => rmSync(staged().path, { recursive: true })],
  [
    'with a registration that names nothing',
    () => ((left) => [rmSync(left.path, { recursive: true }), rmSync(join(left.admin, 'gitdir'))])(staged()),
  ],
  [
    'registered at its place, but not there',
    () => writeFileSync(join(staged().admin, 'gitdir'), `${join(rigLayout(town, 'w').polecat('Nux'), '.git')}\n`),
  ],
  ['without its registration', () => rmSync(staged().admin, { recursive: true })],
])('a worktree whose making was killed is made anew: %s', async (_, kill) => {
  kill()
  const { path } = await worktree()
  expect(readdirSync(path).sort()).toEqual(['.git', 'a.txt'])
  expect(sh(path, 'status', '--porcelain')).toBe('')
  expect(sh(path, 'branch', '--show-current')).toBe(place.branch)
  await clearStaged(town, 'w')
  expect([
    readdirSync(join(path, '..')),
    readdirSync(admins()).length,
    sh(clone, 'worktree', 'list').split('\n').length,
  ]).toEqual([['Nux'], 1, 2])
  writeFileSync(join(path, 'mine.txt'), 'mine\n')
  await clearStaged(town, 'w')
  await worktree()
  expect(existsSync(join(path, 'mine.txt'))).toBe(true)
})

test('a place whose folder somebody took away is made anew under one registration, which outlives the others’ removals', async () => {
  const { path } = await worktree()
  sh(path, 'checkout', '--quiet', '--detach')
  rmSync(path, { recursive: true })
  writeFileSync(join(admins(), readdirSync(admins())[0] as string, 'locked'), 'it is being made')
  const next = { ...place, incarnation: 2, branch: 'polecat/Nux-2' }
  await hands().createWorktree({ ...next, start: null }, call)
  await hands().createWorktree({ ...place, polecat: 'Slit', branch: 'polecat/Slit-1', start: null }, call)
  await clear({ ...place, polecat: 'Slit', branch: 'polecat/Slit-1' })
  expect(readdirSync(admins())).toHaveLength(1)
  expect(sh(path, 'branch', '--show-current')).toBe('polecat/Nux-2')
  expect(await hands().inspectWorktree(next, call)).toMatchObject({ kind: 'found' })
})

test('the place of another incarnation is refused, also behind a link', async () => {
  const { polecats } = rigLayout(town, 'w')
  mkdirSync(join(town, 'elsewhere'))
  symlinkSync(join(town, 'elsewhere'), polecats)
  await worktree()
  await expect(
    hands().createWorktree({ ...place, incarnation: 2, branch: 'polecat/Nux-2', start: null }, call),
  ).rejects.toThrow('it is on polecat/Nux-1')
})

test('what was never finished is retired as what it is: nothing', async () => {
  const left = staged()
  expect(await hands().inspectWorktree(place, call)).toMatchObject({ kind: 'absent' })
  expect(await hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)).toEqual({
    head: null,
    dirty: null,
  })
  expect(await clear()).toEqual({ head: null, dirty: null })
  expect(sh(clone, 'branch', '--list', 'polecat/*')).toBe('')
  expect([existsSync(left.path), sh(clone, 'worktree', 'list').split('\n').length]).toEqual([false, 1])
})

test('a place that somebody locked, or whose folder may not be written, is removed like others once its work is pinned', async () => {
  const { path } = await worktree()
  sh(clone, 'worktree', 'lock', '--reason', 'mine', path)
  mkdirSync(join(path, 'cache'))
  writeFileSync(join(path, 'cache/mine.txt'), 'mine\n')
  await worktree()
  for (const dir of [join(path, 'cache'), path]) chmodSync(dir, 0o555)
  const { dirty } = await clear()
  expect(sh(clone, 'show', `${dirty?.ref}:cache/mine.txt`)).toBe('mine')
  await trashEmptied()
  expect([readdirSync(join(path, '..')), sh(clone, 'worktree', 'list').split('\n').length]).toEqual([[], 1])
})

test('the git of a daemon that is gone is ended when the next begins, and what it was at is made anew', async () => {
  writeFileSync(join(clone, '.git/info/attributes'), '*.txt filter=slow\n')
  sh(clone, 'config', 'filter.slow.smudge', `touch '${join(town, 'at-it')}'; sleep 30; cat`)
  const { staging } = rigLayout(town, 'w')
  const args = ['worktree', 'add', '--quiet', '--lock', '-b', place.branch, join(staging, 'Nux-1-77-1'), 'origin/main']
  const old = spawn('git', args, { cwd: clone, env: { ...process.env, [ownerVariable]: '1:1' }, stdio: 'ignore' })
  const mine = spawn('git', ['update-ref', '--stdin'], {
    cwd: clone,
    env: { ...process.env, [ownerVariable]: ownerOfMine() },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  try {
    await eventually(() => existsSync(join(town, 'at-it')))
    await endLeftGits(town)
    expect(runningGits().filter(({ owner }) => owner === '1:1')).toEqual([])
    expect([startOf(old.pid as number), startOf(mine.pid as number) === undefined]).toEqual([undefined, false])
    sh(clone, 'config', '--unset', 'filter.slow.smudge')
    await clearStaged(town, 'w')
    const { path } = await worktree()
    expect([existsSync(staging), sh(path, 'status', '--porcelain')]).toEqual([false, ''])
  } finally {
    for (const each of [old, mine]) each.kill('SIGKILL')
  }
})

test('a removal that was killed in the middle left nothing in the way; the rest goes with the next', async () => {
  const { path } = await worktree()
  const { trash } = rigLayout(town, 'w')
  mkdirSync(trash)
  renameSync(path, join(trash, '7-7-7'))
  expect(await clear()).toEqual({ head: null, dirty: null })
  const next = { ...place, incarnation: 2, branch: 'polecat/Nux-2' }
  await hands().createWorktree({ ...next, start: null }, call)
  await clear(next)
  await trashEmptied()
  expect(existsSync(trash)).toBe(false)
})

test('what is set aside is never looked for behind a link', async () => {
  const elsewhere = join(town, 'elsewhere')
  mkdirSync(elsewhere)
  writeFileSync(join(elsewhere, 'kept.txt'), '')
  symlinkSync(elsewhere, join(town, 'trash'))
  await emptyTrash(join(town, 'trash'))
  expect(existsSync(join(elsewhere, 'kept.txt'))).toBe(true)
})
