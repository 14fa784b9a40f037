// On real git: a town with one rig whose origin is a bare repository on disk.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
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
import { initBeads } from '../../actors/beads/file.ts'
import { gitHands } from '../../actors/git/hands.ts'
import { keptWork, preservedOf, recover } from '../../actors/git/pin.ts'
import { trashEmptied } from '../../actors/git/staging.ts'
import { addRig, installTown, Refused } from '../../actors/install.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { eventually } from '../fixture/real-town.ts'

let dir: string
let town: string
const call = { at: 1_700_000_000_000, signal: new AbortController().signal }
const now = new Date('2026-01-01T00:00:00Z')
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
const deps = (branch = 'trunk', more: object = {}) => ({
  town,
  defaultBranch: () => branch,
  url: (rig: string) => String(JSON.parse(readFileSync(rigLayout(town, rig).config, 'utf8')).git_url),
  report: (error: unknown) => troubles.push(error),
  ...more,
})
const hands = (branch = 'trunk', more: object = {}) => gitHands(deps(branch, more))
let troubles: unknown[] = []
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
  queuedAt: call.at,
})
const candidate = (...members: ReturnType<typeof request>[]) => ({ rig: 'w', members, known: null })
/** Builds them; anything but a candidate is a failure. */
async function built(...members: ReturnType<typeof request>[]) {
  const answer = await hands().buildCandidate(candidate(...members), call)
  if (answer.kind !== 'built') throw new Error(JSON.stringify(answer))
  return answer
}
const clear = (of = place(), handedOver: string | null = null) =>
  hands().clearPlace({ ...of, issue: 'w-1', handedOver }, call)

beforeEach(() => {
  troubles = []
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
  expect([rig.beads, rig.cloneBeads].map((path) => realpathSync(path))).toEqual([rig.store, rig.store])
  expect(statSync(rig.store).mode & 0o777).toBe(0o700)
  expect(sh(rig.clone, 'status', '--porcelain')).toBe('')
  expect(sh(rig.refineryClone, 'remote', 'get-url', 'origin')).toBe(realpathSync(url))
  expect(readdirSync(join(rig.clone, '.git/objects'))).toEqual(['info'])
  expect(sh(rig.clone, 'remote', 'get-url', 'origin')).toBe(realpathSync(url))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  expect([sh(path, 'status', '--porcelain'), sh(path, 'branch', '--show-current')]).toEqual(['', 'polecat/Nux-1'])
})

test('a project with its own .beads keeps it; the rig has another', async () => {
  await add('w', origin('o', 'main', { '.beads/issues.jsonl': '{}\n' }))
  const rig = rigLayout(town, 'w')
  expect([realpathSync(rig.beads), sh(rig.clone, 'status', '--porcelain')]).toEqual([rig.store, ''])
  expect(readdirSync(rig.cloneBeads)).toEqual(['issues.jsonl'])
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
  const answer = await built(request('w-1', kept))
  expect(await built(request('w-1', kept))).toEqual(answer)
  const { commit, base } = answer
  expect(answer).toMatchObject({ landing: [{ issue: 'w-1', commit }], contained: [], unfit: [], foreign: [] })
  expect(await hands().landCandidate({ rig: 'w', commit, base }, call)).toEqual({ kind: 'pushed' })
  expect(await hands().landCandidate({ rig: 'w', commit, base }, call)).toEqual({ kind: 'pushed' })
  expect(await hands().confirmLanded({ rig: 'w', commit }, call)).toEqual({ kind: 'confirmed' })
  expect(sh(join(dir, 'o.git'), 'rev-parse', 'trunk')).toBe(commit)
  const { clone, polecat } = rigLayout(town, 'w')
  expect(['origin/trunk', 'trunk'].map((name) => sh(clone, 'rev-parse', name))).toEqual([commit, commit])
  // Main of the workers follows on its own.
  const atWorker = () => ['origin/trunk', 'trunk'].map((name) => sh(polecat('Nux'), 'rev-parse', name))
  await eventually(() => atWorker().every((each) => each === commit))
  expect(await built(request('w-1', kept))).toMatchObject({
    commit,
    landing: [],
    contained: [{ issue: 'w-1', commit }],
  })
  expect(await hands().buildCandidate({ ...candidate(request('w-1', kept)), known: base }, call)).toMatchObject({
    foreign: [],
  })
})

