// What people type and write: commands, and the keys of a rig's config.json.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asWritten, CommandRefused, splitCommand } from '../../actors/commands.ts'
import { rigConfig } from '../../actors/config.ts'
import { unreadKeys } from '../../actors/facts.ts'
import { lastBytes, lastLines, writeWhole } from '../../actors/files.ts'

test.each([
  ['npm test', ['npm', 'test'], {}],
  ['CI=1 LABEL="a b" npm test', ['npm', 'test'], { CI: '1', LABEL: 'a b' }],
  ['~/bin/check ~', ['/h/ann/bin/check', '/h/ann'], {}],
  ['$HOME/bin/check --in="$HOME/x"', ['/h/ann/bin/check', '--in=/h/ann/x'], {}],
  ['"quo ted"/check --grep="foo bar"', ['quo ted/check', '--grep=foo bar'], {}],
  ["echo it\\'s a\\ b ''", ['echo', "it's", 'a b', ''], {}],
  ["sh -c 'npm ci && npm test | tee $LOG'", ['sh', '-c', 'npm ci && npm test | tee $LOG'], {}],
])('%s', (typed, argv, env) => {
  expect(splitCommand(typed, '/h/ann')).toEqual({ argv, env })
})

test.each([
  'a && b',
  'a | b',
  'a > log',
  'a 2>&1',
  'a; b',
  'a &',
  'a *.ts',
  'a {x,y}',
  'a $(b)',
  'a "$(b)"',
  'a `b`',
  'a "it\'s `b`"',
  'a $FILE',
  'a ~bob/x',
  'a # b',
  'cd sub',
  '! grep x y',
  'a\nb',
])('%s needs a shell, and the form that works is told', (typed) => {
  const told = (() => {
    try {
      return splitCommand(typed, '/h/ann')
    } catch (error) {
      expect(error).toBeInstanceOf(CommandRefused)
      return (error as Error).message
    }
  })()
  expect(told).toContain('needs a shell')
  const form = String(told).slice(String(told).indexOf('sh -c '))
  expect(splitCommand(form, '/h/ann').argv).toEqual(['sh', '-c', typed])
})

test('a quote that is never closed, and no program at all, are refused', () => {
  expect(() => splitCommand("don't", '/h')).toThrow('never closed')
  expect(() => splitCommand('CI=1', '/h')).toThrow('names no program')
  expect(() => splitCommand(' ', '/h')).toThrow('names no program')
})

test('a command is written as words, with its environment only where it has one', () => {
  expect(asWritten(splitCommand('npm test', '/h'))).toEqual(['npm', 'test'])
  expect(asWritten(splitCommand('CI=1 npm test', '/h'))).toEqual({ run: ['npm', 'test'], env: { CI: '1' } })
})

const rig = {
  type: 'rig',
  version: 1,
  name: 'w',
  git_url: 'x',
  default_branch: 'main',
  beads: { prefix: 'w' },
  no_gate: true,
}

test('gates, setup and worker are read in all three forms', () => {
  const { gates, setup, worker } = rigConfig.parse({
    ...rig,
    gates: {
      words: ['npm', 'test'],
      whole: { run: ['npm', 'test'], env: { CI: '1' } },
      typed: 'CI=1 npm test',
      both: { run: 'A=1 ~/x', env: { B: '2' } },
    },
    setup: { install: 'npm ci' },
    worker: ['node', 'worker.mjs', ''],
  })
  expect(gates).toEqual({
    words: { argv: ['npm', 'test'], env: {} },
    whole: { argv: ['npm', 'test'], env: { CI: '1' } },
    typed: { argv: ['npm', 'test'], env: { CI: '1' } },
    both: { argv: [join(homedir(), 'x')], env: { A: '1', B: '2' } },
  })
  expect(setup).toEqual({ install: { argv: ['npm', 'ci'], env: {} } })
  expect(worker).toEqual({ argv: ['node', 'worker.mjs', ''], env: {} })
})

test.each([
  [{ gates: { a: 'x && y' } }, 'needs a shell'],
  [{ env: { GT_TOKEN: 'x' } }, 'town’s own'],
  [{ extra_env: ['A B'] }, 'letters, digits and _'],
  [{ copy: ['../secret'] }, 'no path inside'],
  [{ copy: ['/etc/passwd'] }, 'no path inside'],
  [{ copy: ['a/../../b'] }, 'no path inside'],
  [{ copy: ['.git/config'] }, 'no path inside'],
])('%j is refused', (more, why) => {
  expect(rigConfig.safeParse({ ...rig, ...more }).error?.message).toContain(why)
})

test('keys that nothing reads are named, with the one that was meant', () => {
  expect(unreadKeys({ ...rig, gate_timout: '1m', max_worker: 3, favourite_colour: 'red' })).toEqual([
    '"gate_timout", which nothing reads; did you mean gate_timeout?',
    '"max_worker", which nothing reads; did you mean max_workers?',
    '"favourite_colour", which nothing reads',
  ])
})

test('files: whole or not at all, and only their end is read', () => {
  const dir = mkdtempSync(join(tmpdir(), 'files-'))
  try {
    const file = join(dir, 'a')
    writeWhole(file, 'one')
    writeWhole(file, 'two')
    expect(readFileSync(file, 'utf8')).toBe('two')
    mkdirSync(join(dir, 'folder'))
    expect(() => writeWhole(join(dir, 'folder'), 'x')).toThrow()
    expect(readdirSync(dir).sort()).toEqual(['a', 'folder'])
    writeFileSync(file, `${'x'.repeat(1000)}é\nend`)
    expect(lastBytes(file, 5)).toBe('\nend')
    expect(lastBytes(file, 6)).toBe('é\nend')
    expect(lastBytes(join(dir, 'absent'), 10)).toBe('')
    expect(lastBytes(join(dir, 'folder'), 10)).toBe('')
    execFileSync('mkfifo', [join(dir, 'pipe')])
    expect(lastBytes(join(dir, 'pipe'), 10)).toBe('')
    expect(lastLines(`a\nb\n${'x'.repeat(500)}END\nlast\n`, 2)).toMatch(/^…x{397}END\nlast$/)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
