// What is said of agents when a rig gets one: which are here, and what keeps the chosen one from working.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { make, refused, t } from '../fixture/own-town.ts'
import { program } from '../fixture/rig.ts'

let bin: string
beforeEach(() => {
  bin = realpathSync(mkdtempSync(join(tmpdir(), 'bin-')))
})
afterEach(() => rmSync(bin, { recursive: true, force: true }))

const claude = (version: string) => program(join(bin, 'claude'), `echo "${version} (Claude Code)"`)
/** Without any agent of this machine's own. */
const env = () => ({
  PATH: `${bin}:/usr/bin:/bin`,
  ANTHROPIC_API_KEY: '',
  CLAUDE_CODE_OAUTH_TOKEN: '',
  ANTHROPIC_AUTH_TOKEN: '',
})
const add = (name: string, ...flags: string[]) => t.gtWith(env(), 'rig', 'add', name, t.origin, '--no-gate', ...flags)

const configOf = (rig: string): unknown => JSON.parse(readFileSync(join(t.town, rig, 'config.json'), 'utf8'))

test('those that are here are proposed where none is chosen', () => {
  make()
  claude('2.1.332')
  const { status, stderr } = add('alpha')
  expect([status, stderr]).toEqual([0, expect.stringContaining('claude 2.1.332 is here: --agent claude')])
  expect(stderr).not.toContain('codex')
  expect(add('beta', '--worker', 'sleep 5').stderr).not.toContain('is here')
})

test('one that is not here is refused, and nothing is made; another version, or no key, is a warning', () => {
  make()
  const none = add('alpha', '--agent', 'codex')
  expect(none.status).toBe(2)
  expect(none.stderr).toContain('is not on the PATH; install it: npm install --global @openai/codex')
  expect(add('alpha', '--agent', 'cloud').stderr).toContain('no agent preset "cloud"; there is: aider, claude')
  expect(t.gt('rig', 'show', 'alpha').status).toBe(1)
  claude('9.8.7')
  const { status, stderr } = add('alpha', '--agent', 'claude', '--model', 'opus', '--effort', 'high')
  expect(status).toBe(0)
  expect(stderr).toContain('claude 9.8.7 is not what was tried here, from 2.1 and below 2.2')
  expect(stderr).toContain('no key for claude is set (ANTHROPIC_API_KEY')
  expect(configOf('alpha')).toMatchObject({ agent: 'claude', model: 'opus', effort: 'high' })
  claude('2.1.400')
  const quiet = t.gtWith(
    { ...env(), ANTHROPIC_API_KEY: 'x' },
    'rig',
    'add',
    'beta',
    t.origin,
    '--no-gate',
    '--agent',
    'claude',
  )
  expect(quiet.stderr).not.toContain('warning')
})

test('a rig that is set to another agent is told the same, and stays as it was where there is none', () => {
  make()
  const set = (...words: string[]) => t.gtWith(env(), 'rig', 'set', 'wyvern', ...words)
  expect(set('agent=codex', 'worker=').stderr).toContain('is not on the PATH; install it')
  expect(configOf('wyvern')).not.toMatchObject({ agent: 'codex' })
  claude('9.8.7')
  const done = set('agent=claude', 'worker=', 'model=opus')
  expect([done.status, done.stderr]).toEqual([0, expect.stringContaining('is not what was tried here')])
  refused(t.gt('rig', 'set', 'nobody', 'agent=claude'), 'nobody')
})
