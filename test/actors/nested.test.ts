// Repositories inside a worker's place: what is done in them is kept before the place goes. On real git.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gitHands } from '../../actors/git/hands.ts'
import { keptWork, preservedOf, recover } from '../../actors/git/pin.ts'
import { trashEmptied } from '../../actors/git/staging.ts'
import { rigLayout } from '../../actors/layout.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let town: string
let clone: string
let path: string
const deps = { defaultBranch: () => 'main', url: () => join(town, 'origin') }
const call = { at: 0, signal: new AbortController().signal } satisfies EffectCall
const sh = (cwd: string, ...args: string[]) =>
  execFileSync(
    'git',
    ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', '-c', 'protocol.file.allow=always', ...args],
    {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  ).trim()
const hands = () => gitHands({ town, ...deps })
const place = { rig: 'w', polecat: 'Nux', incarnation: 1, branch: 'polecat/Nux-1' }
const pin = () => hands().pinWork({ ...place, issue: 'w-1', purpose: 'retire' }, call)
const remove = () => hands().clearPlace({ ...place, issue: 'w-1', handedOver: null }, call)

function repository(at: string): string {
  sh(town, 'init', '--quiet', '--initial-branch=main', at)
  commit(at, 'a.txt')
  return at
}
function commit(at: string, file: string): string {
  writeFileSync(join(at, file), `${file}\n`)
  sh(at, 'add', '--all')
  sh(at, 'commit', '--quiet', '-m', file)
  return sh(at, 'rev-parse', 'HEAD')
}

beforeEach(async () => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'nested-')))
  clone = rigLayout(town, 'w').clone
  const origin = repository(join(town, 'origin'))
  sh(origin, 'submodule', '--quiet', 'add', repository(join(town, 'library')), 'vendor/my library')
  sh(origin, 'commit', '--quiet', '-m', 'a submodule')
  for (const each of [clone, rigLayout(town, 'w').refineryClone]) sh(town, 'clone', '--quiet', origin, each)
  path = (await hands().createWorktree({ ...place, start: null }, call)).path
})
afterEach(() => rmSync(town, { recursive: true, force: true }))

test('a submodule that holds nothing of its own is in nobody’s way', async () => {
  await pin()
  expect(await remove()).toEqual({ head: null, dirty: null })
  expect([existsSync(path), sh(clone, 'for-each-ref', 'refs/gt')]).toEqual([false, ''])
})

test('commits and files in a submodule, and in a repository somebody made there, are kept, also what is done after a pin', async () => {
  const library = join(path, 'vendor/my library')
  const unpushed = commit(library, 'unpushed.txt')
  sh(library, 'checkout', '--quiet', '-b', 'other')
  const other = commit(library, 'other.txt')
  sh(library, 'checkout', '--quiet', unpushed)
  writeFileSync(join(library, 'uncommitted.txt'), 'not committed\n')
  const made = repository(join(path, 'made'))
  const deeper = repository(join(made, 'deeper'))
  mkdirSync(join(path, 'empty'))
  sh(join(path, 'empty'), 'init', '--quiet')
  writeFileSync(join(path, 'empty/first.txt'), 'first\n')
  await pin()
  const kept = await keptWork({ town, ...deps }, 'w', { issue: 'w-1' })
  const nested = kept.filter(({ kind }) => kind === 'nested')
  const shas = nested.map(({ sha }) => sha)
  const reached = sh(clone, 'rev-list', ...shas).split('\n')
  expect(reached).toEqual(
    expect.arrayContaining([unpushed, other, sh(made, 'rev-parse', 'HEAD'), sh(deeper, 'rev-parse', 'HEAD')]),
  )
  const texts = shas.flatMap((sha) => sh(clone, 'ls-tree', '-r', '--name-only', sha).split('\n'))
  expect(texts).toEqual(expect.arrayContaining(['uncommitted.txt', 'other.txt', 'first.txt']))
  expect(sh(path, 'status', '--porcelain')).toContain('made/')
  // More was done since.
  const late = commit(library, 'late.txt')
  await remove()
  await trashEmptied()
  expect(existsSync(path)).toBe(false)
  expect(readdirSync(rigLayout(town, 'w').polecats)).toEqual([])
  const found = (await keptWork({ town, ...deps }, 'w', { polecat: 'Nux' })).find(({ sha }) => sha === late)
  expect(found).toMatchObject({ kind: 'nested', issue: 'w-1' })
  expect(sh(clone, 'log', '--format=%s', '-1', await recover({ town, ...deps }, 'w', found as never))).toBe('late.txt')
  // A new worker starts from the project's own commits only.
  expect(shas).not.toContain((await preservedOf({ town, ...deps }, 'w', 'w-1'))?.sha)
})

