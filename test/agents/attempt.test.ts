// `gt agents try` with a real agent where one is installed, and with programs that are none.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ScriptedModel, scriptedModel } from '../../examples/model/server.ts'
import { cleanEnv, gtScript } from '../fixture/real-town.ts'
import { program } from '../fixture/rig.ts'
import { clis, isHere, pathOf } from './clis.ts'

let dir: string
let model: ScriptedModel | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'try-'))
})
afterEach(async () => {
  await model?.close()
  model = undefined
  rmSync(dir, { recursive: true, force: true })
})

const gt = (args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [gtScript, ...args], { cwd: dir, env: { ...cleanEnv(), ...env }, encoding: 'utf8' })
const tried = (args: string[], env?: Record<string, string>) => {
  const done = gt(['agents', 'try', 'claude', '--json', ...args], env)
  return { status: done.status, ...(JSON.parse(done.stdout || done.stderr) as { verdict: string; why: string }) }
}

test('a program that is no agent is told as one that failed, or is silent; nothing of it is left', () => {
  expect(gt(['agents', 'try', 'cloud']).stderr).toContain('no agent preset "cloud"')
  expect(gt(['agents', 'try', 'claude'], { PATH: dir }).stderr).toContain('is not on the PATH; install it')
  expect(tried(['--program', join(dir, 'none')])).toMatchObject({ status: 1, verdict: 'failed' })
  program(
    join(dir, 'noise'),
    'while :; do echo "{garbage"; head -c 100000 /dev/urandom; done | head -c 50000000; exit 3',
  )
  expect(tried(['--program', join(dir, 'noise')])).toMatchObject({ status: 1, verdict: 'failed' })
  program(join(dir, 'mute'), 'sleep 1000 & exec sleep 1000')
  expect(tried(['--program', join(dir, 'mute'), '--timeout', '2s'])).toMatchObject({ status: 1, verdict: 'silent' })
  expect(spawnSync('pgrep', ['-f', dir]).stdout.toString()).toBe('')
})

test('what is here, of which version, and what came of the last try', () => {
  program(join(dir, 'claude'), 'echo "9.8.7 (Claude Code)"')
  const town = join(dir, 'gt')
  expect(gt(['install', town]).status).toBe(0)
  const path = { PATH: `${dir}:${process.env.PATH}`, ANTHROPIC_API_KEY: 'sk-x' }
  const listed = () => {
    const all = JSON.parse(gt(['agents', '--json', '--town', town], path).stdout) as { name: string }[]
    return all.find(({ name }) => name === 'claude')
  }
  expect(listed()).toMatchObject({
    path: join(dir, 'claude'),
    version: '9.8.7',
    tried: false,
    key: 'ANTHROPIC_API_KEY',
  })
  expect(gt(['agents', 'try', 'claude', '--town', town], path).status).toBe(1)
  expect(listed()).toMatchObject({ last: { verdict: 'failed' } })
})

const { claude } = clis
if (claude)
  test.runIf(isHere(claude))('a real turn works, or is refused', async () => {
    const asked = async (script: Parameters<typeof scriptedModel>[0]['script']) => {
      model = await scriptedModel({ script })
      const { env } = claude.led(model.url)
      const { spawn } = await import('node:child_process')
      const child = spawn(
        process.execPath,
        [gtScript, 'agents', 'try', 'claude', '--json', '--program', pathOf(claude)],
        { cwd: dir, env: { ...cleanEnv(), HOME: dir, ...env }, stdio: ['ignore', 'pipe', 'ignore'] },
      )
      let said = ''
      child.stdout.on('data', (chunk) => {
        said += chunk
      })
      await new Promise((resolve) => child.once('close', resolve))
      await model.close()
      return JSON.parse(said) as { verdict: string }
    }
    expect(await asked(['echo here > gt-was-here.txt', { say: 'Done.' }])).toMatchObject({ verdict: 'worked' })
    expect(await asked(['true', { say: 'Done.' }])).toMatchObject({ verdict: 'failed' })
    expect(await asked([{ error: 401, times: 'always' }])).toMatchObject({ verdict: 'refused' })
  })
