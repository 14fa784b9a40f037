// What a real `bd` may do to a town: be none, too old, silent, talkative or wrong. Programs of a line or two stand for it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { keepReal } from '../../actors/beads/real/kept.ts'
import { namesOf } from '../../actors/beads/real/names.ts'
import { type limits, openProgram } from '../../actors/beads/real/program.ts'
import { stampOf } from '../../actors/beads/real/stamp.ts'
import { versionIn } from '../../actors/beads/real/version.ts'
import { backedBy, noteBacked, programOf } from '../../actors/beads/real/where.ts'
import { storeOf } from '../../actors/beads/tiers.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { isPassing } from '../../runtime/open.ts'
import { byStandIn } from '../fixture/classic-stand-in.ts'
import { realKept } from '../fixture/real-bd.ts'
import { cleanEnv } from '../fixture/real-town.ts'
import { program } from '../fixture/rig.ts'
import { type StoresTown, storesTown } from '../fixture/stores.ts'

let root: string
let dir: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'real-bd-')))
  dir = join(root, 'store/.beads')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'metadata.json'), '{}')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A bd that says it is this one, and to everything else does this. */
const bd = (does: string, version = '1.3.0') =>
  program(join(root, 'bin/bd'), `case "$*" in *version*) echo "bd version ${version} (dev)"; exit;; esac\n${does}`)
const open = (path: string, more: Partial<typeof limits> = {}) =>
  openProgram({ path, dir, home: join(root, 'home'), env: process.env, limits: more })
const line = (id: string, more: object = {}) =>
  JSON.stringify({
    _type: 'issue',
    id,
    title: id,
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: at,
    updated_at: at,
    ...more,
  })
const at = '2026-01-01T00:00:00Z'

test('which versions can be used is found out, and said', () => {
  const of = (said: string) => versionIn(said, 'bd')
  expect(of('bd version 0.30.7 (dev)')).toMatchObject({ family: 'classic', claims: false, guards: false })
  expect(of('bd version 0.49.6 (dev: main@c064f2aa)\n')).toMatchObject({
    family: 'classic',
    claims: true,
    guards: false,
  })
  expect(of('bd version 1.0.5 (x)')).toMatchObject({ family: 'dolt', claims: true, guards: false, tells: false })
  expect(of('warning: a\nbd version 1.3.0 (dev)')).toMatchObject({
    family: 'dolt',
    guards: true,
    tells: true,
    text: '1.3.0',
  })
  expect(of('bd version 2.0.1')).toMatchObject({ family: 'dolt', guards: true })
  for (const [said, words] of [
    ['bd version 0.29.0', 'bd is bd 0.29.0, which is too old; what can be used: 0.30.0 to 0.49.6, and 1.0.5 or later'],
    ['bd version 0.50.0', 'one of those between'],
    ['bd version 1.0.4', 'one of those between'],
    ['bd version 0.1.0 (gastown, profile 0.30)', 'the town'],
    ['Usage: bd [file]', 'does not say which bd it is: "Usage: bd [file]"'],
    ['', 'does not say which bd it is: nothing'],
  ] as const)
    expect(() => of(said)).toThrow(words)
})

test('it is the first on the PATH that is none of the town’s own, or the one that is named', () => {
  const own = program(join(root, 'shims/bd'), 'exit')
  const path = [join(root, 'shims'), join(root, 'none'), join(root, 'bin')].join(':')
  expect(() => programOf({ program: undefined }, path, [join(root, 'shims')])).toThrow('there is no bd on the PATH')
  const found = bd('exit')
  expect(programOf({ program: undefined }, path, [join(root, 'shims')])).toBe(found)
  expect(programOf({ program: undefined }, path, [own])).toBe(found)
  expect(() => programOf({ program: join(root, 'no') }, path, [])).toThrow(`${join(root, 'no')}, which is to keep`)
})

