// Accounts of agents: files that only their user reads, who may use which, and what a session has of one.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  accountsIn,
  entitlementOf,
  forgetAccount,
  keepAccount,
  naming,
  shareTranscripts,
  underAccount,
  unknownAmong,
  unknownIn,
  variablesOf,
} from '../../actors/accounts.ts'
import type { RigConfig } from '../../actors/config.ts'

let town: string
beforeEach(() => {
  town = mkdtempSync(join(tmpdir(), 'accounts-'))
})
afterEach(() => rmSync(town, { recursive: true, force: true }))

const fileOf = (name: string) => join(town, 'daemon/accounts', `${name}.json`)

test('each is a file for its user alone, whatever the umask', () => {
  const umask = process.umask(0)
  try {
    keepAccount(town, 'claude/work', { ANTHROPIC_API_KEY: 'sk-1' })
  } finally {
    process.umask(umask)
  }
  expect(statSync(fileOf('claude/work')).mode & 0o777).toBe(0o600)
  expect(statSync(join(town, 'daemon/accounts/claude')).mode & 0o777).toBe(0o700)
  expect([accountsIn(town), variablesOf(town, 'claude/work')]).toEqual([['claude/work'], { ANTHROPIC_API_KEY: 'sk-1' }])
  expect([forgetAccount(town, 'claude/work'), forgetAccount(town, 'claude/work'), accountsIn(town)]).toEqual([
    true,
    false,
    [],
  ])
})

test.each(['work', 'claude/', '../x/y', 'claude/../x', 'claude/a b', ''])('%j is no account’s name', (name) => {
  expect(() => keepAccount(town, name, { A: 'b' })).toThrow('is no account’s name')
})

test('a file that somebody cut is told without what is in it, and names of the town’s own are refused', () => {
  keepAccount(town, 'claude/work', { ANTHROPIC_API_KEY: 'sk-secret' })
  writeFileSync(fileOf('claude/work'), readFileSync(fileOf('claude/work'), 'utf8').slice(0, -3))
  expect(() => variablesOf(town, 'claude/work')).toThrow(/gt account add(?!.*sk-secret)/)
  expect(() => keepAccount(town, 'claude/work', { GT_TOKEN: 'x' })).toThrow('town’s own')
})

test('a rig may use all of its preset, or those it names; who shares them is known', () => {
  for (const name of ['claude/a', 'claude/b', 'codex/x']) keepAccount(town, name, { A: 'b' })
  const ofTown = { roles: {} }
  const rigs = new Map([
    ['v', { agent: 'claude', roles: {} }],
    ['w', { agent: 'claude', accounts: ['b', 'codex/x'], roles: {} }],
    ['s', { agent: 'shell', accounts: ['claude/a', 'codex/none'], roles: {} }],
    ['t', { accounts: ['a'], roles: {} }],
  ] as unknown as [string, RigConfig][])
  expect(entitlementOf(town, rigs, 'v', ofTown)).toMatchObject({
    agent: 'claude',
    accounts: ['claude/a', 'claude/b', 'codex/x'],
  })
  expect(entitlementOf(town, rigs, 'w', ofTown)).toEqual({
    agent: 'claude',
    accounts: ['claude/b', 'codex/x'],
    sharers: ['v', 't'],
  })
  // None of those it names is there: it waits for them, and is not what the environment says.
  expect(entitlementOf(town, rigs, 's', ofTown).accounts).toEqual(['claude/a', 'codex/none'])
  forgetAccount(town, 'claude/b')
  expect(entitlementOf(town, rigs, 'w', ofTown)).toMatchObject({ agent: 'claude', accounts: ['codex/x', 'claude/b'] })
  expect(unknownIn(town, rigs, ofTown).join()).toMatch(/w: there is no account claude\/b.*s: .*codex\/none/)
  expect(naming(rigs, ofTown, 'claude/b')).toEqual(['w'])
  // Which agent it is may be the town's to say.
  expect(entitlementOf(town, rigs, 't', { roles: { polecat: { agent: 'claude' } } })).toMatchObject({
    agent: 'claude',
    accounts: ['claude/a', 'codex/x'],
  })
  const lacking = (accounts: string[]) => unknownAmong(town, { agent: 'claude', accounts, roles: {} } as never, ofTown)
  expect(lacking(['a', 'c'])).toContain('there is no account claude/c')
  expect(lacking(['a', 'codex/x'])).toBeUndefined()
})

test('under an account its own keys count, and no other of its preset’s', () => {
  const env = { ANTHROPIC_API_KEY: 'of-environment', PATH: '/bin' }
  const keys = ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN']
  expect(underAccount(env, { keys }, { CLAUDE_CODE_OAUTH_TOKEN: 'x' })).toEqual({
    PATH: '/bin',
    CLAUDE_CODE_OAUTH_TOKEN: 'x',
  })
})

test('a conversation goes on where its program keeps it in the same place', () => {
  expect(shareTranscripts({ ANTHROPIC_API_KEY: '1' }, { ANTHROPIC_API_KEY: '2' })).toBe(true)
  expect(shareTranscripts({}, { CLAUDE_CONFIG_DIR: '/c' })).toBe(false)
  expect(shareTranscripts({ CODEX_HOME: '/a' }, { CODEX_HOME: '/b' })).toBe(false)
})
