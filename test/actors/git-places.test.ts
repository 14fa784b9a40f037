// Workers' places as workers leave them: whatever an agent does to its repository, nothing of it is lost, nothing of it
// is run by the town, and nobody else meets it. On real git.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fetchMain } from '../../actors/git/origin.ts'
import { keptWork, landedOf, preservedOf, prunePins } from '../../actors/git/pin.ts'
import { adminOf } from '../../actors/git/place.ts'
import { prepareGit } from '../../actors/git/prepare.ts'
import { clearForgotten } from '../../actors/git/retire.ts'
import type { MergeStyle } from '../../actors/git/rig.ts'
import { rigLayout } from '../../actors/layout.ts'
import { eventually } from '../fixture/real-town.ts'
import { call, commit, place, program, type RigFixture, rigFixture, sh, withEnv } from '../fixture/rig.ts'

let rig: RigFixture
beforeEach(() => {
  rig = rigFixture()
})
afterEach(() => rig.remove())

const clear = (polecat = 'Nux', handedOver: string | null = null) =>
  rig.hands().clearPlace({ ...place(polecat), issue: 'w-1', handedOver }, call)
async function inspect(polecat = 'Nux') {
  const found = await rig.hands().inspectWorktree(place(polecat), call)
  if (found.kind !== 'found') throw new Error(found.why)
  return found
}
const kept = async () => keptWork(rig.deps(), 'w', { issue: 'w-1' })
const isKept = (sha: string) => sh(rig.layout.clone, 'for-each-ref', '--contains', sha, 'refs/gt') !== ''
const shown = (ref: string | undefined, path: string) => sh(rig.layout.clone, 'show', `${ref}:${path}`)

test('a stash is its worker’s own, and kept when the worker goes', async () => {
  rig.origin()
  await rig.add()
  const [one, other] = [await rig.worker('Nux'), await rig.worker('Slit')]
  for (const text of ['first', 'second']) {
    writeFileSync(join(one, 'a.txt'), text)
    sh(one, 'stash', '--quiet')
  }
  expect([sh(other, 'stash', 'list'), sh(rig.layout.clone, 'stash', 'list')]).toEqual(['', ''])
  writeFileSync(join(other, 'a.txt'), 'other')
  sh(other, 'stash', '--quiet')
  sh(one, 'stash', 'pop', '--quiet')
  expect(readFileSync(join(one, 'a.txt'), 'utf8')).toBe('second')
  await clear()
  const stashes = (await kept()).filter(({ kind }) => kind === 'stash')
  expect(stashes.map(({ sha }) => shown(sha, 'a.txt'))).toContain('first')
  expect(sh(other, 'stash', 'list').split('\n')).toHaveLength(1)
})

test('the town runs nothing that an agent configured: in its place, in the clone, in repositories inside', async () => {
  const ran = join(rig.dir, 'ran')
  const evil = program(join(rig.dir, 'evil'), `echo "$0 $*" >> ${ran}; cat 2>/dev/null; exit 0`)
  rig.origin({ 'a.txt': 'zero\n', '.gitattributes': '*.txt filter=evil diff=evil\n' })
  await rig.add()
  const path = await rig.worker()
  sh(path, 'init', '--quiet', 'inside')
  commit(join(path, 'inside'), { 'x.txt': 'x\n' })
  for (const at of [path, rig.layout.clone, join(path, 'inside')]) {
    for (const name of [
      'core.fsmonitor',
      'core.sshCommand',
      'filter.evil.clean',
      'filter.evil.smudge',
      'filter.evil.process',
      'diff.external',
      'diff.evil.textconv',
      'core.pager',
      'core.editor',
      'gpg.program',
      'credential.helper',
      'uploadpack.packObjectsHook',
      'alias.status',
    ])
      sh(at, 'config', name, evil)
    sh(at, 'config', 'core.hooksPath', rig.dir)
    sh(at, 'config', 'commit.gpgSign', 'true')
    sh(at, 'config', 'include.path', join(rig.dir, 'nowhere'))
  }
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-push', 'post-merge'])
    program(join(rig.dir, hook), `echo ${hook} >> ${ran}`)
  writeFileSync(join(path, 'a.txt'), 'changed\n')
  writeFileSync(join(path, 'inside/y.txt'), 'y\n')
  rmSync(ran, { force: true })
  expect((await inspect()).dirty).toEqual(['a.txt', 'inside/'])
  const member = await rig.handOver('Nux', 'w-1')
  await rig.hands().buildCandidate({ rig: 'w', members: [member], known: null }, call)
  const { dirty } = await clear()
  await rig.worker('Slit')
  expect(existsSync(ran) ? readFileSync(ran, 'utf8') : '').toBe('')
  expect(shown(dirty?.ref, 'a.txt')).toBe('changed')
  expect((await kept()).filter(({ kind }) => kind === 'nested')).toHaveLength(2)
})

