// The daemon's own life, met as a person meets it: disks that are full, records that somebody locks or removes, starts
// that fail, ends that come at any moment, daemons that say nothing.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { fileName } from '../../actors/beads/file.ts'
import { startOf } from '../../actors/processes.ts'
import type { Status } from '../../cli/api.ts'
import { make, notUp, refused, t } from '../fixture/own-town.ts'
import { committer, eventually, gtScript, isWritten } from '../fixture/real-town.ts'
import { hasSmallDisks } from '../fixture/small-disk.ts'

const problems = () => t.json<Status>('status').problems.join('\n')
const isUp = () => t.gt('status').status === 0

test.runIf(hasSmallDisks)('a full disk is waited out: the town stays up, says so, and goes on by itself', async () => {
  // It ends, when the disk is full, and does its work when it is begun again.
  make({
    diskMiB: 100,
    gates: ['check=true'],
    worker: `#!/bin/sh
if [ ! -e "$GT_TOWN/../went" ]; then touch "$GT_TOWN/../went"; while [ ! -e "$GT_TOWN/../full" ]; do sleep 0.05; done; exit 3; fi
${committer.slice(committer.indexOf('\n') + 1)}`,
  })
  t.okBd('create', 'Real', '--id', 'wy-1')
  t.ok('up')
  const pid = t.daemonPid()
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => existsSync(join(t.dir, 'went')))
  const fill = (name: string, piece: number) => {
    // As a program does that writes until it cannot.
    const bytes = Buffer.alloc(piece)
    try {
      for (;;) writeFileSync(t.seen(join(t.town, name)), bytes, { flag: 'a' })
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  }
  fill('fill', 1024 * 1024)
  fill('fill', 1)
  writeFileSync(join(t.dir, 'full'), '')
  await eventually(() => problems().includes('the town waits'))
  expect(problems()).toMatch(/make room on the disk|no space left/i)
  refused(t.gt('mail', 'send', 'mayor/', '-s', 'x', '-m', 'y'.repeat(20_000)), 'make room on the disk')
  expect(t.daemonPid()).toBe(pid)
  rmSync(t.seen(join(t.town, 'fill')))
  t.ok('wait', 'wy-1', '--timeout', '60')
  expect(t.daemonPid()).toBe(pid)
  expect(problems()).toBe('')
  expect(t.git(t.origin, 'rev-list', '--count', '--merges', 'main')).toBe('1')
  t.ok('replay')
  t.ok('down')
  t.ok('up')
})

test('records that another process has locked: who asks is told, and what came meanwhile is done once', async () => {
  make({ worker: `#!/bin/sh\nwhile [ ! -e "$GT_TOWN/go" ]; do sleep 0.05; done\n${committer.slice(10)}` })
  t.issues(1)
  t.ok('up')
  const pid = t.daemonPid()
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  const other = new DatabaseSync(t.layout.db, { timeout: 5000 })
  other.exec('BEGIN EXCLUSIVE')
  refused(t.gt('mail', 'send', 'mayor/', '-s', 'x', '-m', 'y'), 'locked by another process')
  // A session ends: the daemon's own turn.
  for (const { pid: session } of t.alive()) process.kill(-session, 'SIGKILL')
  await eventually(() => problems().includes('locked by another process'))
  writeFileSync(join(t.town, 'go'), '')
  other.exec('ROLLBACK')
  other.close()
  t.ok('wait', 'wy-1', '--timeout', '40')
  expect([t.daemonPid(), problems()]).toEqual([pid, ''])
  expect(t.git(t.origin, 'rev-list', '--count', '--merges', 'main')).toBe('1')
})

test('records that are removed under a town that is up are back before anything is lost', () => {
  make({ worker: committer })
  t.issues(1)
  t.ok('up')
  for (const end of ['', '-wal', '-shm']) rmSync(`${t.layout.db}${end}`)
  t.ok('spawn', '--issue', 'wy-1')
  t.ok('wait', 'wy-1', '--timeout', '40')
  expect(problems()).toContain('it is back with all it held')
  t.ok('down')
  t.ok('up')
  expect(t.json<Status>('status').rigs[0]?.landed).toHaveLength(1)
})

