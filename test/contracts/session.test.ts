// The contract of a session backend, kept by each of them: one suite, real tmux and real processes.
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isAlive, startOf } from '../../actors/processes.ts'
import { backends } from '../../actors/sessions/backends.ts'
import { processBackend } from '../../actors/sessions/process.ts'
import { aliveIn } from '../../actors/sessions/runs.ts'
import {
  cancelStart,
  endSession,
  endSessions,
  type SessionBackend,
  type SessionSpec,
  start,
  tail,
  watchSession,
} from '../../actors/sessions/session.ts'
import { tmuxBackend, tmuxTrouble } from '../../actors/sessions/tmux.ts'
import { systemClock } from '../../runtime/open.ts'
import { eventually, isWritten } from '../fixture/real-town.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
const path = { PATH: process.env.PATH ?? '' }
const never = new AbortController().signal
let dir: string
let work: string
let sockets: string[]

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'session-')))
  work = join(dir, "a place; with $(odd) 'signs' #{pid}")
  mkdirSync(work)
  sockets = []
})
afterEach(async () => {
  await endSessions(join(dir, 'sessions'), null, 0, never)
  for (const socket of sockets) spawnSync('tmux', ['-L', socket, 'kill-server'])
  rmSync(dir, { recursive: true, force: true })
})

const socketOf = (name: string) => {
  const socket = `gt-test-${process.pid}-${name}`
  if (!sockets.includes(socket)) sockets.push(socket)
  return socket
}
const both: [string, () => SessionBackend][] = [
  ['process', () => processBackend],
  ...(hasTmux ? [['tmux', () => tmuxBackend(socketOf('one'), path)] as [string, () => SessionBackend]] : []),
]