test('what hangs, talks without an end or cannot be started is ended and told, as what may pass', async () => {
  const failing = async (does: string, more: Partial<typeof limits>) => {
    const { inTurn } = await open(bd(does), more)
    return inTurn((call) => call(['list', '--json'])).catch((error: unknown) => error)
  }
  for (const [error, words] of [
    [await failing('sleep 1000', { callMs: 300 }), 'bd list did not end within 0.3 s and was ended'],
    [await failing('yes', { outputBytes: 1 << 20 }), 'bd list printed more than 1 MiB'],
    [await failing('kill -9 $$', {}), 'bd list was ended by SIGKILL'],
  ] as const) {
    expect(error).toMatchObject({ message: expect.stringContaining(words) })
    expect(isPassing(error)).toBe(true)
  }
  const found = await open(bd('exit'))
  rmSync(join(root, 'bin/bd'))
  await expect(found.inTurn((call) => call(['list']))).rejects.toThrow('cannot be started')
  await expect(open(bd('sleep 1000').replace('/bd', '/none'))).rejects.toThrow('cannot be started')
})

test('it finds nothing of the person’s around it, and no other store', async () => {
  const { inTurn } = await open(bd('env; pwd; echo "$@"'))
  const { out } = await inTurn((call) => call(['show', 'w-1; rm -rf /', '--json'], { actor: 'gt:w/polecats/Nux' }))
  const env = Object.fromEntries(out.split('\n').map((each) => each.split(/=(.*)/s)))
  expect(
    Object.keys(env)
      .filter((name) => /^(GT_(?!RUN)|BEADS|BD_|GIT_|HOME|XDG|DO_NOT)/.test(name))
      .sort(),
  ).toEqual([
    ...['BD_ACTOR', 'BD_DISABLE_METRICS', 'BD_EVENTS_JOURNAL', 'BD_NON_INTERACTIVE', 'BD_NO_DAEMON', 'BEADS_ACTOR'],
    ...['BEADS_AUTO_START_DAEMON', 'BEADS_DIR', 'BEADS_NO_DAEMON', 'DO_NOT_TRACK', 'GIT_CONFIG_GLOBAL'],
    ...['GIT_CONFIG_NOSYSTEM', 'GIT_TERMINAL_PROMPT', 'HOME', 'XDG_CONFIG_HOME'],
  ])
  expect(env).toMatchObject({
    HOME: join(root, 'home'),
    BEADS_DIR: dir,
    BEADS_ACTOR: 'gt:w/polecats/Nux',
    DO_NOT_TRACK: '1',
  })
  expect(out).toContain(`${join(root, 'store')}\n--sandbox show w-1; rm -rf / --json`)
})

test('one call at a time, whoever makes it; a lock goes with its holder', async () => {
  const path = bd('echo "+" >> "$BEADS_DIR/log"; sleep 0.05; echo "-" >> "$BEADS_DIR/log"')
  const [one, two, hasty] = [await open(path), await open(path), await open(path, { lockMs: 200 })]
  await Promise.all([one, two, one, two, one, two].map(({ inTurn }) => inTurn((call) => call(['export']))))
  expect(readFileSync(join(dir, 'log'), 'utf8')).toBe('+\n-\n'.repeat(6))
  const holder = spawn(process.execPath, [
    '--eval',
    `const {DatabaseSync: D} = require('node:sqlite'); const d = new D(process.argv[1]); d.exec('BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1000)`,
    join(dir, '.gastown.lock'),
  ])
  await once(holder.stdout, 'data')
  const refused = await hasty.inTurn((call) => call(['export'])).catch((error: unknown) => error)
  expect([isPassing(refused), String(refused)]).toEqual([true, expect.stringContaining('in use by another program')])
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await two.inTurn((call) => call(['export']))
})

