// Issues of a real town under `git clean`, and under what happens to the files in which they are.
import {
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copiesOf, linksOf, storeOf } from '../../actors/beads/tiers.ts'
import { make, t } from '../fixture/own-town.ts'
import { committer, eventually } from '../fixture/real-town.ts'
import { asBefore } from '../fixture/stores.ts'

const tier = (rig: string | undefined = 'wyvern') => ({ town: t.town, rig })
const file = (rig?: string) => join(storeOf(tier(rig)), 'issues.sqlite')
const titles = () => (JSON.parse(t.okBd('list', '--all', '--json')) as { title: string }[]).map(({ title }) => title)
const inbox = () => t.json<{ subject: string; body: string }[]>('mail', 'inbox').map(({ subject }) => subject)
const escalations = () =>
  t.json<{ escalations: { subject: string }[] }>('status').escalations.map((each) => each.subject)
const isLink = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

const log = () => readFileSync(t.layout.daemonLog, 'utf8')
const town = () => ({ town: t.town, rig: undefined })

test('git clean in every clone takes no issue; the links are there again, and work lands', async () => {
  make({ worker: committer })
  t.issues(2)
  t.ok('up')
  for (const clone of ['mayor/rig', 'refinery/rig']) t.git(join(t.rig, clone), 'clean', '-ffdxq')
  expect(titles().sort()).toEqual(['All', 'Issue 1', 'Issue 2'])
  await eventually(() => linksOf(tier()).every(isLink))
  expect(t.git(join(t.rig, 'mayor/rig'), 'status', '--porcelain')).toBe('')
  t.ok('spawn', '--epic', 'wy-all')
  t.ok('wait', 'wy-all')
  expect(log()).toContain('is one again')
  expect(inbox()).toEqual(['wy-all is complete'])
}, 120_000)

test('what a person removes while the town is up is made or saved again, and told', async () => {
  make()
  t.issues(1)
  t.ok('up')
  const links = [...linksOf(tier()), ...linksOf(town())]
  for (const link of links) unlinkSync(link)
  await eventually(() => links.every(isLink))
  for (const each of [tier(), town()]) rmSync(storeOf(each), { recursive: true })
  // Until it is saved again, it is told as missing.
  const isSaved = () => existsSync(file()) && t.gt('mail', 'inbox').status === 0
  await eventually(() => isSaved() && inbox().length === 2)
  expect(titles().sort()).toEqual(['All', 'Issue 1'])
  expect(inbox().sort()).toEqual([
    'the issues of the town itself were found wrong and mended',
    'the issues of wyvern were found wrong and mended',
  ])
  expect(escalations()).toEqual([])
}, 60_000)

test('a store that cannot be saved is told once, the town stays up, and all goes on when it is back', async () => {
  make()
  t.issues(300)
  t.ok('up')
  t.ok('down')
  t.ok('up')
  const whole = readFileSync(file())
  truncateSync(file(), 4096)
  await eventually(() => escalations().length > 0)
  expect(t.bd('list')).toMatchObject({ status: 1, stderr: expect.stringMatching(/is missing.*gt restore wyvern/) })
  expect(t.gt('spawn', '--issue', 'wy-1')).toMatchObject({ status: 1, stderr: expect.stringContaining('gt restore') })
  t.ok('mail', 'send', 'wyvern/witness', '-s', 'Hello', '-m', 'There')
  expect(t.gt('restore', 'wyvern')).toMatchObject({ status: 1, stderr: expect.stringContaining('gt down') })
  expect(escalations()).toEqual(['the issues of wyvern cannot be used'])
  writeFileSync(`${file()}.back`, whole)
  renameSync(`${file()}.back`, file())
  await eventually(() => escalations().length === 0)
  await eventually(() => t.ok('mail', 'inbox', 'wyvern/witness').includes('Hello'))
  expect(titles()).toHaveLength(301)
}, 120_000)

const wrongs: [string, (path: string) => void, string][] = [
  ['missing', (path) => rmSync(path), 'is missing'],
  ['empty', (path) => truncateSync(path), 'is empty'],
  ['cut', (path) => truncateSync(path, 8192), 'is damaged'],
]
test('a store that is missing, empty or cut keeps the town from coming up; a copy is brought back by a word', () => {
  make()
  t.issues(30)
  t.ok('up')
  t.ok('down')
  for (const rig of ['wyvern', undefined])
    for (const [, spoil, words] of wrongs) {
      const name = rig ?? 'mayor'
      spoil(join(storeOf({ town: t.town, rig }), 'issues.sqlite'))
      const up = t.gt('up')
      expect(up).toMatchObject({ status: 1, stderr: expect.stringContaining(words) })
      expect(up.stderr).toMatch(new RegExp(`last copy is of .* gt restore ${name}`))
      expect(t.gt('status')).toMatchObject({ status: 3 })
      expect(t.ok('restore')).toContain(name)
      t.ok('restore', name)
      t.ok('up')
      expect(titles()).toHaveLength(31)
      t.ok('down')
    }
}, 120_000)

