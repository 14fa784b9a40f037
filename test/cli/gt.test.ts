// `gt` as a command: help, words it does not know, completion, reference; the way it speaks.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reference, referencePath } from '../../cli/reference.ts'
import { words } from '../../cli/words.ts'
import { cleanEnv, gtScript } from '../fixture/real-town.ts'

const gt = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [gtScript, ...args], {
    cwd: tmpdir(),
    env: { ...cleanEnv(), FORCE_COLOR: '' },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('every command file is a word, and every word explains itself with examples', async () => {
  const loaded = await Promise.all(
    Object.entries(words).map(async ([word, load]) => ({
      word,
      declaration: (await load()).default,
      source: String(load),
    })),
  )
  const files = readdirSync(join(import.meta.dirname, '../../cli/commands')).filter((file) => file.endsWith('.ts'))
  expect(files.filter((file) => !loaded.some(({ source }) => source.includes(`commands/${file}`)))).toEqual([])
  for (const { word, declaration } of loaded) {
    expect(declaration.examples.length, word).toBeGreaterThan(0)
    const help = gt(...word.split(' '), '--help')
    expect(help).toMatchObject({ status: 0, stderr: '' })
    for (const part of [declaration.summary, `usage: gt ${word}`, ...declaration.examples])
      expect(help.stdout).toContain(part)
  }
})

test('the overview names every word; help of a word is the word’s --help', () => {
  const overview = gt().stdout
  for (const word of Object.keys(words)) expect(overview).toContain(`gt ${word}`)
  expect(gt('help').stdout).toBe(overview)
  expect(gt('help', 'spawn').stdout).toBe(gt('spawn', '--help').stdout)
  expect(gt('help', 'rig', 'add').stdout).toBe(gt('rig', 'add', '--help').stdout)
})

test('words and flags it does not know end with 2 and a hint; with --json as JSON', () => {
  expect(gt('spwan')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('did you mean `gt spawn`'),
  })
  expect(gt('mail', 'snd')).toMatchObject({ status: 2, stderr: expect.stringContaining('`gt mail send`') })
  expect(gt('help', 'spwan')).toMatchObject({ status: 2, stderr: expect.stringContaining('gt spawn') })
  expect(gt('status', '--wach')).toMatchObject({ status: 2, stderr: expect.stringContaining('gt status --help') })
  expect(gt('rig', 'add', 'x')).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: gt rig add') })
  const failed = gt('rigs', '--json')
  expect([failed.status, failed.stdout, JSON.parse(failed.stderr)]).toEqual([
    1,
    '',
    { error: { code: 1, message: expect.stringContaining('is not in a town') } },
  ])
})

test('no colour where there is no terminal', () => {
  for (const args of [[], ['help', 'up'], ['nonsense'], ['version']])
    expect(Object.values(gt(...args)).join('')).not.toContain('\u001b')
})

test('version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string
  }
  expect(gt('version').stdout).toBe(`${version}\n`)
  expect(gt('--version').stdout).toBe(`${version}\n`)
  expect(JSON.parse(gt('version', '--json').stdout)).toEqual({ version })
})

test('bash completes words, second words and flags', () => {
  const complete = (...line: string[]) => {
    const script = `${gt('completion', 'bash').stdout}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gt; echo "\${COMPREPLY[*]}"`
    return spawnSync('bash', ['-c', script, 'bash', 'gt', ...line], { encoding: 'utf8' })
      .stdout.trim()
      .split(' ')
  }
  expect(complete('st')).toEqual(['status', 'stop'])
  expect(complete('merge-queue', '')).toEqual(['add', 'list'])
  expect(complete('spawn', '--e')).toEqual(['--epic'])
  expect(complete('rig', 'add', 'x', '--max')).toEqual(['--max-workers'])
})

test.each(['bash', 'zsh', 'fish'])('the script for %s has no fault the shell itself can see', (shell) => {
  const script = gt('completion', shell)
  expect(script).toMatchObject({ status: 0, stderr: '' })
  const there = ['/bin', '/usr/bin', '/usr/local/bin'].some((dir) => existsSync(join(dir, shell)))
  if (there)
    expect(spawnSync(shell, ['-n'], { input: script.stdout, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
  expect(gt('completion', 'tcsh')).toMatchObject({ status: 2, stderr: expect.stringContaining('bash, zsh and fish') })
})

test('the committed reference is fresh (npm run reference)', async () => {
  expect(readFileSync(referencePath, 'utf8')).toBe(await reference())
})
