// Origins that are not what they seem: pushed elsewhere, refusing what they are sent, taken back; and their addresses.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GitFailed } from '../../actors/git/git.ts'
import { shown } from '../../actors/git/shown.ts'
import { call, commit, type RigFixture, rigFixture, sh, withEnv } from '../fixture/rig.ts'

let rig: RigFixture
beforeEach(async () => {
  rig = rigFixture()
  rig.origin()
  await rig.add()
})
afterEach(() => rig.remove())

async function candidate(worker: (path: string) => void) {
  worker(await rig.worker('A'))
  const member = await rig.handOver('A', 'w-1')
  const built = await rig.hands().buildCandidate({ rig: 'w', members: [member], known: null }, call)
  if (built.kind !== 'built') throw new Error(JSON.stringify(built))
  return { member, built: { rig: 'w', commit: built.commit, base: built.base } }
}

test('a person whose pushes go elsewhere: the town’s go to the origin that was named', async () => {
  const { built } = await candidate((path) => commit(path, { 'a.txt': 'x\n' }))
  const elsewhere = join(rig.dir, 'elsewhere.git')
  sh(rig.dir, 'clone', '--quiet', '--bare', rig.bare, elsewhere)
  const config = join(rig.dir, 'gitconfig')
  sh(rig.dir, 'config', '--file', config, `url.${elsewhere}.pushInsteadOf`, rig.bare)
  const back = withEnv({ GIT_CONFIG_GLOBAL: config })
  try {
    expect(await rig.hands().landCandidate(built, call)).toEqual({ kind: 'pushed' })
    expect(sh(rig.bare, 'rev-parse', 'main')).toBe(built.commit)
    expect(sh(elsewhere, 'rev-parse', 'main')).toBe(built.base)
  } finally {
    back()
  }
})

test('objects that origin finds malformed are refused; origin is not away', async () => {
  sh(rig.bare, 'config', 'receive.fsckObjects', 'true')
  const { built } = await candidate((path) => {
    const object = sh(path, 'cat-file', 'commit', commit(path, { 'a.txt': 'x\n' }))
    const bad = object.replace(/^author .*$/m, 'author A <a@example.invalid 1 +0000')
    writeFileSync(
      join(rig.dir, 'bad'),
      `${bad}
`,
    )
    const sha = sh(path, 'hash-object', '-t', 'commit', '-w', '--literally', join(rig.dir, 'bad'))
    sh(path, 'reset', '--quiet', '--hard', sha)
  })
  const refused = { kind: 'refused', why: expect.stringContaining('fsck error') }
  expect(await rig.hands().landCandidate(built, call)).toEqual(refused)
})

test('work that was on main and was taken from it is told, not called landed', async () => {
  const { member, built } = await candidate((path) => commit(path, { 'a.txt': 'x\n' }))
  await rig.hands().landCandidate(built, call)
  await rig.hands().confirmLanded({ rig: 'w', commit: built.commit }, call)
  sh(rig.bare, 'update-ref', 'refs/heads/main', String(built.base))
  expect(await rig.hands().buildCandidate({ rig: 'w', members: [member], known: built.commit }, call)).toMatchObject({
    contained: [],
    landing: [],
    unfit: [{ issue: 'w-1', kind: 'unmergeable' }],
  })
})

test.each([
  ['https://ann:s3cr3t@host.invalid/x.git', 'https://***@host.invalid/x.git'],
  ['https://ghp_token@host.invalid/x.git', 'https://***@host.invalid/x.git'],
  ["cannot access 'http://ann:p@s@host:8080/x/': no", "cannot access 'http://***@host:8080/x/': no"],
  ['ssh://git:s3cr3t@host/x.git', 'ssh://git:***@host/x.git'],
  ['ssh://git@host/x.git', 'ssh://git@host/x.git'],
  ['git@host.invalid:me/x.git and a@b.invalid', 'git@host.invalid:me/x.git and a@b.invalid'],
  ['https://host.invalid/@scope/x and a@b', 'https://host.invalid/@scope/x and a@b'],
])('%s is shown without what is nobody’s business', (text, safe) => {
  expect(shown(text)).toBe(safe)
  const failed = new GitFailed(text, text, 128)
  expect([failed.message, failed.output]).toEqual([safe, safe])
})
