// The merge queue's git among repositories, origins and workers as they are: nothing false lands, and what cannot land
// is told. On real git.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MergeStyle } from '../../actors/git/rig.ts'
import { eventually } from '../fixture/real-town.ts'
import { call, commit, program, type RigFixture, rigFixture, sh, withEnv } from '../fixture/rig.ts'

let rig: RigFixture
beforeEach(() => {
  rig = rigFixture()
})
afterEach(() => rig.remove())

type Member = Awaited<ReturnType<RigFixture['handOver']>>
async function build(members: Member[], more: { known?: string | null; style?: MergeStyle } = {}) {
  const { known = null, style = 'merge' } = more
  const answer = await rig.hands({ mergeStyle: () => style }).buildCandidate({ rig: 'w', members, known }, call)
  if (answer.kind !== 'built') throw new Error(JSON.stringify(answer))
  return answer
}
const land = (built: { commit: string; base: string | null }) =>
  rig.hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)
/** A worker's commit, handed over. */
async function work(polecat: string, issue: string, files: Record<string, string | null>): Promise<Member> {
  commit(await rig.worker(polecat), files, `work on ${issue}`)
  return rig.handOver(polecat, issue)
}
const onMain = (path: string, branch = 'main') => sh(rig.bare, 'show', `${branch}:${path}`)
const tip = (branch = 'main') => sh(rig.bare, 'rev-parse', branch)

test('the attributes of main count: a file without a merge conflicts, a union does not', async () => {
  const lines = Array.from({ length: 30 }, (_, n) => `line ${n}`)
  const with_ = (n: number, text: string) => `${lines.with(n, text).join('\n')}\n`
  rig.origin({
    'gen.lock': with_(0, 'x'),
    'sub/NEWS': 'base\n',
    '.gitattributes': '*.lock -merge\n',
    'sub/.gitattributes': 'NEWS merge=union\n',
  })
  await rig.add()
  const members = [
    await work('A', 'w-1', { 'gen.lock': with_(1, 'one'), 'sub/NEWS': 'base\none\n' }),
    await work('B', 'w-2', { 'sub/NEWS': 'base\ntwo\n' }),
    await work('C', 'w-3', { 'gen.lock': with_(25, 'three') }),
  ]
  const first = await build(members.slice(0, 2))
  expect(first).toMatchObject({ landing: [{ issue: 'w-1' }, { issue: 'w-2' }], unfit: [] })
  expect(await land(first)).toEqual({ kind: 'pushed' })
  expect(onMain('sub/NEWS')).toBe('base\none\ntwo')
  expect((await build(members.slice(2))).unfit).toMatchObject([{ issue: 'w-3', kind: 'conflict', files: ['gen.lock'] }])
})

test('a merge driver that is not here is named, and its file conflicts; other files land', async () => {
  rig.origin({ 'db.json': '1\n2\n3\n4\n5\n6\n7\n8\n', '.gitattributes': 'db.json merge=ourjson\n' })
  expect((await rig.add()).warning).toContain('the merge driver ourjson')
  const members = [
    await work('A', 'w-1', { 'db.json': 'one\n2\n3\n4\n5\n6\n7\n8\n' }),
    await work('B', 'w-2', { 'db.json': '1\n2\n3\n4\n5\n6\n7\neight\n' }),
  ]
  await land(await build(members.slice(0, 1)))
  expect((await build(members.slice(1))).unfit).toMatchObject([
    { kind: 'conflict', why: expect.stringContaining('“ourjson”'), files: ['db.json'] },
  ])
})

test('a branch without a common commit, and one whose commit is gone, are told and hold nobody up', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker('A')
  sh(path, 'checkout', '--quiet', '--orphan', 'other')
  commit(path, { 'orphan.txt': 'o\n' })
  const orphan = await rig.handOver('A', 'w-1')
  const gone = { ...orphan, issue: 'w-3', sha: '1'.repeat(40) }
  const built = await build([orphan, gone, await work('B', 'w-2', { 'b.txt': 'b\n' })])
  expect(built.landing).toMatchObject([{ issue: 'w-2', commit: built.commit }])
  expect(built.unfit).toMatchObject([
    { issue: 'w-1', kind: 'unmergeable', why: expect.stringContaining('unrelated histories') },
    { issue: 'w-3', kind: 'unmergeable', why: expect.stringContaining('cannot be read') },
  ])
})

