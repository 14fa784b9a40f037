// The whole thing as a person uses it: the bundled gt and bd, real git, real sessions, a real daemon that is killed again and again.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { townLayout } from '../../actors/layout.ts'
import { aliveIn } from '../../actors/sessions/session.ts'

const root = join(import.meta.dirname, '../..')
const hasTmux = spawnSync('tmux', ['-V']).status === 0
let dir: string
let town: string
let origin: string

const env = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GT_|BEADS_|BD_)/.test(name))), WORKER_PAUSE_MS: '150' }
function run(name: 'gt' | 'bd', args: string[], cwd = town) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, `dist/${name}.cjs`), ...args], { cwd, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}
const gt = (...args: string[]) => run('gt', args)
const bd = (...args: string[]) => run('bd', args, join(town, 'tinytext'))
const git = (cwd: string, ...args: string[]) => execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], { cwd, encoding: 'utf8' }).trim()
const daemonPid = () => (JSON.parse(readFileSync(townLayout(town).daemonJson, 'utf8')) as { pid: number }).pid

function makeTown(session: string) {
  const work = join(dir, 'work')
  cpSync(join(root, 'examples/tinytext'), work, { recursive: true })
  git(dir, 'init', '--quiet', '--initial-branch=main', work)
  git(work, 'add', '--all')
  git(work, 'commit', '--quiet', '-m', 'first')
  git(dir, 'clone', '--quiet', '--bare', work, origin)
  expect(run('gt', ['install', town], dir)).toMatchObject({ status: 0 })
  const added = gt('rig', 'add', 'tinytext', origin, '--prefix', 'tt', '--gate', `test=${process.execPath} --test`, '--worker', join(root, 'examples/worker.mjs'), '--session', session)
  expect(added).toMatchObject({ status: 0 })
  expect(bd('import', join(root, 'examples/issues.jsonl'))).toMatchObject({ status: 0 })
}

/** Everything landed once and green, and nothing is left over. */
function expectAllWell() {
  const merges = git(origin, 'log', '--format=%s', '--first-parent', 'main').split('\n').filter((subject) => subject.startsWith('Merge tt-kit'))
  expect(merges.map((subject) => subject.replace(/^Merge (\S+):.*/, '$1')).sort()).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `tt-kit.${n}`))
  const issues = JSON.parse(bd('list', '--all', '--json').stdout) as { id: string; status: string }[]
  expect(issues.filter((issue) => issue.status !== 'closed')).toEqual([])
  const check = join(dir, 'check')
  git(dir, 'clone', '--quiet', origin, check)
  for (const commit of git(check, 'rev-list', '--first-parent', 'main').split('\n')) {
    git(check, 'checkout', '--quiet', commit)
    expect(spawnSync(process.execPath, ['--test'], { cwd: check, env }).status, commit).toBe(0)
  }
  const clone = join(town, 'tinytext/mayor/rig')
  expect(git(clone, 'branch', '--list', 'polecat/*')).toBe('')
  expect(readdirSync(join(town, 'tinytext/polecats'))).toEqual([])
  expect(aliveIn(townLayout(town).sessions)).toEqual([])
  const status = JSON.parse(gt('status', '--json').stdout) as { escalations: unknown[]; rigs: { workers: { busy: number } }[]; depth: { dead: number } }
  expect([status.escalations, status.rigs[0]?.workers.busy, status.depth.dead]).toEqual([[], 0, 0])
  expect(JSON.parse(gt('mail', 'inbox', '--json').stdout)).toMatchObject([{ subject: 'tt-kit is complete', from: 'mayor/' }])
}

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'epic-')))
  town = join(dir, 'gt')
  origin = join(dir, 'origin.git')
})
afterEach(() => {
  if (existsSync(town)) gt('down')
  rmSync(dir, { recursive: true, force: true })
})

