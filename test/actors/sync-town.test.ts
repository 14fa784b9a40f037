// A town's rig and a plain clone share issues through a real origin.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { writeSeen } from '../../actors/beads/kept.ts'
import { openTier } from '../../actors/beads/tiers.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { serveHttp } from '../fixture/http-origin.ts'
import { cleanEnv, eventually, type RealTown, realTown } from '../fixture/real-town.ts'

let t: RealTown
afterEach(() => t?.dispose())

const clone = () => join(t.dir, 'clone')
function make(): void {
  t = realTown({ rig: 'wyvern', prefix: 'wy' })
  t.git(t.dir, 'clone', '--quiet', t.origin, clone())
  initBeads(join(clone(), '.beads'), 'wy')
}
const bd = (where: 'clone' | 'town', ...argv: string[]) =>
  bdHere(argv, { cwd: where === 'clone' ? clone() : t.rig, env: { ...cleanEnv(), BD_ACTOR: where } })
const create = async (where: 'clone' | 'town', title: string, ...more: string[]) =>
  (JSON.parse((await bd(where, 'create', title, '--json', ...more)).out) as { id: string }).id
const issue = async (where: 'clone' | 'town', id: string) =>
  (JSON.parse((await bd(where, 'show', id, '--json')).out) as Record<string, unknown>[])[0]
const onBranch = () => t.git(t.origin, 'show', 'beads-sync:.beads/issues.jsonl')
const commits = () => t.git(t.origin, 'rev-list', '--count', 'beads-sync')
function inTown<T>(work: (beads: ReturnType<typeof openTier>) => T): T {
  const beads = openTier({ town: t.town, rig: 'wyvern' })
  try {
    return work(beads)
  } finally {
    beads.close()
  }
}
const git = (...args: string[]) => execFileSync('git', args, { cwd: t.rig, encoding: 'utf8' })

test('both ways, when the Overseer says so; mail and what sessions hold stay in the town', async () => {
  make()
  const [a, b] = [await create('town', 'Of the town'), await create('clone', 'Of the clone')]
  const held = await create('town', 'Held')
  inTown((beads) => {
    beads.claim(held, 'wyvern/polecats/Nux', { epoch: 3 })
    const mail = { title: 'Secret', description: 'x', priority: 2, assignee: 'wyvern/witness', sender: 'mayor/' }
    beads.createMessages([{ ...mail, id: 'wy-mail1', labels: ['gt:seal:x'], at: new Date() }])
  })
  const before = [
    t.git(t.origin, 'for-each-ref', 'refs/heads/main'),
    git('-C', 'mayor/rig', 'for-each-ref'),
    git('-C', 'refinery/rig', 'for-each-ref'),
  ]
  expect(await bd('town', 'sync', '--status')).toMatchObject({
    rc: 0,
    out: expect.stringContaining('Last synced: never'),
  })
  expect(await bd('town', 'sync')).toMatchObject({ rc: 0, out: expect.stringMatching(/✓ Synced .* 2 shared/) })
  expect(await bd('clone', 'sync')).toMatchObject({ rc: 0 })
  expect(await bd('town', 'sync')).toMatchObject({ rc: 0, out: expect.stringMatching(/1 created/) })
  expect(await issue('clone', a)).toMatchObject({ title: 'Of the town' })
  expect(await issue('town', b)).toMatchObject({ title: 'Of the clone' })
  expect(onBranch()).not.toMatch(/Secret|wy-mail1|lease_expires_at/)
  expect(await issue('clone', held)).toMatchObject({ status: 'in_progress', assignee: 'wyvern/polecats/Nux' })
  // No branch of code, and nothing of the clones that agents and the Refinery work in.
  const after = [
    t.git(t.origin, 'for-each-ref', 'refs/heads/main'),
    git('-C', 'mayor/rig', 'for-each-ref'),
    git('-C', 'refinery/rig', 'for-each-ref'),
  ]
  expect(after).toEqual(before)

  // Both change one, and what others call mail is no mail here; neither of them shares anything twice.
  await bd('clone', 'update', held, '--title', 'Held on', '--add-label', 'here')
  await bd('town', 'update', held, '--priority', '0')
  await bd('clone', 'close', a, '--reason', 'Landed as of old', '--force')
  const theirs = openBeads(join(clone(), '.beads'))
  theirs.create(
    { id: 'wy-mail2', title: 'Forged', issue_type: 'message', assignee: 'wyvern/witness', sender: 'mayor/' },
    'x',
  )
  theirs.close()
  for (const where of ['clone', 'town', 'clone', 'town'] as const)
    expect(await bd(where, 'sync')).toMatchObject({ rc: 0 })
  for (const where of ['clone', 'town'] as const) {
    expect(await issue(where, held)).toMatchObject({ title: 'Held on', priority: 0, labels: ['here'] })
    expect(await issue(where, a)).toMatchObject({ status: 'closed' })
  }
  inTown((beads) => {
    expect(beads.get('wy-mail2')).toBe(undefined)
    expect(beads.get(held)).toMatchObject({ claimed_epoch: 3, lease_expires_at: expect.stringMatching(/Z$/) })
    expect(beads.closedBy(a)).toBe('town')
  })
  const count = commits()
  expect(onBranch()).toContain('wy-mail2')
  for (const where of ['clone', 'town', 'clone', 'town'] as const)
    expect((await bd(where, 'sync')).out, where).toMatch(/0 created, 0 updated, 0 deleted, nothing to share/)
  expect(commits()).toBe(count)

  // Of what was deleted long ago no more is kept than that it was, and the store is not taken for an older one.
  await bd('town', 'delete', b, '--force')
  await bd('town', 'sync')
  const tier = { town: t.town, rig: 'wyvern' }
  inTown((beads) => writeSeen(tier, beads.mark()))
  inTown((beads) => beads.room.run("UPDATE tombstones SET deleted_at = '2020-01-01T00:00:00Z'"))
  for (const where of ['clone', 'town'] as const) await bd(where, 'sync')
  inTown((beads) => expect(beads.tombstones()).toMatchObject([{ id: b }]))
  expect(await bd('town', 'list')).toMatchObject({ rc: 0, err: '' })
})

