// `bd sync` as people and agents say it, in real repositories: what it touches, what it refuses, and what is left when
// it is killed.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { namesOf } from '../../actors/beads/sync/names.ts'
import { syncThrough } from '../../actors/beads/sync/sync.ts'
import { clonesIn, listedBranch, whole } from '../fixture/shared-stores.ts'
import { hasSmallDisks, smallDisk } from '../fixture/small-disk.ts'

const bdScript = join(import.meta.dirname, '../../cli/bd.ts')
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GT_|BEADS_|BD_|GIT_)/.test(name)))
let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'sync-git-')))
  execFileSync('git', ['init', '--quiet', '--bare', '-b', 'main', join(dir, 'remote.git')])
  for (const name of ['a', 'b']) {
    execFileSync('git', ['clone', '--quiet', join(dir, 'remote.git'), join(dir, name)], { stdio: 'ignore' })
    initBeads(join(dir, name, '.beads'), 'ab')
  }
  commit('a', 'code.ts', 'code')
  git('a', 'push', '--quiet', 'origin', 'HEAD:main')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const git = (where: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd: join(dir, where),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
function commit(where: string, file: string, text: string): void {
  mkdirSync(join(dir, where, file, '..'), { recursive: true })
  writeFileSync(join(dir, where, file), text)
  git(where, 'add', '--force', file)
  git(where, 'commit', '--quiet', '-m', file)
}
const at = (where: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bdScript, ...args], {
    cwd: join(dir, where),
    env: { ...env, BD_ACTOR: `${where}-er` },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
const inStore = <T>(where: string, work: (beads: ReturnType<typeof openBeads>) => T): T => {
  const beads = openBeads(join(dir, where, '.beads'))
  try {
    return work(beads)
  } finally {
    beads.close()
  }
}
const create = (where: string, title: string) => inStore(where, (beads) => beads.create({ title }, where).id)
const lines = (where: string) => inStore(where, whole)
const shared = () => git('remote.git', 'show', 'beads-sync:.beads/issues.jsonl')

test('from a worktree’s subfolder: issues go on their branch, and nothing else of the repository is touched', () => {
  const id = create('a', 'Shared')
  const tree = join(dir, 'tree')
  git('a', 'worktree', 'add', '--quiet', tree, '-b', 'side')
  mkdirSync(join(tree, 'deep/er'), { recursive: true })
  // Whatever stands in hooks and configuration there is not run.
  git('a', 'config', 'core.hooksPath', join(dir, 'hooks'))
  git('a', 'config', 'core.fsmonitor', `touch ${join(dir, 'ran')}`)
  mkdirSync(join(dir, 'hooks'))
  for (const hook of ['pre-push', 'reference-transaction', 'pre-commit'])
    writeFileSync(join(dir, 'hooks', hook), `#!/bin/sh\ntouch ${join(dir, 'ran')}\nexit 1\n`, { mode: 0o755 })
  const before = [git('a', 'for-each-ref'), readFileSync(join(dir, 'a/.git/index')).toString('hex')]
  expect(at('tree/deep/er', 'sync')).toMatchObject({ status: 0, stdout: expect.stringContaining('1 shared') })
  expect([git('a', 'for-each-ref'), readFileSync(join(dir, 'a/.git/index')).toString('hex')]).toEqual(before)
  expect(existsSync(join(dir, 'ran'))).toBe(false)
  rmSync(join(dir, 'hooks'), { recursive: true })
  git('a', 'config', '--unset', 'core.fsmonitor')
  expect(git('a', 'status', '--porcelain')).toBe('')
  expect(shared()).toContain(id)
  expect(git('remote.git', 'ls-tree', '-r', '--name-only', 'beads-sync')).toBe('.beads/issues.jsonl')
  expect(at('b', 'sync', '--json').stdout).toContain(id)
  expect(lines('b')).toBe(lines('a'))
})

test('a branch of code is refused, however it is meant', () => {
  create('a', 'Kept')
  const refused = (branch: string) => at('a', 'config', 'set', 'sync.branch', branch) && at('a', 'sync')
  expect(refused('master').stderr).toContain('is a branch of code')
  expect(refused('../x').stderr).toContain('cannot be a branch')
  expect(refused('-x').stderr).toContain('cannot be a branch')
  git('a', 'checkout', '--quiet', '-b', 'feature')
  expect(refused('feature').stderr).toContain('is checked out in')
  git('a', 'push', '--quiet', 'origin', 'feature:other')
  expect(refused('other').stderr).toContain('so that it is a branch of code')
  git('remote.git', 'symbolic-ref', 'HEAD', 'refs/heads/other')
  expect(refused('other')).toMatchObject({ status: 1, stderr: expect.stringContaining('is the main branch of') })
  expect(git('remote.git', 'for-each-ref', '--format=%(refname:short)')).toBe('main\nother')
})

test('what another bd has on its branch beside issues stays there, and its issues are taken in', () => {
  const line =
    '{"id":"zz-9","title":"From <there>","status":"open","created_at":"2025-01-01T10:00:00.123456+02:00","updated_at":"2025-01-01T10:00:00.123456+02:00"}\n{"_type":"event","what":"kept"}\n'
  git('a', 'checkout', '--quiet', '-b', 'theirs')
  commit('a', '.beads/issues.jsonl', line)
  commit('a', '.beads/metadata.json', '{}')
  git('a', 'push', '--quiet', 'origin', 'theirs:beads-sync')
  create('b', 'Mine')
  expect(at('b', 'sync')).toMatchObject({ status: 0, stdout: expect.stringContaining('1 created') })
  expect(git('remote.git', 'ls-tree', '-r', '--name-only', 'beads-sync').split('\n')).toEqual([
    ...['.beads/issues.jsonl', '.beads/metadata.json', 'code.ts'],
  ])
  expect(shared()).toContain('"created_at":"2025-01-01T08:00:00.123Z"')
  expect(shared()).toContain('{"_type":"event","what":"kept"}')
  expect(at('b', 'sync').stdout).toContain('nothing to share')
})

test('what a store last had in common survives a new clone of everything beside it', () => {
  const id = create('a', 'Labelled')
  inStore('a', (beads) => beads.relabel(id, { add: ['old'] }, 'a'))
  for (const where of ['a', 'b']) expect(at(where, 'sync').status).toBe(0)
  inStore('b', (beads) => beads.relabel(id, { remove: ['old'] }, 'b'))
  expect(at('b', 'sync').status).toBe(0)
  inStore('a', (beads) => beads.comment(id, 'meanwhile', 'a'))
  for (const gone of ['.git', '.beads/sync.git']) rmSync(join(dir, 'a', gone), { recursive: true })
  git('a', 'init', '--quiet')
  git('a', 'remote', 'add', 'origin', '../remote.git')
  expect(at('a', 'sync').status).toBe(0)
  expect(inStore('a', (beads) => beads.labels(id))).toEqual([])
})

test('what cannot be read on the branch is named, and changes nothing', () => {
  create('a', 'Mine')
  git('b', 'checkout', '--quiet', '--orphan', 'x')
  commit('b', '.beads/issues.jsonl', '{"id":"zz-9","title":"Ok","created_at":"2025-01-01T10:00:00Z"}\n<<<<<<< ours\n')
  git('b', 'push', '--quiet', 'origin', 'x:beads-sync')
  const before = lines('a')
  expect(at('a', 'sync')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/of beads-sync, line 2: .*not JSON/),
  })
  expect(lines('a')).toBe(before)
})