test.each(hasTmux ? ['process', 'tmux'] : ['process'])('an epic with a red gate, a conflict and a crash lands whole (%s)', { timeout: 120_000 }, (session) => {
  makeTown(session)
  expect(gt('up')).toMatchObject({ status: 0 })
  expect(gt('up').stdout).toContain('is up already')
  expect(statSync(townLayout(town).socket).mode & 0o777).toBe(0o600)
  expect(gt('spawn', '--epic', 'tt-kit')).toMatchObject({ status: 0 })
  expect(gt('spawn', '--issue', 'tt-kit')).toMatchObject({ status: 1, stderr: expect.stringContaining('gt spawn --epic') })
  expect(gt('wait', 'tt-kit', '--timeout', '100')).toMatchObject({ status: 0 })
  expectAllWell()
  const log = gt('log').stdout
  expect(log).toContain('fails the gate “test”; back to a worker')
  expect(log).toContain('ended without a handoff (exit 3); start 2 of 3 follows')
})

test('kill -9 of the daemon, 25 times and more: nothing lost, nothing landed twice, nothing left over', { timeout: 240_000 }, () => {
  makeTown('process')
  expect(gt('up')).toMatchObject({ status: 0 })
  expect(gt('spawn', '--epic', 'tt-kit')).toMatchObject({ status: 0 })
  // Different moments of each step, the same in every run: a multiplicative walk through 0…399 ms.
  let moment = 137
  let kills = 0
  for (let landed = false; kills < 25 || !landed; ) {
    moment = (moment * 171 + 11) % 400
    spawnSync('sleep', [String(moment / 1000)])
    process.kill(daemonPid(), 'SIGKILL')
    kills++
    expect(gt('up')).toMatchObject({ status: 0 })
    landed = gt('wait', 'tt-kit', '--timeout', '0').status === 0
    if (kills > 150) throw new Error(`not landed after ${kills} kills: ${gt('log').stdout}`)
  }
  expect(gt('wait', 'tt-kit', '--timeout', '60')).toMatchObject({ status: 0 })
  console.log(`${kills} kills`)
  expectAllWell()
})

test('stop --all ends every session and nothing starts until gt up', { timeout: 60_000 }, () => {
  makeTown('process')
  gt('up')
  gt('spawn', '--epic', 'tt-kit')
  expect(gt('stop', '--all')).toMatchObject({ status: 0 })
  expect(aliveIn(townLayout(town).sessions)).toEqual([])
  process.kill(daemonPid(), 'SIGKILL')
  expect(gt('status')).toMatchObject({ status: 3, stderr: expect.stringContaining('gt up') })
  expect(gt('up')).toMatchObject({ status: 0 })
  expect(gt('wait', 'tt-kit', '--timeout', '50')).toMatchObject({ status: 0 })
})

test('wrong words, a folder that is no town, and mail while the town is down', { timeout: 60_000 }, () => {
  makeTown('process')
  expect(gt('spwan')).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean `gt spawn`') })
  expect(gt('status', '--colour')).toMatchObject({ status: 2 })
  expect(run('gt', ['status'], dir)).toMatchObject({ status: 1, stderr: expect.stringContaining('is not in a town') })
  expect(gt('status')).toMatchObject({ status: 3 })
  expect(gt('send', 'tinytext/witnes', '-s', 'Hello')).toMatchObject({ status: 1, stderr: expect.stringContaining('did you mean tinytext/witness?') })
  expect(gt('send', 'mayor/', '-s', 'While you slept; $(touch x)', '-m', "it's <fine> & `well`")).toMatchObject({ status: 0 })
  gt('up')
  expect(gt('send', 'tinytext/witnes', '-s', 'Hello')).toMatchObject({ status: 1, stderr: expect.stringContaining('did you mean tinytext/witness?') })
  gt('down')
  gt('up')
  const inbox = JSON.parse(gt('mail', 'inbox', 'mayor/', '--json').stdout) as { id: string; subject: string; body: string }[]
  expect(inbox).toMatchObject([{ subject: 'While you slept; $(touch x)', body: "it's <fine> & `well`" }])
  expect(gt('mail', 'read', String(inbox[0]?.id)).stdout).toContain('While you slept')
  expect(JSON.parse(gt('mail', 'inbox', 'mayor/', '--json').stdout)).toEqual([])
})