test('records that are gone are refused by every word that needs them, and the last copy is put back', async () => {
  make()
  t.ok('up')
  t.ok('mail', 'send', 'mayor/', '-s', 'remember', '-m', 'this')
  const day = new Date().toISOString().slice(0, 10)
  await eventually(() => existsSync(join(t.layout.dbCopies, `${day}.db`)))
  refused(t.gt('restore', 'daemon'), 'gt down')
  t.ok('down')
  for (const [words, harm] of [
    ['is missing', rmSync],
    ['is empty', truncateSync],
  ] as const) {
    harm(t.layout.db)
    for (const word of [['up'], ['log'], ['why', 'mayor/'], ['replay'], ['stop', '--all'], ['up', '--foreground']])
      refused(t.gt(...word), t.layout.db, words, t.layout.dbCopies, '`gt restore daemon`')
    expect(t.ok('install', t.town)).toContain('is a town already')
    expect(t.gt('restore')).toMatchObject({ status: 1, stdout: expect.stringContaining(day) })
    notUp(t.gt('status'), 'its last start failed', words)
    t.ok('restore', 'daemon', '--from', day)
  }
  t.ok('up')
  expect(t.ok('log', '--all')).toContain('wyvern/witness')
})

test('records are begun anew while a worker has work: all of it is kept, and the next goes on from there', async () => {
  make({
    gates: ['check=true'],
    worker: `#!/bin/sh
if [ ! -e "$GT_TOWN/../went" ]; then
  echo half > half.txt; git add half.txt; git commit --quiet -m half; echo more > more.txt
  touch "$GT_TOWN/../went"; exec sleep 1000
fi
${committer.slice(committer.indexOf('\n') + 1)}`,
  })
  for (const id of ['wy-1', 'wy-2']) t.okBd('create', id, '--id', id)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => existsSync(join(t.dir, 'went')))
  t.ok('down')
  rmSync(t.layout.db)
  expect(t.ok('restore', 'daemon', '--empty')).toContain('to be asked again')
  t.ok('up')
  // Another issue first, in the place of the same name.
  t.ok('spawn', '--issue', 'wy-2')
  t.ok('wait', 'wy-2')
  expect(t.git(t.origin, 'ls-tree', '--name-only', 'main')).not.toContain('half.txt')
  t.ok('spawn', '--issue', 'wy-1')
  t.ok('wait', 'wy-1')
  expect(t.git(t.origin, 'ls-tree', '--name-only', 'main')).toMatch(/done-wy-1.txt[\s\S]*half.txt/)
  expect(t.ok('recover', 'wy-1', '--json')).toContain('dirty')
})

test('a start that fails leaves nothing, and is told in its own words', () => {
  make()
  const store = join(t.rig, '.beads', fileName)
  const bytes = readFileSync(store)
  rmSync(store)
  refused(t.gt('up'), 'the town does not come up', fileName)
  expect([t.layout.socket, t.layout.daemonJson, t.layout.dbOpen].filter(existsSync)).toEqual([])
  notUp(t.gt('status'), 'its last start failed')
  writeFileSync(store, bytes)
  t.ok('up')
})

test('a daemon that does not answer is told of by every word, and ended by gt down with all it started', async () => {
  make()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  const watch = spawn(process.execPath, [gtScript, 'status', '--watch'], { cwd: t.town, env: t.env, stdio: 'pipe' })
  let watched = ''
  watch.stderr.setEncoding('utf8').on('data', (text: string) => (watched += text))
  watch.stdout.resume()
  const pid = t.daemonPid()
  process.kill(pid, 'SIGSTOP')
  notUp(t.gt('status'), 'does not answer', 'gt down')
  await eventually(() => watched.includes('does not answer'))
  watch.kill()
  const done = t.ok('down')
  expect(done).toContain(`(pid ${pid}) did not end by itself and was killed`)
  expect([startOf(pid), t.alive(), existsSync(t.layout.socket)]).toEqual([undefined, [], false])
  notUp(t.gt('down'), 'is not up')
  t.ok('up')
  await eventually(() => t.alive().length === 1)
})