test('an empty repository gets its first main from the first landing', async () => {
  await add('w', origin('o', 'trunk', {}))
  const { base, commit } = await built(request('w-1', await worked()))
  expect(base).toBe(null)
  expect(await hands().landCandidate({ rig: 'w', commit, base: null }, call)).toEqual({ kind: 'pushed' })
  expect(sh(join(dir, 'o.git'), 'show', 'trunk:a.txt')).toBe('one')
})

test('several land in one candidate, each its own merge; a conflict with main names the files and holds nobody up', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const one = await worked({ 'a.txt': 'one\n' })
  const two = await worked({ 'a.txt': 'two\n' }, 'Toast', 'w-2')
  const three = await worked({ 'c.txt': 'three\n' }, 'Slit', 'w-3')
  const all = [request('w-1', one), request('w-2', two, 'Toast'), request('w-3', three, 'Slit')]
  const answer = await built(...all)
  // The second only meets the first, which is not on main yet: it has its turn later.
  expect(answer).toMatchObject({ landing: [{ issue: 'w-1' }, { issue: 'w-3', commit: answer.commit }], unfit: [] })
  expect(sh(rigLayout(town, 'w').refineryClone, 'log', '--first-parent', '--format=%s', answer.commit)).toBe(
    'Merge w-3: Do w-3; $(touch x)\nMerge w-1: Do w-1; $(touch x)\nfirst',
  )
  await hands().landCandidate({ rig: 'w', commit: answer.commit, base: answer.base }, call)
  expect(await built(...all.slice(1, 2))).toMatchObject({
    commit: answer.commit,
    unfit: [{ issue: 'w-2', kind: 'conflict', files: ['a.txt'], base: answer.commit }],
  })
})

test('main that moved is not pushed over', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { commit, base } = await built(request('w-1', await worked()))
  const other = commitAndPush('b.txt')
  expect(await hands().landCandidate({ rig: 'w', commit, base }, call)).toEqual({ kind: 'moved' })
  expect(sh(join(dir, 'o.git'), 'rev-parse', 'trunk')).toBe(other)
  const again = await hands().buildCandidate(
    { rig: 'w', members: [request('w-1', await worked({ 'x.txt': 'x\n' }, 'Slit'), 'Slit')], known: base },
    call,
  )
  expect(again).toMatchObject({ foreign: [{ sha: other, author: 'T <t@example.invalid>', subject: 'b.txt' }] })
})

test('a push that origin refuses is told with origin’s words; an origin that is away is not taken for a refusal', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const kept = await worked()
  const { commit, base } = await built(request('w-1', kept))
  hook('pre-receive', 'echo "Changes come by pull request." >&2\nexit 1')
  expect(await hands().landCandidate({ rig: 'w', commit, base }, call)).toEqual({
    kind: 'refused',
    why: 'remote: Changes come by pull request.; [remote rejected] (pre-receive hook declined)',
  })
  rmSync(join(dir, 'o.git'), { recursive: true })
  const away = { kind: 'unreachable', why: expect.stringContaining('does not appear to be a git repository') }
  expect(await hands().landCandidate({ rig: 'w', commit, base }, call)).toEqual(away)
  expect(await hands().buildCandidate(candidate(request('w-1', kept)), call)).toEqual(away)
  expect(await hands().confirmLanded({ rig: 'w', commit }, call)).toEqual(away)
})