test('a worker’s place refuses to push main of origin, and nothing else', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker('Nux')
  writeFileSync(join(path, 'more.txt'), 'more\n')
  sh(path, 'add', '--all')
  sh(path, 'commit', '--quiet', '-m', 'more')
  const other = join(rig.dir, 'other.git')
  sh(rig.dir, 'init', '--quiet', '--bare', other)
  const before = sh(rig.bare, 'rev-parse', 'main')
  const url = sh(path, 'remote', 'get-url', 'origin')
  for (const args of [
    ['origin', 'HEAD:main'],
    ['origin', '+HEAD:refs/heads/main', 'HEAD:mine'],
    [url, 'HEAD:main'],
    ['origin', ':main'],
  ])
    expect(() => sh(path, 'push', '--quiet', ...args)).toThrow(/Refinery.*gt handoff/)
  expect([sh(rig.bare, 'rev-parse', 'main'), sh(rig.bare, 'branch', '--list', 'mine')]).toEqual([before, ''])
  sh(path, 'push', '--quiet', 'origin', 'HEAD:mine')
  sh(path, 'push', '--quiet', other, 'HEAD:main')
  expect(sh(rig.bare, 'rev-parse', 'mine')).toBe(sh(other, 'rev-parse', 'main'))
})

test('what one worker configures is not another’s, nor the clone’s', async () => {
  rig.origin()
  await rig.add()
  const [one, other] = [await rig.worker('Nux'), await rig.worker('Slit')]
  sh(one, 'config', 'core.bare', 'true')
  sh(one, 'config', 'core.hooksPath', '.husky')
  sh(one, 'init', '--quiet')
  expect(sh(other, 'status', '--porcelain')).toBe('')
  expect(sh(rig.layout.clone, 'status', '--porcelain')).toBe('')
  expect((await inspect()).dirty).toEqual([])
  expect(sh(rig.layout.clone, 'worktree', 'list').split('\n')).toHaveLength(3)
})

test.each<[string, (path: string, admin: string) => void]>([
  ['is moved away', (path) => renameSync(join(path, '.git'), join(path, '..', 'moved'))],
  ['is deleted', (path) => rmSync(join(path, '.git'))],
  [
    'is another repository by now',
    (path) => {
      rmSync(join(path, '.git'))
      sh(path, 'init', '--quiet')
      commit(path, { 'again.txt': 'again\n' }, 'in the new one')
    },
  ],
  ['leads to what is gone', (_, admin) => rmSync(admin, { recursive: true })],
  ['has an orphan checked out', (path) => sh(path, 'checkout', '--quiet', '--orphan', 'nothing')],
  ['is bare by its own words', (path) => sh(path, 'config', 'core.bare', 'true')],
])('nothing is lost where the .git of a place %s', async (_, harm) => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  const sha = commit(path, { 'done.txt': 'done\n' })
  writeFileSync(join(path, 'open.txt'), 'open\n')
  harm(path, adminOf(rig.town, place()))
  expect((await inspect()).dirty).toContain('open.txt')
  const { dirty } = await clear()
  expect([isKept(sha), shown(dirty?.ref, 'open.txt'), existsSync(path)]).toEqual([true, 'open', false])
  const subjects = (await kept()).map(({ subject }) => subject)
  expect(subjects.includes('in the new one')).toBe(_ === 'is another repository by now')
  expect((await rig.hands().createWorktree({ ...place('Nux', 2), start: null }, call)).path).toBe(path)
})

