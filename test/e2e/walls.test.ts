// The small walls of a town that is up: whose files are whose under any umask, a user whom the machine does not know,
// and what an agent writes on the Overseer's terminal.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { cleanEnv, committer, eventually, gtScript, hasTmux, realTown } from '../fixture/real-town.ts'

const find = (...args: string[]) => execFileSync('find', args, { encoding: 'utf8' }).split('\n').filter(Boolean)
const places = /\/polecats\/|\/pool\/|\/mayor\/rig\/(file-|\.git)|\/refinery\/rig|\/modules\//
const noting = (to: string) => `{ umask; stat -c '%a' . file-0.txt; } > '${to}'`

test.each(['process', ...(hasTmux ? ['tmux'] : [])] as const)(
  'whatever the umask, the town is its Overseer’s alone, and places are as git makes them (%s)',
  async (session) => {
    const before = process.umask(0)
    const dir = mkdtempSync(join(tmpdir(), 'noted-'))
    try {
      const noted = { worker: join(dir, 'worker'), gate: join(dir, 'gate') }
      const worker = committer.replace('set -e\n', `set -e\n${noting(noted.worker)}\n`)
      using t = realTown({ session: session as 'process', worker, gates: [`test=sh -c "${noting(noted.gate)}"`] })
      t.issues(1)
      t.ok('up')
      t.ok('spawn', '--issue', 'wy-1')
      t.ok('wait', 'wy-1', '--timeout', '60s')
      expect(find(t.town, '!', '-type', 'l', '-perm', '/002')).toEqual([])
      expect(find(t.town, '!', '-type', 'l', '-perm', '/077').filter((path) => !places.test(path))).toEqual([])
      expect(find(t.town, '-maxdepth', '0', '-perm', '700')).toEqual([t.town])
      // The person's umask, but that not everybody writes.
      for (const path of Object.values(noted)) expect(readFileSync(path, 'utf8')).toBe('0002\n775\n664\n')
    } finally {
      process.umask(before)
      rmSync(dir, { recursive: true, force: true })
    }
  },
)

/** A user without a name can only be had as root, and must be able to read this repository. */
const canBeNobody = (() => {
  if (process.getuid?.() !== 0) return false
  const asked = spawnSync(process.execPath, [gtScript, 'version'], { uid: 61_007, gid: 61_007, env: {}, cwd: '/' })
  return asked.status === 0
})()

test.runIf(canBeNobody)('a user without name and home, in a town that is deep, has all of it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nobody-'))
  const [uid, gid] = [61_007, 61_007]
  const town = join(dir, 'a'.repeat(110), 'gt')
  const { HOME: _, USER: _user, LOGNAME: _logname, ...env } = cleanEnv()
  const as = (cwd: string, ...argv: string[]) => {
    const done = spawnSync(argv[0] as string, argv.slice(1), { cwd, uid, gid, env, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${argv.join(' ')}: ${done.stderr}${done.stdout}`)
    return done.stdout
  }
  const gt = (...args: string[]) => as(town, process.execPath, gtScript, ...args)
  const bd = (...args: string[]) => as(join(town, 'w'), process.execPath, gtScript.replace('gt.cjs', 'bd.cjs'), ...args)
  try {
    chownSync(dir, uid, gid)
    chmodSync(dir, 0o755)
    as(dir, 'git', 'init', '--quiet', '--bare', '--initial-branch=main', 'origin.git')
    as(dir, 'sh', '-c', `mkdir -p "${town}/.." && printf '%s' '${committer}' > worker && chmod 755 worker`)
    as(dir, process.execPath, gtScript, 'install', town)
    gt('rig', 'add', 'w', join(dir, 'origin.git'), '--gate', 'test=true', '--worker', join(dir, 'worker'))
    expect(() => gt('rig', 'set', 'w', 'gate.home=~/check')).toThrow('there is none here: set HOME')
    const { id } = JSON.parse(bd('create', 'One', '--json')) as { id: string }
    gt('up')
    gt('spawn', '--issue', id)
    gt('wait', id, '--timeout', '60s')
    expect(as(dir, 'git', '--git-dir', 'origin.git', 'ls-tree', '--name-only', 'main')).toContain(`done-${id}.txt`)
    gt('status')
    gt('down')
  } finally {
    spawnSync(process.execPath, [gtScript, 'down', '--town', town], { uid, gid, env })
    rmSync(dir, { recursive: true, force: true })
  }
})

const steers = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/
const evil = '\u001b]52;c;eA==\u0007\u001b[2J\u009b8m\u202e'

test('what an agent writes is text on every screen, and no line of the town’s', async () => {
  const worker = `#!/bin/sh
printf '${evil.replaceAll('%', '%%')}\\rprinted\\n'
gt mail send overseer -s "$(printf 'subject${evil}\\n  Nux  wy-9  landed')" -m "$(printf 'first${evil}\\n! main is red')"
gt handoff --cannot "$(printf 'it is${evil}\\n! main is red')"
`
  using t = realTown({ worker })
  t.issues(1)
  chmodSync(join(t.rig, 'config.json'), 0o646)
  expect(t.ok('up')).toContain('config.json can be written by every user here')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => t.json<unknown[]>('mail', 'inbox').length === 2)
  const inbox = t.json<{ id: string }[]>('mail', 'inbox')
  const shown = [
    ...['status', 'log', 'mail inbox', 'why wy-1', 'session list', 'session logs wyvern/Nux', 'polecats wyvern'],
    ...[
      'session peek wyvern/Nux',
      'session logs wyvern/Nux --follow',
      'wait wy-1 --timeout 1s',
      'replay --until 100000',
      'mail dead',
    ],
    ...inbox.map(({ id }) => `mail read ${id}`),
  ].map((words) => ({ words, ...t.gt(...words.split(' ')) }))
  for (const { words, stdout, stderr } of [...shown, { words: 'bd list', ...t.bd('list', '--all') }]) {
    expect({ words, steers: steers.exec(`${stdout}${stderr}`)?.[0] }).toEqual({ words, steers: undefined })
    expect(`${words}\n${stdout}${stderr}`).not.toMatch(/\n {0,2}(! main is red|(Toast|Nux) +wy-[89])/)
  }
  expect(shown.find(({ words }) => words.startsWith('session logs'))?.stdout).toContain('\\x0dprinted')
  expect(t.gt('session', 'logs', 'wyvern/Nux', '--raw').stdout).toContain(`${evil}\rprinted`)
  const { stdout } = t.gt('status', '--json')
  expect(stdout).not.toMatch(/[\u007f-\u009f\u2028\u202e]/)
  expect(stdout).toContain('it is\\u001b]52;c;eA==\\u0007\\u001b[2J\\u009b8m\\u202e')
})
