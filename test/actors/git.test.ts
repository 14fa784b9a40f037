// On real git: a town with one rig whose origin is a bare repository on disk.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gitHands } from '../../actors/git/hands.ts'
import { keptWork, preservedOf, recover } from '../../actors/git/pin.ts'
import { addRig, installTown, Refused } from '../../actors/install.ts'
import { rigLayout } from '../../actors/layout.ts'

let dir: string
let town: string
const call = { at: 1_700_000_000_000, signal: new AbortController().signal }
const now = new Date('2026-01-01T00:00:00Z')
const initBeads = (where: string) => writeFileSync(join(where, 'beads.db'), '')
const sh = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

function origin(name: string, branch: string, files: Record<string, string>): string {
  const bare = join(dir, `${name}.git`)
  sh(dir, 'init', '--quiet', '--bare', `--initial-branch=${branch}`, bare)
  if (Object.keys(files).length === 0) return bare
  const work = join(dir, `${name}-work`)
  sh(dir, 'clone', '--quiet', bare, work)
  sh(work, 'checkout', '--quiet', '-B', branch)
  commit(work, files, 'first')
  sh(work, 'push', '--quiet', 'origin', branch)
  return bare
}
function commit(work: string, files: Record<string, string>, message: string): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(work, path, '..'), { recursive: true })
    writeFileSync(join(work, path), text)
  }
  sh(work, 'add', '--all')
  sh(work, 'commit', '--quiet', '-m', message)
  return sh(work, 'rev-parse', 'HEAD')
}
const add = (name: string, url: string, more: object = {}) =>
  addRig(town, { name, url, gates: { test: ['true'] }, now, initBeads, ...more })
const hands = (branch = 'trunk') => gitHands({ town, defaultBranch: () => branch })
const place = (polecat = 'Nux', incarnation = 1, rig = 'w') => ({
  rig,
  polecat,
  incarnation,
  branch: `polecat/${polecat}-${incarnation}`,
})
const request = (issue: string, kept: { ref: string; sha: string } | null, polecat = 'Nux') => ({
  issue,
  title: `Do ${issue}; $(touch x)`,
  polecat,
  branch: `polecat/${polecat}-1`,
  sha: String(kept?.sha),
  ref: String(kept?.ref),
  priority: 2,
})

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'git-')))
  town = installTown(join(dir, 'gt'), { now, initBeads }).town
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Rig `w` with one worker's commit, pinned for the queue. */
async function worked(files: Record<string, string> = { 'a.txt': 'one\n' }, polecat = 'Nux', issue = 'w-1') {
  const { path } = await hands().createWorktree({ ...place(polecat), start: null }, call)
  commit(path, files, `work on ${issue}`)
  return (await hands().pinWork({ ...place(polecat), issue, purpose: 'merge' }, call)).head
}

test('a rig is a container with two clones, a clean worktree base, and beads that git does not see', async () => {
  const url = origin('o', 'trunk', { 'a.txt': 'zero\n', 'CLAUDE.md': 'theirs\n' })
  expect(await add('w', url)).toEqual({ branch: 'trunk', prefix: 'w', warning: null })
  const rig = rigLayout(town, 'w')
  expect(existsSync(join(rig.root, '.git'))).toBe(false)
  expect(lstatSync(rig.beads).isSymbolicLink()).toBe(true)
  expect(sh(rig.clone, 'status', '--porcelain')).toBe('')
  expect(sh(rig.refineryClone, 'remote', 'get-url', 'origin')).toBe(realpathSync(url))
  const object = readdirSync(join(rig.clone, '.git/objects')).find((name) => name.length === 2) as string
  const file = readdirSync(join(rig.clone, '.git/objects', object))[0] as string
  expect(statSync(join(rig.clone, '.git/objects', object, file)).nlink).toBeGreaterThan(1)
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  expect([sh(path, 'status', '--porcelain'), sh(path, 'branch', '--show-current')]).toEqual(['', 'polecat/Nux-1'])
})

test('a project with its own .beads keeps it; the rig has another', async () => {
  await add('w', origin('o', 'main', { '.beads/issues.jsonl': '{}\n' }))
  const rig = rigLayout(town, 'w')
  expect([lstatSync(rig.beads).isDirectory(), sh(rig.clone, 'status', '--porcelain')]).toEqual([true, ''])
})