test('a remote that is not there or refuses is told in its words, without a password', () => {
  create('a', 'Mine')
  writeFileSync(join(dir, 'remote.git/hooks/pre-receive'), '#!/bin/sh\necho no entry today\nexit 1\n', { mode: 0o755 })
  expect(at('a', 'sync')).toMatchObject({ status: 1, stderr: expect.stringContaining('no entry today') })
  git('a', 'remote', 'set-url', 'origin', 'http://joe:secret@127.0.0.1:1/r.git')
  const { status, stdout, stderr } = at('a', 'sync')
  expect({ status, hasPassword: `${stdout}${stderr}`.includes('secret') }).toEqual({ status: 1, hasPassword: false })
  expect(stderr).toContain('nothing is lost')
  expect(at('a', 'sync', '--status').stdout).not.toContain('secret')
})

test('without a remote there is nothing to do; a flag that is not known is an error', () => {
  git('a', 'remote', 'remove', 'origin')
  expect(JSON.parse(at('a', 'sync', '--json').stdout)).toEqual({
    ...{ status: 'no-remote', attempts: 0, pushed: false, rows_corrected: 0, schema_version: 1 },
  })
  expect(at('a', 'sync', '--force').status).toBe(2)
  expect(at('a', 'sync', '--from-main')).toMatchObject({ status: 1, stderr: 'Error: no git remote configured\n' })
  expect(at('a', 'dolt', 'push')).toMatchObject({ status: 0, stdout: expect.stringContaining('No remote') })
})

test('only taking in shares nothing, only telling does nothing, only sharing is refused when others were there', () => {
  const [a, b] = [create('a', 'A'), create('b', 'B')]
  expect(at('a', 'sync', '--no-push').stdout).toContain('1 not shared yet')
  expect(at('a', 'sync', '--dry-run').stdout).toContain('1 would be shared')
  expect(git('remote.git', 'branch', '--list', 'beads-sync')).toBe('')
  expect(at('b', 'dolt', 'push').status).toBe(0)
  expect(at('a', 'sync', '--dry-run').stdout).toContain('Would sync with origin/beads-sync: 1 created')
  expect(lines('a')).not.toContain(b)
  expect(at('a', 'sync', '--no-pull')).toMatchObject({ status: 1, stderr: expect.stringContaining('take it in first') })
  expect(at('a', 'dolt', 'pull').status).toBe(0)
  expect(lines('a')).toContain(b)
  expect(shared()).not.toContain(a)
  expect(at('a', 'sync', '--no-pull', '-m', 'Said so').status).toBe(0)
  expect(git('remote.git', 'log', '-1', '--format=%an: %s', 'beads-sync')).toBe('a-er: Said so')
})