test('a killed daemon: who asks is told since when, and gt up says what it found', async () => {
  make()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  const [session] = t.alive()
  process.kill(t.daemonPid(), 'SIGKILL')
  await eventually(() => !isUp())
  notUp(t.gt('status'), 'ended without a word', 'last heard of at 2', 'nothing that was decided is lost')
  const up = t.ok('up')
  expect(up).toContain('the town had not been closed')
  expect(up).toContain(`found: 1 session that went on, and that it watches again (${session?.id})`)
  expect(t.alive()).toEqual([session])
  t.ok('down')
  expect(t.ok('up').trim().split('\n')).toHaveLength(1)
  // What one that is gone has left is ended too.
  await eventually(() => t.alive().length === 1)
  process.kill(t.daemonPid(), 'SIGKILL')
  await eventually(() => !isUp())
  expect(t.ok('down')).toContain('stopped gt-wyvern-Nux')
  expect(t.alive()).toEqual([])
})

test('a daemon that meets what it cannot know says its last words, also to who asks later', async () => {
  make()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.alive().length === 1)
  const pid = t.daemonPid()
  const db = new DatabaseSync(t.layout.db, { timeout: 5000 })
  db.exec('DROP TABLE mail')
  db.close()
  for (const session of t.alive()) process.kill(-session.pid, 'SIGKILL')
  await eventually(() => startOf(pid) === undefined)
  notUp(t.gt('status'), 'ended by itself at 2', 'its last words: no such table')
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it at any moment of its start', async (signal) => {
  make()
  t.issues(1)
  for (const afterMs of [0, 30, 60, 90, 120, 160, 200, 300, 500]) {
    const daemon = spawn(process.execPath, [gtScript, 'up', '--foreground'], {
      cwd: t.town,
      env: t.env,
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => daemon.once('exit', resolve))
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    daemon.kill(signal)
    await ended
    expect([t.layout.socket, t.layout.daemonJson].filter(existsSync)).toEqual([])
  }
  t.ok('up')
})

test('gt down ends a town that is only beginning, with what it had started, and gt up says so', async () => {
  make()
  const noted = join(t.dir, 'gits')
  const real = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim()
  mkdirSync(join(t.dir, 'slow'))
  // It says its version, and hangs at all else.
  t.writeScript(
    'slow/git',
    `#!/bin/sh\ncase "$*" in *version*) exec ${real} "$@" ;; esac\necho $$ >> ${noted}\nexec sleep 1000\n`,
  )
  const env = { ...t.env, PATH: `${join(t.dir, 'slow')}:${t.env.PATH}` }
  const up = spawn(process.execPath, [gtScript, 'up'], { cwd: t.town, env, stdio: 'pipe' })
  let said = ''
  up.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise((resolve) => up.once('close', resolve))
  await eventually(() => isWritten(noted))
  const pid = t.daemonPid()
  t.ok('down')
  expect(await ended).toBe(1)
  expect(said).toContain(`${t.town} goes down`)
  const gits = readFileSync(noted, 'utf8').trim().split('\n').map(Number)
  await eventually(() => [pid, ...gits].every((each) => startOf(each) === undefined))
  expect([t.layout.socket, t.layout.daemonJson, t.layout.dbOpen].filter(existsSync)).toEqual([])
  t.ok('up')
})