test('commits that were rewritten or left, and changes git was told not to see, are kept too', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  const thrown = commit(path, { 'thrown.txt': 'x\n' }, 'thrown away')
  sh(path, 'reset', '--quiet', '--hard', 'HEAD~1')
  const amended = commit(path, { 'b.txt': 'b\n' }, 'before')
  sh(path, 'commit', '--quiet', '--amend', '-m', 'after')
  sh(path, 'checkout', '--quiet', '--detach', 'main')
  const detached = commit(path, { 'd.txt': 'd\n' }, 'detached')
  sh(path, 'checkout', '--quiet', 'polecat/Nux-1')
  sh(path, 'update-index', '--assume-unchanged', 'a.txt')
  writeFileSync(join(path, 'a.txt'), 'hidden\n')
  const head = sh(path, 'rev-parse', 'HEAD')
  const cleared = await clear()
  expect([thrown, amended, detached, head].map(isKept)).toEqual([true, true, true, true])
  expect(cleared.head?.sha).toBe(head)
  expect(shown(cleared.dirty?.ref, 'a.txt')).toBe('hidden')
  // The next worker starts from what was meant.
  expect((await preservedOf(rig.deps(), 'w', 'w-1'))?.sha).toBe(head)
})

test('a place whose folder somebody deleted is cleared, with its commits and stashes kept; or made anew', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  writeFileSync(join(path, 'a.txt'), 'stashed\n')
  sh(path, 'stash', '--quiet')
  sh(path, 'checkout', '--quiet', '--detach')
  const sha = commit(path, { 'd.txt': 'd\n' })
  rmSync(path, { recursive: true })
  expect(await inspectKind()).toBe('absent')
  expect(await rig.worker()).toBe(path)
  expect([sh(path, 'rev-parse', 'HEAD'), sh(path, 'stash', 'list').split('\n').length]).toEqual([sha, 1])
  rmSync(path, { recursive: true })
  expect((await clear()).head?.sha).toBe(sha)
  expect((await kept()).map(({ kind }) => kind).sort()).toEqual(['commits', 'stash'])
  expect(sh(rig.layout.clone, 'worktree', 'list').split('\n')).toHaveLength(1)
})
const inspectKind = async () => (await rig.hands().inspectWorktree(place(), call)).kind

test('a file that every fresh checkout has modified is nobody’s; a change to it is', async () => {
  rig.origin({ 'windows.txt': 'a\r\nb\r\n' })
  writeFileSync(join(rig.seed, '.gitattributes'), '*.txt text eol=lf\n')
  sh(rig.seed, 'add', '.gitattributes')
  sh(rig.seed, 'commit', '--quiet', '-m', 'attributes')
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  await rig.add()
  const path = await rig.worker()
  utimesSync(join(path, 'windows.txt'), 1, 1)
  expect(sh(path, 'status', '--porcelain')).toBe('M windows.txt')
  expect((await inspect()).dirty).toEqual([])
  writeFileSync(join(path, 'new.txt'), 'new\n')
  expect((await inspect()).dirty).toEqual(['new.txt'])
  const { dirty } = await rig.hands().pinWork({ ...place(), issue: 'w-1', purpose: 'retire' }, call)
  expect(sh(rig.layout.clone, 'diff', '--name-only', 'main', String(dirty?.ref))).toBe('new.txt')
  writeFileSync(join(path, 'windows.txt'), 'a\r\nb\r\nc\r\n')
  expect((await inspect()).dirty).toEqual(['windows.txt', 'new.txt'])
})