test.each(['../x', 'a b', '-x', 'a/b', 'mayor', ''])('a rig cannot be called "%s"', async (name) => {
  await expect(add(name, origin('o', 'main', { a: '1' }))).rejects.toThrow(Refused)
  expect(JSON.parse(readFileSync(join(town, 'mayor/rigs.json'), 'utf8')).rigs).toEqual({})
})

test('a repository that cannot be reached, a taken name or prefix, and a missing gate are refused and leave nothing behind', async () => {
  await expect(add('w', join(dir, 'nowhere.git'))).rejects.toThrow('cannot be cloned')
  const url = origin('o', 'main', { a: '1' })
  await add('w', url, { prefix: 'wyv' })
  await expect(add('w', url)).rejects.toThrow('already')
  await expect(add('v', url, { prefix: 'wyv' })).rejects.toThrow('prefix wyv is taken')
  await expect(add('v', url, { gates: {} })).rejects.toThrow('--no-gate')
  expect(readdirSync(join(town, 'daemon')).filter((name) => name.startsWith('making'))).toEqual([])
  expect(readdirSync(town)).not.toContain('v')
})

test('install twice changes nothing, and a folder that is no town is refused', () => {
  const before = readFileSync(join(town, 'mayor/town.json'), 'utf8')
  expect(installTown(town, { now: new Date(), initBeads }).made).toBe(false)
  expect(readFileSync(join(town, 'mayor/town.json'), 'utf8')).toBe(before)
  expect(() => installTown(dir, { now, initBeads })).toThrow('not empty and not a town')
})

test('work is built, pushed and confirmed; every step may be repeated', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const kept = await worked()
  const input = { rig: 'w', members: [request('w-1', kept)], at: call.at }
  const built = await hands().buildCandidate(input, call)
  expect(await hands().buildCandidate(input, call)).toEqual(built)
  if (built.kind !== 'built') throw new Error(built.kind)
  expect(await hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)).toEqual({
    kind: 'pushed',
  })
  expect(await hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)).toEqual({
    kind: 'pushed',
  })
  expect(await hands().confirmLanded({ rig: 'w', commit: built.commit }, call)).toEqual({ kind: 'confirmed' })
  expect(sh(join(dir, 'o.git'), 'rev-parse', 'trunk')).toBe(built.commit)
  expect(sh(rigLayout(town, 'w').clone, 'rev-parse', 'origin/trunk')).toBe(built.commit)
  expect(await hands().buildCandidate(input, call)).toEqual({ kind: 'contained', commit: built.commit })
})

test('an empty repository gets its first main from the first landing', async () => {
  await add('w', origin('o', 'trunk', {}))
  const built = await hands().buildCandidate({ rig: 'w', members: [request('w-1', await worked())], at: call.at }, call)
  if (built.kind !== 'built') throw new Error(built.kind)
  expect(built.base).toBe(null)
  expect(await hands().landCandidate({ rig: 'w', commit: built.commit, base: null }, call)).toEqual({ kind: 'pushed' })
  expect(sh(join(dir, 'o.git'), 'show', 'trunk:a.txt')).toBe('one')
})

test('a conflict names the files', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const one = await worked({ 'a.txt': 'one\n' })
  const two = await worked({ 'a.txt': 'two\n' }, 'Toast', 'w-2')
  const answer = await hands().buildCandidate(
    { rig: 'w', members: [request('w-1', one), request('w-2', two, 'Toast')], at: call.at },
    call,
  )
  expect(answer).toMatchObject({ kind: 'conflict', issue: 'w-2', files: ['a.txt'] })
})

test('main that moved is not pushed over', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const built = await hands().buildCandidate({ rig: 'w', members: [request('w-1', await worked())], at: call.at }, call)
  if (built.kind !== 'built') throw new Error(built.kind)
  const other = commit(join(dir, 'o-work'), { 'b.txt': 'other\n' }, 'another pusher')
  sh(join(dir, 'o-work'), 'push', '--quiet', 'origin', 'trunk')
  expect(await hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)).toEqual({
    kind: 'moved',
  })
  expect(sh(join(dir, 'o.git'), 'rev-parse', 'trunk')).toBe(other)
})