describe.each(both)('%s', (_, backend) => {
  const specOf = (id: string, script: string, ...args: string[]) => ({
    id,
    dir: join(dir, 'sessions', id),
    argv: ['/bin/sh', '-c', script, 'sh', ...args],
    cwd: work,
    env: { ...path, ONLY: 'this; $(one) #{two} "three"' },
  })
  const begin = async (id: string, script: string, ...args: string[]) => {
    const record = await start(backend(), specOf(id, script, ...args), 1, 10_000, never)
    if ('why' in record) throw new Error(record.why)
    return record
  }
  const ended = (record: Awaited<ReturnType<typeof begin>>) =>
    watchSession(backend(), record, work, null, systemClock, never, 20)

  test('runs the program in its place with exactly the environment and arguments given', async () => {
    process.env.SECRET_OF_THE_DAEMON = 'leaked'
    try {
      const odd = ['it\'s; `x` $(y) #{session_name} \\ "q"', '-n', 'ends with;', 'two\nlines', '']
      const record = await begin(
        'gt-w-Nux-1-1',
        'env > env.txt; pwd > pwd.txt; for a in "$@"; do printf "%s\\0" "$a"; done > args.txt; exit 7',
        ...odd,
      )
      expect(await ended(record)).toMatchObject({ kind: 'ended', exitCode: 7 })
      expect(readFileSync(join(work, 'pwd.txt'), 'utf8').trim()).toBe(work)
      expect(readFileSync(join(work, 'args.txt'), 'utf8').split('\0').slice(0, -1)).toEqual(odd)
      const names = readFileSync(join(work, 'env.txt'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('=')[0] ?? '')
      expect(
        names.filter(
          (name) =>
            ![
              'PATH',
              'ONLY',
              'PWD',
              'OLDPWD',
              'SHLVL',
              '_',
              'TERM',
              'TMUX_TMPDIR',
              'TERM_PROGRAM',
              'TERM_PROGRAM_VERSION',
              'COLORTERM',
              'SHELL',
              'LC_CTYPE',
              'HOME',
              'GT_SESSION',
            ].includes(name),
        ),
      ).toEqual([])
      expect(readFileSync(join(work, 'env.txt'), 'utf8')).toContain('ONLY=this; $(one) #{two} "three"\n')
      expect(readFileSync(join(work, 'env.txt'), 'utf8')).not.toContain('leaked')
    } finally {
      delete process.env.SECRET_OF_THE_DAEMON
    }
  })

  test('what is secret stands in no command line, and in no file once the session has begun', async () => {
    const secret = `two\nlines, 'quotes' "and" $(more) \\ ${'x'.repeat(50)}`
    const spec = specOf('gt-w-Nux-1-30', 'printf %s "$KEY" > key.txt; sleep 100')
    const begun = start(backend(), { ...spec, env: { ...spec.env, KEY: secret } }, 1, 10_000, never)
    const seen = new Set<string>()
    let isOver = false
    const looking = (async () => {
      for (; !isOver; await sleep(1))
        for (const line of commandLines()) if (line.includes('x'.repeat(50))) seen.add(line)
    })()
    const record = await begun
    if ('why' in record) throw new Error(record.why)
    await eventually(() => existsSync(join(work, 'key.txt')) && readFileSync(join(work, 'key.txt')).length > 50)
    isOver = true
    await looking
    expect(readFileSync(join(work, 'key.txt'), 'utf8')).toBe(secret)
    expect([...seen]).toEqual([])
    expect(readdirSync(record.dir).sort()).toEqual(expect.not.arrayContaining([expect.stringMatching(/environment/)]))
  })

  test.each([
    ['ends by itself', 'exit 0'],
    ['crashes', 'kill -9 $$'],
    ['is ended', 'sleep 100'],
    ['is one of all that are ended', 'sleep 100'],
  ])('what it moved out of its session goes when it %s', async (how, then) => {
    const record = await begin(
      'gt-w-Nux-1-31',
      `(setsid sh -c 'echo $$ > left.txt; exec sleep 100' > /dev/null 2>&1 < /dev/null &)
       while [ ! -s left.txt ]; do sleep 0.01; done; ${then}`,
    )
    await eventually(() => isWritten(join(work, 'left.txt')))
    const left = Number(readFileSync(join(work, 'left.txt'), 'utf8'))
    if (how === 'is ended') await endSession(record, 100, never)
    else if (how === 'is one of all that are ended')
      expect(await endSessions(join(dir, 'sessions'), 'w', 100, never)).toEqual([record.id])
    else await ended(record)
    expect(startOf(left)).toBeUndefined()
  })

  test('what a session that is over has left ends with all of its rig, and with no other', async () => {
    const record = await begin(
      'gt-w-Nux-1-33',
      `(setsid sh -c 'echo $$ > left.txt; exec sleep 100' > /dev/null 2>&1 < /dev/null &); sleep 0.2`,
    )
    await eventually(() => isWritten(join(work, 'left.txt')) && !isAlive(record))
    const left = Number(readFileSync(join(work, 'left.txt'), 'utf8'))
    expect(await endSessions(join(dir, 'sessions'), 'other', 0, never)).toEqual([])
    // Another town's session of the same name.
    expect(await endSessions(join(dir, 'elsewhere'), null, 0, never)).toEqual([])
    expect(startOf(left)).toBeDefined()
    expect(await endSessions(join(dir, 'sessions'), 'w', 0, never)).toEqual([])
    expect(startOf(left)).toBeUndefined()
  })

  test('launched twice before it could say so, it runs once', async () => {
    const spec = specOf('gt-w-Nux-1-32', 'echo run >> runs.txt; sleep 100')
    const twice = {
      ...backend(),
      launch: async (one: SessionSpec) => {
        // Both have read who they are before either can say that it started.
        appendFileSync(join(one.dir, 'environment'), `while [ ! -e '${join(dir, 'go')}' ]; do sleep 0.01; done\n`)
        await processBackend.launch(one)
        await backend().launch(one)
        await sleep(300)
        writeFileSync(join(dir, 'go'), '')
      },
    }
    const record = await start(twice, spec, 1, 10_000, never)
    if ('why' in record) throw new Error(record.why)
    await eventually(() => isWritten(join(work, 'runs.txt')))
    await sleep(200)
    expect(readFileSync(join(work, 'runs.txt'), 'utf8')).toBe('run\n')
    await endSession(record, 0, never)
  })

  test('keeps the output for people, and says how a program ended', async () => {
    const record = await begin('gt-w-Nux-1-2', 'echo one; echo two >&2; exit 3')
    expect(await ended(record)).toMatchObject({
      ...{ kind: 'ended', exitCode: 3, cutOff: false },
      tail: expect.stringMatching(/one\r?\ntwo/),
    })
    expect(existsSync(join(record.dir, 'output.log'))).toBe(true)
    expect(statSync(record.dir).mode & 0o077).toBe(0)
  })

  test('a program that is not there is an end, not a wait', async () => {
    const record = await start(
      backend(),
      { ...specOf('gt-w-Nux-1-3', ''), argv: [join(dir, 'no-such-program')] },
      1,
      10_000,
      never,
    )
    if ('why' in record) throw new Error(record.why)
    expect(await ended(record)).toMatchObject({ kind: 'ended', exitCode: 127 })
  })

  test('started twice under one id it is one session, found again by its record', async () => {
    const first = await begin('gt-w-Nux-1-4', 'echo run >> runs.txt; sleep 100')
    expect(await begin('gt-w-Nux-1-4', 'echo run >> runs.txt; sleep 100')).toEqual(first)
    // A daemon that died before it wrote the record: the session itself has said who it is.
    rmSync(join(first.dir, 'identity.json'))
    expect(await begin('gt-w-Nux-1-4', 'echo run >> runs.txt; sleep 100')).toEqual(first)
    expect(isAlive(first)).toBe(true)
    await eventually(() => isWritten(join(work, 'runs.txt')))
    expect(readFileSync(join(work, 'runs.txt'), 'utf8')).toBe('run\n')
  })

  test('ends with its whole family, politely first, by force when that is ignored; again is harmless', async () => {
    const record = await begin(
      'gt-w-Nux-1-5',
      'trap "" TERM; sh -c "trap \\"\\" TERM; echo \\$\\$ > child.txt; while :; do sleep 1; done" & while :; do sleep 1; done',
    )
    await eventually(() => isWritten(join(work, 'child.txt')))
    const child = Number(readFileSync(join(work, 'child.txt'), 'utf8'))
    await endSession(record, 100, never)
    expect(isAlive(record)).toBe(false)
    await eventually(() => startOf(child) === undefined)
    await endSession(record, 100, never)
  })

  test.each(['watched', 'ended'])('a leader killed from outside leaves nobody behind (%s)', async (how) => {
    const record = await begin(`gt-w-Nux-1-${how === 'watched' ? 20 : 21}`, 'sleep 100 & echo $! > child.txt; wait')
    await eventually(() => isWritten(join(work, 'child.txt')))
    const child = Number(readFileSync(join(work, 'child.txt'), 'utf8'))
    expect(startOf(child)).toBeDefined()
    process.kill(record.pid, 'SIGKILL')
    if (how === 'watched') expect(await ended(record)).toMatchObject({ kind: 'ended', exitCode: null })
    else await endSession(record, 100, never)
    await eventually(() => startOf(child) === undefined)
  })

  test('a process that only has the recorded number is left alone', async () => {
    const stranger = spawn('sleep', ['100'], { detached: true })
    try {
      const record = {
        id: 'x',
        backend: backend().name,
        pid: stranger.pid as number,
        pidStart: '1',
        epoch: 1,
        dir: join(dir, 'sessions', 'x'),
      }
      mkdirSync(record.dir, { recursive: true })
      await endSession(record, 0, never)
      expect(startOf(stranger.pid as number)).toBeDefined()
      expect(await ended(record)).toMatchObject({ kind: 'ended', exitCode: null })
    } finally {
      stranger.kill('SIGKILL')
    }
  })

  test('one that shows nothing any more is a stall, and can be ended', async () => {
    const record = await begin('gt-w-Nux-1-6', 'echo begun; while :; do sleep 1; done')
    await eventually(() => tail(record.dir).includes('begun'))
    expect(await watchSession(backend(), record, work, 300, systemClock, never, 20)).toMatchObject({
      kind: 'stalled',
      tail: expect.stringContaining('begun'),
    })
    process.kill(record.pid, 'SIGSTOP')
    await endSession(record, 50, never)
    expect(isAlive(record)).toBe(false)
  })

  test('one that somebody stopped is let go on before it counts as silent', async () => {
    const record = await begin(
      'gt-w-Nux-1-40',
      'echo begun; sh -c "echo \\$\\$ > child.txt; sleep 0.5; exit 4"; exit $?',
    )
    await eventually(() => isWritten(join(work, 'child.txt')))
    process.kill(Number(readFileSync(join(work, 'child.txt'), 'utf8')), 'SIGSTOP')
    expect(await watchSession(backend(), record, work, 1500, systemClock, never, 20)).toMatchObject({
      kind: 'ended',
      exitCode: 4,
    })
  })

  test('neither a clock that is set nor a file that says it is older makes anybody silent', async () => {
    const record = await begin('gt-w-Nux-1-41', 'sleep 100')
    let jumpedMs = 0
    const clock = { now: () => Date.now() + jumpedMs, watched: systemClock.watched }
    let isOver = false
    // Longer than each wait here, also of a busy machine, and shorter than all of them.
    const watching = watchSession(backend(), record, work, 1200, clock, never, 20).finally(() => {
      isOver = true
    })
    for (const jumpMs of [3_600_000, -86_400_000, 365 * 86_400_000, -3_600_000, 60_000]) {
      await sleep(300)
      jumpedMs += jumpMs
    }
    expect(isOver).toBe(false)
    for (let n = 1; n <= 5; n++) {
      await sleep(300)
      const past = new Date(Date.now() - n * 3_600_000)
      for (const file of [join(record.dir, 'started'), work]) utimesSync(file, past, past)
    }
    expect(isOver).toBe(false)
    // Left alone, it is silent after its whole time.
    expect(await watching).toMatchObject({ kind: 'stalled' })
    await endSession(record, 0, never)
  })

  test('output is evidence of progress: a program that talks is not stalled', async () => {
    const record = await begin('gt-w-Nux-1-7', 'for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.05; done')
    expect(await watchSession(backend(), record, join(dir, 'nowhere'), 1000, systemClock, never, 20)).toMatchObject({
      kind: 'ended',
      exitCode: 0,
    })
  })

  test('output beyond the limit is rotated while the program goes on', async () => {
    const record = await begin('gt-w-Nux-1-8', 'head -c 9000000 /dev/zero | tr "\\0" x; echo; echo done; sleep 100')
    await eventually(() => (statSync(join(record.dir, 'output.log'), { throwIfNoEntry: false })?.size ?? 0) > 9_000_000)
    const stop = new AbortController()
    const watching = watchSession(backend(), record, work, null, systemClock, stop.signal, 20).catch(() => undefined)
    await eventually(
      () => existsSync(join(record.dir, 'output.log.1')) && statSync(join(record.dir, 'output.log')).size === 0,
    )
    expect(isAlive(record)).toBe(true)
    stop.abort()
    await watching
  })

  test('a start that is called off does not begin later', async () => {
    const spec = specOf('gt-w-Nux-1-9', 'echo ran > ran.txt; sleep 100')
    await cancelStart(spec.dir, 0, never)
    const record = await start(backend(), spec, 1, 400, never)
    expect(record).toMatchObject({ why: expect.stringContaining('did not start') })
    await sleep(100)
    expect(existsSync(join(work, 'ran.txt'))).toBe(false)
  })

  test('what ended can be forgotten, and forgotten again', async () => {
    const record = await begin('gt-w-Nux-1-10', 'exit 0')
    await ended(record)
    await backend().forget(record.id)
    await backend().forget(record.id)
  })
})

/** The command line of every process there is. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
}

/** A tmux before 3.2: `new-session` knows no `-e`. */
function oldTmux(version: string): Record<string, string> {
  const real = spawnSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).stdout.trim()
  mkdirSync(join(dir, 'old'))
  writeFileSync(
    join(dir, 'old/tmux'),
    `#!/bin/sh
[ "$1" = -V ] && { echo '${version}'; exit 0; }
for word; do [ "$word" = -e ] && { echo 'usage: new-session [-AdDEPX]' >&2; exit 1; }; done
exec ${real} "$@"
`,
    { mode: 0o755 },
  )
  return { PATH: `${join(dir, 'old')}:${path.PATH}` }
}

