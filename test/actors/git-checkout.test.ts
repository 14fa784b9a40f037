// What gates run on: a checkout with a repository of its own, and what they change of it. On real git.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changedFiles, checkOut, forget, restore } from '../../actors/git/checkout.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'

let town: string
let origin: string
let place: string
const deps = { defaultBranch: () => 'main', url: () => origin }
const sh = (cwd: string, ...args: string[]) =>
  execFileSync(
    'git',
    ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', '-c', 'protocol.file.allow=always', ...args],
    { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  ).trim()
const clone = () => rigLayout(town, 'w').refineryClone

function repository(at: string, files: Record<string, string>): string {
  sh(town, 'init', '--quiet', '--initial-branch=main', at)
  for (const [path, text] of Object.entries(files)) writeFileSync(join(at, path), text)
  sh(at, 'add', '--all')
  sh(at, 'commit', '--quiet', '-m', 'first')
  return at
}

beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'checkout-')))
  mkdirSync(townLayout(town).daemon)
  origin = repository(join(town, 'origin'), { 'a.txt': 'one\n', 'windows.txt': 'a\r\nb\r\n' })
  place = join(rigLayout(town, 'w').gatePool, 'run-1')
})
afterEach(() => rmSync(town, { recursive: true, force: true }))

const refinery = () => sh(town, 'clone', '--quiet', '--no-checkout', origin, clone())
const head = () => sh(clone(), 'rev-parse', 'HEAD')

test('a gate has the commit, HEAD detached at it, main, and no way back to the town', async () => {
  refinery()
  const checkedOut = await checkOut({ ...deps, town }, 'w', head(), place)
  expect(readFileSync(join(place, 'a.txt'), 'utf8')).toBe('one\n')
  expect(sh(place, 'status', '--porcelain', '--branch')).toBe('## HEAD (no branch)')
  expect([sh(place, 'rev-parse', 'main'), sh(place, 'rev-parse', 'origin/main'), sh(place, 'remote')]).toEqual([
    head(),
    head(),
    '',
  ])
  sh(place, 'commit', '--allow-empty', '--quiet', '-m', 'of the gate')
  sh(place, 'config', 'core.fsmonitor', '/bin/false')
  expect(await changedFiles(checkedOut)).toEqual([])
  await expect(checkOut({ ...deps, town }, 'w', head(), place)).rejects.toThrow('a new folder each time')
  await forget(checkedOut)
  expect(existsSync(checkedOut.gitDir)).toBe(false)
})

test('what a gate changed of tracked files is told, whatever it does to its own index, and is put back', async () => {
  refinery()
  const checkedOut = await checkOut({ ...deps, town }, 'w', head(), place)
  writeFileSync(join(place, 'a.txt'), 'two\n')
  writeFileSync(join(place, 'new.txt'), 'untracked\n')
  sh(place, 'add', '--all')
  sh(place, 'commit', '--quiet', '-m', 'hidden')
  sh(place, 'update-index', '--assume-unchanged', 'a.txt')
  expect(await changedFiles(checkedOut)).toEqual(['a.txt'])
  await restore(checkedOut)
  expect(await changedFiles(checkedOut)).toEqual([])
  expect(readFileSync(join(place, 'a.txt'), 'utf8')).toBe('one\n')
})

test('a file that every checkout has modified is no change; the same file changed is one', async () => {
  writeFileSync(join(origin, '.gitattributes'), '*.txt text eol=lf\n')
  sh(origin, 'add', '.gitattributes')
  sh(origin, 'commit', '--quiet', '-m', 'attributes')
  refinery()
  const checkedOut = await checkOut({ ...deps, town }, 'w', head(), place)
  utimesSync(join(place, 'windows.txt'), 1, 1)
  expect(sh(place, 'status', '--porcelain')).toBe('M windows.txt')
  expect(await changedFiles(checkedOut)).toEqual([])
  writeFileSync(join(place, 'windows.txt'), 'a\nb\n')
  expect(await changedFiles(checkedOut)).toEqual(['windows.txt'])
})

test('submodules are filled, by a relative address too, and looked at like the rest', async () => {
  repository(join(town, 'library'), { 'lib.txt': 'lib\n' })
  sh(origin, 'submodule', '--quiet', 'add', '../library', 'vendor/lib')
  sh(origin, 'commit', '--quiet', '-m', 'a submodule')
  refinery()
  const checkedOut = await checkOut({ ...deps, town }, 'w', head(), place)
  expect(readFileSync(join(place, 'vendor/lib/lib.txt'), 'utf8')).toBe('lib\n')
  expect(sh(place, 'status', '--porcelain')).toBe('')
  writeFileSync(join(place, 'vendor/lib/lib.txt'), 'changed\n')
  expect(await changedFiles(checkedOut)).toEqual(['vendor/lib/lib.txt'])
  await restore(checkedOut)
  expect(readFileSync(join(place, 'vendor/lib/lib.txt'), 'utf8')).toBe('lib\n')
})