test('all that a worker leaves is kept before its place goes, and comes back', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n', '.gitignore': 'node_modules/\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  commit(path, { 'done.txt': 'done\n' }, 'half')
  writeFileSync(join(path, 'a.txt'), 'changed\n')
  writeFileSync(join(path, 'new file.txt'), 'new\n')
  expect(await hands().inspectWorktree(place(), call)).toMatchObject({
    kind: 'found',
    ahead: 1,
    own: 1,
    dirty: ['a.txt', 'new file.txt'],
    onBranch: 'polecat/Nux-1',
  })
  const pinned = await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect(await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)).toEqual(pinned)
  expect(sh(path, 'status', '--porcelain').split('\n')).toHaveLength(2)
  writeFileSync(join(path, 'later.txt'), 'written after the pin\n')
  const cleared = await clear()
  expect(cleared.head).toEqual(pinned.head)
  expect(await clear()).toEqual({ head: null, dirty: null })
  await trashEmptied()
  const { clone, polecats } = rigLayout(town, 'w')
  expect([
    readdirSync(polecats),
    readdirSync(join(clone, '.git/worktrees')),
    sh(clone, 'branch', '--list', 'polecat/*'),
  ]).toEqual([[], [], ''])
  const kept = await keptWork(deps(), 'w', { issue: 'w-1' })
  expect(kept.map((each) => each.kind).sort()).toEqual(['commits', 'files', 'files'])
  const files = kept.find(({ sha }) => sha === cleared.dirty?.sha)
  if (!files) throw new Error('no files')
  const branch = await recover(deps(), 'w', files)
  expect(sh(clone, 'show', `${branch}:later.txt`)).toBe('written after the pin')
  expect(sh(clone, 'show', `${branch}:done.txt`)).toBe('done')
  expect(await preservedOf(deps(), 'w', 'w-1')).toMatchObject({ sha: pinned.head?.sha })
})

test('a worker that went astray loses neither what it did there nor what is on its branch', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  const tip = commit(path, { 'branch.txt': 'on its branch\n' }, 'branch')
  sh(path, 'checkout', '--quiet', '--detach', 'origin/trunk')
  // Nothing of its own is checked out; its branch still is its work, and what the next worker starts from.
  const kept = await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect(kept.head?.sha).toBe(tip)
  expect(await preservedOf(deps(), 'w', 'w-1')).toEqual(kept.head)
  commit(path, { 'astray.txt': 'elsewhere\n' }, 'astray')
  await clear()
  expect((await keptWork(deps(), 'w', { issue: 'w-1' })).map(({ subject }) => subject).sort()).toEqual([
    'astray',
    'branch',
  ])
})

test('work that was handed over is not kept twice', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const kept = await worked()
  expect(await clear(place(), String(kept?.sha))).toEqual({ head: null, dirty: null })
  expect(sh(rigLayout(town, 'w').clone, 'for-each-ref', '--format=%(refname)', 'refs/gt')).toBe(kept?.ref)
})

test('a folder that is not this incarnation’s worktree is never touched', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const path = rigLayout(town, 'w').polecat('Nux')
  mkdirSync(path)
  writeFileSync(join(path, 'precious.txt'), 'mine\n')
  await expect(hands().createWorktree({ ...place(), start: null }, call)).rejects.toThrow('it was left alone')
  await expect(clear()).rejects.toThrow('it was left alone')
  expect(readFileSync(join(path, 'precious.txt'), 'utf8')).toBe('mine\n')
  rmSync(path, { recursive: true })
  await hands().createWorktree({ ...place('Nux', 12), start: null }, call)
  await expect(clear(place('Nux', 1))).rejects.toThrow('polecat/Nux-12')
  sh(path, 'checkout', '--quiet', '--detach')
  await expect(clear(place('Nux', 1))).rejects.toThrow('polecat/Nux-12')
  await expect(hands().pinWork({ ...place('Nux', 2), issue: 'w-1', purpose: 'merge' }, call)).rejects.toThrow(
    'polecat/Nux-12',
  )
})

