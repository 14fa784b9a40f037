// Bad input and faults of the world, met as a person would meet them: through gt, with real files, processes and git.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { startOf } from '../../actors/processes.ts'
import { make, refused, t } from '../fixture/own-town.ts'
import { committer, type Done, eventually, gtScript, isWritten, realTown } from '../fixture/real-town.ts'

interface Status {
  rigs: {
    workers: { busy: number }
    polecats: { name: string; issue: string; session: { pid: number } | null }[]
    queue: unknown[]
    landed: { issue: string }[]
  }[]
  escalations: { subject: string; body: string }[]
}
const status = () => t.json<Status>('status')

describe('configuration and data', () => {
  test('a corrupt or newer configuration is refused with the file’s name, and left as it is', () => {
    make()
    const files = { 'mayor/town.json': 'up', 'mayor/rigs.json': 'up', 'wyvern/config.json': 'up' }
    for (const [file, word] of Object.entries(files)) {
      const path = join(t.town, file)
      const good = readFileSync(path, 'utf8')
      for (const [bad, says] of [
        ['{"type": "town", ', 'cannot be read'],
        ['[]', 'not as it should be'],
        [JSON.stringify({ ...(JSON.parse(good) as object), version: 99 }), 'newer version'],
      ] as const) {
        writeFileSync(path, bad)
        refused(t.gt(word), path, says, 'left as it is')
        expect(readFileSync(path, 'utf8')).toBe(bad)
      }
      writeFileSync(path, good)
    }
    expect(t.gt('up')).toMatchObject({ status: 0 })
  })

  test('a corrupt or newer town.db is refused with words and kept', () => {
    make()
    t.ok('up')
    t.ok('down')
    const db = new DatabaseSync(t.layout.db)
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA user_version = 99')
    db.close()
    refused(t.gt('up'), 'newer version', t.layout.db)
    const again = new DatabaseSync(t.layout.db)
    again.exec('PRAGMA user_version = 1')
    again.close()
    const bytes = readFileSync(t.layout.db)
    bytes.fill(0x5a, 4096, 40_000)
    writeFileSync(t.layout.db, bytes)
    refused(t.gt('up'), t.layout.db, 'left as it')
    expect(readFileSync(t.layout.db).equals(bytes)).toBe(true)
  })

  test('install again, and with --force, makes what is missing and leaves every configuration byte for byte', () => {
    make()
    const files = ['mayor/town.json', 'mayor/rigs.json', 'wyvern/config.json', 'daemon/secret']
    const before = files.map((file) => readFileSync(join(t.town, file), 'utf8'))
    rmSync(join(t.town, 'CLAUDE.md'))
    rmSync(join(t.town, 'config'), { recursive: true })
    expect(t.gtIn(t.dir, 'install', t.town)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('town already'),
    })
    expect(t.gtIn(t.dir, 'install', t.town, '--force')).toMatchObject({ status: 0 })
    expect(files.map((file) => readFileSync(join(t.town, file), 'utf8'))).toEqual(before)
    expect([existsSync(join(t.town, 'CLAUDE.md')), existsSync(join(t.town, 'config'))]).toEqual([true, true])
    expect(t.gt('up')).toMatchObject({ status: 0 })
    refused(t.gtIn(t.dir, 'install', t.origin), 'not empty and not a town')
  })

  test('rig names, prefixes and addresses that cannot be are refused, and leave nothing', () => {
    make()
    const add = (name: string, ...more: string[]) => t.gt('rig', 'add', '--no-gate', ...more, '--', name, t.origin)
    for (const name of ['a/b', '..', 'two words', '-x', '', 'mayor', 'daemon']) refused(add(name), 'cannot be a rig')
    refused(add('wyvern'), 'already')
    refused(add('other', '--prefix', 'wy'), 'prefix wy is taken')
    refused(t.gt('rig', 'add', 'other', join(t.dir, 'nowhere'), '--no-gate'), 'cannot be cloned', 'Nothing was changed')
    refused(t.gt('rig', 'add', 'other', 'ext::sh -c touch% x', '--no-gate'), 'not a repository')
    refused(t.gt('rig', 'add', 'other', t.origin), '--no-gate')
    expect(t.json<{ name: string }[]>('rigs').map((rig) => rig.name)).toEqual(['wyvern'])
    expect(existsSync(join(t.town, 'other'))).toBe(false)
    refused(t.gtIn(t.dir, 'rigs'), 'is not in a town')
    const townJson = readFileSync(t.layout.townJson)
    rmSync(t.layout.townJson)
    refused(t.gtIn(t.rig, 'rigs'), `${t.layout.townJson} is gone, by which this is a town; put it back`)
    writeFileSync(t.layout.townJson, townJson)
    expect(t.gt('rig', 'add', 'x')).toMatchObject({ status: 2 })
    expect(t.gt('rigs', '--jsn')).toMatchObject({ status: 2, stderr: expect.stringContaining('--jsn') })
    expect(JSON.parse(t.gt('status', '--json').stderr)).toMatchObject({
      error: { code: 3, message: expect.stringContaining('gt up') },
    })
  })

  test('ids, titles and branches full of signs that shells and tmux know go through unharmed', () => {
    const odd = '$(touch pwned) `touch pwned` ; #{pane_id} "x" \'y\' \\ <z> | & ! %s'
    make({ worker: committer, gates: [`see=git log -1 --format=%s`] })
    t.issues(1, () => odd)
    t.ok('up')
    t.ok('spawn', '--epic', 'wy-all')
    t.ok('wait', 'wy-all', '--timeout', '30')
    expect(t.git(t.origin, 'log', '-1', '--format=%s', 'main')).toBe(`Merge wy-1: ${odd}`)
    expect(spawnSync('find', [t.dir, '-name', 'pwned'], { encoding: 'utf8' }).stdout).toBe('')
    for (const id of ['wy-1; touch x', '../../etc', '--all', 'wy-$(x)', ''])
      expect(t.gt('spawn', `--issue=${id}`).status).not.toBe(0)
  })
})