test('a town that begins while its records are locked waits for them', async () => {
  make()
  const other = new DatabaseSync(t.layout.db)
  other.exec('BEGIN EXCLUSIVE')
  const daemon = spawn(process.execPath, [gtScript, 'up', '--foreground'], { cwd: t.town, env: t.env, stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(daemon.exitCode).toBe(null)
  // It has nothing yet that anybody could ask it by.
  expect(existsSync(t.layout.daemonJson)).toBe(false)
  refused(t.gt('restore', 'daemon'), `(pid ${daemon.pid}) begins`)
  refused(t.gt('restore', 'wyvern'), `(pid ${daemon.pid}) begins`)
  other.exec('ROLLBACK')
  other.close()
  await eventually(isUp)
  expect(t.daemonPid()).toBe(daemon.pid)
  t.ok('down')
  // The other way round.
  const restoring = join(t.layout.daemon, `restoring-${process.pid}`)
  writeFileSync(restoring, startOf(process.pid) ?? '')
  refused(t.gt('up'), `a copy is being put back into ${t.town} (pid ${process.pid})`)
  writeFileSync(restoring, 'an earlier process of that number')
  t.ok('up')
  expect(readdirSync(t.layout.daemon).filter((name) => /ing-\d+$/.test(name))).toEqual([])
})

test('a line without end does not grow the daemon, and who sends it is told', async () => {
  make()
  t.ok('up')
  const rss = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${t.daemonPid()}/status`, 'utf8'))?.[1])
  if (!existsSync('/proc/self/status')) return
  const before = rss()
  const told = await new Promise<string>((resolve) => {
    const socket = connect(t.layout.socket)
    let text = ''
    socket.on('data', (piece) => (text += String(piece)))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
    for (let n = 0; n < 200; n++) socket.write(Buffer.alloc(1024 * 1024, 'x'))
  })
  expect(told).toContain('at most 1048576 bytes long')
  expect(rss() - before).toBeLessThan(64 * 1024)
  expect(isUp()).toBe(true)
})

test('what somebody took away of what the daemon gives out is there again, and the same daemon answers', async () => {
  make()
  t.ok('up')
  t.ok('mail', 'send', 'overseer', '-s', 'remember', '-m', 'this')
  const { socket, workSocket, daemonJson, secret, shims } = t.layout
  const pid = t.daemonPid()
  const was = readFileSync(secret, 'utf8')
  for (const path of [socket, workSocket, daemonJson, secret]) rmSync(path)
  await eventually(() => existsSync(secret) && existsSync(daemonJson) && t.gt('status').status === 0)
  expect([t.daemonPid(), readFileSync(secret, 'utf8')]).toEqual([pid, was])
  for (const path of [daemonJson, secret]) truncateSync(path)
  await eventually(() => readFileSync(secret, 'utf8') === was)
  expect(t.daemonPid()).toBe(pid)
  // A worker that runs an empty one would think that it was heard.
  const [gt, bd] = [join(shims, 'gt'), join(shims, 'bd')]
  truncateSync(gt)
  await eventually(() => readFileSync(gt, 'utf8').includes('exec'))
  rmSync(shims, { recursive: true })
  await eventually(() => existsSync(gt) && existsSync(bd))
  truncateSync(bd)
  await eventually(() => readFileSync(bd, 'utf8').includes('exec'))
  expect(t.ok('mail', 'inbox')).toContain('remember')
  expect(t.ok('down')).toContain('is down')
}, 60_000)

test.each([
  ['gone', rmSync],
  ['empty', truncateSync],
] as const)(
  'a secret that is %s when the town comes up is a new one: mail is still the town’s, sessions begin again',
  async (_, harm) => {
    make({ worker: `#!/bin/sh\nwhile [ ! -e "$GT_TOWN/go" ]; do sleep 0.05; done\n${committer.slice(10)}` })
    t.issues(1)
    t.ok('up')
    t.ok('spawn', '--issue', 'wy-1')
    t.ok('mail', 'send', 'overseer', '-s', 'remember', '-m', 'this')
    await eventually(() => t.alive().length === 1 && t.ok('mail', 'inbox').includes('remember'))
    const [session] = t.alive()
    process.kill(t.daemonPid(), 'SIGKILL')
    await eventually(() => !isUp())
    harm(t.layout.secret)
    refused(t.gt('mail', 'inbox'), t.layout.secret, 'gt up')
    expect(t.ok('up')).toContain(`it is a new one, and sessions of the old one begin again (${session?.id})`)
    expect(t.ok('mail', 'inbox')).toContain('remember')
    writeFileSync(join(t.town, 'go'), '')
    t.ok('wait', 'wy-1', '--timeout', '40')
  },
  60_000,
)
