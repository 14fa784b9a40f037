// Gits that a process beside the daemon starts: they end as those that are started here, and with whom they are for.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gitsApart } from '../../actors/git/apart.ts'
import { plainly } from '../../actors/git/at.ts'
import type { Starter } from '../../actors/git/run.ts'
import { startOf } from '../../actors/processes.ts'
import { eventually } from '../fixture/real-town.ts'
import { program, withEnv } from '../fixture/rig.ts'

const gits = join(import.meta.dirname, '../../cli/gits.ts')
let dir: string
let beside: Starter
let back: () => void
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'apart-')))
  execFileSync('git', ['init', '--quiet', dir])
  program(
    join(dir, 'bin/git'),
    `for word; do :; done; case $word in
  wait) echo $PPID > ${dir}/beside; echo $$ >> ${dir}/pids; exec ${dir}/bin/git-wait 60 ;;
  *) read -r said; echo "$said $EXTRA"; echo words >&2; exit 3 ;;
esac`,
  )
  symlinkSync('/bin/sleep', join(dir, 'bin/git-wait'))
  back = withEnv({ PATH: `${join(dir, 'bin')}:/usr/bin:/bin` })
  beside = gitsApart(process.execPath, gits)
})
afterEach(() => {
  beside.end()
  back()
  for (const pid of pids()) if (startOf(pid) !== undefined) process.kill(pid, 'SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})
const pids = () => numbers('pids')
const numbers = (name: string) =>
  existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8').trim().split('\n').map(Number) : []
const isOver = () => pids().every((pid) => startOf(pid) === undefined)

test('its input, its environment and its answer are the same', async () => {
  const heard: string[] = []
  const ran = await beside.run(plainly(dir), ['x'], {
    input: 'asked\n',
    env: { EXTRA: 'more' },
    heard: (words) => heard.push(words),
  })
  expect(ran).toMatchObject({ exitCode: 3, stderr: 'words\n', killed: false, trouble: undefined })
  expect(ran.stdout).toEqual(Buffer.from('asked more\n'))
  expect(heard).toEqual(['words\n'])
})

test('one that is called off ends', async () => {
  const called = new AbortController()
  const running = beside.run(plainly(dir), ['wait'], { signal: called.signal })
  await eventually(() => pids().length === 1)
  called.abort()
  expect(await running).toMatchObject({ killed: false, trouble: 'it was called off' })
  expect(isOver()).toBe(true)
})

test('where that process is killed, its gits are too, and another one starts the next', async () => {
  const running = beside.run(plainly(dir), ['wait'], {})
  await eventually(() => pids().length === 1)
  process.kill(numbers('beside')[0] as number, 'SIGKILL')
  expect(await running).toMatchObject({ killed: true, trouble: undefined })
  expect(isOver()).toBe(true)
  expect(await beside.run(plainly(dir), ['x'], { input: '\n' })).toMatchObject({ exitCode: 3 })
})

test('they end with the daemon, however that ends', async () => {
  const daemon = join(dir, 'daemon.ts')
  const from = (file: string) => JSON.stringify(join(import.meta.dirname, '../../actors/git', file))
  writeFileSync(
    daemon,
    `import { gitsApart } from ${from('apart.ts')}
import { plainly } from ${from('at.ts')}
await gitsApart(${JSON.stringify(process.execPath)}, ${JSON.stringify(gits)}).run(plainly('${dir}'), ['wait'], {})`,
  )
  const child = spawn(process.execPath, [daemon], { stdio: 'ignore' })
  await eventually(() => pids().length === 1)
  child.kill('SIGKILL')
  await eventually(() => isOver() && startOf(numbers('beside')[0] as number) === undefined)
})
