// What the world does to `bd`: disks that cannot be written, processes that are killed, clocks that go back, remotes
// behind a password. Each time: words, nothing by half, and nothing lost.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { importLines, issueLine } from '../../actors/beads/jsonl.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { serveHttp } from '../fixture/http-origin.ts'
import { bdScript, cleanEnv } from '../fixture/real-town.ts'

let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'world-')))
  initBeads(join(dir, 'a/.beads'), 'ab')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const env = () => ({ ...cleanEnv(), HOME: dir, BD_ACTOR: 'tester' })
const run = (program: string, args: readonly string[], more: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: join(dir, 'a'),
    env: { ...env(), ...more },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stdout, stderr }
}
const bd = (...args: string[]) => run(process.execPath, [bdScript, ...args])
const inStore = <T>(work: (beads: ReturnType<typeof openBeads>) => T, where = 'a'): T => {
  const beads = openBeads(join(dir, where, '.beads'))
  try {
    return work(beads)
  } finally {
    beads.close()
  }
}
const files = () => readdirSync(join(dir, 'a/.beads')).sort()

/** As on a disk that nothing can be written to. */
const frozen = ['-U', '-r', '-m', 'sh', '-c']
const freeze = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
const canFreeze = spawnSync('unshare', [...frozen, freeze, tmpdir(), 'true']).status === 0

test.skipIf(!canFreeze)('on a disk that cannot be written it reads all the same, and refuses the rest in words', () => {
  const id = inStore((beads) => beads.create({ title: 'One' }, 'ann').id)
  const on = (...args: string[]) =>
    run('unshare', [...frozen, freeze, join(dir, 'a'), process.execPath, bdScript, ...args])
  const before = [files(), readFileSync(join(dir, 'a/.beads/issues.sqlite')).toString('base64')]
  for (const words of [['list'], ['ready'], ['show', id], ['stats'], ['doctor'], ['export'], ['--readonly', 'list']])
    expect(on(...words), words.join(' ')).toMatchObject({ status: 0, stderr: '' })
  for (const words of [
    ['create', 'Two'],
    ['close', id],
    ['ready', '--claim'],
    ['remember', 'x'],
    ['delete', id, '--force'],
    ['sync', '--flush-only'],
    ['config', 'set', 'a', 'b'],
    ['-C', '..', 'init', '--db', join(dir, 'a/other/.beads')],
  ]) {
    const said = on(...words)
    expect(said, words.join(' ')).toMatchObject({ status: 1, stdout: '' })
    expect(said.stderr).toMatch(/^Error: .*; nothing was written\n$/)
  }
  expect([files(), readFileSync(join(dir, 'a/.beads/issues.sqlite')).toString('base64')]).toEqual(before)

  // What somebody had not yet put into the file itself is not passed over.
  const beads = openBeads(join(dir, 'a/.beads'))
  beads.create({ title: 'In the log' }, 'ann')
  expect(on('list')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/-wal has changes that can then not be read/),
  })
  beads.close()
})

test('killed at any moment of an import, all of the file is there or nothing of it', async () => {
  const at = '2026-01-01T00:00:00Z'
  const count = 3000
  const line = (n: number) =>
    JSON.stringify({ id: `ab-x${n}`, title: `Issue ${n}`, created_at: at, updated_at: at, labels: ['l'] })
  writeFileSync(join(dir, 'a/in.jsonl'), Array.from({ length: count }, (_, n) => `${line(n)}\n`).join(''))
  let [killed, done] = [0, 0]
  for (let n = 0; n < 8; n++) {
    const child = spawn(process.execPath, [bdScript, 'import', 'in.jsonl'], {
      cwd: join(dir, 'a'),
      env: env(),
      stdio: 'ignore',
    })
    const ended = new Promise<boolean>((resolve) => child.once('exit', (code) => resolve(code === 0)))
    await Promise.race([pause(60 + n * 60), ended])
    child.kill('SIGKILL')
    if (await ended) done++
    else killed++
    inStore((beads) => {
      expect(beads.damage()).toBe(undefined)
      expect([0, count]).toContain(beads.ids().length)
      if (done === 0) beads.room.run('DELETE FROM issues')
    })
  }
  expect(killed).toBeGreaterThan(0)
  expect(bd('import', 'in.jsonl')).toMatchObject({ status: 0 })
  expect(inStore((beads) => beads.ids().length)).toBe(count)
  expect(files()).toEqual(['.gitignore', 'config.yaml', 'issues.sqlite'])
}, 60_000)