test('a place that was retired and put back is kept and makes room for its worker’s next one', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { root, placeRecord } = rigLayout(town, 'w')
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  commit(path, { 'done.txt': 'done\n' }, 'done')
  writeFileSync(join(path, 'begun.txt'), 'begun\n')
  cpSync(root, join(dir, 'backup'), { recursive: true, verbatimSymlinks: true })
  const putBack = () => {
    rmSync(root, { recursive: true, force: true })
    cpSync(join(dir, 'backup'), root, { recursive: true, verbatimSymlinks: true })
  }
  // Its rig is gone when it goes; then it is put over its successor.
  rmSync(root, { recursive: true })
  await clear()
  for (const next of [place('Nux', 2), place('Nux', 3)]) {
    putBack()
    await hands().createWorktree({ ...next, start: null }, call)
    expect(sh(path, 'status', '--porcelain', '--branch')).toBe(`## ${next.branch}`)
    const kept = await keptWork(deps(), 'w', { polecat: 'Nux' })
    expect(kept.map(({ kind, subject }) => `${kind}: ${subject}`).sort()).toEqual([
      'commits: done',
      'files: Uncommitted files of polecat/Nux-1',
    ])
    expect(JSON.parse(readFileSync(placeRecord('Nux'), 'utf8'))).toMatchObject({ incarnation: next.incarnation })
    await trashEmptied()
  }
  expect(troubles.map(String)).toEqual(Array(2).fill(expect.stringContaining('gt recover w/Nux')))
})

test('a worker that names another incarnation’s folder in its place makes the town forget nothing', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { clone, placeRecord } = rigLayout(town, 'w')
  const { path } = await hands().createWorktree({ ...place('Nux', 3), start: null }, call)
  writeFileSync(join(path, '.git'), `gitdir: ${join(clone, '.git/worktrees/Nux-2')}\n`)
  writeFileSync(join(path, 'begun.txt'), 'begun\n')
  const known = readFileSync(placeRecord('Nux'), 'utf8')
  await hands().createWorktree({ ...place('Nux', 3), start: null }, call)
  expect(readFileSync(placeRecord('Nux'), 'utf8')).toBe(known)
  expect(await hands().inspectWorktree(place('Nux', 3), call)).toMatchObject({ dirty: ['begun.txt'] })
})

test('what the town keeps for itself of a rig may be cut or gone: it is whole again before git looks through it', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { lens, placeRecord } = rigLayout(town, 'w')
  const look = () => hands().inspectWorktree(place(), call)
  await hands().createWorktree({ ...place(), start: null }, call)
  const whole = await look()
  for (const name of [...readdirSync(lens), 'info/exclude']) {
    rmSync(join(lens, name), { recursive: true })
    expect([name, await look()]).toEqual([name, whole])
  }
  for (const path of [join(lens, 'HEAD'), join(lens, 'config'), placeRecord('Nux')]) {
    writeFileSync(path, '')
    expect([path, await look()]).toEqual([path, whole])
  }
  await clear()
})

test.each(['clone', 'refineryClone'] as const)(
  'a %s that is gone is told, and nothing is begun anew in its place',
  async (which) => {
    const url = origin('o', 'trunk', { 'a.txt': 'zero\n' })
    await add('w', url)
    const { path } = await hands().createWorktree({ ...place(), start: null }, call)
    const gone = rigLayout(town, 'w')[which]
    rmSync(gone, { recursive: true })
    const words = `${gone} has no repository of its own any more (.git): put it back`
    await expect(hands().createWorktree({ ...place(), start: null }, call)).rejects.toThrow(words)
    await expect(hands().createWorktree({ ...place('Toast'), start: null }, call)).rejects.toThrow(words)
    await expect(hands().inspectWorktree(place(), call)).rejects.toThrow(words)
    await expect(clear()).rejects.toThrow(words)
    expect([existsSync(gone), existsSync(path)]).toEqual([false, true])
    // As it says.
    sh(dir, 'clone', '--quiet', url, gone)
    await hands().createWorktree({ ...place('Toast'), start: null }, call)
    await clear()
    expect(existsSync(path)).toBe(false)
  },
)

