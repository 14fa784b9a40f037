// A password in an origin's address: the town's git has it, and nobody reads it anywhere. On real git over http.
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig, rigConfig } from '../../actors/config.ts'
import { overNetwork } from '../../actors/git/at.ts'
import { asking, cannotKeep, keepCredentials, keepWritten, parted } from '../../actors/git/credentials.ts'
import { git } from '../../actors/git/git.ts'
import { prepareGit } from '../../actors/git/prepare.ts'
import { type HttpOrigin, serveHttp } from '../fixture/http-origin.ts'
import { call, commit, program, type RigFixture, rigFixture, sh, withEnv } from '../fixture/rig.ts'

const token = 'ghp_SECRET'
let rig: RigFixture
let origin: HttpOrigin
let restore: () => void
beforeEach(async () => {
  rig = rigFixture()
  rig.origin()
  origin = await serveHttp(rig.bare, 'me', `${token}/:@`)
  restore = withEnv({ HOME: rig.dir, GIT_CONFIG_NOSYSTEM: '1', XDG_CONFIG_HOME: join(rig.dir, 'none') })
})
afterEach(async () => {
  restore()
  await origin.close()
  await rig.remove()
})
const bare = () => `http://${origin.host}/origin.git`
const withPassword = () => `http://me:${token}%2F%3A%40@${origin.host}/origin.git`
/** Deps that go by the configuration as the daemon reads it. */
const deps = () => ({ url: (name: string) => readConfig(join(rig.town, name, 'config.json'), rigConfig).git_url })
const files = (...args: string[]) => execFileSync('grep', ['-rlF', ...args, rig.town], { encoding: 'utf8' })

test('an address, and what stands before its @', () => {
  const of = (address: string) => parted(address)
  expect(of('https://host/a@b.git')).toEqual({ url: 'https://host/a@b.git' })
  expect(of('https://u:p%40%zz@host:8/x')).toEqual({
    url: 'https://host:8/x',
    credentials: { username: 'u', password: 'p%40%zz' },
  })
  expect(of('HTTPS://u:a:b@host/x').credentials).toEqual({ username: 'u', password: 'a:b' })
  expect(of('https://tok@host/x').credentials).toEqual({ username: 'tok', password: null })
  for (const other of ['git@host:x.git', 'ssh://git@host/x', '/path/u:p@x', '../x'])
    expect([of(other), cannotKeep(other)]).toEqual([{ url: other }, undefined])
  expect(cannotKeep('ssh://git:pw@host/x')).toContain('ssh agent')
  expect(cannotKeep('https://u:a%0ab@host/x')).toContain('line end')
})

test('it clones, fetches, pushes; the password is in one file, and in no command line', async () => {
  // Every git of this test notes how it was called.
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  program(join(rig.dir, 'bin/git'), `printf '%s\\n' "$*" >> '${rig.dir}/called'\nexec ${real} "$@"`)
  const path = withEnv({ PATH: `${join(rig.dir, 'bin')}:${process.env.PATH}` })
  try {
    const added = await rig.add({ url: withPassword() })
    const kept = join(rig.town, 'daemon/credentials/w')
    expect(added.credentials).toBe(kept)
    expect(readFileSync(kept, 'utf8')).toBe(`username=me\npassword=${token}/:@\n`)
    expect(statSync(kept).mode & 0o777).toBe(0o600)
    expect(files(token)).toBe(`${kept}\n`)
    const worker = await rig.worker()
    expect(sh(worker, 'remote', '-v')).toContain(`${bare()} (fetch)`)
    commit(worker, { 'new.txt': 'new\n' })
    const member = await rig.handOver('Nux', 'w-1')
    const built = await rig.hands().buildCandidate({ rig: 'w', members: [member], known: null }, call)
    if (built.kind !== 'built') throw new Error(JSON.stringify(built))
    const landed = await rig.hands().landCandidate({ rig: 'w', commit: built.commit, base: built.base }, call)
    expect(landed).toMatchObject({ kind: 'pushed' })
    expect(sh(rig.bare, 'show', 'main:new.txt')).toBe('new')
    const called = readFileSync(join(rig.dir, 'called'), 'utf8')
    expect(called).toMatch(/push .*gastown-origin/)
    expect(called).not.toContain(token)
    expect([...origin.told]).toEqual([`me:${token}/:@`])
  } finally {
    path()
  }
})

test('it is told to the host it was given for, and to no other', async () => {
  const other = await serveHttp(rig.bare, 'nobody', 'nothing')
  try {
    keepCredentials(rig.town, 'w', { username: 'me', password: token })
    const ask = (host: string) =>
      git(asking(overNetwork(rig.dir), rig.town, 'w', bare()), ['ls-remote', `http://${host}/origin.git`], {
        okCodes: [0, 128],
      })
    await ask(other.host)
    expect([...other.told]).toEqual([])
    await ask(origin.host)
    expect([...origin.told]).toEqual([`me:${token}`])
  } finally {
    await other.close()
  }
})

test('of a user alone the person’s helper knows the password; without one the user is the token', async () => {
  keepCredentials(rig.town, 'w', { username: 'me', password: null })
  const ask = () =>
    git(asking(overNetwork(rig.dir), rig.town, 'w', bare()), ['ls-remote', bare()], { okCodes: [0, 128] })
  expect((await ask()).exitCode).toBe(128)
  expect([...origin.told]).toEqual(['me:'])
  writeFileSync(join(rig.dir, 'stored'), `http://me:${token}%2f%3a%40@${origin.host}\n`)
  writeFileSync(join(rig.dir, '.gitconfig'), `[credential]\n\thelper = store --file ${rig.dir}/stored\n`)
  expect((await ask()).exitCode).toBe(0)
})

test('an address that somebody wrote so goes on; clones and places of before forget it', async () => {
  await rig.add({ url: withPassword() })
  const worker = await rig.worker()
  const config = join(rig.town, 'w/config.json')
  writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), git_url: withPassword() }))
  for (const clone of [rig.layout.clone, rig.layout.refineryClone, worker])
    sh(clone, 'remote', 'set-url', 'origin', withPassword())
  sh(rig.layout.clone, 'remote', 'add', 'fork', `http://x:y@${origin.host}/fork.git`)
  expect(keepWritten(rig.town, 'w')).toBe(true)
  await prepareGit(rig.deps(deps()), ['w'])
  expect(rig.troubles).toEqual([])
  expect(files(token).split('\n').filter(Boolean).sort()).toEqual([join(rig.town, 'daemon/credentials/w'), config])
  expect(sh(rig.layout.clone, 'remote', 'get-url', 'fork')).toContain('x:y@')
  expect(deps().url('w')).toBe(bare())
  const asked = asking(overNetwork(rig.layout.refineryClone), rig.town, 'w', deps().url('w'))
  expect((await git(asked, ['ls-remote', deps().url('w')])).stdout).toContain('refs/heads/main')
})

test('a rig that cannot be made leaves no password behind, and says none', async () => {
  const wrong = `http://me:wrong@${origin.host}/origin.git`
  const failed = await rig.add({ url: wrong }).catch((error: Error) => error)
  expect(String(failed)).toContain('cannot be cloned')
  expect(String(failed)).not.toContain('wrong')
  expect(() => files('wrong')).toThrow()
})