test('files that go to Git LFS do not land: their objects would be nowhere', async () => {
  rig.origin()
  await rig.add()
  const { unfit } = await build([await work('A', 'w-1', { '.gitattributes': '*.bin filter=lfs diff=lfs\n' })])
  expect(unfit).toMatchObject([{ kind: 'unmergeable', why: expect.stringContaining('Git LFS') }])
  commit(rig.seed, { '.gitattributes': '*.bin filter=lfs diff=lfs\n' })
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  const later = await build([
    await work('B', 'w-2', { 'x.bin': 'pointer\n' }),
    await work('C', 'w-3', { 'c.txt': 'c\n' }),
  ])
  expect(later).toMatchObject({ unfit: [{ issue: 'w-2', files: ['x.bin'] }], landing: [{ issue: 'w-3' }] })
})

test('a submodule’s commit is on its own origin before the project names it', async () => {
  const library = join(rig.dir, 'library.git')
  sh(rig.dir, 'init', '--quiet', '--bare', '--initial-branch=main', library)
  sh(rig.dir, 'clone', '--quiet', library, join(rig.dir, 'lib'))
  commit(join(rig.dir, 'lib'), { 'lib.txt': 'lib\n' })
  sh(join(rig.dir, 'lib'), 'push', '--quiet', 'origin', 'HEAD:main')
  rig.origin()
  sh(rig.seed, 'submodule', '--quiet', 'add', library, 'lib')
  commit(rig.seed, {}, 'a submodule')
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  await rig.add()
  const path = await rig.worker('A')
  expect(readFileSync(join(path, 'lib/lib.txt'), 'utf8')).toBe('lib\n')
  sh(path, 'submodule', '--quiet', 'update', '--init')
  sh(join(path, 'lib'), 'checkout', '--quiet', 'main')
  const pointer = commit(join(path, 'lib'), { 'lib.txt': 'more\n' })
  commit(path, {}, 'bump')
  const member = await rig.handOver('A', 'w-1')
  expect((await build([member])).unfit).toMatchObject([
    {
      kind: 'unmergeable',
      why: expect.stringMatching(`the submodule lib names ${pointer.slice(0, 12)}`),
      files: ['lib'],
    },
  ])
  sh(join(path, 'lib'), 'push', '--quiet', 'origin', 'main')
  expect(await land(await build([member]))).toEqual({ kind: 'pushed' })
})

test('what was taken from main does not come back with a branch that has it', async () => {
  rig.origin()
  const secret = commit(rig.seed, { 'secret.txt': 'PASSWORD\n' }, 'a secret')
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  await rig.add()
  const member = await work('A', 'w-1', { 'new.txt': 'new\n' })
  sh(rig.seed, 'reset', '--quiet', '--hard', 'HEAD~1')
  commit(rig.seed, { 'more.txt': 'more\n' })
  sh(rig.seed, 'push', '--quiet', '--force', 'origin', 'main')
  const built = await build([member], { known: secret })
  expect(built.foreign[0]?.subject).toContain(`main was rewritten: ${secret.slice(0, 10)}`)
  expect(await build([member], { known: secret })).toEqual(built)
  expect(await land(built)).toEqual({ kind: 'pushed' })
  expect(sh(rig.bare, 'log', '--format=%s', 'main').split('\n').sort()).toEqual([
    'Merge w-1: Do w-1',
    'first',
    'work',
    'work on w-1',
  ])
  expect(sh(rig.bare, 'ls-tree', '--name-only', 'main').split('\n')).toEqual(['a.txt', 'more.txt', 'new.txt'])
  const { commit: landed } = built
  expect(await rig.hands().confirmLanded({ rig: 'w', commit: landed }, call)).toEqual({ kind: 'confirmed' })
  expect(sh(rig.layout.clone, 'rev-parse', 'main', 'origin/main').split('\n')).toEqual([landed, landed])
})

