// Gates on real git and real processes: exactly the candidate, a time limit that ends everything, and no verdict
// without a run.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { gateHands } from '../../actors/gates/hands.ts'
import { logBytesMax } from '../../actors/gates/log.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { endAll, marked, startOf } from '../../actors/processes.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let town: string
let home: string
let commit: string
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd: rigLayout(town, 'w').refineryClone,
    encoding: 'utf8',
  }).trim()

beforeEach(() => {
  town = realpathSync(mkdtempSync(join(tmpdir(), 'gates-')))
  mkdirSync(rigLayout(town, 'w').refineryClone, { recursive: true })
  mkdirSync(townLayout(town).gateLogs, { recursive: true })
  home = join(town, 'home')
  mkdirSync(home)
  git('init', '--quiet', '--initial-branch=main')
  commit = commitOf('good')
})
afterEach(async () => {
  await endAll({ mark: { variable: 'GT_GATE', holds: (place) => place.startsWith(town) } }, 0)
  rmSync(town, { recursive: true, force: true })
})

function commitOf(text: string): string {
  writeFileSync(join(rigLayout(town, 'w').refineryClone, 'state'), text)
  git('add', '--all')
  git('commit', '--quiet', '-m', text)
  return git('rev-parse', 'HEAD')
}

function script(name: string, text: string): string {
  const path = join(town, name)
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

interface More {
  commit?: string
  env?: Record<string, string | undefined>
  signal?: AbortSignal
  namespace?: readonly string[]
  /** More of the rig's config.json. */
  config?: Record<string, unknown>
}

function handsOf(gates: Record<string, unknown>, { config, env, namespace }: More) {
  const base = {
    type: 'rig',
    version: 1,
    name: 'w',
    git_url: 'x',
    default_branch: 'main',
    beads: { prefix: 'w' },
    gates,
    gate_timeout: '10s',
    no_gate: Object.keys(gates).length === 0,
  }
  const rig = rigConfig.parse({ ...base, ...config })
  const daemon = { PATH: process.env.PATH, HOME: home, ...env }
  const reports: string[] = []
  const report = (words: string) => void reports.push(words)
  return { reports, ...gateHands({ town, rig: () => rig, env: daemon, report, ...(namespace ? { namespace } : {}) }) }
}

const callOf = (signal = new AbortController().signal) => ({ signal }) as EffectCall

const run = (gates: Record<string, unknown>, more: More = {}) =>
  handsOf(gates, more).runGates({ rig: 'w', commit: more.commit ?? commit, issues: ['w-1'] }, callOf(more.signal))

const logOf = (gate: string, of = commit) =>
  readFileSync(join(townLayout(town).gateLogs, `w-${of.slice(0, 12)}-${gate}.log`), 'utf8')

const pool = () => readdirSync(rigLayout(town, 'w').gatePool).filter((name) => name !== '.trash')

test('the folder of their logs may have been removed meanwhile', async () => {
  rmSync(townLayout(town).gateLogs, { recursive: true })
  expect(await run({ first: ['true'] })).toMatchObject({ kind: 'green' })
  expect(logOf('first')).toBe('')
})

test('all green, in the order given, each in a clean place at that very commit', async () => {
  const look = script('look', 'cat state; git status --porcelain; git rev-parse HEAD; touch litter')
  expect(await run({ first: [look], second: [look] })).toMatchObject({
    kind: 'green',
    gates: [{ name: 'first' }, { name: 'second' }],
  })
  const later = commitOf('later')
  expect(await run({ first: [look] }, { commit: later })).toMatchObject({ kind: 'green' })
  expect(logOf('first', later)).toBe(`later${later}\n`)
  expect(pool()).toEqual([])
  expect(await run({ old: ['grep', 'good', 'state'] })).toMatchObject({ kind: 'green' })
})

test('red names the gate, its exit and the end of its log; later gates do not run', async () => {
  const bad = script('bad', 'for i in $(seq 200); do echo line $i; done; echo "not ok" >&2; exit 3')
  const result = await run({ bad: [bad], never: [script('never', `touch ${town}/ran`)] })
  expect(result).toMatchObject({
    kind: 'red',
    gate: 'bad',
    exitCode: 3,
    timedOut: false,
    tail: expect.stringMatching(/line 200\nnot ok$/),
  })
  expect((result as { tail: string }).tail).not.toContain('line 100\n')
  expect(existsSync(join(town, 'ran'))).toBe(false)
})

/** As this machine allows it, and where it allows no namespace. */
describe.each([
  ['as the machine allows', undefined],
  ['by mark', []],
])('what a gate starts ends with it, %s:', (_, namespace) => {
  const more = (config = {}): More => ({ config, ...(namespace ? { namespace } : {}) })
  const isLeft = async () =>
    (await marked({ variable: 'GT_GATE', holds: (place) => place.startsWith(town) })).length > 0
  const lurk = `setsid sh -c 'touch ${'$0'}/lurks; exec sleep 1000'`

  test('when it takes too long', async () => {
    const slow = script('slow', `${lurk} ${town} & while [ ! -e ${town}/lurks ]; do :; done; trap "" TERM; sleep 1000`)
    expect(await run({ slow: [slow] }, more({ gate_timeout: '1s' }))).toMatchObject({
      kind: 'red',
      timedOut: true,
      exitCode: null,
      tail: expect.stringContaining('longer than 1 s'),
    })
    expect(await isLeft()).toBe(false)
  })

  test('when it is over, at once, although they hold its output', async () => {
    const leaves = script('leaves', `${lurk} ${town} & while [ ! -e ${town}/lurks ]; do :; done; echo fine`)
    const begun = performance.now()
    expect(await run({ leaves: [leaves] }, more())).toMatchObject({ kind: 'green' })
    expect(performance.now() - begun).toBeLessThan(8000)
    expect(logOf('leaves')).toBe('fine\n')
    expect(await isLeft()).toBe(false)
  })

  test('and its exit, its user and its right to write are its own', async () => {
    const who = script('who', 'id -u > me; ps -p $$ > /dev/null || exit 8; cat me; exit 7')
    expect(await run({ who: [who] }, more())).toMatchObject({ kind: 'red', exitCode: 7 })
    expect(logOf('who')).toBe(`${process.getuid?.()}\n`)
  })
})

test('what a killed daemon left of a gate is ended, and its places go, before anything runs', async () => {
  const { gatePool } = rigLayout(town, 'w')
  const old = join(gatePool, 'old')
  mkdirSync(old, { recursive: true })
  const left = spawn('sleep', ['1000'], { detached: true, env: { GT_GATE: old, PATH: process.env.PATH ?? '' } })
  expect(await run({ any: ['true'] })).toMatchObject({ kind: 'green' })
  expect(startOf(left.pid as number)).toBeUndefined()
  expect(pool()).toEqual([])
})

test('a program that this machine does not have is no verdict on the work; one that the change took away is', async () => {
  const clone = rigLayout(town, 'w').refineryClone
  const check = join(clone, 'check.sh')
  writeFileSync(check, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  writeFileSync(join(clone, 'plain.sh'), 'exit 0\n')
  const main = commitOf('with a check')
  git('update-ref', 'refs/remotes/origin/main', main)
  const here = async (program: string, of: string) => run({ check: [program] }, { commit: of })
  expect(await here('./check.sh', main)).toMatchObject({ kind: 'green' })
  expect(await here('no-such-program', main)).toMatchObject({ kind: 'broken', why: expect.stringContaining('PATH') })
  expect(await here('./never-there.sh', main)).toMatchObject({ kind: 'broken' })
  expect(await here('./plain.sh', main)).toMatchObject({ kind: 'broken', why: expect.stringContaining('executable') })
  for (const [how, change] of [
    ['executable', () => chmodSync(check, 0o644)],
    ['there', () => rmSync(check)],
    ['its first line', () => writeFileSync(check, '#!/usr/bin/env no-such-shell\n', { mode: 0o755 })],
  ] as const) {
    change()
    const red = { kind: 'red', gate: 'check', tail: expect.stringContaining(how) }
    expect(await here('./check.sh', commitOf(how))).toMatchObject(red)
  }
})

test('killed from outside, or without a place, it has said nothing of the work', async () => {
  expect(await run({ shot: [script('shot', 'kill -9 $$')] }, { namespace: [] })).toMatchObject({
    kind: 'broken',
    why: expect.stringContaining('killed from outside'),
  })
  expect(await run({ shot: [script('inner', 'sh -c "kill -9 \\$\\$"')] })).toMatchObject({ kind: 'broken' })
  expect(await run({ any: ['true'] }, { commit: 'f'.repeat(40) })).toMatchObject({ kind: 'broken' })
  expect(pool()).toEqual([])
})

test('a gate that rewrites files of the commit changes nothing for the next; what it builds stays', async () => {
  const gates = {
    fmt: [script('fmt', 'echo tidy > state; mkdir -p out; echo built > out/x')],
    check: [script('check', 'cat state out/x; grep -q tidy state')],
  }
  expect(await run(gates)).toMatchObject({ kind: 'red', gate: 'check' })
  expect(logOf('fmt')).toContain('fmt changed files of the commit: state')
  expect(logOf('check')).toBe('goodbuilt\n')
})

test('one that fails and then passes on the same tree is flaky, and the run goes on', async () => {
  const once = script('once', `[ -e ${town}/tried ] || { touch ${town}/tried; echo no luck; exit 1; }; ls`)
  const after = script('after', 'cat made')
  expect(await run({ made: [script('made', 'touch made')], once: [once], after: [after] })).toMatchObject({
    kind: 'green',
    gates: [{ name: 'made' }, { name: 'once' }, { name: 'after' }],
    flaky: [{ gate: 'once', tail: 'no luck' }],
  })
})

test('a gate cannot reach the town’s repository, nor a person’s configuration', async () => {
  git('remote', 'add', 'origin', join(town, 'origin.git'))
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Ann\n')
  const before = readFileSync(join(rigLayout(town, 'w').refineryClone, '.git/config'), 'utf8')
  const reach = script(
    'reach',
    `git config --global user.name Evil && git config remote.origin.url ${town}/elsewhere.git && git remote && echo $HOME &&
     git init -q ../own && cd ../own && git commit -q --allow-empty -m own && git log --format=%ae`,
  )
  expect(await run({ reach: [reach] })).toMatchObject({ kind: 'green' })
  const user = { config: { gate_home: 'user' } }
  const seen = script('seen', 'git config --global a.b c && echo $HOME')
  expect(await run({ seen: [seen] }, user)).toMatchObject({ kind: 'green' })
  expect(logOf('seen')).toBe(`${home}\n`)
  expect(logOf('reach')).toMatch(/^origin\n.*refinery\/pool\/.*\.home\ngate@gastown\.invalid\n$/)
  expect(readFileSync(join(rigLayout(town, 'w').refineryClone, '.git/config'), 'utf8')).toBe(before)
  expect(readFileSync(join(home, '.gitconfig'), 'utf8')).toBe('[user]\n\tname = Ann\n')
})

test('of a gate that prints without end, the beginning and the end are kept', async () => {
  const loud = script(
    'loud',
    'echo first words; head -c 60000000 /dev/zero | tr "\\0" x; echo; echo last words; exit 1',
  )
  const verdict = await run({ loud: [loud] })
  expect(verdict).toMatchObject({ kind: 'red', exitCode: 1, tail: expect.stringMatching(/^…x+\nlast words$/) })
  const log = logOf('loud')
  expect(log.length).toBeLessThan(logBytesMax + 100)
  expect(log).toMatch(/^first words\nx+\n\[… \d+ bytes left out …\]\nx+\nlast words\n$/)
})

test('variables that a rig names reach its gates, values of its own too, and nothing else', async () => {
  const show = script('show', 'echo "$DATABASE_URL,$JAVA_HOME,$OWN,$CI,${SECRET:-none},$1"')
  const config = { extra_env: ['DATABASE_URL'], gate_env: ['JAVA_HOME'], env: { OWN: 'a b' } }
  const env = { DATABASE_URL: 'pg://x', JAVA_HOME: '/j', SECRET: 'leaked' }
  expect(await run({ show: `CI=1 "${show}" "one word"` }, { config, env })).toMatchObject({ kind: 'green' })
  expect(logOf('show')).toBe('pg://x,/j,a b,1,none,one word\n')
})

test('arguments reach the program as they are, and nothing of an agent or the daemon does', async () => {
  process.env.GT_TOKEN_OF_SOMEONE = 'leaked'
  try {
    const show = script('show', `printf '%s|' "$@" > ${town}/args; env > ${town}/env`)
    await run({ show: [show, '$(touch x)', 'a b', '`y`', ';'] }, { env: { LANG: 'C' } })
    expect(readFileSync(join(town, 'args'), 'utf8')).toBe('$(touch x)|a b|`y`|;|')
    expect(readFileSync(join(town, 'env'), 'utf8')).not.toContain('leaked')
    expect(readFileSync(join(town, 'env'), 'utf8')).toContain('CI=true')
  } finally {
    delete process.env.GT_TOKEN_OF_SOMEONE
  }
})

test('called off, it ends at once', async () => {
  const stop = new AbortController()
  const running = run({ slow: [script('slow', `touch ${town}/began; sleep 1000`)] }, { signal: stop.signal })
  while (!existsSync(join(town, 'began'))) await new Promise((resolve) => setTimeout(resolve, 5))
  stop.abort()
  await expect(running).rejects.toThrow()
  expect(pool()).toEqual([])
})

test('setup makes the place of a gate ready', async () => {
  const { clone, refineryClone, gateCache } = rigLayout(town, 'w')
  mkdirSync(join(clone, 'conf/deep'), { recursive: true })
  writeFileSync(join(clone, '.env'), 'KEY=1\n', { mode: 0o600 })
  writeFileSync(join(clone, 'conf/deep/local'), 'local\n')
  symlinkSync('/etc/hostname', join(clone, 'conf/link'))
  writeFileSync(join(refineryClone, '.gitignore'), 'deps\n')
  const candidate = commitOf('ignores deps')
  const install = script(
    'install',
    'mkdir deps; cat .env > deps/env; touch "$GT_CACHE/$npm_config_registry"; touch stray',
  )
  const config = {
    setup: { install: `npm_config_registry=kept "${install}"` },
    copy: ['.env', 'conf'],
  }
  const look = script('look', 'cat deps/env conf/deep/local; [ ! -e conf/link ]')
  expect(await run({ look: [look] }, { config, commit: candidate })).toMatchObject({
    kind: 'green',
    gates: [{ name: 'look' }],
  })
  expect(logOf('look', candidate)).toBe('KEY=1\nlocal\n')
  expect(existsSync(join(gateCache, 'kept'))).toBe(true)
  expect(pool()).toEqual([])
})

test('a setup that fails, or cannot run, is no verdict on the work, nor on a gate that it leaves without a place', async () => {
  const bad = script('bad', 'echo no network; exit 4')
  const failing = { config: { setup: { install: [bad] } } }
  expect(await run({ any: ['true'] }, failing)).toMatchObject({
    kind: 'broken',
    why: expect.stringMatching(/setup\/install .* failed \(exit 4\); its log is .*\.log\nno network$/),
  })
  const absent = { config: { setup: { install: ['no-such-program'] } } }
  expect(await run({ any: ['true'] }, absent)).toMatchObject({
    kind: 'broken',
    why: expect.stringContaining('no-such'),
  })
  // It passes once; then the registry is away.
  const once = script('once', `[ ! -e ${town}/away ] && touch ${town}/away`)
  const passing = { config: { setup: { install: [once] } } }
  expect(await run({ any: ['false'] }, passing)).toMatchObject({
    kind: 'broken',
    why: expect.stringContaining('setup/install'),
  })
})
