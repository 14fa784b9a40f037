// A town whose agents have two accounts, with a stand-in for Claude Code: what befalls one stops nobody.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentTown, greets, handsOver } from '../fixture/agent-town.ts'

const standIn = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
const [keyOfA, keyOfB] = ['sk-ant-of-a-4711', 'sk-ant-of-b-4712']
let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'stand-in-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

interface Account {
  account: string
  state: string
  workers: string[]
  today: { answers: number }
}
function open(steps: readonly unknown[], envOf: (name: 'a' | 'b') => Record<string, string>) {
  const script = join(dir, 'script.json')
  writeFileSync(script, JSON.stringify(steps))
  const town = agentTown({ agent: 'claude', worker: `${process.execPath} ${standIn} ${script}` })
  for (const name of ['a', 'b'] as const) {
    const env = envOf(name)
    const flags = Object.keys(env).flatMap((each) => ['--env', each])
    const done = town.gtWith(env, 'account', 'add', `claude/${name}`, ...flags)
    expect([done.status, done.stdout.includes(env.ANTHROPIC_API_KEY ?? '')]).toEqual([0, false])
  }
  return town
}
const keys = (name: 'a' | 'b') => ({ ANTHROPIC_API_KEY: name === 'a' ? keyOfA : keyOfB })
const states = (town: ReturnType<typeof agentTown>) =>
  town.json<Account[]>('account', 'list').map(({ account, state }) => `${account} ${state}`)

test('one is used up: the worker goes on under the other, in the same conversation; one notice, no try, and it counts', async () => {
  using town = open([greets, { limited: 3600, under: keyOfA }, ...handsOver], keys)
  expect(states(town)).toEqual(['claude/a there', 'claude/b there'])
  await town.lands(town.give())
  town.wentOn(2)
  expect(town.inbox()).toEqual(['an allowance of the account claude/a is used up'])
  expect(states(town)).toEqual(['claude/a used up', 'claude/b there'])
  const rows = town.json<{ rows: { name: string; answers: number }[] }>('costs', '--by', 'account').rows
  expect(rows.map(({ name }) => name)).toContain('claude/b')
  // Neither is anywhere but in its file.
  const secret = `${keyOfA}\\|${keyOfB}`
  const found = execFileSync('sh', ['-c', `grep -rl '${secret}' . || true`], { cwd: town.town, encoding: 'utf8' })
  expect(found.trim().split('\n').sort()).toEqual([
    './daemon/accounts/claude/a.json',
    './daemon/accounts/claude/b.json',
  ])
  const environment = execFileSync('cat', [`/proc/${town.daemonPid()}/environ`], { encoding: 'utf8' })
  expect(environment.includes('sk-ant')).toBe(false)
})

test('one is refused: it is set aside with one escalation that names it, and tried again when that is said', async () => {
  using town = open([{ fails: 401, under: keyOfA }, greets, ...handsOver], keys)
  const id = town.give()
  expect(await town.wait(id)).toMatchObject({ status: 0 })
  expect(town.escalations()).toEqual([expect.stringContaining('the account claude/a is refused')])
  expect(states(town)).toEqual(['claude/a refused', 'claude/b there'])
  town.ok('account', 'release', 'claude/a')
  expect([states(town), town.escalations()]).toEqual([['claude/a there', 'claude/b there'], []])
})

test('where the other keeps its conversations elsewhere, a new one begins with the facts, in the same worktree', async () => {
  const own = (name: 'a' | 'b') => {
    const place = join(dir, `of-${name}`)
    mkdirSync(place)
    return { ...keys(name), CLAUDE_CONFIG_DIR: place }
  }
  using town = open(['echo here >> places.txt', { limited: 3600, under: keyOfA }, greets, ...handsOver], own)
  await town.lands(town.give())
  expect(town.git(town.origin, 'show', 'main:places.txt')).toBe('here\nhere')
  expect(new Set(town.conversations()).size).toBe(2)
})

test('confined to an account that is not there, a rig waits with words, and never takes the person’s own key', async () => {
  using town = open([greets, ...handsOver], keys)
  town.ok('rig', 'set', 'wyvern', 'accounts=a')
  const refused = town.gt('account', 'remove', 'claude/a')
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('gt rig set wyvern accounts=')])
  rmSync(join(town.town, 'daemon/accounts/claude/a.json'))
  const id = town.give()
  await expect.poll(() => town.escalations().length, { timeout: 30_000 }).toBeGreaterThan(0)
  expect(town.escalations().join()).toContain('there is no account claude/a')
  expect(town.gt('status').stdout).toContain('wyvern: there is no account claude/a')
  expect(town.conversations()).toEqual([])
  town.ok('rig', 'set', 'wyvern', 'accounts=b')
  expect(await town.wait(id)).toMatchObject({ status: 0 })
})

test('a value is no argument, and what is not there is said', () => {
  using town = agentTown({ agent: 'claude', worker: `${process.execPath} ${standIn} ${join(dir, 's.json')}` })
  const said = (...args: string[]) => {
    const { status, stderr } = town.gt('account', ...args)
    return `${status} ${stderr}`
  }
  expect(said('add', 'claude/a', '--env', 'KEY=sk-1')).toMatch(/^2 .*a value is no argument/)
  expect(said('add', 'claude/a', '--env', 'NOT_SET')).toMatch(/^2 .*NOT_SET is not set/)
  expect(said('add', 'claud/a', '--env', 'PATH')).toMatch(/^2 .*no agent preset "claud"/)
  expect(said('release', 'claude/a')).toMatch(/^1 .*there is no account "claude\/a"/)
  expect(town.gt('rig', 'set', 'wyvern', 'accounts=a').stderr).toContain('there is no account claude/a')
})

test('an account is read from a file or standard input, and what is none is told', () => {
  using town = agentTown({ agent: 'claude', worker: `${process.execPath} ${standIn} ${join(dir, 'none.json')}` })
  const file = join(dir, 'team.env')
  writeFileSync(file, '# ours\nexport ANTHROPIC_API_KEY="sk-ant-of-a-4711"\n')
  expect(town.gtWith({}, 'account', 'add', 'claude/team', '--from', file)).toMatchObject({ status: 0 })
  expect(states(town)).toEqual(['claude/team there'])
  for (const [words, why] of [
    [['claude/x', '--from', join(dir, 'absent.env')], 'cannot be read'],
    [['claude/x', '--env', 'GT_TOKEN'], 'are the town’s'],
    [['claude', '--env', 'HOME'], 'no account’s name'],
    [['nobody/x', '--env', 'HOME'], 'no agent preset'],
  ] as const)
    expect(town.gtWith({}, 'account', 'add', ...words)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(why),
    })
  expect(states(town)).toEqual(['claude/team there'])
})