test('what is committed here is told apart from what came from main', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  expect(await inspect()).toMatchObject({ ahead: 0, own: 0, onBranch: 'polecat/Nux-1', unfinished: null })
  commit(rig.seed, { 'b.txt': 'b\n' }, 'of somebody else')
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  sh(path, 'fetch', '--quiet', 'origin')
  sh(path, 'merge', '--quiet', 'origin/main')
  expect(await inspect()).toMatchObject({ ahead: 0, own: 0 })
  commit(path, { 'c.txt': 'c\n' })
  expect(await inspect()).toMatchObject({ ahead: 1, own: 1 })
  // The clone, and others’ places, have the newer main too.
  expect(sh(await rig.worker('Slit'), 'rev-parse', 'main')).toBe(sh(rig.seed, 'rev-parse', 'HEAD'))
  sh(path, 'checkout', '--quiet', '--detach')
  commit(path, { 'a.txt': 'mine\n' })
  commit(rig.seed, { 'a.txt': 'theirs\n' })
  sh(path, 'fetch', '--quiet', rig.seed, 'main')
  expect(() => sh(path, 'merge', 'FETCH_HEAD')).toThrow()
  expect(await inspect()).toMatchObject({ onBranch: null, unfinished: 'merge', dirty: ['a.txt'] })
})

test('workers fetch while the town moves main, and neither fails for it', async () => {
  rig.origin()
  await rig.add()
  const paths = await Promise.all(['A', 'B', 'C'].map((name) => rig.worker(name)))
  const git = promisify(execFile)
  const failed: unknown[] = []
  for (let n = 0; n < 6; n++) {
    commit(rig.seed, { 'n.txt': `${n}\n` })
    sh(rig.seed, 'push', '--quiet', 'origin', 'main')
    await Promise.all([
      fetchMain(rig.deps(), 'w'),
      ...paths.map((cwd) => git('git', ['fetch', '--quiet', 'origin'], { cwd }).catch((error) => failed.push(error))),
      rig.worker(`D${n}`),
    ])
  }
  expect([failed, rig.troubles]).toEqual([[], []])
  const newest = sh(rig.seed, 'rev-parse', 'HEAD')
  expect(sh(rig.layout.clone, 'rev-parse', 'main')).toBe(newest)
  await eventually(() => paths.every((path) => sh(path, 'rev-parse', 'origin/main') === newest))
})

test('workers’ places follow main also where the clone’s own branch cannot', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  sh(rig.layout.clone, 'checkout', '--quiet', '--detach')
  sh(rig.layout.clone, 'branch', '--quiet', '-D', 'main')
  sh(rig.layout.clone, 'branch', '--quiet', 'main/mine')
  commit(rig.seed, { 'n.txt': 'x\n' })
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  await fetchMain(rig.deps(), 'w')
  const newest = sh(rig.seed, 'rev-parse', 'HEAD')
  await eventually(() => sh(path, 'rev-parse', 'origin/main') === newest)
  expect(sh(rig.layout.clone, 'branch', '--list', '--format=%(refname:short)')).toContain('main/mine')
})

test('a worker starts at once from the main that is known here when origin hangs', async () => {
  rig.origin()
  await rig.add()
  const ssh = program(join(rig.dir, 'ssh'), '[ "$1" = -G ] && exit 1; exec sleep 60')
  const back = withEnv({ GIT_SSH_COMMAND: ssh })
  try {
    const began = Date.now()
    const hands = rig.hands({ url: () => 'git@host.invalid:me/it.git', silentMaxMs: 6000 })
    const made = await hands.createWorktree({ ...place(), start: null }, call)
    expect(made.head).toBe(sh(rig.seed, 'rev-parse', 'HEAD'))
    expect(Date.now() - began).toBeLessThan(5000)
  } finally {
    back()
  }
})

