// Refs that the town writes and deletes by itself, as git does: git sees the same, and what it must be asked for is told.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deleteRef, readRef, writeRef } from '../../actors/git/refs.ts'

let dir: string
let one: string
let two: string
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd: dir,
    encoding: 'utf8',
  }).trim()
const seen = () => git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/polecat')
const common = () => join(dir, '.git')
const ref = 'refs/heads/polecat/Nux-1'
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'refs-')))
  git('init', '--quiet', '--initial-branch=main')
  for (const words of ['one', 'two']) git('commit', '--quiet', '--allow-empty', '-m', words)
  two = git('rev-parse', 'main')
  one = git('rev-parse', 'main~1')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('one is written only where it is what it was, and not while somebody holds it', async () => {
  expect(await writeRef(common(), ref, one, { was: undefined })).toBe(true)
  expect(await writeRef(common(), ref, two, { was: two })).toBe(false)
  expect(seen()).toBe(`${ref} ${one}`)
  writeFileSync(join(common(), `${ref}.lock`), '')
  expect(await writeRef(common(), ref, two)).toBe(false)
  rmSync(join(common(), `${ref}.lock`))
  expect(await writeRef(common(), ref, two, { was: one })).toBe(true)
  expect(seen()).toBe(`${ref} ${two}`)
})

test('one is deleted with its log where it is loose and as it was; what is packed is left for git', async () => {
  git('branch', 'polecat/Nux-1', one)
  expect(await deleteRef(common(), ref, two)).toBe(false)
  expect(seen()).toBe(`${ref} ${one}`)
  expect(await deleteRef(common(), ref, one)).toBe(true)
  expect(seen()).toBe('')
  expect(existsSync(join(common(), 'logs', ref))).toBe(false)
  git('branch', 'polecat/Nux-1', one)
  git('pack-refs', '--all')
  git('update-ref', ref, two)
  // Deleting the loose one alone would bring the older one back.
  expect(await deleteRef(common(), ref, two)).toBe(false)
  expect(seen()).toBe(`${ref} ${two}`)
})

test('while refs are being packed, a deleted one that was packed meanwhile is left for git', async () => {
  git('branch', 'polecat/Nux-1', one)
  const lock = join(common(), 'packed-refs.lock')
  writeFileSync(lock, '')
  const deleting = deleteRef(common(), ref, one)
  setTimeout(() => {
    writeFileSync(join(common(), 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${one} ${ref}\n`)
    rmSync(lock)
  }, 150)
  expect(await deleting).toBe(false)
  expect(seen()).toBe(`${ref} ${one}`)
})

test('one that an agent made symbolic is followed to another ref, not in a circle, and not out of the repository', async () => {
  git('symbolic-ref', 'refs/heads/it', 'refs/heads/main')
  expect(await readRef(common(), 'refs/heads/it')).toBe(two)
  git('symbolic-ref', 'refs/heads/there', 'refs/heads/back')
  git('symbolic-ref', 'refs/heads/back', 'refs/heads/there')
  expect(await readRef(common(), 'refs/heads/there')).toBe(undefined)
  writeFileSync(join(dir, 'outside'), `${one}\n`)
  writeFileSync(join(common(), 'refs/heads/out'), 'ref: refs/../../outside\n')
  expect(await readRef(common(), 'refs/heads/out')).toBe(undefined)
})

test('where one cannot be written, nothing is left behind, and git is to say why', async () => {
  mkdirSync(join(common(), ref, 'under'), { recursive: true })
  expect(await writeRef(common(), ref, one)).toBe(false)
  expect(existsSync(join(common(), `${ref}.lock`))).toBe(false)
})