test('a branch that was deleted or begun anew under its worker goes on where it was, with all files', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  const one = commit(path, { 'one.txt': 'one\n' }, 'one')
  writeFileSync(join(path, 'two.txt'), 'two\n')
  const again = () => hands().createWorktree({ ...place(), start: null }, call)
  const ref = join(rigLayout(town, 'w').clone, '.git/refs/heads/polecat/Nux-1')
  for (const harm of [() => rmSync(ref), () => writeFileSync(ref, '')]) {
    harm()
    expect(await again()).toMatchObject({ head: one })
  }
  rmSync(ref)
  commit(path, {}, 'two')
  await expect(hands().inspectWorktree(place(), call)).rejects.toThrow('was begun anew and does not go on from')
  expect(await again()).toMatchObject({ head: one })
  expect(await hands().inspectWorktree(place(), call)).toMatchObject({ head: one, dirty: ['two.txt'], own: 1 })
})

/** Of a folder and those in it; none is followed, as Node's own way does, where one leads back to where it is. */
const linksIn = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    return entry.isSymbolicLink() ? [path] : entry.isDirectory() ? linksIn(path) : []
  })

test('a place that lost its links to the clone has them again: what was committed meanwhile counts as not committed', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { path, head } = await hands().createWorktree({ ...place(), start: null }, call)
  const common = join(rigLayout(town, 'w').clone, '.git/worktrees/Nux-1/common')
  const links = linksIn(common)
  expect(links.length).toBeGreaterThan(5)
  for (const each of links) {
    rmSync(each)
    expect([each, await hands().inspectWorktree(place(), call)]).toMatchObject([each, { head, dirty: [] }])
  }
  rmSync(join(common, 'refs/heads'))
  const lost = commit(path, { 'done.txt': 'done\n' }, 'done')
  expect(await hands().inspectWorktree(place(), call)).toMatchObject({ head, dirty: ['done.txt'] })
  // What was there instead is kept: nothing else names that commit.
  const aside = join(townLayout(town).aside, 'w-1/heads/polecat')
  expect(readFileSync(join(aside, readdirSync(aside)[0] ?? ''), 'utf8')).toContain(lost)
  expect((await clear()).dirty).not.toBeNull()
})

test('what git keeps of a place, or of the way to its objects, may be cut or gone: it is made again', async () => {
  await add('w', origin('o', 'trunk', { 'a.txt': 'zero\n' }))
  const { path } = await hands().createWorktree({ ...place(), start: null }, call)
  const { clone, root } = rigLayout(town, 'w')
  const look = () => hands().inspectWorktree(place(), call)
  const whole = await look()
  for (const name of [
    'worktrees/Nux-1/HEAD',
    'worktrees/Nux-1/commondir',
    'worktrees/Nux-1/index',
    'objects/info/alternates',
  ])
    for (const harm of [rmSync, (path: string) => writeFileSync(path, '')]) {
      harm(join(clone, '.git', name))
      expect([name, await look()]).toEqual([name, whole])
    }
  const seen = join(clone, '.git/worktrees/Nux-1/common/refs/remotes/origin/trunk')
  for (const file of [join(path, '.git'), seen]) {
    writeFileSync(file, '')
    await hands().createWorktree({ ...place(), start: null }, call)
    expect([file, sh(path, 'rev-parse', 'origin/trunk')]).toEqual([file, sh(clone, 'rev-parse', 'origin/trunk')])
  }
  commit(path, { 'b.txt': 'one\n' }, 'work')
  const { head } = await hands().pinWork({ ...place(), issue: 'w-1', purpose: 'merge' }, call)
  const all = join(root, 'refinery/attributes/.all')
  rmSync(join(root, 'refinery/rig/.git/HEAD'))
  const { commit: first } = await built(request('w-1', head))
  for (const harm of [rmSync, (path: string) => writeFileSync(path, '')]) {
    harm(all)
    expect(await built(request('w-1', head))).toMatchObject({ commit: first })
    expect(statSync(all).size).toBeGreaterThan(0)
  }
  await clear()
})

/** A commit of somebody else's on main. */
function commitAndPush(file: string): string {
  const sha = commit(join(dir, 'o-work'), { [file]: 'other\n' }, file)
  sh(join(dir, 'o-work'), 'push', '--quiet', 'origin', 'HEAD:trunk')
  return sha
}
function hook(name: string, body: string): void {
  const path = join(dir, 'o.git/hooks', name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
}