test('a submodule’s commit that only the project’s own commit names is kept too', async () => {
  const sha = commit(join(path, 'vendor/my library'), 'named.txt')
  commit(path, 'own.txt')
  await hands().pinWork({ ...place, issue: 'w-1', purpose: 'merge' }, call)
  await remove()
  expect(sh(clone, 'for-each-ref', '--contains', sha, '--format=%(refname)', 'refs/gt/nested/w-1/Nux-1')).toContain(
    'vendor/my_library-',
  )
})

test('whatever git hides of it: stashes, tags, a submodule taken out, a repository among tracked files, a shallow one', async () => {
  const library = join(path, 'vendor/my library')
  const commits = [commit(library, 'tagged.txt')]
  sh(library, 'tag', '-a', '-m', 'mine', 'mine')
  sh(library, 'reset', '--quiet', '--hard', 'HEAD~1')
  for (const text of ['one', 'two']) {
    writeFileSync(join(library, 'a.txt'), text)
    sh(library, 'stash', '--quiet')
    commits.push(sh(library, 'rev-parse', 'refs/stash'))
  }
  sh(path, 'submodule', '--quiet', 'deinit', '--force', 'vendor/my library')
  mkdirSync(join(path, 'src'))
  commit(path, 'src/b.txt')
  commits.push(sh(repository(join(path, 'src')), 'rev-parse', 'HEAD'))
  commit(join(town, 'library'), 'newer.txt')
  sh(path, 'clone', '--quiet', '--depth', '1', `file://${join(town, 'library')}`, join(path, 'shallow'))
  commits.push(commit(join(path, 'shallow'), 'mine.txt'))
  sh(clone, 'config', 'fetch.prune', 'true')
  await pin()
  const pinned = () => commits.filter((sha) => sh(clone, 'for-each-ref', '--contains', sha, 'refs/gt') !== '')
  expect(pinned()).toEqual(commits)
  // Another repository at the same place takes nothing away.
  rmSync(join(path, 'shallow'), { recursive: true })
  commits.push(sh(repository(join(path, 'shallow')), 'rev-parse', 'HEAD'))
  await pin()
  expect(pinned()).toEqual(commits)
  await remove()
  sh(clone, 'fsck', '--connectivity-only')
})

test('one that git cannot read stops the removal, in words', async () => {
  const made = repository(join(path, 'made'))
  sh(path, 'add', 'made')
  writeFileSync(join(made, '.git/HEAD'), '')
  writeFileSync(join(path, 'mine.txt'), 'mine\n')
  await expect(pin()).rejects.toThrow('made')
  rmSync(join(made, '.git'), { recursive: true })
  mkdirSync(join(made, '.git'))
  await expect(pin()).rejects.toThrow('made')
  await expect(remove()).rejects.toThrow()
  expect(existsSync(join(path, 'mine.txt'))).toBe(true)
})

test('of a worktree of another repository only its own work is kept, and nothing is left in that one', async () => {
  const theirs = repository(join(town, 'theirs'))
  commit(theirs, 'unpushed.txt')
  sh(theirs, 'worktree', 'add', '--quiet', '--detach', join(path, 'inside'), 'HEAD~1')
  const mine = commit(join(path, 'inside'), 'mine.txt')
  await pin()
  expect(sh(clone, 'for-each-ref', '--format=%(objectname)', 'refs/gt/nested')).toBe(mine)
  expect(sh(theirs, 'for-each-ref', 'refs/gt')).toBe('')
})