describe('in a town', () => {
  let town: StoresTown
  beforeEach(() => {
    town = storesTown()
  })
  afterEach(() => town.dispose())
  const kept = (path: string) => {
    const mirror = openBeads(storeOf(town.of('w')))
    const names = namesOf({ name: 'gt', since: at })
    const backed = { dir, program: path, home: join(root, 'home'), names }
    const report = (error: unknown) => {
      throw error
    }
    const real = keepReal({ rig: 'w', backed, mirror: () => mirror, env: process.env, ours: [], report })
    return { real, mirror }
  }
  const says = (text: string) => writeFileSync(join(root, 'says'), text)
  const saying = () => bd(`case "$*" in *export*) cat ${join(root, 'says')};; *) exit 3;; esac`)
  const changed = () => writeFileSync(join(dir, 'issues.jsonl'), String(Math.random()))

  test('what it prints is taken whole or not at all, and a store that had issues is not believed to have none', async () => {
    const { real, mirror } = kept(saying())
    says(`${line('w-1')}\n${line('w-2', { labels: ['b', 'a'] })}\n`)
    await real.begin()
    expect(mirror.ids()).toEqual(['w-1', 'w-2'])
    const told = async (text: string) => {
      says(text)
      changed()
      return real.fresh().then(
        () => 'taken',
        (error: Error) => error.message,
      )
    }
    expect(await told(`${line('w-1')}\n${line('w-3')}\nhello`)).toContain('it printed what is no issue')
    expect(await told(`${line('w-3')}\n${line('w-2').slice(0, 40)}`)).toContain('it printed what is no issue')
    expect(await told('')).toContain('it says that it has no issues, and there were 2')
    expect([mirror.ids(), real.problems()]).toEqual([['w-1', 'w-2'], [expect.stringContaining('there were 2')]])
    // One that cannot be kept is told; the others are.
    expect(await told(`${line('w-1')}\n${line('w-2')}\n${line('w 4')}\n${line('w-5')}\n`)).toBe('taken')
    expect(mirror.ids()).toEqual(['w-1', 'w-2', 'w-5'])
    expect([mirror.labels('w-2'), real.problems()]).toEqual([[], [expect.stringContaining('w 4 cannot be kept here')]])
    // What is gone there is gone here, and kept as a tombstone; how far the store had come never falls.
    const { issues } = mirror.mark()
    expect(await told(`${line('w-2')}\n`)).toBe('taken')
    expect([mirror.ids(), mirror.tombstone('w-1')?.deleted_by, mirror.mark().issues]).toEqual([['w-2'], 'bd', issues])
    expect(await told(`${line('w-1')}\n${line('w-2')}\n`)).toBe('taken')
    expect([mirror.ids(), mirror.mark().issues]).toEqual([['w-1', 'w-2'], issues])
    real.close()
    mirror.close()
  })

  test('mail stays where it is, and issues of its own are not taken away', async () => {
    const { real, mirror } = kept(saying())
    says(`${line('w-1')}\n`)
    await real.issues.createMessages([
      {
        id: 'w-m1',
        title: 't',
        description: '',
        priority: 2,
        assignee: 'a',
        sender: 'b',
        labels: [],
        at: new Date(at),
      },
    ])
    await real.begin()
    expect(mirror.ids()).toEqual(['w-1', 'w-m1'])
    real.close()
    mirror.unsetConfig('bd.store')
    await expect(kept(saying()).real.begin()).rejects.toThrow('has 1 issues of its own')
    mirror.setConfig('bd.store', 'another')
    await expect(kept(saying()).real.begin()).rejects.toThrow('mirrors another store')
    mirror.close()
  })

  test('`bd` there is the real one, under the caller’s name; mail is the town’s, and what takes issues away no agent’s', () => {
    const path = bd('echo "$BEADS_ACTOR|$BD_ACTOR|$BEADS_DIR|$*"; exit 7')
    const beads = { prefix: 'w', backend: 'bd', dir }
    writeFileSync(rigLayout(town.town, 'w').config, JSON.stringify({ beads }))
    // It counts from when the town came up.
    expect(backedBy(town.town, 'w')).toBe(undefined)
    noteBacked(town.town, 'w', path)
    const at = join(rigLayout(town.town, 'w').root)
    const dist = join(import.meta.dirname, '../../dist/bd.cjs')
    const said = (args: string[], env: Record<string, string> = {}) => {
      const all = { ...cleanEnv(), USER: 'ann', ...env }
      const { status, stdout, stderr } = spawnSync(process.execPath, [dist, ...args], {
        cwd: at,
        env: all,
        encoding: 'utf8',
      })
      return [status, (stdout || stderr).trim()]
    }
    expect(said(['list', '--json'])).toEqual([7, `ann|ann|${dir}|list --json`])
    expect(said(['mail', 'inbox'])).toEqual([0, 'no unread mail'])
    const session = {
      GT_SESSION: join(townLayout(town.town).sessions, 'gt-w-Nux-1-1'),
      GT_TOWN: town.town,
      GT_RIG: 'w',
    }
    expect(said(['sync'])).toEqual([7, `ann|ann|${dir}|sync`])
    const nux = expect.stringMatching(/^gt-[0-9a-f]{6}:w\/polecats\/Nux\|/)
    expect(said(['ready'], { ...session, BEADS_DIR: dir })).toEqual([7, nux])
    expect(said(['close', 'w-1', '--actor', 'w/polecats/Nux'], session)).toEqual([
      7,
      expect.not.stringContaining('--actor'),
    ])
    expect(said(['close', 'w-1', '--actor=gastown'], session)).toEqual([
      1,
      expect.stringContaining('leave --actor away'),
    ])
    expect(said(['sync'], session)).toEqual([0, expect.not.stringContaining('|')])
    expect(said(['dolt', 'push'], { ...session, BEADS_DIR: dir })).toEqual([0, expect.not.stringContaining('|')])
    expect(said(['--lock-timeout', '5s', 'purge'], session)).toEqual([1, expect.stringContaining('may not do that')])
    expect(said(['delete', 'w-1', '--force'], session)).toEqual([1, expect.stringContaining('may not do that')])
    expect(said(['list'], { GT_GATE: `${town.town}/w/refinery/pool/1` })).toEqual([
      7,
      expect.stringContaining('|--readonly list'),
    ])
  })
})