test.runIf(hasTmux)('a tmux that cannot be given an environment has sessions all the same', async () => {
  const env = oldTmux('tmux 3.0a')
  expect(await tmuxTrouble(env)).toBeUndefined()
  const backend = await backends(socketOf('old'), env)('auto')
  expect(backend.name).toBe('tmux')
  const spec = { id: 'gt-w-Nux-1-1', dir: join(dir, 'sessions/x'), argv: ['sh', '-c', 'echo "$A" > a.txt'], cwd: work }
  const record = await start(backend, { ...spec, env: { ...path, A: 'b' } }, 1, 10_000, never)
  if ('why' in record) throw new Error(record.why)
  await watchSession(backend, record, work, null, systemClock, never, 20)
  expect(readFileSync(join(work, 'a.txt'), 'utf8')).toBe('b\n')
})

test('where tmux is too old or absent, sessions are processes; who asks for tmux is told why not', async () => {
  mkdirSync(join(dir, 'none'))
  for (const [env, why] of [
    [oldTmux('tmux 1.8'), 'tmux 1.8 is too old'],
    [{ PATH: join(dir, 'none') }, 'there is no tmux'],
  ] as const) {
    const choose = backends(socketOf('old'), env)
    expect((await choose('auto')).name).toBe('process')
    const spec = { id: 'x', dir: join(dir, 'sessions', why), argv: ['true'], cwd: work, env: path }
    expect(await start(await choose('tmux'), spec, 1, 10_000, never)).toEqual({ why: expect.stringContaining(why) })
  }
})