test('a push that origin refuses is told with origin’s words; an origin that is away is not taken for a refusal', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const kept = await worked()
  const built = await hands().buildCandidate({ rig: 'w', members: [request('w-1', kept)], at: call.at }, call)
  if (built.kind !== 'built') throw new Error(built.kind)
  writeFileSync(join(dir, 'o.git/hooks/pre-receive'), '#!/bin/sh\necho frozen >&2\nexit 1\n')
  chmodSync(join(dir, 'o.git/hooks/pre-receive'), 0o755)
  expect(await hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)).toMatchObject({
    kind: 'refused',
    why: expect.stringContaining('hook declined'),
  })
  rmSync(join(dir, 'o.git'), { recursive: true })
  expect(await hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)).toMatchObject({
    kind: 'unreachable',
  })
  expect(await hands().buildCandidate({ rig: 'w', members: [request('w-1', kept)], at: call.at }, call)).toMatchObject({
    kind: 'unreachable',
  })
  expect(await hands().confirmLanded({ rig: 'w', commit: built.commit }, call)).toMatchObject({ kind: 'unreachable' })
})

test('nothing is removed before it is pinned, and what is pinned comes back', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n', '.gitignore': 'node_modules/\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  commit(path, { 'done.txt': 'done\n' }, 'half')
  writeFileSync(join(path, 'a.txt'), 'changed\n')
  writeFileSync(join(path, 'new file.txt'), 'new\n')
  await expect(hands().removeWorktree(place(), call)).rejects.toThrow('neither on main nor pinned')
  expect(await hands().inspectWorktree(place(), call)).toMatchObject({
    kind: 'found',
    ahead: 1,
    dirty: ['a.txt', 'new file.txt'],
    onBranch: 'polecat/Nux-1',
  })
  const pinned = await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect(await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)).toEqual(pinned)
  expect(sh(path, 'status', '--porcelain').split('\n')).toHaveLength(2)
  writeFileSync(join(path, 'later.txt'), 'written after the pin\n')
  await expect(hands().removeWorktree(place(), call)).rejects.toThrow('uncommitted files that are not pinned')
  await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect(await hands().removeWorktree(place(), call)).toEqual({ removed: true })
  expect(await hands().removeWorktree(place(), call)).toEqual({ removed: false })
  expect(await hands().deleteBranch(place(), call)).toEqual({ kind: 'deleted' })
  const deps = { town, defaultBranch: () => 'trunk' }
  const kept = await keptWork(deps, 'w', { issue: 'w-1' })
  expect(kept.map((each) => each.kind).sort()).toEqual(['commits', 'files'])
  const files = kept.find((each) => each.kind === 'files')
  if (!files) throw new Error('no files')
  const branch = await recover(deps, 'w', files)
  expect(sh(rigLayout(town, 'w').clone, 'show', `${branch}:later.txt`)).toBe('written after the pin')
  expect(sh(rigLayout(town, 'w').clone, 'show', `${branch}:done.txt`)).toBe('done')
  expect(await preservedOf(deps, 'w', 'w-1')).toMatchObject({ sha: pinned.head?.sha })
})

test('a worker that went astray loses neither what it did there nor what is on its branch', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  commit(path, { 'branch.txt': 'on its branch\n' }, 'branch')
  sh(path, 'checkout', '--quiet', '--detach', 'origin/trunk')
  // Nothing of its own is checked out; its branch still is its work, and what the next worker starts from.
  const deps = { town, defaultBranch: () => 'trunk' }
  const kept = await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect(await preservedOf(deps, 'w', 'w-1')).toEqual(kept.head)
  commit(path, { 'astray.txt': 'elsewhere\n' }, 'astray')
  await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect((await keptWork(deps, 'w', { issue: 'w-1' })).map(({ subject }) => subject).sort()).toEqual([
    'astray',
    'branch',
  ])
  expect(await hands().removeWorktree(place(), call)).toEqual({ removed: true })
  expect(await hands().deleteBranch(place(), call)).toEqual({ kind: 'deleted' })
})

test('a branch with work that is nowhere else stays', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  commit(path, { 'x.txt': 'x\n' }, 'x')
  expect(await hands().deleteBranch(place(), call)).toMatchObject({ kind: 'kept' })
})

test('a folder that is not this incarnation’s worktree is never touched', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const path = rigLayout(town, 'w').polecat('Nux')
  mkdirSync(path)
  writeFileSync(join(path, 'precious.txt'), 'mine\n')
  await expect(hands().createWorktree({ ...place(), start: null }, call)).rejects.toThrow('it was left alone')
  await expect(hands().removeWorktree(place(), call)).rejects.toThrow('it was left alone')
  expect(readFileSync(join(path, 'precious.txt'), 'utf8')).toBe('mine\n')
  rmSync(path, { recursive: true })
  await hands().createWorktree({ ...place('Nux', 2), start: null }, call)
  await expect(hands().removeWorktree(place('Nux', 1), call)).rejects.toThrow('polecat/Nux-2')
})
