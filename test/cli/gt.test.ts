// `gt` as a command: help, words it does not know, completion, reference; the way it speaks.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filed, generated } from '../../cli/generate.ts'
import { synonyms } from '../../cli/synonyms.ts'
import { words } from '../../cli/words.ts'
import { bdScript, cleanEnv, gtScript } from '../fixture/real-town.ts'

const gt = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [gtScript, ...args], {
    cwd: tmpdir(),
    env: { ...cleanEnv(), FORCE_COLOR: '' },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('every word explains itself with examples, and reads little for it', { timeout: 120_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'help-'))
  const counter = join(dir, 'counter.cjs')
  writeFileSync(
    counter,
    `process.on('exit', () => process.stderr.write(String(Object.keys(require.cache)
      .reduce((sum, file) => sum + require('node:fs').statSync(file).size, 0))))`,
  )
  try {
    for (const { word } of await filed()) {
      expect(word.examples.length, word.name).toBeGreaterThan(0)
      const help = spawnSync(process.execPath, ['--require', counter, gtScript, ...word.name.split(' '), '--help'], {
        cwd: tmpdir(),
        env: cleanEnv(),
        encoding: 'utf8',
      })
      expect(help.status, word.name).toBe(0)
      // The list of all words is in it; the libraries that only the daemon needs are a hundred kilobytes and more each.
      expect(Number(help.stderr), `bytes read for gt ${word.name} --help`).toBeLessThan(50_000)
      for (const part of [word.summary, `usage: gt ${word.name}`, ...word.examples]) expect(help.stdout).toContain(part)
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('the bundle of gt has no half of the daemon, and the daemon none of gt', async () => {
  const dist = join(gtScript, '..')
  const daemon = readFileSync(join(dist, 'daemon.cjs'), 'utf8')
  for (const { word } of await filed()) expect(daemon).not.toContain(word.summary)
  expect(daemon).toContain('is for a polecat, in its own session')
  const chunks = readdirSync(join(dist, 'chunks')).filter((file) => !file.startsWith('daemon-'))
  expect(
    chunks.filter((file) => readFileSync(join(dist, 'chunks', file), 'utf8').includes('is for a polecat, in its own')),
  ).toEqual([])
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

test('what is meant is answered before what is spelled alike', () => {
  for (const [said, meant] of [
    ['start', 'up'],
    ['ps', 'polecats'],
    ['kill', 'session stop'],
    ['queue', 'merge-queue list'],
    ['done', 'handoff'],
    ['logs', 'log'],
    ['delete', 'rig remove'],
    ['rig list', 'rigs'],
    ['rig delet', 'rig remove'],
    ['merge-queue lst', 'merge-queue list'],
    ['hansoff', 'handoff'],
  ] as const)
    expect(gt(...said.split(' '))).toMatchObject({ status: 2, stderr: expect.stringContaining(`\`gt ${meant}\``) })
  for (const all of Object.values(synonyms)) for (const word of all) expect(Object.keys(words)).toContain(word)
  for (const said of Object.keys(synonyms)) expect(Object.keys(words)).not.toContain(said)
})

test('a value that is none of its kind ends with 2, and nothing is asked', () => {
  for (const args of [
    ['wait', 'wyv-1', '--timeout', 'abc'],
    ['wait', 'wyv-1', '--timeout', '10x'],
    ['log', '--last', 'x'],
    ['log', '--last', '0'],
    ['log', '--since', 'yesterday-ish'],
    ['log', '--actor', 'no one'],
    ['replay', '--until', '1.5'],
    ['sim', '--jobs', '-1'],
    ['mail', 'send', 'wyvern/polecats/Nux/x', '-s', 'x'],
    ['mail', 'send', 'mayor/', '-s', 'x', '--priority', '9'],
    ['session', 'stop', 'Nux'],
    ['capture', 'wyvern/Nux', 'ls', '--timeout', 'soon'],
    ['viz', '--format', 'png'],
    ['viz', '--live', '--port', '70000'],
  ])
    expect(gt(...args), args.join(' ')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/ is /) })
})

test('flags that every word takes may stand before it', () => {
  expect(gt('-C', tmpdir(), 'rigs')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not a town') })
  expect(gt(`--town=${tmpdir()}`, 'rigs')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is not a town'),
  })
  expect(JSON.parse(gt('--json', 'version').stdout)).toEqual(JSON.parse(gt('version', '--json').stdout))
  expect(gt('-h', 'rig', 'add').stdout).toBe(gt('rig', 'add', '--help').stdout)
  expect(gt('--help').stdout).toBe(gt().stdout)
  expect(gt('--force', 'rigs')).toMatchObject({ status: 2, stderr: expect.stringContaining('unknown option') })
  // A flag with a value that is missing is not taken for one with the word as its value and nothing left to say.
  expect(gt('-C')).toMatchObject({ stdout: expect.stringContaining('Gas Town') })
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
  expect(complete('merge-queue', '')).toEqual(['add', 'list', 'remove'])
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

test.each(Object.keys(generated))('%s is fresh (npm run reference)', async (name) => {
  const path = join(import.meta.dirname, '../../cli', name)
  const bare = (text: string) => text.replaceAll(/\s+/g, '')
  const text = await generated[name]?.()
  if (path.endsWith('.ts')) expect(bare(readFileSync(path, 'utf8'))).toBe(bare(text ?? ''))
  else expect(readFileSync(path, 'utf8')).toBe(text)
})

const olderNode = (process.env.PATH ?? '')
  .split(':')
  .map((dir) => join(dir, 'node'))
  .find((node) => {
    const version = existsSync(node) ? spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout : ''
    return version !== '' && Number(version.slice(1).split('.')[0]) < 24
  })

test.runIf(olderNode)('an older Node goes on with the one of the repository, or says what is needed', () => {
  const older = (script: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(String(olderNode), [script, ...args], {
      encoding: 'utf8',
      cwd: tmpdir(),
    })
    return { status, stdout, stderr }
  }
  expect(older(gtScript, 'version')).toEqual({ ...gt('version') })
  expect(older(gtScript, 'spwan').status).toBe(2)
  expect(older(bdScript, 'version')).toMatchObject({ status: 0, stdout: expect.stringContaining('bd version') })
  const dir = mkdtempSync(join(tmpdir(), 'older-'))
  try {
    cpSync(join(gtScript, '..'), join(dir, 'dist'), { recursive: true })
    expect(older(join(dir, 'dist/gt.cjs'), 'version')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^gt needs Node 24 or newer; this is .*\n$/),
    })
  } finally {
    rmSync(dir, { recursive: true })
  }
})
