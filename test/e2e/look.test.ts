// What a person sees and does at a session of a town that is up: what it does now, what it did, a command beside it, a
// terminal on it, and its conversation taken over.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Polecat } from '../../cli/api.ts'
import { make, notUp, refused, t } from '../fixture/own-town.ts'
import { eventually, hasTmux, isWritten, type RealTownOptions } from '../fixture/real-town.ts'

const hasProc = existsSync('/proc/self/stat')
const nux = 'wyvern/Nux'

/** Evidence as a supervisor writes it. */
const lines = (...facts: object[]) => facts.map((one, n) => JSON.stringify({ at: Date.now() + n, ...one }))
const atWork = lines(
  { what: 'started', conversation: 'talk-1', version: '2.1.0', model: 'opus' },
  { what: 'turn_began' },
  { what: 'message', id: 'w-1', state: 'answered' },
  { what: 'message', id: 'w-2', state: 'delivered' },
  { what: 'said', text: 'I look.\u001b[2J\n  it is stopped\n· its turn is over' },
  { what: 'context', used: 30, window: 100 },
  { what: 'tool_began', id: 't', name: 'Bash', on: 'npm test' },
)

/** A worker that tells of itself as an agent's supervisor does, and then does this. */
const telling = (then = 'exec sleep 1000', facts = atWork) =>
  `#!/bin/sh\necho {} > "$GT_SESSION/run.json"\ncat >> "$GT_SESSION/evidence.jsonl"<<'END'\n${facts.join('\n')}\nEND\n${then}\n`

async function atWorkWith(options: RealTownOptions, isReady = () => t.alive().length === 1): Promise<void> {
  make(options).issues(2)
  t.ok('up')
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(isReady)
}
const dirOf = () => t.alive()[0]?.dir as string
const hasEvidence = () => t.alive().length === 1 && isWritten(join(dirOf(), 'evidence.jsonl'))
const polecat = () => t.json<Polecat[]>('polecats', 'wyvern')[0]