test('an older copy is brought back: what has landed is closed again, and nobody works on it a second time', async () => {
  make({ worker: committer, gates: ['check=true'] })
  t.issues(2)
  t.ok('up')
  t.ok('down')
  const older = join(t.dir, 'older')
  copyFileSync(file(), older)
  t.ok('up')
  t.ok('spawn', '--epic', 'wy-all')
  t.ok('wait', 'wy-all')
  t.ok('down')
  const [main, runs] = [t.git(t.origin, 'rev-parse', 'main'), readdirSync(t.layout.sessions).length]
  expect(t.ok('restore', 'wyvern', '--from', older)).toMatch(/is older than it has been/)
  t.ok('up')
  expect(t.okBd('ready')).toContain('Issue 1')
  t.ok('spawn', '--epic', 'wy-all')
  t.ok('wait', 'wy-all')
  expect(JSON.parse(t.okBd('show', 'wy-1', '--json'))).toMatchObject([{ status: 'closed' }])
  expect(t.ok('log', '--all')).toContain('wy-1 is on main already')
  expect([t.git(t.origin, 'rev-parse', 'main'), readdirSync(t.layout.sessions).length]).toEqual([main, runs])
}, 120_000)

test('a rig that is removed takes its issues along, and another of its name has none of them', () => {
  make()
  t.issues(1)
  t.ok('up')
  t.ok('rig', 'remove', 'wyvern')
  expect(existsSync(storeOf(tier())) || existsSync(copiesOf(tier()))).toBe(false)
  expect(t.bdIn('removed/wyvern-1', 'list')).toContain('Issue 1')
  t.ok('rig', 'add', 'wyvern', t.origin, '--no-gate', '--prefix', 'wy')
  expect(t.okBd('list')).toBe('')
  t.ok('down')
}, 60_000)

test('a rig whose folder somebody removed by hand can go, and one of its name has none of its issues', () => {
  make()
  t.issues(1)
  t.ok('up')
  rmSync(t.rig, { recursive: true, maxRetries: 20, retryDelay: 20 })
  t.ok('rig', 'remove', 'wyvern')
  expect(existsSync(storeOf(tier()))).toBe(false)
  t.ok('rig', 'add', 'wyvern', t.origin, '--no-gate', '--prefix', 'wy')
  expect(t.okBd('list')).toBe('')
  t.ok('down')
  // Its folder and its place in the list: what is left is set aside, each for itself.
  rmSync(t.rig, { recursive: true })
  const list = JSON.parse(readFileSync(t.layout.rigsJson, 'utf8')) as { rigs: object }
  writeFileSync(t.layout.rigsJson, JSON.stringify({ ...list, rigs: {} }))
  t.ok('rig', 'add', 'wyvern', t.origin, '--no-gate', '--prefix', 'wy')
}, 60_000)

test('a town of an older version is read as it is, moved when it comes up, and told so', () => {
  make({ worker: committer })
  t.issues(1)
  for (const each of [tier(), town()]) asBefore(each)
  rmSync(join(t.town, 'daemon/stores'), { recursive: true })
  expect(titles().sort()).toEqual(['All', 'Issue 1'])
  t.ok('mail', 'inbox')
  expect(t.ok('up')).toMatch(/the issues in .*wyvern.* are kept in .*daemon\/stores\/wyvern now/)
  expect([...linksOf(tier()), ...linksOf(town())].every(isLink)).toBe(true)
  expect(t.git(join(t.rig, 'mayor/rig'), 'status', '--porcelain')).toBe('')
  t.ok('spawn', '--epic', 'wy-all')
  t.ok('wait', 'wy-all')
  expect(readdirSync(join(t.town, 'daemon/aside')).sort()).toEqual(['mayor-1', 'wyvern-1'])
}, 120_000)

test('in a town nothing is initialized by bd, and install makes no lost store anew', () => {
  make()
  expect(t.bd('init', '--prefix', 'wy')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nothing to initialize'),
  })
  rmSync(storeOf(town()), { recursive: true })
  t.gt('install', t.town)
  expect(existsSync(storeOf(town()))).toBe(false)
  expect(t.gt('mail', 'inbox')).toMatchObject({ status: 1, stderr: expect.stringContaining('is missing') })
  unlinkSync(join(t.rig, '.beads'))
  symlinkSync('/', join(t.rig, '.beads'))
  expect(t.bd('list')).toMatchObject({ status: 1, stderr: expect.stringContaining('leads to /, and not to') })
})
