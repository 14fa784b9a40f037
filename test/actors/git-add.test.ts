// Putting a repository under the town's care: what cannot be worked in is refused with the reason, and nothing is left.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { call, commit, place, program, type RigFixture, rigFixture, sh, withEnv } from '../fixture/rig.ts'

let rig: RigFixture
beforeEach(() => {
  rig = rigFixture()
})
afterEach(async () => {
  expect(readdirSync(join(rig.town, 'daemon')).filter((name) => name.startsWith('making'))).toEqual([])
  await rig.remove()
})

test('an origin whose HEAD names nothing: its only branch is taken, of several one is asked for', async () => {
  rig.origin()
  writeFileSync(join(rig.bare, 'HEAD'), 'ref: refs/heads/master\n')
  expect((await rig.add()).branch).toBe('main')
  const path = await rig.worker()
  expect(readdirSync(path).sort()).toEqual(['.git', 'a.txt'])
  sh(rig.bare, 'branch', 'dev', 'main')
  await expect(rig.add({ name: 'v' })).rejects.toThrow('say which one to build on with --branch (dev, main)')
  await expect(rig.add({ name: 'v', branch: 'old' })).rejects.toThrow('has no branch old; it has dev, main')
  expect(existsSync(join(rig.town, 'v'))).toBe(false)
  expect((await rig.add({ name: 'v', branch: 'dev', prefix: 'v' })).branch).toBe('dev')
})

test('a repository with Git LFS is refused by its own line; filters and merge drivers are named', async () => {
  rig.origin({ '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' })
  await expect(rig.add()).rejects.toThrow('keeps files in Git LFS (.gitattributes: “*.bin filter=lfs')
  commit(rig.seed, {
    '.gitattributes': '*.c filter=indent\n',
    'sub/.gitattributes': '*.json merge=mine\n*.md merge=union\n',
  })
  sh(rig.seed, 'push', '--quiet', 'origin', 'main')
  const { warning } = await rig.add()
  expect(warning).toContain('the filter indent')
  expect(warning).toContain('the merge driver mine:')
})

test('git’s own reason is told, not the last line of its advice', async () => {
  const ssh = program(join(rig.dir, 'ssh'), 'echo "git@host.invalid: Permission denied (publickey)." >&2\nexit 255')
  const back = withEnv({ GIT_SSH_COMMAND: ssh })
  try {
    await expect(rig.add({ url: 'git@host.invalid:me/it.git' })).rejects.toThrow(
      /cannot be cloned: git@host.invalid: Permission denied \(publickey\)\.; fatal: Could not read.*Nothing was changed/,
    )
  } finally {
    back()
  }
})

test('an old git is refused before anything is made', async () => {
  rig.origin()
  program(join(rig.dir, 'bin/git'), 'echo git version 2.34.1')
  const back = withEnv({ PATH: `${join(rig.dir, 'bin')}:${process.env.PATH}` })
  try {
    await expect(rig.add()).rejects.toThrow('git version 2.34.1 is too old')
  } finally {
    back()
  }
})

test('the whole of a repository is there: tags, other branches, and what a worker needs to fetch and push', async () => {
  rig.origin()
  sh(rig.seed, 'tag', 'v1')
  sh(rig.seed, 'push', '--quiet', 'origin', 'v1', 'main:dev')
  const progress: string[] = []
  await rig.add({ url: `file://${rig.bare}`, progress: ({ stage }) => progress.push(stage) })
  // Which of the stages are seen depends on how their lines arrive.
  expect(progress.length).toBeGreaterThan(0)
  const path = await rig.worker()
  expect(sh(path, 'describe', '--tags')).toBe('v1')
  sh(path, 'fetch', '--quiet')
  expect(sh(path, 'branch', '--remotes', '--format=%(refname)').split('\n').sort()).toContain('refs/remotes/origin/dev')
  expect(sh(path, 'rev-list', '--count', '@', 'main', 'origin/main')).toBe('1')
  expect(await rig.hands().inspectWorktree(place(), call)).toMatchObject({ dirty: [], ahead: 0 })
  sh(rig.layout.clone, 'fsck', '--connectivity-only')
})
