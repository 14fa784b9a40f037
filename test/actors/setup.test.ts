// A worker's worktree made ready: on real git, in a place as the town makes it.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { gateHands } from '../../actors/gates/hands.ts'
import { adminOf } from '../../actors/git/place.ts'
import { prepareGit } from '../../actors/git/prepare.ts'
import { call, place, program, type RigFixture, rigFixture, sh } from '../fixture/rig.ts'

let rig: RigFixture
const reports: string[] = []
beforeEach(() => {
  rig = rigFixture()
  reports.length = 0
})
afterEach(() => rig.remove())

/** The setup of a worker's place, with this of the rig's config.json. */
async function setUp(config: Record<string, unknown>, polecat = 'Nux') {
  const whole = rigConfig.parse({ ...JSON.parse(readFileSync(rig.layout.config, 'utf8')), ...config })
  const env = { PATH: process.env.PATH, HOME: rig.dir }
  const report = (words: string) => void reports.push(words)
  const hands = gateHands({ town: rig.town, rig: () => whole, env, report, namespace: [] })
  const input = { ...place(polecat), worktree: rig.layout.polecat(polecat) }
  return hands.setUpWorktree(input, { ...call, holder: '' } as never)
}

async function dirty(polecat = 'Nux') {
  const found = await rig.hands().inspectWorktree(place(polecat), call)
  return found.kind === 'found' ? found.dirty : found.why
}

test('copies, runs the rig’s setup, and tells of files that git does not ignore', async () => {
  rig.origin({ 'a.txt': 'zero\n', '.gitignore': 'deps\n' })
  await rig.add()
  const worktree = await rig.worker()
  writeFileSync(join(rig.layout.clone, '.env'), 'KEY=1\n', { mode: 0o600 })
  const install = program(join(rig.dir, 'install'), 'mkdir deps; cat .env > deps/env; touch stray')
  expect(await setUp({ setup: { install: [install] }, copy: ['.env'] })).toEqual({ kind: 'ready' })
  expect(readFileSync(join(worktree, 'deps/env'), 'utf8')).toBe('KEY=1\n')
  expect(reports).toEqual([expect.stringContaining('(stray)')])
})

test('what was copied is nobody’s work: for its worker, for the town, and in places that were there before', async () => {
  rig.origin({ 'a.txt': 'zero\n', 'conf/a': 'a\n' })
  await rig.add()
  const [one, other] = [await rig.worker('Nux'), await rig.worker('Slit')]
  for (const file of ['.env', 'odd[1]', 'conf/local']) {
    mkdirSync(join(rig.layout.clone, file, '..'), { recursive: true })
    writeFileSync(join(rig.layout.clone, file), 'local\n')
  }
  const copy = ['.env', 'odd[1]']
  for (const polecat of ['Nux', 'Slit', 'Nux', 'Slit'])
    expect(await setUp({ copy }, polecat)).toEqual({ kind: 'ready' })
  for (const path of [one, other]) expect(sh(path, 'status', '--porcelain')).toBe('')
  expect([await dirty('Nux'), await dirty('Slit')]).toEqual([[], []])
  const excludes = readFileSync(join(adminOf(rig.town, place('Nux')), 'common/info/exclude'), 'utf8')
  expect(excludes.split('\n').filter((line) => line === '/.env')).toHaveLength(1)
  // A daemon that starts makes its view of the clone anew.
  await prepareGit(rig.deps(), ['w'])
  expect(await dirty('Nux')).toEqual([])
  // In a folder that the repository has, a new file may be work.
  expect(await setUp({ copy: ['conf'] })).toEqual({ kind: 'ready' })
  expect(await dirty('Nux')).toEqual(['conf/local'])
})

test('runs nothing that an agent configured in its place or in the clone', async () => {
  const ran = join(rig.dir, 'ran')
  const evil = program(join(rig.dir, 'evil'), `echo "$*" >> ${ran}; cat; exit 0`)
  rig.origin({ 'a.txt': 'zero\n', '.gitattributes': '*.txt filter=evil\n' })
  await rig.add()
  const worktree = await rig.worker()
  writeFileSync(join(rig.layout.clone, '.env'), 'KEY=1\n')
  for (const at of [worktree, rig.layout.clone])
    for (const name of ['core.fsmonitor', 'filter.evil.clean', 'filter.evil.process']) sh(at, 'config', name, evil)
  writeFileSync(join(worktree, 'a.txt'), 'changed\n')
  // A program of the place's own that is not there.
  expect(await setUp({ setup: { install: ['./absent'] }, copy: ['.env'] })).toMatchObject({ kind: 'failed' })
  expect(await setUp({ setup: { install: ['true'] }, copy: ['.env'] })).toEqual({ kind: 'ready' })
  expect(existsSync(ran) ? readFileSync(ran, 'utf8') : '').toBe('')
})

test('a setup that is done is not done again in the same place, until it is another one', async () => {
  rig.origin()
  await rig.add()
  const worktree = await rig.worker()
  const count = join(rig.dir, 'count')
  const counting = program(join(rig.dir, 'counting'), `echo "$1" >> ${count}; test ! -e ${rig.dir}/broken`)
  const counted = () => readFileSync(count, 'utf8').trim().split('\n')
  writeFileSync(join(rig.dir, 'broken'), '')
  expect(await setUp({ setup: { install: [counting, 'one'] } })).toMatchObject({ kind: 'failed' })
  rmSync(join(rig.dir, 'broken'))
  await setUp({ setup: { install: [counting, 'one'] } })
  // The next session of the same worker, and other configuration that is not the setup's.
  await rig.worker()
  await setUp({ setup: { install: [counting, 'one'] }, max_workers: 7 })
  expect(counted()).toEqual(['one', 'one'])
  await setUp({ setup: { install: [counting, 'two'] } })
  expect(counted()).toEqual(['one', 'one', 'two'])
  // Somebody removed the worktree: it is made anew, and so is what belongs in it.
  rmSync(worktree, { recursive: true })
  await rig.worker()
  await setUp({ setup: { install: [counting, 'two'] } })
  expect(counted()).toEqual(['one', 'one', 'two', 'two'])
})

test('a setup that fails, and what cannot be copied, is told in words', async () => {
  rig.origin()
  await rig.add()
  await rig.worker()
  symlinkSync('/etc/passwd', join(rig.layout.clone, 'link'))
  symlinkSync('/etc', join(rig.layout.clone, 'linked'))
  const bad = program(join(rig.dir, 'bad'), 'echo no network; exit 4')
  for (const [config, why] of [
    [{ setup: { install: [bad] } }, 'failed (exit 4)'],
    [{ setup: { install: ['no-such-program'] } }, 'no-such-program'],
    [{ copy: ['.env'] }, '.env, which "copy" names'],
    [{ copy: ['link'] }, 'link, which "copy" names'],
    [{ copy: ['linked/passwd'] }, 'linked/passwd, which "copy" names'],
  ] as const)
    expect(await setUp(config)).toMatchObject({ kind: 'failed', why: expect.stringContaining(why) })
})
