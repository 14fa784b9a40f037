// Gates on real git and real processes: exactly the candidate, a time limit that ends everything, and no verdict
// without a run.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rigConfig } from '../../actors/config.ts'
import { gateHands } from '../../actors/gates/hands.ts'
import { rigLayout, townLayout } from '../../actors/layout.ts'
import { startOf } from '../../actors/processes.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let town: string
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
  git('init', '--quiet', '--initial-branch=main')
  commit = commitOf('good')
})
afterEach(() => rmSync(town, { recursive: true, force: true }))

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

function run(
  gates: Record<string, string[]>,
  more: { commit?: string; timeout?: string; env?: Record<string, string>; signal?: AbortSignal } = {},
) {
  const base = {
    type: 'rig',
    version: 1,
    name: 'w',
    git_url: 'x',
    default_branch: 'main',
    beads: { prefix: 'w' },
    gates,
    gate_timeout: more.timeout ?? '10s',
    no_gate: Object.keys(gates).length === 0,
  }
  const config = rigConfig.parse(base)
  const hands = gateHands({ town, rig: () => config, env: { PATH: process.env.PATH ?? '', ...more.env } })
  return hands.runGates({ rig: 'w', commit: more.commit ?? commit, issues: ['w-1'] }, {
    signal: more.signal ?? new AbortController().signal,
  } as EffectCall)
}

test('all green, in the order given, each in a clean place at that very commit', async () => {
  const look = script('look', 'cat state; git status --porcelain; git rev-parse HEAD; touch litter')
  expect(await run({ first: [look], second: [look] })).toMatchObject({
    kind: 'green',
    gates: [{ name: 'first' }, { name: 'second' }],
  })
  const later = commitOf('later')
  expect(await run({ first: [look] }, { commit: later })).toMatchObject({ kind: 'green' })
  expect(readFileSync(join(townLayout(town).gateLogs, `w-${later.slice(0, 12)}-first.log`), 'utf8')).toBe(
    `later${later}\n`,
  )
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

test('a gate that takes too long is ended with all it started', async () => {
  const slow = script('slow', `sleep 1000 & echo $! > ${town}/child; trap "" TERM; sleep 1000`)
  expect(await run({ slow: [slow] }, { timeout: '1s' })).toMatchObject({ kind: 'red', timedOut: true })
  const child = Number(readFileSync(join(town, 'child'), 'utf8'))
  expect(startOf(child)).toBeUndefined()
})

test('a gate that leaves something running leaves nothing', async () => {
  expect(
    await run({ leaves: [script('leaves', `sleep 1000 > /dev/null 2>&1 & echo $! > ${town}/child`)] }),
  ).toMatchObject({ kind: 'green' })
  const child = Number(readFileSync(join(town, 'child'), 'utf8'))
  while (startOf(child) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5))
})

test('a gate that cannot run is no verdict on the work', async () => {
  expect(await run({ gone: [join(town, 'no-such-program')] })).toMatchObject({
    kind: 'broken',
    why: expect.stringContaining('no-such-program'),
  })
  expect(await run({ shot: [script('shot', 'kill -9 $$')] })).toMatchObject({
    kind: 'broken',
    why: expect.stringContaining('killed from outside'),
  })
  expect(await run({ any: ['true'] }, { commit: 'f'.repeat(40) })).toMatchObject({ kind: 'broken' })
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

test('a place that is not exactly the commit is no place for a verdict', async () => {
  writeFileSync(join(rigLayout(town, 'w').refineryClone, '.gitattributes'), 'state filter=alter\n')
  const altered = commitOf('good, for now')
  git('config', 'filter.alter.smudge', 'echo something else')
  expect(await run({ any: ['true'] }, { commit: altered })).toMatchObject({
    kind: 'broken',
    why: expect.stringContaining('is not the clean commit'),
  })
})

test('called off, it ends at once', async () => {
  const stop = new AbortController()
  const running = run({ slow: [script('slow', `touch ${town}/began; sleep 1000`)] }, { signal: stop.signal })
  while (!existsSync(join(town, 'began'))) await new Promise((resolve) => setTimeout(resolve, 5))
  stop.abort()
  expect(await running).toMatchObject({ kind: 'red', exitCode: null })
})