test('what was taken from main more than once, each time with more on it, does not come back', async () => {
  rig.origin()
  await rig.add()
  const first = tip()
  const push = () => sh(rig.seed, 'push', '--quiet', '--force', 'origin', 'main')
  for (const [n, polecat] of ['A', 'B', 'C', 'D'].entries()) {
    commit(rig.seed, { [`secret-${n}.txt`]: 'PASSWORD\n' }, 'a secret')
    push()
    const secret = sh(rig.seed, 'rev-parse', 'HEAD')
    const member = await work(polecat, `w-${n}`, { 'new.txt': 'new\n' })
    sh(rig.seed, 'reset', '--quiet', '--hard', first)
    push()
    const built = await build([member])
    expect(sh(rig.layout.refineryClone, 'ls-tree', '--name-only', built.commit).split('\n')).toEqual([
      'a.txt',
      'new.txt',
    ])
    expect(sh(rig.layout.refineryClone, 'log', '--format=%s', built.commit)).not.toContain('a secret')
    sh(rig.seed, 'reset', '--quiet', '--hard', secret)
  }
})

test('what was taken from main stays away also when the fetch that learns of it is ended half way', async () => {
  rig.origin()
  const secret = commit(rig.seed, { 'secret.txt': 'PASSWORD\n' }, 'a secret')
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  await rig.add()
  const member = await work('A', 'w-1', { 'new.txt': 'new\n' })
  sh(rig.seed, 'reset', '--quiet', '--hard', 'HEAD~1')
  sh(rig.seed, 'push', '--quiet', '--force', 'origin', 'main')
  const real = process.env.PATH?.split(':').find((dir) => existsSync(join(dir, 'git')))
  // Nothing is written after the fetch.
  program(join(rig.dir, 'bin/git'), `case "$*" in *update-ref*) kill -9 $$;; esac; exec ${real}/git "$@"`)
  const back = withEnv({ PATH: `${join(rig.dir, 'bin')}:${process.env.PATH}` })
  try {
    await expect(build([member], { known: secret })).rejects.toThrow()
  } finally {
    back()
  }
  const built = await build([member], { known: secret })
  expect(sh(rig.layout.refineryClone, 'ls-tree', '--name-only', built.commit).split('\n')).toEqual(['a.txt', 'new.txt'])
})

test.each<[MergeStyle, string[]]>([
  ['squash', ['Do w-2', 'Do w-1', 'first']],
  ['rebase', ['third', 'second', 'work on w-1', 'first']],
])('%s keeps main a line, lands what was judged, and knows it again', async (style, subjects) => {
  rig.origin()
  await rig.add()
  const one = await work('A', 'w-1', { 'one.txt': '1\n' })
  const path = await rig.worker('B')
  commit(path, { 'two.txt': '2\n' }, 'second')
  commit(path, { 'three.txt': '3\n' }, 'third\n\nSigned-off-by: T')
  const two = await rig.handOver('B', 'w-2')
  const built = await build([one, two], { style })
  expect(await build([one, two], { style })).toEqual(built)
  expect(await land(built)).toEqual({ kind: 'pushed' })
  expect(sh(rig.bare, 'log', '--format=%s', 'main').split('\n')).toEqual(subjects)
  expect(sh(rig.bare, 'rev-list', '--merges', 'main')).toBe('')
  expect(sh(rig.bare, 'log', '-1', '--format=%an %cn', 'main')).toBe('T Gas Town Refinery')
  expect(await build([one, two], { style })).toMatchObject({
    landing: [],
    contained: [{ issue: 'w-1' }, { issue: 'w-2', commit: built.commit }],
  })
  expect((await build([one], { style, known: built.base })).foreign).toEqual([])
})

test.each<MergeStyle>(['squash', 'rebase'])('%s: what a message says lands nobody else’s work', async (style) => {
  rig.origin()
  await rig.add()
  const other = await work('B', 'w-2', { 'two.txt': '2\n' })
  const message = `one\n\nWork: ${other.sha}`
  commit(await rig.worker('A'), { 'one.txt': '1\n' }, message)
  const one = { ...(await rig.handOver('A', 'w-1')), title: message }
  expect(await land(await build([one], { style }))).toEqual({ kind: 'pushed' })
  const built = await build([other], { style })
  expect(built).toMatchObject({ landing: [{ issue: 'w-2' }], contained: [] })
  expect(await land(built)).toEqual({ kind: 'pushed' })
  expect(onMain('two.txt')).toBe('2')
})

