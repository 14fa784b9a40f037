// The door of a town that is up: whose environment the daemon has, settings that are changed under it, a rig that
// goes, a daemon that says nothing, a board that stays.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Status } from '../../cli/api.ts'
import { bdScript, eventually, gtScript, hasTmux, isWritten, realTown } from '../fixture/real-town.ts'

const environOf = (pid: number) =>
  readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter(Boolean)
    .map((line) => line.split('=')[0] as string)

const strangers = {
  CLAUDE_CODE: '1',
  GT_TOKEN: 'x',
  OVERSEERS_OWN: 'secret',
  NPM_TOKEN: 'secret',
  https_proxy: 'http://proxy.invalid:1',
  NODE_OPTIONS: '--no-warnings',
}

test.runIf(existsSync('/proc/self/environ'))('the daemon has none of the Overseer’s other variables', async () => {
  const worker = '#!/bin/sh\necho "$NPM_TOKEN/$https_proxy/$OVERSEERS_OWN" > "${0%/*}/session"\nexec sleep 600\n'
  using t = realTown({ worker, env: strangers, config: { extra_env: ['NPM_TOKEN'] } })
  t.issues(1)
  t.ok('up')
  const names = environOf(t.daemonPid())
  expect(names).toEqual(expect.arrayContaining(['PATH', 'HOME']))
  for (const name of Object.keys(strangers)) expect(names).not.toContain(name)
  // What a rig names reaches its sessions, and what reaches an origin the town's git, all the same; no file has it.
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => isWritten(join(t.dir, 'session')))
  expect(readFileSync(join(t.dir, 'session'), 'utf8')).toBe('secret//\n')
  expect(spawnSync('grep', ['-rl', 'NPM_TOKEN=\\|"NPM_TOKEN":', t.town]).stdout.toString()).toBe('')
  t.ok('down')
  // A service manager starts it in the foreground: the same, in the same process.
  const daemon = spawn(process.execPath, [gtScript, 'up', '--foreground'], { cwd: t.town, env: t.env, stdio: 'pipe' })
  let said = ''
  for (const stream of [daemon.stdout, daemon.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk))
  await eventually(() => t.gt('status').status === 0)
  expect(t.daemonPid()).toBe(daemon.pid)
  expect(environOf(daemon.pid as number).sort()).toEqual(names.sort())
  expect(said.split('\n').filter((line) => line && !line.startsWith('{'))).toEqual([])
})

test('a setting is changed whole or not at all, and one by hand counts too', async () => {
  using t = realTown({ gates: ['test=true'] })
  t.ok('up')
  const config = join(t.rig, 'config.json')
  const workers = () => t.json<Status>('status').rigs[0]?.workers.max
  expect(t.ok('rig', 'set', 'wyvern', 'max_workers=7', "gate.lint=npm run 'my lint'")).toContain('at once')
  expect(workers()).toBe(7)
  const before = readFileSync(config, 'utf8')
  for (const [wrong, words] of [
    ['max_worker=9', 'did you mean max_workers?'],
    ['max_workers=many', 'expected number'],
    ['agent=nobody', 'no agent preset "nobody"'],
    ['name=other', 'fixed'],
    ['no_gate=true', 'a rig has gates or says no_gate'],
    ['gate.typo=', 'there is no gate.typo'],
  ] as const)
    expect(t.gt('rig', 'set', 'wyvern', 'hang_after=5m', wrong)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(words),
    })
  expect(readFileSync(config, 'utf8')).toBe(before)
  const shown = t.json<{ settings: { key: string; value: unknown; set: boolean }[] }>('rig', 'show', 'wyvern')
  expect(shown.settings.find(({ key }) => key === 'max_workers')).toMatchObject({ value: 7, set: true })
  expect(shown.settings.find(({ key }) => key === 'hang_after')).toMatchObject({ set: false })

  t.configure({ max_workers: 3, max_wokers: 9 })
  await eventually(() => workers() === 3)
  expect(t.json<Status>('status').problems).toEqual([expect.stringContaining('did you mean max_workers?')])
  writeFileSync(config, '{ "type": "rig", ')
  await eventually(() => t.json<Status>('status').problems.some((problem) => problem.includes('cannot be read')))
  expect(workers()).toBe(3)
  writeFileSync(config, before)
  await eventually(() => workers() === 7)
  expect(t.json<Status>('status').problems).toEqual([])
})

test('a rig goes with all that is in it, and one of the same name may come', async () => {
  using t = realTown()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  expect(t.gt('rig', 'remove', 'wyvern')).toMatchObject({ status: 1, stderr: expect.stringContaining('wy-1') })
  expect(t.ok('rig', 'remove', 'wyvern', '--force')).toContain('removed/wyvern-1')
  expect(t.alive()).toEqual([])
  expect(readdirSync(join(t.town, 'removed/wyvern-1'))).toContain('polecats')
  expect(t.json<Status>('status')).toMatchObject({ rigs: [], escalations: [], depth: { mail: 0, effects: 0 } })
  t.ok(
    'rig',
    'add',
    'wyvern',
    t.origin,
    '--no-gate',
    '--prefix',
    'wy',
    '--worker',
    'sleep 1000',
    '--session',
    'process',
  )
  t.issues(1)
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  t.ok('down')
  t.ok('up')
  expect(t.json<Status>('status').depth.dead).toBe(0)
})