test.each(['0.30.7', '0.49.6'] as const)(
  'a STAND-IN for %s: what its files do not show is seen all the same before it is claimed',
  async (version) => {
    const { issues, make, other, dir: at, dispose } = await realKept(byStandIn(version))
    const id = await make({ title: 'One' })
    const lines = join(at, 'issues.jsonl')
    expect(await issues.get(id)).toMatchObject({ assignee: null })
    const [text, { mtimeMs }] = [readFileSync(lines), statSync(lines)]
    expect(await (await other()).claim(id, 'w/polecats/Nux')).toBe(null)
    // As for somebody whose bd does not write its lines out.
    writeFileSync(lines, text)
    utimesSync(lines, mtimeMs / 1000, mtimeMs / 1000)
    expect(await issues.get(id)).toMatchObject({ assignee: null })
    expect(await issues.claim(id, 'w/polecats/Nux')).toEqual({ held: expect.stringContaining(':w/polecats/Nux') })
    await dispose()
  },
)

test('another town’s worker of the same name is not this one’s', () => {
  const [one, two] = [namesOf({ name: 'gt', since: '1' }), namesOf({ name: 'gt', since: '2' })]
  const nux = 'w/polecats/Nux'
  expect(one.out(nux)).not.toBe(two.out(nux))
  expect([one.in(one.out(nux)), one.in(two.out(nux)), one.in(nux)]).toEqual([nux, two.out(nux), `bd:${nux}`])
  // Nor is what another town, or who calls itself so, has closed.
  expect([one.in(one.out('gastown')), two.in(one.out('gastown')), one.in('gastown')]).toEqual([
    ...['gastown', one.out('gastown'), 'bd:gastown'],
  ])
  for (const name of [nux, 'ann', 'gastown', `bd:${nux}`, two.out(nux)]) expect(one.in(one.out(name))).toBe(name)
})

test('reading leaves the stamp of a store as it is, writing does not', () => {
  const noms = join(dir, 'embeddeddolt/w/.dolt/noms')
  mkdirSync(noms, { recursive: true })
  const write = (name: string, text: string) => writeFileSync(join(noms, name), text)
  write('manifest', '1')
  write('vvvv', 'abc')
  const before = stampOf(dir)
  for (const [name, text] of [
    ['manifest', '1'],
    ['vvvv', 'abc'],
    ['LOCK', ''],
    ['journal.idx', 'x'],
  ] as const)
    write(name, text)
  expect(stampOf(dir)).toBe(before)
  write('vvvv', 'abcd')
  expect(stampOf(dir)).not.toBe(before)
  rmSync(dir, { recursive: true })
  expect(stampOf(dir)).toBe('gone')
})
