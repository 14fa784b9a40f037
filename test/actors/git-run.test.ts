// How a git is run and ended, with programs in git's place that misbehave.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { overNetwork, plainly } from '../../actors/git/at.ts'
import { gitTrouble } from '../../actors/git/prepare.ts'
import { allowRunning, endRunning, runGit } from '../../actors/git/run.ts'
import { reasonIn } from '../../actors/git/words.ts'
import { startOf } from '../../actors/processes.ts'
import { eventually } from '../fixture/real-town.ts'
import { program, withEnv } from '../fixture/rig.ts'

let dir: string
let back: (() => void)[]
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'run-')))
  back = []
})
afterEach(() => {
  for (const each of back) each()
  for (const pid of pidsIn(join(dir, 'pids'))) if (startOf(pid) !== undefined) process.kill(pid, 'SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})
const pidsIn = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : [])

/** `git` is this script. */
function instead(body: string): void {
  program(join(dir, 'bin/git'), body)
  back.push(withEnv({ PATH: `${join(dir, 'bin')}:/usr/bin:/bin` }))
}

test('its own end counts, not that of a child that holds its output', async () => {
  instead(`sleep 60 & echo $! >> ${dir}/pids\necho done; echo words >&2; exit 3`)
  const began = Date.now()
  const ran = await runGit(plainly(dir), ['fetch'])
  expect(ran).toMatchObject({ exitCode: 3, stderr: 'words\n', killed: false, trouble: undefined })
  expect(ran.stdout.toString()).toBe('done\n')
  expect(Date.now() - began).toBeLessThan(3000)
})

test('silence ends it, with all that it started, also what does not want to end; talk does not', async () => {
  instead(`trap '' TERM; (trap '' TERM; sleep 60) & echo $! >> ${dir}/pids; sleep 60`)
  const silent = await runGit(plainly(dir), ['fetch'], { silentMs: 300 })
  expect(silent.trouble).toBe('it said nothing for 0.3 s and was ended')
  await eventually(() => pidsIn(join(dir, 'pids')).every((pid) => startOf(pid) === undefined))
  instead('for n in 1 2 3 4 5 6; do sleep 0.2; echo $n >&2; done')
  expect(await runGit(plainly(dir), ['fetch'], { silentMs: 800 })).toMatchObject({ exitCode: 0, trouble: undefined })
})

test('a town that goes down ends its own gits and begins no other; another town of the process goes on', async () => {
  const [down, up] = ['down', 'up'].map((name) => join(dir, name)) as [string, string]
  for (const town of [down, up]) mkdirSync(join(town, 'w'), { recursive: true })
  instead(`echo $$ >> ${dir}/pids; while [ -e ${dir}/hangs ]; do sleep 0.1; done`)
  writeFileSync(join(dir, 'hangs'), '')
  const [its, others] = [down, up].map((town) => runGit(plainly(join(town, 'w')), ['fetch']))
  await eventually(() => pidsIn(join(dir, 'pids')).length === 2)
  endRunning(down)
  expect((await its)?.exitCode).toBe(undefined)
  rmSync(join(dir, 'hangs'))
  expect(await others).toMatchObject({ exitCode: 0 })
  expect((await runGit(plainly(join(down, 'w')), ['x'])).trouble).toBe('the town goes down')
  expect(await runGit(plainly(up), ['x'])).toMatchObject({ exitCode: 0 })
  allowRunning(down)
  expect(await runGit(plainly(down), ['x'])).toMatchObject({ exitCode: 0 })
})

test('one that is killed from outside is told from one that was ended, and from one that is not there', async () => {
  instead('kill -9 $$')
  expect(await runGit(plainly(dir), ['x'])).toMatchObject({ killed: true, trouble: undefined })
  const called = new AbortController()
  instead('sleep 60')
  const running = runGit(plainly(dir), ['x'], { signal: called.signal })
  called.abort()
  expect(await running).toMatchObject({ killed: false, trouble: 'it was called off' })
  back.push(withEnv({ PATH: join(dir, 'nowhere') }))
  expect((await runGit(plainly(dir), ['x'])).trouble).toBe('git is not found on the PATH; install it')
  expect((await runGit(plainly(join(dir, 'gone')), ['x'])).trouble).toBe(`${join(dir, 'gone')} does not exist`)
  expect(await gitTrouble()).toContain('needs git 2.38 or newer: git is not found on the PATH')
})

test('one that the system does not start, for a word of it is too long, is an answer like any other', async () => {
  const ran = await runGit(plainly(dir), ['log', 'x'.repeat(200_000)])
  expect(ran).toMatchObject({ exitCode: undefined, killed: false, trouble: expect.stringContaining('E2BIG') })
})

test('of endless output only so much is read, and of endless words their beginning and end', async () => {
  instead('yes')
  expect((await runGit(plainly(dir), ['x'])).trouble).toBe('it printed more than 64 MiB')
  instead('echo first >&2; head -c 3000000 /dev/zero | tr "\\0" x >&2; echo; echo last >&2')
  const { stderr } = await runGit(plainly(dir), ['x'])
  expect([stderr.startsWith('first\n'), stderr.endsWith('last\n'), stderr.length < 200_000]).toEqual([true, true, true])
})

test('nothing of the daemon’s environment reaches a git that does not need it', async () => {
  instead('env')
  back.push(
    withEnv({ SECRET: 's', HOME: join(dir, 'home'), GIT_DIR: '/elsewhere', SSH_AUTH_SOCK: '/agent', EDITOR: 'vi' }),
  )
  mkdirSync(join(dir, 'home'))
  const names = async (at = plainly(dir)) =>
    (await runGit(at, ['x'])).stdout
      .toString()
      .split('\n')
      .map((line) => line.split('=')[0])
  const local = await names()
  for (const name of ['SECRET', 'HOME', 'GIT_DIR', 'SSH_AUTH_SOCK', 'EDITOR']) expect(local).not.toContain(name)
  const network = await names(overNetwork(dir))
  expect(network).toEqual(expect.arrayContaining(['HOME', 'SSH_AUTH_SOCK']))
  for (const name of ['SECRET', 'GIT_DIR', 'EDITOR']) expect(network).not.toContain(name)
})

test('an old git is told in one sentence', async () => {
  instead('echo git version 2.34.1')
  expect(await gitTrouble()).toMatch(/^git version 2\.34\.1 is too old: Gas Town needs git 2\.38 or newer/)
  instead('echo git version 3.0.0')
  expect(await gitTrouble()).toBeUndefined()
})

test('a reason is all that origin said, without progress and advice', () => {
  const words =
    "remote: Counting objects: 10% (1/10)\rremote: Counting objects: 100% (10/10)\nremote: GH006: Protected branch.  \nremote: \nTo /srv/x.git\n ! [remote rejected] main -> main (declined)\nerror: failed to push some refs to '/srv/x.git'\n"
  expect(reasonIn(words)).toBe('remote: GH006: Protected branch.; ! [remote rejected] main -> main (declined)')
  expect(
    reasonIn(
      'git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.',
    ),
  ).toBe('git@host: Permission denied (publickey).; fatal: Could not read from remote repository.')
})