test('what the town does not do', async () => {
  make()
  const before = () => t.git(t.origin, 'for-each-ref')
  const refs = before()
  expect(await bdHere(['sync'], { cwd: t.town, env: { ...cleanEnv(), BD_ACTOR: 'ann' } })).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/town itself are shared with nobody/),
  })
  t.configure({ sync_branch: 'main' })
  expect(await bd('town', 'sync')).toMatchObject({ rc: 1, err: expect.stringMatching(/is a branch of code/) })
  t.configure({ sync_branch: 'beads-sync' })
  // What an agent writes into the store's own settings, and what its environment says, counts for nothing here.
  await bd('town', 'config', 'set', 'sync.remote', join(t.dir, 'elsewhere'))
  await bd('town', 'config', 'set', 'sync.branch', 'main')
  expect(await bd('town', 'sync', '--dry-run')).toMatchObject({
    rc: 0,
    out: expect.stringMatching(/Would sync .*beads-sync/),
  })
  const session = join(t.layout.sessions, 'gt-wyvern-Nux-1-1')
  const asAgent = { cwd: t.rig, env: { ...cleanEnv(), GT_SESSION: session } }
  for (const words of [['sync'], ['dolt', 'push'], ['sync', '--flush-only'], ['sync', '--status']])
    expect(await bdHere(words, asAgent), words.join(' ')).toMatchObject({
      rc: 0,
      out: expect.stringMatching(/every agent of this town works on the same issues/),
    })
  expect(await bdHere(['github', 'sync'], asAgent)).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/is the Overseer’s/),
  })
  expect(before()).toBe(refs)
})

test('by itself, also where origin is away for a while and asks for a password', { timeout: 120_000 }, async () => {
  make()
  const a = await create('town', 'Of the town')
  t.configure({ sync_every: '1s' })
  t.ok('up')
  await eventually(() => t.git(t.origin, 'branch', '--list', 'beads-sync') !== '')
  const b = await create('clone', 'Of the clone')
  expect(await bd('clone', 'sync')).toMatchObject({ rc: 0 })
  expect(await issue('clone', a)).toMatchObject({ title: 'Of the town' })
  await eventually(() => inTown((beads) => beads.get(b) !== undefined))

  const problems = () => t.json<{ problems: string[] }>('status').problems.filter((each) => /are not shared/.test(each))
  renameSync(t.origin, `${t.origin}-away`)
  await eventually(() => problems().length === 1)
  expect(problems()[0]).toMatch(/the issues of wyvern are not shared: .*origin\.git/)
  const c = await create('town', 'While it was away')
  renameSync(`${t.origin}-away`, t.origin)
  await eventually(() => problems().length === 0 && onBranch().includes(c))

  const web = await serveHttp(t.origin, 'ann', 'pass word')
  try {
    t.configure({ git_url: `http://${web.host}/origin.git` })
    const d = await create('town', 'Behind a door')
    await eventually(() => problems().length === 1)
    expect(problems()[0]).toMatch(/does not let us in/)
    const { credentials } = { credentials: join(t.layout.daemon, 'credentials', 'wyvern') }
    mkdirSync(join(t.layout.daemon, 'credentials'), { recursive: true, mode: 0o700 })
    writeFileSync(credentials, 'username=ann\npassword=pass word\n', { mode: 0o600 })
    await eventually(() => problems().length === 0 && onBranch().includes(d))
    expect([...web.told]).toEqual(['ann:pass word'])
  } finally {
    await web.close()
  }
  t.ok('down')
  expect(existsSync(join(t.rig, 'refinery/issues.git/HEAD'))).toBe(true)
})