test('killed as it says that an issue is made, the issue is made', async () => {
  const told: string[] = []
  for (let n = 0; n < 6; n++) {
    const child = spawn(
      process.execPath,
      [bdScript, 'create', `Issue ${n}`, '-l', 'a,b', '--deps', told.slice(-1).join()],
      {
        cwd: join(dir, 'a'),
        env: env(),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const ended = new Promise((resolve) => child.once('exit', resolve))
    // Half of them are killed at some moment, the others at their first word.
    if (n % 2 === 0) setTimeout(() => child.kill('SIGKILL'), 30 + n * 25)
    for await (const piece of child.stdout) {
      const [, id] = /Created issue: (\S+)/.exec(String(piece)) ?? []
      if (id !== undefined) told.push(id)
      child.kill('SIGKILL')
    }
    await ended
  }
  inStore((beads) => {
    expect(beads.damage()).toBe(undefined)
    expect(told.length).toBeGreaterThan(0)
    expect(beads.ids()).toEqual(expect.arrayContaining(told))
    // Never one without what belongs to it.
    for (const id of beads.ids()) expect(beads.labels(id)).toEqual(['a', 'b'])
  })
})

test('a clock that is set back makes no change older than what it changes', () => {
  let now = Date.parse('2026-06-01T12:00:00Z')
  const beads = openBeads(join(dir, 'a/.beads'), { now: () => new Date(now) })
  const { id } = beads.create({ title: 'One' }, 'ann')
  const other = beads.create({ title: 'Other' }, 'ann').id
  const before = issueLine(beads, id)
  now -= 86_400_000
  const changes = [
    () => beads.update(id, { title: 'Two' }, 'ann'),
    () => beads.claim(id, 'ann'),
    () => beads.comment(id, 'Said', 'ann'),
    () => beads.addDep(id, other, 'related', 'ann'),
    () => beads.removeDep(id, other, 'ann'),
    () => beads.closeIssue(id, 'done', 'ann'),
  ]
  let last = beads.get(id)?.updated_at ?? ''
  for (const change of changes) {
    change()
    const is = beads.get(id)?.updated_at ?? ''
    expect(is > last).toBe(true)
    last = is
  }
  // So that who takes it in elsewhere takes it for news, and what was before for none.
  initBeads(join(dir, 'b/.beads'), 'ab')
  inStore((there) => {
    importLines(there, before)
    expect(importLines(there, issueLine(beads, id))).toMatchObject({ updated: 1 })
    expect(importLines(there, before)).toMatchObject({ skipped: 1 })
    expect(there.get(id)).toMatchObject({ title: 'Two', status: 'closed' })
  }, 'b')
  beads.remove(id, issueLine(beads, id), 'ann', 'not needed')
  expect((beads.tombstone(id)?.deleted_at ?? '') > last).toBe(true)
  beads.close()
})

test('a remote that wants a password is told in words, asks nobody, and is synced with by who has it', async () => {
  const bare = join(dir, 'remote.git')
  const git = (...args: string[]) => execFileSync('git', args, { cwd: join(dir, 'a'), env: env(), stdio: 'pipe' })
  git('init', '--quiet', '--bare', bare)
  git('init', '--quiet', '.')
  inStore((beads) => beads.create({ title: 'Shared' }, 'ann'))
  const web = await serveHttp(bare, 'ann', 'pass word')
  try {
    const sync = () => bdHere(['sync'], { cwd: join(dir, 'a'), env: env() })
    git('remote', 'add', 'origin', `http://${web.host}/remote.git`)
    // Whoever is asked would be seen to have run.
    const asked = join(dir, 'asked')
    writeFileSync(join(dir, 'ask.sh'), `#!/bin/sh\ntouch ${asked}\necho wrong\n`, { mode: 0o755 })
    writeFileSync(join(dir, '.gitconfig'), `[core]\n\taskPass = ${join(dir, 'ask.sh')}\n`)
    const said = await bdHere(['sync'], { cwd: join(dir, 'a'), env: { ...env(), GIT_ASKPASS: join(dir, 'ask.sh') } })
    expect(said).toMatchObject({ rc: 1, out: '', err: expect.stringMatching(/does not let us in: .*nothing is lost/) })
    expect(files()).not.toContain('issues.jsonl')
    expect(() => readFileSync(asked)).toThrow()
    // A wrong one is no other case, and is not shown.
    git('remote', 'set-url', 'origin', `http://ann:wr0ng@${web.host}/remote.git`)
    const wrong = await sync()
    expect(wrong).toMatchObject({ rc: 1, err: expect.stringMatching(/does not let us in/) })
    expect(wrong.err).not.toContain('wr0ng')
    // By the person's own helper, and by the address.
    mkdirSync(join(dir, 'bin'))
    writeFileSync(
      join(dir, '.gitconfig'),
      `[credential]\n\thelper = "!f() { test $1 = get && printf 'username=ann\\\\npassword=pass word\\\\n'; }; f"\n`,
    )
    git('remote', 'set-url', 'origin', `http://${web.host}/remote.git`)
    expect(await sync()).toMatchObject({ rc: 0, out: expect.stringMatching(/1 shared/) })
    rmSync(join(dir, '.gitconfig'))
    git('remote', 'set-url', 'origin', `http://ann:pass%20word@${web.host}/remote.git`)
    inStore((beads) => beads.create({ title: 'One more' }, 'ann'))
    const done = await sync()
    expect(done).toMatchObject({ rc: 0, out: expect.stringMatching(/1 shared/) })
    expect(done.out).not.toContain('pass')
    expect(git('--git-dir', bare, 'show', 'beads-sync:.beads/issues.jsonl').toString()).toContain('One more')
  } finally {
    await web.close()
  }
}, 60_000)

test('over ssh a key that is not known is told in words; one that is needs no more', async () => {
  const bare = join(dir, 'remote.git')
  const git = (...args: string[]) => execFileSync('git', args, { cwd: join(dir, 'a'), env: env(), stdio: 'pipe' })
  git('init', '--quiet', '--bare', bare)
  git('init', '--quiet', '.')
  git('remote', 'add', 'origin', `ssh://git@example.invalid${bare}`)
  inStore((beads) => beads.create({ title: 'Shared' }, 'ann'))
  // In the place of ssh: what a server says, and what it runs.
  const ssh = (script: string) => {
    writeFileSync(join(dir, 'ssh.sh'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const more = { GIT_SSH_COMMAND: join(dir, 'ssh.sh'), GIT_SSH_VARIANT: 'simple' }
    return bdHere(['sync'], { cwd: join(dir, 'a'), env: { ...env(), ...more } })
  }
  const denied = await ssh('echo "git@example.invalid: Permission denied (publickey)." >&2; exit 255')
  expect(denied).toMatchObject({
    rc: 1,
    out: '',
    err: expect.stringMatching(/does not let us in: .*Permission denied \(publickey\)/),
  })
  expect(await ssh('for last; do :; done; exec sh -c "$last"')).toMatchObject({
    rc: 0,
    out: expect.stringMatching(/1 shared/),
  })
})