test('a town whose folder was moved goes on, with the work that is open', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  commit(path, { 'done.txt': 'done\n' })
  writeFileSync(join(path, 'open.txt'), 'open\n')
  const moved = join(rig.dir, 'elsewhere', 'town')
  mkdirSync(join(rig.dir, 'elsewhere'))
  renameSync(rig.town, moved)
  const deps = { ...rig.deps(), town: moved, url: () => rig.bare, defaultBranch: () => 'main' }
  await prepareGit(deps, ['w'])
  const { gitHands } = await import('../../actors/git/hands.ts')
  const there = rigLayout(moved, 'w').polecat('Nux')
  expect(await gitHands(deps).inspectWorktree(place(), call)).toMatchObject({ dirty: ['open.txt'], ahead: 1 })
  expect(sh(there, 'status', '--porcelain')).toBe('?? open.txt')
  expect(sh(rigLayout(moved, 'w').clone, 'worktree', 'list')).toContain(`${there} `)
  const { dirty } = await gitHands(deps).clearPlace({ ...place(), issue: 'w-1', handedOver: null }, call)
  expect(sh(rigLayout(moved, 'w').clone, 'show', `${dirty?.ref}:open.txt`)).toBe('open')
  expect(rig.troubles).toEqual([])
})

test('a place that git itself made, for an older version, is its worker’s still', async () => {
  rig.origin()
  await rig.add()
  const { clone, polecat } = rig.layout
  sh(clone, 'worktree', 'add', '--quiet', '-b', 'polecat/Nux-1', join(rig.layout.staging, 'Nux-1-7-1'), 'main')
  renameSync(join(rig.layout.staging, 'Nux-1-7-1'), polecat('Nux'))
  sh(clone, 'worktree', 'repair', polecat('Nux'))
  const sha = commit(polecat('Nux'), { 'x.txt': 'x\n' })
  await prepareGit(rig.deps(), ['w'])
  expect(await inspect()).toMatchObject({ head: sha, ahead: 1, own: 1, dirty: [] })
  expect((await clear()).head?.sha).toBe(sha)
  expect([existsSync(polecat('Nux')), sh(clone, 'worktree', 'list').split('\n').length]).toEqual([false, 1])
})

test('pins are packed, those main has had for long are let go, and what is on main is marked', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  commit(path, { 'landed.txt': 'x\n' })
  const member = await rig.handOver('Nux', 'w-1')
  const built = await rig.hands().buildCandidate({ rig: 'w', members: [member], known: null }, call)
  if (built.kind !== 'built') throw new Error(built.kind)
  await rig.hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)
  await rig.hands().confirmLanded({ rig: 'w', commit: built.commit }, call)
  const open = commit(path, { 'open.txt': 'x\n' })
  await rig.hands().pinWork({ ...place(), issue: 'w-1', purpose: 'merge' }, call)
  expect(new Map((await kept()).map(({ sha, landed }) => [sha, landed]))).toEqual(
    new Map([
      [open, false],
      [member.sha, true],
    ]),
  )
  expect(await prunePins(rig.deps(), 'w', 0)).toEqual({ letGo: 0 })
  expect((await kept()).map(({ sha }) => sha).sort()).toEqual([open, member.sha].sort())
  expect(await prunePins(rig.deps(), 'w', Date.now() + 1000)).toEqual({ letGo: 1 })
  expect((await kept()).map(({ sha }) => sha)).toEqual([open])
  expect(existsSync(join(rig.layout.clone, '.git/refs/gt/merge'))).toBe(false)
  expect(existsSync(join(rig.layout.clone, '.git/objects/info/commit-graphs/commit-graph-chain'))).toBe(true)
  expect((await preservedOf(rig.deps(), 'w', 'w-1'))?.sha).toBe(open)
})