test('who comes second fetches, brings together and tries again; after some tries it says so', async () => {
  const branch = listedBranch()
  const [one, other] = clonesIn(join(dir, 'listed'), [0, 0])
  if (!one || !other) throw new Error('two clones were asked for')
  const wanted = (clone: typeof one) => ({
    ...{ names: namesOf(clone.beads, {}), actor: clone.name, pull: true, push: true, now: clone.now, triesMax: 2 },
  })
  one.beads.create({ title: 'One' }, 'one')
  const push = branch.mirror.push
  const meanwhile = (title: string) => async (commit: string) => {
    branch.mirror.push = push
    other.beads.create({ title }, 'other')
    await syncThrough(branch.mirror, other.beads, wanted(other))
    return push(commit)
  }
  branch.mirror.push = meanwhile('First')
  expect(await syncThrough(branch.mirror, one.beads, wanted(one))).toMatchObject({ status: 'synced', attempts: 2 })
  one.beads.create({ title: 'Two' }, 'one')
  branch.mirror.push = async () => false
  expect(await syncThrough(branch.mirror, one.beads, wanted(one))).toMatchObject({ status: 'stuck', pushed: false })
})

test('what was pushed by a sync that was killed is known to be ours, also when the clock goes back', async () => {
  const branch = listedBranch()
  const [one] = clonesIn(join(dir, 'listed'), [0])
  if (!one) throw new Error('a clone was asked for')
  const wanted = { names: namesOf(one.beads, {}), actor: 'one', pull: true, push: true }
  const { id } = one.beads.create({ title: 'Zero' }, 'one')
  await syncThrough(branch.mirror, one.beads, wanted)
  one.beads.update(id, { title: 'Zulu' }, 'one')
  branch.state.fail = 'after the push'
  await expect(syncThrough(branch.mirror, one.beads, wanted)).rejects.toThrow('killed')
  one.beads.room.run("UPDATE issues SET title = 'Alpha', updated_at = '2020-01-01T00:00:00.000Z' WHERE id = ?", id)
  await syncThrough(branch.mirror, one.beads, wanted)
  expect(one.beads.get(id)?.title).toBe('Alpha')
})

test('killed at any moment, it leaves a whole store and a branch that can be read', async () => {
  for (const n of [1, 2, 3]) create('b', `B${n}`)
  expect(at('b', 'sync').status).toBe(0)
  for (let n = 0; n < 6; n++) {
    create('a', `A${n}`)
    const child = spawn(process.execPath, [bdScript, 'sync'], { cwd: join(dir, 'a'), env, stdio: 'ignore' })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await Promise.race([pause(120 + n * 120), ended])
    child.kill('SIGKILL')
    await ended
    expect(inStore('a', (beads) => beads.damage())).toBeUndefined()
  }
  expect(at('a', 'sync')).toMatchObject({ status: 0, stderr: '' })
  expect(at('b', 'sync').status).toBe(0)
  expect(lines('a')).toBe(lines('b'))
  expect(lines('a').split('\n').filter(Boolean)).toHaveLength(9)
  expect(`${shared()}\n`).toBe(lines('a'))
})

test.skipIf(!hasSmallDisks)('on a full disk it says so, leaves all as it was, and goes on once there is room', () => {
  for (let n = 0; n < 5; n++) inStore('b', (beads) => beads.create({ title: `B${n}`, notes: 'x'.repeat(900_000) }, 'b'))
  expect(at('b', 'sync').status).toBe(0)
  const place = join(dir, 'a')
  const small = join(dir, 'small')
  mkdirSync(small)
  const disk = smallDisk(small, 5)
  try {
    const inside = (...words: string[]) => {
      const [program = '', ...args] = [...disk.inside(place), ...words]
      const { status, stdout, stderr } = spawnSync(program, args, { env: { ...env, BD_ACTOR: 'a' }, encoding: 'utf8' })
      return { status, stdout, stderr }
    }
    const bd = (...args: string[]) => inside(process.execPath, bdScript, ...args)
    for (const [program, ...args] of [
      ['git', 'init', '--quiet', small],
      ['git', '-C', small, 'remote', 'add', 'origin', join(dir, 'remote.git')],
    ] as const)
      expect(inside(program, ...args)).toMatchObject({ status: 0 })
    expect(bd('-C', small, 'init', '-p', 'ab')).toMatchObject({ status: 0 })
    expect(bd('-C', small, 'create', 'Mine')).toMatchObject({ status: 0, stderr: '' })
    const full = bd('-C', small, 'sync')
    expect(full).toMatchObject({ status: 1, stderr: expect.stringMatching(/full|No space/i) })
    // All that others shared is taken in, or nothing of it.
    expect(['1', '6']).toContain(bd('-C', small, 'count').stdout.trim())
    expect(inside('mount', '-o', 'remount,size=64m', small)).toMatchObject({ status: 0 })
    expect(bd('-C', small, 'sync')).toMatchObject({ status: 0 })
    expect(bd('-C', small, 'count').stdout.trim()).toBe('6')
    expect(shared()).toContain('"title":"Mine"')
  } finally {
    disk.dispose()
  }
})