test('what it does now is told in words, town up or down; what it did with its times', async () => {
  await atWorkWith({ worker: telling() }, hasEvidence)
  await eventually(() => polecat()?.state === 'working')
  const dir = dirOf()
  mkdirSync(join(dir, 'words'))
  writeFileSync(join(dir, 'words/00000001-x.json'), '{}')
  const up = t.ok('session', 'peek', nux)
  for (const words of [
    /^wyvern\/polecats\/Nux {2}wy-1 “Issue 1” {2}on polecat\/Nux-1\n {2}at work since [\d:]{8} \(\d+ s\), opus 2\.1\.0$/m,
    /^ {2}runs Bash npm test, since [\d:]{8}/m,
    /^ {2}30 % of its context is full$/m,
    /^ {2}words for it: 1 waiting, 1 delivered, 1 answered$/m,
    /^ {2}said [\d:]{8} \(\d+ s\):\n {4}I look\.\\x1b\[2J\n {6}it is stopped$/m,
  ])
    expect(up).toMatch(words)
  expect(t.json('session', 'peek', nux)).toMatchObject({
    ...{ address: 'wyvern/polecats/Nux', town: 'up', state: 'working', issue: 'wy-1', branch: 'polecat/Nux-1' },
    session: { isAlive: true, exitCode: null, canBeJoined: false },
    agent: { turn: { what: 'turn_began' }, tools: [{ on: 'npm test' }], waiting: 1, words: { delivered: 1 } },
  })
  const log = t.ok('session', 'logs', nux)
  expect(log).toMatch(/^[\d:]{8} {2}· at work\n/m)
  expect(log).toMatch(/^[\d:]{8} {2}\| I look\.\\x1b\[2J\n {10}\| {3}it is stopped\n {10}\| · its turn is over\n/m)
  expect(t.json<{ facts: object[] }>('session', 'logs', nux).facts).toHaveLength(7)
  expect(t.ok('session', 'logs', nux, '--raw')).toBe(readFileSync(join(dir, 'evidence.jsonl'), 'utf8'))
  t.ok('down')
  const down = t.ok('session', 'peek', nux)
  expect(down).toContain('the town is down; this is what the session’s folder says')
  expect(down).toContain('its session is over')
  expect(down).not.toMatch(/at work|runs Bash/)
  expect(t.ok('session', 'logs', nux, '--follow')).toBe(log)
})

test('how its turn ended, until when it waits, and that it tries again, are told', async () => {
  const limited = lines(
    { what: 'turn_began' },
    { what: 'limited', until: Date.now() + 72 * 3_600_000, window: '' },
    { what: 'turn_over', end: 'limited', why: 'used up' },
    { what: 'retrying', status: 529, inMs: 1000, why: 'overloaded' },
  )
  await atWorkWith({ worker: telling('exec sleep 1000', limited) }, hasEvidence)
  const peek = t.ok('session', 'peek', nux)
  expect(peek).toMatch(/^ {2}waits for words since [\d:]{8} \(\d+ s\)$/m)
  expect(peek).toMatch(/^ {2}its last turn ended limited: used up$/m)
  expect(peek).toMatch(/^ {2}out of its allowance until \d{4}-\d\d-\d\d \d\d:\d\d$/m)
  expect(peek).toMatch(/^ {2}tries again since [\d:]{8} \(\d+ s\): overloaded$/m)
})

test.runIf(hasTmux)('of a program without evidence the last lines are told, as its terminal shows them', async () => {
  const worker = '#!/bin/sh\nprintf "first\\n\\033[31m10 %%\\r20 %%\\r30 %%\\033[0m\\nlast\\n"\nexec sleep 1000\n'
  const printed = () => t.alive().length === 1 && t.gt('session', 'logs', nux).stdout.includes('last')
  await atWorkWith({ worker, session: 'tmux' }, printed)
  const peek = t.ok('session', 'peek', nux)
  expect(peek).toContain('at work, in tmux\n  printed last:\n    first\n    30 %\n    last\n')
  expect(peek).toContain('gt session attach wyvern/polecats/Nux joins it')
  expect(t.gt('session', 'peek', 'wyvern/Toast')).toMatchObject({ status: 1 })
  expect(t.gt('session', 'peek', 'mayor/')).toMatchObject({ status: 2 })
})

test('a command runs in its worktree with its environment, and its output and exit code are handed through', async () => {
  await atWorkWith({ config: { env: { FLAVOUR: 'of the rig' } } })
  const sh = (script: string, ...more: string[]) => t.gt('capture', nux, ...more, '--', 'sh', '-c', script)
  expect(sh('pwd; echo to errors >&2; exit 7')).toEqual({
    status: 7,
    stdout: `${join(t.rig, 'polecats/Nux')}\n`,
    stderr: 'to errors\n',
  })
  const env = t.ok('capture', nux, 'env')
  for (const line of ['GT_ISSUE=wy-1', 'FLAVOUR=of the rig', 'GIT_AUTHOR_NAME=Nux (wyvern)', 'GIT_TERMINAL_PROMPT=0'])
    expect(env.split('\n')).toContain(line)
  expect(env).toContain(`GIT_CONFIG_GLOBAL=${dirOf()}/gitconfig`)
  expect(env).not.toContain('GT_TOKEN')
  expect(t.ok('capture', nux, "WHO='me and you' printenv WHO")).toBe('me and you\n')
  expect(t.json('capture', nux, 'printf a\\nb')).toEqual({ exitCode: 0, output: 'anb' })
  expect(JSON.parse(sh('echo out; echo err >&2; exit 3', '--json').stdout)).toMatchObject({ exitCode: 3 })
  expect(sh('kill -TERM $$')).toMatchObject({ status: 143 })
  expect(t.gt('capture', nux, 'ls | wc -l')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("gt capture <rig>/<polecat> -- sh -c 'ls | wc -l'"),
  })
  expect(t.gt('capture', nux)).toMatchObject({ status: 2 })
  refused(t.gt('capture', nux, 'no-such-program'), 'could not be started', 'no-such-program')
  // The town may be down: it is the Overseer's own command.
  t.ok('down')
  expect(t.ok('capture', nux, 'git status --porcelain --branch')).toContain('polecat/Nux-1')
})

test.runIf(hasProc)('nothing of a command outlives it, or its time', async () => {
  await atWorkWith({})
  const left = (name: string) => spawnSync('pgrep', ['-f', `sleep ${name}`], { encoding: 'utf8' }).stdout
  const mark = 4_000_000 + process.pid
  t.ok('capture', nux, '--', 'sh', '-c', `setsid sleep ${mark} & sleep ${mark} & echo begun`)
  expect(left(String(mark))).toBe('')
  const late = t.gt(
    'capture',
    nux,
    '--timeout',
    '1s',
    '--',
    'sh',
    '-c',
    `setsid sleep ${mark} & echo on; sleep ${mark}`,
  )
  expect(late).toMatchObject({ status: 124, stdout: 'on\n', stderr: expect.stringContaining('ended after 1 s') })
  expect(left(String(mark))).toBe('')
})

test.runIf(hasProc)('what it starts changes nothing of the town, and no session may say it', async () => {
  const script = 'cd /; gt stop --all --town $T; gt handoff --town $T; BEADS_DIR=$T/wyvern/.beads bd close wy-2'
  const worker =
    '#!/bin/sh\ngt capture wyvern/Nux ls > "${0%/*}/said" 2>&1\necho "$?" >> "${0%/*}/said"\nexec sleep 1000\n'
  await atWorkWith(
    { worker },
    () => isWritten(join(t.dir, 'said')) && /\n\d\n$/.test(readFileSync(join(t.dir, 'said'), 'utf8')),
  )
  expect(readFileSync(join(t.dir, 'said'), 'utf8')).toMatch(/wyvern\/polecats\/Nux may not do that.*\n1\n$/)
  const done = t.gt('capture', nux, '--', 'sh', '-c', script.replaceAll('$T', t.town))
  expect(done.stderr.match(/may only look/g)).toHaveLength(3)
  expect(t.alive()).toHaveLength(1)
  expect(t.ok('capture', nux, `gt status --town ${t.town}`)).toContain('wyvern')
})

test('one that was stopped goes on by itself, at the cost of no try; not while its rig is stopped', async () => {
  await atWorkWith({})
  t.ok('spawn', '--issue', 'wy-2')
  await eventually(() => t.alive().length === 2)
  for (let n = 0; n < 4; n++) {
    await eventually(() => polecat()?.state === 'working')
    expect(t.ok('session', 'stop', nux)).toContain('gt session resume wyvern/Nux')
    expect([polecat()?.state, t.alive().length]).toEqual(['stopped', 1])
    expect(t.ok('session', 'resume', nux)).toContain('goes on')
  }
  await eventually(() => t.alive().length === 2)
  expect(t.ok('session', 'resume', nux)).toContain('was not stopped')
  refused(t.gt('session', 'resume', 'wyvern/Nobody'), 'no polecat')
  t.ok('stop', '--all')
  refused(t.gt('session', 'resume', nux), 'wyvern is stopped', 'gt up')
  expect(t.alive()).toEqual([])
  t.ok('down')
  notUp(t.gt('session', 'resume', nux), 'gt up')
})