test.each<MergeStyle>(['squash', 'rebase'])('%s: what main has of the pins is known and let go', async (style) => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  commit(path, { 'first.txt': 'x\n' })
  const first = await rig.handOver('Nux', 'w-1')
  commit(path, { 'second.txt': 'x\n' })
  const member = await rig.handOver('Nux', 'w-1')
  const hands = rig.hands({ mergeStyle: () => style })
  const built = await hands.buildCandidate({ rig: 'w', members: [member], known: null }, call)
  if (built.kind !== 'built') throw new Error(built.kind)
  expect(await preservedOf(rig.deps(), 'w', 'w-1')).not.toBe(null)
  expect(await landedOf(rig.deps(), 'w', 'w-1')).toBe(null)
  await hands.landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)
  await hands.confirmLanded({ rig: 'w', commit: built.commit }, call)
  expect(new Map((await kept()).map(({ sha, landed }) => [sha, landed]))).toEqual(
    new Map([
      [first.sha, true],
      [member.sha, true],
    ]),
  )
  expect(await preservedOf(rig.deps(), 'w', 'w-1')).toBe(null)
  expect([member.sha, first.sha]).toContain(await landedOf(rig.deps(), 'w', 'w-1'))
  expect(await landedOf(rig.deps(), 'w', 'w-2')).toBe(null)
  expect(await prunePins(rig.deps(), 'w', Date.now() + 1000)).toEqual({ letGo: 2 })
  expect(await kept()).toEqual([])
})

test('an issue takes few gits from its place to main and away', async () => {
  rig.origin()
  await rig.add()
  const log = join(rig.dir, 'calls')
  const real = process.env.PATH?.split(':').find((dir) => existsSync(join(dir, 'git')))
  program(join(rig.dir, 'bin/git'), `echo "$*" | sed 's/-c [^ ]* //g' >> ${log}; exec ${real}/git "$@"`)
  const path = await rig.worker('A')
  const back = withEnv({ PATH: `${join(rig.dir, 'bin')}:${process.env.PATH}` })
  try {
    const place_ = await rig.worker()
    back()
    const sha = commit(place_, { 'x.txt': 'x\n' })
    const again = withEnv({ PATH: `${join(rig.dir, 'bin')}:${process.env.PATH}` })
    await inspect()
    const member = await rig.handOver('Nux', 'w-1')
    await inspect()
    const built = await rig
      .hands()
      .buildCandidate({ rig: 'w', members: [member], known: sh(path, 'rev-parse', 'main') }, call)
    if (built.kind !== 'built') throw new Error(built.kind)
    await rig.hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)
    await rig.hands().confirmLanded({ rig: 'w', commit: built.commit }, call)
    await clear('Nux', sha)
    again()
    const calls = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => !line.includes('rev-parse main'))
    expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(18)
  } finally {
    back()
  }
})

test('a pipe where a file should be holds nobody up', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  const sha = commit(path, { 'done.txt': 'done\n' })
  const admin = adminOf(rig.town, place())
  for (const file of [
    join(path, '.git'),
    join(admin, 'gitdir'),
    join(admin, 'logs/HEAD'),
    join(admin, 'commondir'),
    join(admin, 'index'),
  ]) {
    rmSync(file)
    execFileSync('mkfifo', [file])
  }
  sh(path, 'init', '--quiet', join(path, 'inside'))
  rmSync(join(path, 'inside/.git'), { recursive: true })
  execFileSync('mkfifo', [join(path, 'inside/.git')])
  expect((await inspect()).head).toBe(sha)
  await prepareGit(rig.deps(), ['w'])
  expect((await clear()).head?.sha).toBe(sha)
})

test('the place of a worker that nothing is known of is cleared, and all of it is kept; any other stays', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker()
  const head = commit(path, { 'done.txt': 'x\n' })
  writeFileSync(join(path, 'more.txt'), 'x\n')
  const other = await rig.worker('Toast')
  const said = await clearForgotten(rig.deps(), 'w', {
    knows: (polecat) => polecat === 'Toast',
    issueOf: () => 'w-1',
  })
  expect(said).toEqual([expect.stringContaining('gt recover w/Nux')])
  expect([existsSync(path), existsSync(other)]).toEqual([false, true])
  expect((await kept()).map(({ kind }) => kind).sort()).toEqual(['commits', 'files'])
  expect((await preservedOf(rig.deps(), 'w', 'w-1'))?.sha).toBe(head)
  // Of the same name and number, it begins from main.
  expect((await rig.hands().createWorktree({ ...place(), start: null }, call)).head).not.toBe(head)
})