describe('processes', () => {
  test('one daemon a town: a second is refused; a lock whose process number lives on in another process is not believed', () => {
    make()
    t.ok('up')
    const first = t.daemonPid()
    refused(t.gt('up', '--foreground'), 'another host')
    process.kill(first, 'SIGKILL')
    // The number of a living process, but not its start time: this very test runner's.
    const db = new DatabaseSync(t.layout.db)
    db.prepare("UPDATE lease SET holder = ? WHERE name = 'host'").run(`${process.pid}:12345:someone`)
    db.close()
    expect(t.gt('up')).toMatchObject({ status: 0 })
    expect(t.daemonPid()).not.toBe(first)
  })

  test('two towns on one host share nothing: stopping one leaves the other’s sessions alone', async () => {
    make()
    using other = realTown()
    for (const town of [t, other]) {
      town.issues(1)
      town.ok('up')
      town.ok('spawn', '--epic', 'wy-all')
      await eventually(() => town.alive().length === 1)
    }
    t.ok('stop', '--all')
    t.ok('down')
    expect([t.alive().length, other.alive().length]).toEqual([0, 1])
    expect(other.gt('status')).toMatchObject({ status: 0 })
    // A command says which town it means by where it is, or by --town.
    expect(t.gt('status', '--town', other.town)).toMatchObject({ status: 0 })
    expect(t.gt('status')).toMatchObject({ status: 3 })
  })

  test('the same issue spawned by many at once has one worker; the others are told who holds it', async () => {
    make()
    t.issues(1)
    t.ok('up')
    const asked = await Promise.all(
      Array.from(
        { length: 6 },
        () =>
          new Promise<Done>((resolve) => {
            const child = spawn(process.execPath, [gtScript, 'spawn', '--issue', 'wy-1'], { cwd: t.town, env: t.env })
            const said = { stdout: '', stderr: '' }
            for (const stream of ['stdout', 'stderr'] as const)
              child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text))
            child.once('close', (code) => resolve({ status: code, ...said }))
          }),
      ),
    )
    await eventually(() => t.alive().length > 0)
    expect(status().rigs[0]?.polecats).toHaveLength(1)
    const others = asked.filter((done) => /Nux|already|with wyvern\/witness/.test(done.stdout + done.stderr))
    expect(others).toHaveLength(6)
    const late = t.gt('spawn', '--issue', 'wy-1')
    expect(`${late.stdout}${late.stderr}`).toContain('wyvern/polecats/Nux')
    // Held by a person: the town takes nothing away from anyone.
    t.okBd('create', 'Mine', '--id', 'wy-mine')
    t.okBd('update', 'wy-mine', '--claim', '--actor', 'alice')
    refused(t.gt('spawn', '--issue', 'wy-mine'), 'held by alice')
  })

  test.each([
    ['crashes', '#!/bin/sh\necho "last words" >&2\nexit 3\n', 'exit 3', 'last words'],
    ['ends well without a handoff', '#!/bin/sh\necho "all done, I think"\n', 'exit 0', 'all done, I think'],
    ['is not a program', 'not a program\n', 'exit', ''],
  ])(
    'a worker that %s is started again, then escalated with its last output; its work is kept',
    (_, worker, how, words) => {
      make({ worker, config: { session_tries: 2 } })
      t.issues(1)
      t.ok('up')
      t.ok('spawn', '--issue', 'wy-1')
      const waited = t.gt('wait', 'wy-1', '--timeout', '50')
      expect(waited).toMatchObject({ status: 1 })
      expect(`${waited.stdout}${waited.stderr}`).toContain('needs')
      expect(status().escalations).toHaveLength(1)
      expect(status().escalations[0]?.body).toContain(how)
      expect(status().escalations[0]?.body).toContain(words)
      expect(t.alive()).toEqual([])
      expect(JSON.parse(t.gt('mail', 'inbox', '--json').stdout)).toHaveLength(1)
    },
  )

  test('a worker that hangs is noticed, ended and started again', async () => {
    // Let go on, it stops again.
    const worker = '#!/bin/sh\necho begun\nwhile :; do kill -STOP $$; done\n'
    make({ worker, config: { hang_after: '1s', session_tries: 2 } })
    t.issues(1)
    t.ok('up')
    t.ok('spawn', '--issue', 'wy-1')
    expect(t.gt('wait', 'wy-1', '--timeout', '50')).toMatchObject({ status: 1 })
    const log = t.gt('log').stdout
    expect(log).toContain('no sign of progress')
    expect(t.alive()).toEqual([])
  })

  test('a session that is over speaks for nobody any more, nor does one with another’s token', async () => {
    make({ config: { session_tries: 3 } })
    writeFileSync(
      join(t.dir, 'worker.sh'),
      `#!/bin/sh\nenv > "${t.dir}/env-$GT_EPOCH"\n[ "$GT_EPOCH" = 1 ] && exit 1\nexec sleep 1000\n`,
    )
    t.issues(1)
    t.ok('up')
    t.ok('spawn', '--issue', 'wy-1')
    await eventually(() => isWritten(join(t.dir, 'env-2')))
    const of = (epoch: number) =>
      Object.fromEntries(
        readFileSync(join(t.dir, `env-${epoch}`), 'utf8')
          .split('\n')
          .flatMap((line) => (line.startsWith('GT_') ? [line.split(/=(.*)/s).slice(0, 2)] : [])),
      )
    const handsOff = (env: Record<string, string>) => {
      const { status, stderr } = spawnSync(process.execPath, [gtScript, 'handoff'], {
        cwd: join(t.rig, 'polecats/Nux'),
        env: { ...t.env, ...env },
        encoding: 'utf8',
      })
      return { status, stderr }
    }
    expect(handsOff(of(1))).toMatchObject({ status: 1, stderr: expect.stringContaining('epoch 1) is over') })
    expect(handsOff({ ...of(2), GT_TOKEN: String(of(1).GT_TOKEN) })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not who calls here'),
    })
    // The present one is heard, and told what to do.
    expect(handsOff(of(2))).toMatchObject({ status: 1, stderr: expect.stringContaining('commit your work') })
  })

  test('a worker whose worktree was deleted works on in a new one, from what it had committed', () => {
    const finish = 'echo rest > rest.txt; git add --all; git commit --quiet -m rest; gt handoff; exec sleep 1000'
    make({
      worker: `#!/bin/sh\nset -e\nif [ -f half.txt ]; then ${finish}; fi\necho half > half.txt\ngit add --all\ngit commit --quiet -m half\nhere=$PWD\ncd /\nrm -rf "$here"\nexit 1\n`,
    })
    t.issues(1)
    t.ok('up')
    t.ok('spawn', '--issue', 'wy-1')
    t.ok('wait', 'wy-1', '--timeout', '50')
    expect(t.git(t.origin, 'ls-tree', '--name-only', 'main').split('\n')).toEqual(
      expect.arrayContaining(['half.txt', 'rest.txt']),
    )
  })

  test('an issue that the Overseer closes by hand asks for nobody any more', async () => {
    make({ worker: '#!/bin/sh\nexit 1\n', config: { session_tries: 1 } })
    t.issues(1)
    t.ok('up')
    t.ok('spawn', '--issue', 'wy-1')
    expect(t.gt('wait', 'wy-1', '--timeout', '50')).toMatchObject({ status: 1 })
    expect(status().escalations).toHaveLength(1)
    t.okBd('close', 'wy-1', '--reason', 'let go')
    await eventually(() => status().escalations.length === 0)
  })

  test('a limit changed while the town was down counts when a service manager starts it; the log still replays', async () => {
    make({ maxWorkers: 2 })
    t.issues(2)
    t.ok('up')
    process.kill(t.daemonPid(), 'SIGKILL')
    t.configure({ max_workers: 1 })
    const managed = spawn(process.execPath, [gtScript, 'up', '--foreground'], {
      cwd: t.town,
      env: t.env,
      stdio: 'ignore',
    })
    await eventually(() => t.gt('status').status === 0)
    t.ok('spawn', '--epic', 'wy-all')
    await eventually(() => t.alive().length === 1)
    expect(status().rigs[0]?.workers).toEqual({ busy: 1, max: 1 })
    t.ok('replay')
    expect(managed.exitCode).toBe(null)
  })

  test('stop --all ends what runs also when town.db cannot be read', async () => {
    make()
    t.issues(1)
    t.ok('up')
    t.ok('spawn', '--epic', 'wy-all')
    await eventually(() => t.alive().length === 1)
    process.kill(t.daemonPid(), 'SIGKILL')
    for (const end of ['', '-wal', '-shm']) writeFileSync(`${t.layout.db}${end}`, 'no database any more')
    refused(t.gt('stop', '--all'), t.layout.db)
    expect(t.alive()).toEqual([])
  })

  test('stop --all holds also when there is no daemon, and one is started by somebody else', async () => {
    make()
    t.issues(2)
    t.ok('up')
    t.ok('spawn', '--epic', 'wy-all')
    await eventually(() => t.alive().length === 2)
    process.kill(t.daemonPid(), 'SIGKILL')
    expect(t.gt('stop', '--all').stdout).toContain('stopped gt-wyvern-Nux-1-1')
    expect(t.alive()).toEqual([])
    const managed = spawn(process.execPath, [gtScript, 'up', '--foreground'], {
      cwd: t.town,
      env: t.env,
      stdio: 'ignore',
    })
    await eventually(() => t.gt('status').status === 0)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(t.alive()).toEqual([])
    expect(managed.exitCode).toBe(null)
    t.ok('up')
    await eventually(() => t.alive().length === 2)
  })

  test.each(['noted', 'not noted'])(
    'a gate that outlives its daemon is ended when the town comes up again, and its result counts for nothing (%s)',
    async (noted) => {
      make({ worker: committer })
      const gate = t.writeScript(
        'gate.sh',
        `#!/bin/sh\necho $$ >> "${t.dir}/gate-pids"\n[ -e "${t.dir}/go" ] && exit 0\nsleep 1000\n`,
      )
      // In a namespace of its own it would know its number there only.
      t.configure({ no_gate: false, gates: { slow: [gate] }, gate_namespace: false })
      t.issues(1)
      t.ok('up')
      t.ok('spawn', '--issue', 'wy-1')
      await eventually(() => isWritten(join(t.dir, 'gate-pids')))
      process.kill(t.daemonPid(), 'SIGKILL')
      // As if it had been killed before it could note whom it had started.
      if (noted === 'not noted') rmSync(join(t.layout.gateLogs, 'running-wyvern.json'), { force: true })
      const [pid] = readFileSync(join(t.dir, 'gate-pids'), 'utf8').split('\n').map(Number)
      expect(startOf(pid as number)).toBeDefined()
      writeFileSync(join(t.dir, 'go'), '')
      t.ok('up')
      t.ok('wait', 'wy-1', '--timeout', '40')
      expect(startOf(pid as number)).toBeUndefined()
      expect(readFileSync(join(t.dir, 'gate-pids'), 'utf8').trim().split('\n')).toHaveLength(2)
    },
  )
})