test('a rig that could never work is refused before anything is cloned', () => {
  using t = realTown()
  writeFileSync(join(t.dir, 'plain.txt'), 'no program')
  const add = (...more: string[]) => t.gt('rig', 'add', 'other', t.origin, ...more)
  for (const [args, words] of [
    [['--no-gate', '--gate', 'a=true'], 'not both'],
    [['--no-gate', '--worker', 'no-such-program x'], 'no program "no-such-program"'],
    [['--no-gate', '--worker', join(t.dir, 'missing')], 'does not exist'],
    [['--no-gate', '--worker', join(t.dir, 'plain.txt')], 'not executable'],
    [['--no-gate', '--max-workers', 'many'], 'whole number'],
    [['--no-gate', '--session', 'screen'], 'auto, tmux or process'],
    [['--no-gate', '--env', 'CI'], 'name=value'],
  ] as const)
    expect(add(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(words) })
  expect(existsSync(join(t.town, 'other'))).toBe(false)
})

test('a daemon that is stopped is told of within seconds, by every word', async () => {
  using t = realTown()
  t.ok('up')
  const pid = t.daemonPid()
  process.kill(pid, 'SIGSTOP')
  try {
    for (const args of [['status'], ['up'], ['wait', 'wy-1']]) {
      const from = Date.now()
      expect(t.gt(...args)).toMatchObject({ status: 3, stderr: expect.stringContaining('does not answer') })
      expect(Date.now() - from).toBeLessThan(9000)
    }
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await eventually(() => t.gt('status').status === 0)
})

test('a dead letter is listed, and goes where it should when it can', () => {
  using t = realTown()
  t.ok('up')
  expect(t.ok('mail', 'dead')).toContain('every mail was delivered')
  expect(t.gt('mail', 'redeliver', 'gm-none')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('gt mail dead'),
  })
})

test.runIf(hasTmux)('the watched board fits its screen, and stays while the town is down', async () => {
  using t = realTown()
  t.issues(30)
  t.ok('up')
  t.ok('spawn', '--epic', 'wy-all')
  await eventually(() => t.alive().length === 4)
  const socket = `watch-${process.pid}`
  const tmux = (...args: string[]) => spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8', env: t.env })
  const screen = () => tmux('capture-pane', '-p', '-t', 'w').stdout
  try {
    const command = `${process.execPath} ${gtScript} status --watch`
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', '60', '-y', '4', '-s', 'w', '-c', t.town, command)
    await eventually(() => screen().includes('more lines'))
    // Its first line is still there: nothing has scrolled.
    expect(screen().split('\n')[0]).toContain(t.town.slice(0, 20))
    tmux('resize-window', '-t', 'w', '-x', '100', '-y', '20')
    await eventually(() => screen().split('\n')[0]?.includes(`pid ${t.daemonPid()}`) === true)
    t.ok('down')
    await eventually(() => screen().includes('waiting for it'))
    t.ok('up')
    await eventually(() => screen().includes(`pid ${t.daemonPid()}`) && !screen().includes('waiting for it'))
  } finally {
    tmux('kill-server')
  }
})

test('gt and bd work by the links that npm makes of them', () => {
  using t = realTown({ worker: '#!/bin/sh\nbd ready > "$GT_TOWN/ready.txt" 2>&1\nexec sleep 1000\n' })
  t.issues(1)
  const bin = join(t.dir, 'prefix/bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync(gtScript, join(bin, 'gt'))
  symlinkSync(bdScript, join(bin, 'bd'))
  expect(spawnSync(process.execPath, [join(bin, 'gt'), 'up'], { cwd: t.town, env: t.env }).status).toBe(0)
  const bd = spawnSync(join(t.layout.shims, 'bd'), ['ready'], { cwd: t.rig, env: t.env, encoding: 'utf8' })
  expect(bd).toMatchObject({ status: 0, stdout: expect.stringContaining('wy-1') })
})

test('a worker that has nothing to hand over says why, and what waits can be taken out of the queue', async () => {
  using t = realTown({
    worker:
      '#!/bin/sh\nif [ "$GT_ISSUE" = wy-1 ]; then gt handoff --no-change "it is so already"; else echo x > x; git add x; git commit -qm x; gt handoff; fi\nexec sleep 1000\n',
    gates: ['slow=sleep 300'],
  })
  t.issues(2)
  t.ok('up')
  for (const wrong of [['--no-change', ''], ['--cannot', 'x', '--give-back', 'y'], ['--reason', 'x'], ['--no-change']])
    expect(t.gt('handoff', ...wrong)).toMatchObject({ status: 2 })
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.okBd('show', 'wy-1').includes('it is so already'))
  t.ok('wait', 'wy-1', '--timeout', '20')
  t.ok('spawn', '--issue', 'wy-2')
  await eventually(() =>
    t.json<{ issue: string }[]>('merge-queue', 'list', 'wyvern').some(({ issue }) => issue === 'wy-2'),
  )
  expect(t.gt('merge-queue', 'remove', 'wyvern', 'wy-9')).toMatchObject({ status: 1 })
  t.ok('merge-queue', 'remove', 'wyvern', 'wy-2', '--reason', 'not wanted')
  await eventually(() => t.json<unknown[]>('merge-queue', 'list', 'wyvern').length === 0)
  expect(t.ok('log')).toContain('not wanted')
  // What a person closed has not landed, whatever the reason says.
  for (const reason of ['let go', 'No change: not wanted']) {
    const id = t.okBd('create', 'another', '--json').match(/wy-\w+/)?.[0] ?? ''
    t.okBd('close', id, '--reason', reason)
    const waited = t.gt('wait', id, '--timeout', '20')
    expect(waited).toMatchObject({ status: 1, stderr: expect.stringContaining(`nothing of it on main: ${reason}`) })
  }
})