test('the same change twice in one candidate is on main only once the first is', async () => {
  rig.origin()
  await rig.add()
  const one = await work('A', 'w-1', { 'one.txt': '1\n' })
  const path = await rig.worker('B')
  commit(path, { 'one.txt': '1\n' }, 'the same')
  const two = await rig.handOver('B', 'w-2')
  const built = await build([one, two], { style: 'rebase' })
  expect(built).toMatchObject({ landing: [{ issue: 'w-1' }, { issue: 'w-2', commit: built.commit }], contained: [] })
})

test.each<MergeStyle>(['squash', 'rebase'])('%s: work that was taken from main does not come back', async (style) => {
  rig.origin()
  await rig.add()
  const one = await work('A', 'w-1', { 'one.txt': '1\n' })
  const built = await build([one], { style })
  expect(await land(built)).toEqual({ kind: 'pushed' })
  await rig.hands().confirmLanded({ rig: 'w', commit: built.commit }, call)
  sh(rig.bare, 'update-ref', 'refs/heads/main', String(built.base))
  expect(await build([one], { style })).toMatchObject({
    landing: [],
    contained: [],
    unfit: [{ issue: 'w-1', kind: 'unmergeable' }],
  })
})

test('what was built is known again after half a line of a daemon that was killed', async () => {
  rig.origin()
  await rig.add()
  const one = await work('A', 'w-1', { 'one.txt': '1\n' })
  const record = join(rig.layout.root, 'refinery/brought')
  writeFileSync(record, 'c0ffee')
  const built = await build([one], { style: 'squash' })
  expect(await land(built)).toEqual({ kind: 'pushed' })
  // Another file with the same lines, as a daemon that starts anew finds it.
  const lines = readFileSync(record)
  rmSync(record)
  writeFileSync(record, lines)
  expect((await build([one], { style: 'squash' })).contained).toEqual([{ issue: 'w-1', commit: built.commit }])
})

test('work that a worker pushed itself is on main already, and told as not the queue’s own', async () => {
  rig.origin()
  await rig.add()
  const path = await rig.worker('A')
  const base = tip()
  const pushed = commit(path, { 'new.txt': 'x\n' }, 'straight to main')
  sh(path, 'push', '--no-verify', '--quiet', 'origin', 'HEAD:main')
  expect(
    await rig.hands().inspectWorktree({ rig: 'w', polecat: 'A', incarnation: 1, branch: 'polecat/A-1' }, call),
  ).toMatchObject({
    ahead: 0,
    own: 1,
  })
  const built = await build([await rig.handOver('A', 'w-1')], { known: base })
  expect(built).toMatchObject({ landing: [], contained: [{ issue: 'w-1', commit: pushed }], commit: pushed })
  expect(built.foreign).toEqual([{ sha: pushed, author: 'T <t@example.invalid>', subject: 'straight to main' }])
})

test('a push that another one overtakes is no refusal, whatever origin calls it; a lock of origin’s neither', async () => {
  rig.origin()
  await rig.add()
  const built = await build([await work('A', 'w-1', { 'mine.txt': 'x\n' })])
  const racing = program(
    join(rig.bare, 'hooks/pre-receive'),
    `unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
     git update-ref refs/heads/main "$(git -c user.name=x -c user.email=x@y commit-tree 'main^{tree}' -p main -m other)"`,
  )
  expect(await land(built)).toEqual({ kind: 'moved' })
  writeFileSync(racing, '#!/bin/sh\nexit 0\n')
  writeFileSync(join(rig.bare, 'refs/heads/main.lock'), '')
  const again = await build([await work('B', 'w-2', { 'b.txt': 'x\n' })])
  expect(await land(again)).toMatchObject({ kind: 'unreachable', why: expect.stringContaining('failed to update ref') })
})