describe('origin and disk', () => {
  test('an origin that refuses the push: the Overseer is told once with its words; when it is mended the work lands', () => {
    make({ worker: committer })
    const hook = join(t.origin, 'hooks/pre-receive')
    mkdirSync(join(t.origin, 'hooks'), { recursive: true })
    writeFileSync(hook, '#!/bin/sh\necho "closed on Sundays" >&2\nexit 1\n')
    chmodSync(hook, 0o755)
    t.issues(2)
    t.ok('up')
    t.ok('spawn', '--epic', 'wy-all')
    expect(t.gt('wait', 'wy-all', '--timeout', '50')).toMatchObject({ status: 1 })
    expect(status().escalations).toHaveLength(1)
    expect(JSON.stringify(status().escalations)).toMatch(/hook declined|closed on Sundays/)
    expect(t.git(t.origin, 'rev-list', '--count', 'main')).toBe('1')
    writeFileSync(hook, '#!/bin/sh\nexit 0\n')
    t.ok('refinery', 'process', 'wyvern')
    t.ok('wait', 'wy-all', '--timeout', '40')
    expect(status().escalations).toEqual([])
    expect(t.git(t.origin, 'rev-list', '--count', '--merges', 'main')).toBe('2')
  })

  test('a working copy as origin is met with a warning and the way out, and lands when that is taken', () => {
    make({ worker: committer })
    t.git(t.dir, 'clone', '--quiet', t.origin, join(t.dir, 'copy'))
    const add = (name: string) =>
      t.gt(
        'rig',
        'add',
        name,
        join(t.dir, 'copy'),
        '--no-gate',
        '--worker',
        join(t.dir, 'worker.sh'),
        '--session',
        'process',
      )
    expect(add('first')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('receive.denyCurrentBranch updateInstead'),
    })
    t.git(join(t.dir, 'copy'), 'config', 'receive.denyCurrentBranch', 'updateInstead')
    expect(add('copied').stderr).not.toContain('warning')
    t.ok('up')
    t.bdIn('copied', 'create', 'Do it', '--id', 'cop-1')
    t.ok('spawn', '--issue', 'cop-1')
    t.ok('wait', 'cop-1', '--timeout', '40')
    expect(existsSync(join(t.dir, 'copy/done-cop-1.txt'))).toBe(true)
    // What is kept of it is told once.
    expect(t.json<unknown[]>('recover', 'cop-1')).toHaveLength(1)
  })

  test('a full disk: nothing is lost, the words say so, and the town goes on when there is room', async () => {
    make({ worker: committer })
    t.issues(3)
    t.ok('up')
    t.ok('down')
    // No file of the daemon may grow beyond what the store has now: the next pages do not fit.
    const blocks = Math.ceil((readFileSync(t.layout.db).length + 60_000) / 512)
    const log = openSync(join(t.dir, 'daemon.log'), 'a')
    const daemon = spawn(
      'sh',
      ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, gtScript, 'up', '--foreground'],
      {
        cwd: t.town,
        env: t.env,
        stdio: ['ignore', log, log],
      },
    )
    const ended = new Promise((resolve) => daemon.once('close', resolve))
    await eventually(() => t.gt('status').status === 0)
    t.ok('spawn', '--epic', 'wy-all')
    let full: Done
    do full = t.gt('send', 'mayor/', '-s', 'a long one', '-m', 'x'.repeat(60_000))
    while (full.status === 0)
    // Told so, or the daemon has ended with the same words in its log: either way in words.
    expect(`${full.stderr}${readFileSync(join(t.dir, 'daemon.log'), 'utf8')}`).toMatch(
      /town\.db cannot be written: .*make room on the disk/,
    )
    daemon.kill()
    await ended
    t.ok('up')
    t.ok('wait', 'wy-all', '--timeout', '60')
    expect(t.git(t.origin, 'rev-list', '--count', '--merges', 'main')).toBe('3')
    const db = new DatabaseSync(t.layout.db)
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    db.close()
  })
})