test.runIf(hasTmux)('two towns on one host have sessions of the same name and do not meet', async () => {
  const [one, two] = [tmuxBackend(socketOf('a'), path), tmuxBackend(socketOf('b'), path)]
  const spec = (town: string) => ({
    id: 'gt-w-Nux-1-1',
    dir: join(dir, 'sessions', town),
    argv: ['sleep', '100'],
    cwd: work,
    env: path,
  })
  const [first, second] = [await start(one, spec('a'), 1, 10_000, never), await start(two, spec('b'), 1, 10_000, never)]
  if ('why' in first || 'why' in second) throw new Error('not started')
  await one.forget('gt-w-Nux-1-1')
  await eventually(() => !isAlive(first))
  expect(isAlive(second)).toBe(true)
})

test.runIf(hasTmux)('people can attach to a tmux session, and look at it after it has ended', async () => {
  const backend = tmuxBackend(socketOf('one'), path)
  const record = await start(
    backend,
    {
      id: 'gt-w-Nux-1-1',
      dir: join(dir, 'sessions', 'x'),
      argv: ['sh', '-c', 'echo look here; exit 1'],
      cwd: work,
      env: path,
    },
    1,
    10_000,
    never,
  )
  if ('why' in record) throw new Error(record.why)
  await eventually(() => !isAlive(record))
  const [program = '', ...args] = backend.attach(record.id) ?? []
  const captured = spawnSync(
    program,
    [...args.slice(0, args.indexOf('attach-session')), 'capture-pane', '-p', '-S', '-', '-t', `=${record.id}:`],
    { encoding: 'utf8' },
  )
  expect(captured.stdout).toContain('look here')
})

/** Waits for a fact of the world; the test's own time limit is the only clock. */
test('a record that was torn while it was written is no record, and stops nobody', () => {
  for (const [name, text] of [
    ['empty', ''],
    ['torn', '{"id": "x", "pi'],
    ['other', '{"pid": "many"}'],
  ] as const) {
    mkdirSync(join(dir, 'sessions', name), { recursive: true })
    writeFileSync(join(dir, 'sessions', name, 'identity.json'), text)
  }
  expect(aliveIn(join(dir, 'sessions'))).toEqual([])
})

test('the folder of a dead session is no session', () => {
  const place = join(dir, 'sessions', 'gone')
  mkdirSync(place, { recursive: true })
  writeFileSync(
    join(place, 'identity.json'),
    JSON.stringify({ id: 'gone', backend: 'process', pid: process.pid, pidStart: '1', epoch: 1, dir: place }),
  )
  expect(aliveIn(join(dir, 'sessions'))).toEqual([])
})