test('a landing pushes main and nothing else, whatever the person’s configuration says', async () => {
  const home = join(rig.dir, 'home')
  const back = withEnv({ HOME: home, GIT_CONFIG_GLOBAL: join(home, '.gitconfig') })
  try {
    program(join(home, 'hooks/pre-push'), 'exit 1')
    writeFileSync(
      join(home, '.gitconfig'),
      `[push]\n followTags = true\n gpgSign = true\n default = matching\n[commit]\n gpgSign = true\n[fetch]\n prune = true\n pruneTags = true
[clone]\n defaultRemoteName = upstream\n[protocol]\n allow = never\n[core]\n autocrlf = true\n hooksPath = ${home}/hooks\n[merge]\n renames = false
[submodule]\n recurse = true\n[url "/nowhere/"]\n pushInsteadOf = /elsewhere/\n[transfer]\n fsckObjects = true\n`,
    )
    const env = withEnv({ GIT_CONFIG_GLOBAL: '/dev/null' })
    rig.origin({ 'old.txt': 'one\ntwo\nthree\nfour\nfive\n' })
    sh(rig.seed, 'tag', '-a', '-m', 'bad', 'v1')
    sh(rig.seed, 'push', '--quiet', 'origin', 'v1')
    env()
    await rig.add()
    const env2 = withEnv({ GIT_CONFIG_GLOBAL: '/dev/null' })
    sh(rig.seed, 'push', '--quiet', 'origin', ':refs/tags/v1')
    const moved = await work('A', 'w-1', { 'old.txt': null, 'new.txt': 'one\ntwo\nthree\nfour\nfive\n' })
    const changed = await work('B', 'w-2', { 'old.txt': 'one\ntwo\nthree\nfour\nFIVE\n' })
    env2()
    expect(await land(await build([moved, changed]))).toEqual({ kind: 'pushed' })
    expect(sh(rig.bare, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
    expect(onMain('new.txt')).toBe('one\ntwo\nthree\nfour\nFIVE')
  } finally {
    back()
  }
})

test('an origin that lets nobody write says so: denied, not away and not a refusal', async () => {
  rig.origin()
  await rig.add()
  const ssh = program(join(rig.dir, 'ssh'), 'echo "git@host.invalid: Permission denied (publickey)." >&2\nexit 255')
  const built = await build([await work('A', 'w-1', { 'a.txt': 'x\n' })])
  const back = withEnv({ GIT_SSH_COMMAND: ssh })
  try {
    const hands = rig.hands({ url: () => 'git@host.invalid:me/it.git' })
    const denied = { kind: 'denied', why: expect.stringContaining('Permission denied (publickey)') }
    expect(await hands.landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)).toEqual(denied)
    expect(
      await hands.buildCandidate({ rig: 'w', members: [await rig.handOver('A', 'w-1')], known: null }, call),
    ).toEqual(denied)
    expect(await hands.confirmLanded({ rig: 'w', commit: built.commit }, call)).toEqual(denied)
  } finally {
    back()
  }
})

test('a default branch that is renamed is followed when it is surely the same; gone, or empty, is told', async () => {
  rig.origin()
  await rig.add()
  const member = await work('A', 'w-1', { 'one.txt': '1\n' })
  sh(rig.bare, 'branch', '-m', 'main', 'trunk')
  // Its HEAD names no branch now.
  writeFileSync(join(rig.bare, 'HEAD'), 'ref: refs/heads/main\n')
  expect(await rig.hands().buildCandidate({ rig: 'w', members: [member], known: null }, call)).toMatchObject({
    kind: 'no_main',
    why: expect.stringContaining('origin has no branch main any more (it has trunk)'),
  })
  sh(rig.bare, 'symbolic-ref', 'HEAD', 'refs/heads/trunk')
  expect(await land(await build([member]))).toEqual({ kind: 'pushed' })
  expect(JSON.parse(readFileSync(rig.layout.config, 'utf8')).default_branch).toBe('trunk')
  expect([onMain('one.txt', 'trunk'), sh(rig.bare, 'branch', '--format=%(refname)')]).toEqual(['1', 'refs/heads/trunk'])
  sh(rig.bare, 'update-ref', '-d', 'refs/heads/trunk')
  expect(await rig.hands().buildCandidate({ rig: 'w', members: [member], known: null }, call)).toMatchObject({
    kind: 'no_main',
    why: expect.stringContaining('no branch any more'),
  })
})

test('a branch that a person sets after a rename is the one built on', async () => {
  rig.origin()
  await rig.add()
  const hands = rig.hands()
  const member = await work('A', 'w-1', { 'one.txt': '1\n' })
  sh(rig.bare, 'branch', '-m', 'main', 'trunk')
  expect(await hands.buildCandidate({ rig: 'w', members: [member], known: null }, call)).toMatchObject({
    base: tip('trunk'),
  })
  const next = commit(rig.seed, { 'next.txt': 'x\n' })
  sh(rig.seed, 'push', '--quiet', 'origin', 'HEAD:refs/heads/next')
  const config = JSON.parse(readFileSync(rig.layout.config, 'utf8'))
  writeFileSync(rig.layout.config, JSON.stringify({ ...config, default_branch: 'next' }))
  const built = await hands.buildCandidate({ rig: 'w', members: [member], known: null }, call)
  expect(built).toMatchObject({ kind: 'built', base: next })
})

test('a tag of main’s name is not main', async () => {
  rig.origin()
  sh(rig.seed, 'tag', 'main', 'HEAD')
  sh(rig.seed, 'push', '--quiet', 'origin', 'refs/tags/main')
  commit(rig.seed, { 'b.txt': 'b\n' }, 'second')
  sh(rig.seed, 'push', '--quiet', 'origin', 'refs/heads/main')
  await rig.add()
  const built = await build([await work('A', 'w-1', { 'one.txt': '1\n' })])
  expect(built.base).toBe(tip('refs/heads/main'))
  expect(await land(built)).toEqual({ kind: 'pushed' })
  expect(tip('refs/heads/main')).toBe(built.commit)
})

test('an origin that says nothing is given up after its time, with all that was started for it; one that moves is not', async () => {
  rig.origin()
  await rig.add()
  const member = await work('A', 'w-1', { 'one.txt': '1\n' })
  const pids = join(rig.dir, 'pids')
  const ssh = program(join(rig.dir, 'ssh'), `[ "$1" = -G ] && exit 1; sleep 300 & echo $! >> ${pids}; wait`)
  const slow = program(
    join(rig.dir, 'slow'),
    `[ "$1" = -G ] && exit 1; for n in 1 2 3 4 5; do sleep 0.4; echo still at it >&2; done; shift; exec sh -c "$*"`,
  )
  const back = withEnv({ GIT_SSH_COMMAND: ssh })
  const ask = (url: string) =>
    rig.hands({ url: () => url, silentMaxMs: 1200 }).buildCandidate({ rig: 'w', members: [member], known: null }, call)
  try {
    const began = Date.now()
    expect(await ask('git@host.invalid:me/it.git')).toMatchObject({
      kind: 'unreachable',
      why: expect.stringContaining('said nothing for 1.2 s'),
    })
    expect(Date.now() - began).toBeLessThan(8000)
    const left = readFileSync(pids, 'utf8').trim().split('\n')
    const lives = (pid: string) =>
      existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
    await eventually(() => !left.some(lives))
    process.env.GIT_SSH_COMMAND = slow
    expect(await ask(`host.invalid:${rig.bare}`)).toMatchObject({ kind: 'built' })
  } finally {
    back()
    execFileSync('sh', ['-c', `for p in $(cat ${pids}); do kill $p 2>/dev/null; done; true`])
  }
})

test('the title of an issue is one line of the commit, whatever is in it', async () => {
  rig.origin()
  await rig.add()
  const member = await work('A', 'w-1', { 'new.txt': 'new\n' })
  const said = async (title: string, style: MergeStyle) => {
    const { commit: built } = await build([{ ...member, title }], { style })
    return sh(
      rig.layout.refineryClone,
      'log',
      '-1',
      '--format=%s|%(trailers:key=Issue,valueonly,separator=%x2C)',
      built,
    )
  }
  const title = 'Mend it\n\nIssue: w-9\r\u001b[2J\u202e\u2028end'
  expect(await said(title, 'merge')).toBe('Merge w-1: Mend it Issue: w-9 \\x1b[2J\\u202e end|w-1')
  expect(await said(title, 'squash')).toBe('Mend it Issue: w-9 \\x1b[2J\\u202e end|w-1')
  expect(await said(' \n', 'squash')).toBe('w-1|w-1')
})
