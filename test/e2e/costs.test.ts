// Tokens and money as a person sees them, and what becomes of work when a budget is used up: with the bundled commands.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import type { Told } from '../../actors/agents/evidence.ts'
import { openLedger } from '../../actors/ledger/ledger.ts'
import type { Status } from '../../cli/api.ts'
import { agentTown, greets, handsOver } from '../fixture/agent-town.ts'
import { committer, eventually, type RealTown, realTown } from '../fixture/real-town.ts'

let t: RealTown
afterEach(() => t?.dispose())

/** What a session's watch takes down when its agent tells of tokens; the town may be up. */
function used(issue: string, ...facts: object[]) {
  const ledger = openLedger(t.town)
  const meta = {
    session: `gt-wyvern-Nux-${issue}`,
    rig: 'wyvern',
    polecat: 'Nux',
    issue,
    within: ['wy-all'],
    preset: 'pi',
  }
  const base = { what: 'usage', id: 'a', model: 'm-1', input: 1000, output: 100, cached: 9000, cost: 2, at: Date.now() }
  ledger.note(
    meta,
    facts.map((more) => ({ ...base, ...more }) as Told),
  )
  ledger.close()
}
const causes = () => t.json<Status>('status').escalations.map(({ cause }) => cause)

test('gt costs tells what was used, by what one asks, with the town up or down; an unknown price is said to be', async () => {
  t = realTown()
  expect(t.ok('costs')).toBe('nothing has been used, as far as anybody was told\n')
  used('wy-1', {}, { id: 'b', cost: null, model: 'm-2' })
  used('wy-2', { at: Date.now() - 3 * 86_400_000 })
  const table = t.ok('costs', '--rig', 'wyvern')
  expect(table).toMatch(
    /^issue +in +cached +out +cost\nwy-1 +2\.0k +18\.0k +200 +2\.00\$ +\+ 10\.1k tokens of unknown price/,
  )
  expect(table).toMatch(/total +3\.0k +27\.0k +300 +4\.00\$/)
  expect(table).toContain('mayor/town.json')
  t.ok('up')
  expect(t.ok('costs', '--rig', 'wyvern')).toBe(table)
  const rows = (...args: string[]) =>
    t.json<{ rows: { name: string; answers: number }[] }>('costs', ...args).rows.map((row) => [row.name, row.answers])
  expect(rows()).toEqual([['wyvern', 3]])
  expect(rows('--since', '24h')).toEqual([['wyvern', 2]])
  expect(rows('--epic', 'wy-all')).toEqual([
    ['wy-1', 2],
    ['wy-2', 1],
  ])
  expect(rows('--issue', 'wy-1', '--by', 'model')).toEqual([
    ['m-1', 1],
    ['m-2', 1],
  ])
  expect(rows('--by', 'day')).toHaveLength(2)
  expect(t.gt('costs', '--by', 'moon')).toMatchObject({ status: 2 })
  expect(t.gt('costs', '--rig', 'wyvren')).toMatchObject({ status: 1, stderr: expect.stringContaining('wyvern') })
  expect(statSync(t.layout.costs).mode & 0o777).toBe(0o600)
  // A price counts as soon as it is written.
  const config = JSON.parse(readFileSync(t.layout.townJson, 'utf8')) as object
  const prices = { 'm-2': { input: 100, output: 1000, cached: 10 } }
  writeFileSync(t.layout.townJson, JSON.stringify({ ...config, prices }))
  await eventually(() => !t.ok('costs').includes('unknown'))
  expect(t.ok('costs', '--issue', 'wy-1')).toContain('2.29$')
})

test('what an epic’s parts use counts at every level: it is told at 80 %, while they work; used up, nothing more begins', {
  timeout: 120_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'costs-'))
  const [script, go] = [join(dir, 'script.json'), join(dir, 'go')]
  const waits = `until test -e ${go}; do sleep 0.1; done`
  // Each turn of the stand-in is one cent.
  writeFileSync(script, JSON.stringify([{ say: 'Hm.' }, greets, waits, ...handsOver]))
  const worker = `${process.execPath} ${join(import.meta.dirname, '../fixture/claude-stand-in.mjs')} ${script}`
  using town = agentTown({ agent: 'claude', worker, config: { budgets: { epic: '0.012$' } }, maxWorkers: 1 })
  const make = (title: string, ...more: string[]) =>
    (JSON.parse(town.okBd('create', title, '--json', ...more)) as { id: string }).id
  const epic = make('All', '-t', 'epic')
  const inner = make('Part', '-t', 'epic', '--parent', epic)
  const [first, second] = [make('One', '--parent', inner, '-p', '0'), make('Two', '--parent', epic)]
  town.ok('spawn', '--epic', epic)
  await eventually(() => town.inbox().length >= 2)
  expect(town.inbox().sort()).toEqual(
    [epic, inner].sort().map((id) => `the budget of ${id} is nearly used up: 0.0100$ of 0.012$`),
  )
  expect(town.json('polecats', 'wyvern')).toMatchObject([{ issue: first, spent: { dollars: 0.01 } }])
  writeFileSync(go, '')
  const waited = await town.wait(epic)
  expect(waited).toMatchObject({ status: 1, said: expect.stringContaining(`the budget of ${epic} is used up`) })
  const shown = JSON.parse(town.okBd('show', second, '--json')) as { status: string }[]
  expect([shown].flat()).toMatchObject([{ status: 'open' }])
  const costs = town.json<{ total: { dollars: number }; rows: { name: string }[] }>('costs', '--epic', epic)
  expect([costs.total.dollars, costs.rows.map(({ name }) => name)]).toEqual([0.02, [first]])
  for (const by of ['preset', 'model']) expect(town.ok('costs', '--epic', epic, '--by', by)).toMatch(/claude.* 0\.02/)
  rmSync(dir, { recursive: true })
})

test('over its budget a rig begins nothing and asks once; with a larger one it goes on, and shows what each issue has used', {
  timeout: 120_000,
}, async () => {
  t = realTown({ worker: committer, maxWorkers: 1 })
  t.issues(2)
  t.ok('rig', 'set', 'wyvern', 'budget.rig=3$', 'budget.issue=5M tokens')
  t.ok('up')
  used('wy-1', {}, { id: 'b' })
  t.ok('spawn', '--epic', 'wy-all')
  const waited = t.gt('wait', 'wy-all', '--timeout', '60')
  expect(waited).toMatchObject({ status: 1 })
  expect(waited.stdout + waited.stderr).toContain('the budget of wyvern is used up: 4.00$ of 3$')
  expect(causes()).toEqual(['wyvern/budget/rig'])
  // A daemon that is killed and begun again asks nobody twice.
  process.kill(t.daemonPid(), 'SIGKILL')
  await eventually(() => t.gt('status').status === 3)
  t.ok('up')
  t.ok('rig', 'set', 'wyvern', 'merge_tries=4')
  expect(causes()).toEqual(['wyvern/budget/rig'])
  expect(
    t.json<{ subject: string }[]>('mail', 'inbox').filter(({ subject }) => subject.includes('used up')),
  ).toHaveLength(1)
  expect(t.json<Status>('status').rigs[0]).toMatchObject({ polecats: [], spent: { dollars: 4 } })
  t.ok('rig', 'set', 'wyvern', 'budget.rig=4.5$')
  t.ok('wait', 'wy-all', '--timeout', '60')
  expect(causes()).toEqual([])
  await eventually(() =>
    t
      .json<{ subject: string }[]>('mail', 'inbox')
      .some(({ subject }) => subject.includes('nearly used up: 4.00$ of 4.5$')),
  )
})

test('gt polecats and gt status show what an issue has used, and nothing where there is nothing', async () => {
  t = realTown()
  t.issues(1)
  t.ok('up')
  t.ok('spawn', '--epic', 'wy-all')
  const cats = () => t.json<{ session: unknown; spent?: { dollars: number } }[]>('polecats', 'wyvern')
  await eventually(() => cats()[0]?.session != null)
  expect(cats()[0]).not.toHaveProperty('spent')
  expect(t.ok('polecats', 'wyvern')).not.toContain('$')
  used('wy-1', {})
  expect(cats()).toMatchObject([{ spent: { dollars: 2 } }])
  expect(t.ok('polecats', 'wyvern')).toMatch(/wy-1 .* 2\.00\$ +Issue 1/)
  expect(t.ok('status')).toMatch(/today 2\.00\$[\s\S]*wy-1 .* 2\.00\$ /)
})

test('a ledger that somebody damaged keeps no town from coming up, and is told', () => {
  t = realTown()
  used('wy-1', {})
  writeFileSync(t.layout.costs, 'x'.repeat(9000))
  expect(t.gt('costs')).toMatchObject({ status: 1, stderr: expect.stringContaining('is damaged') })
  t.ok('up')
  expect(t.json<Status>('status').problems.join()).toMatch(/costs\.db .*begun anew/)
  expect(t.ok('costs')).toContain('nothing has been used')
  expect(t.gt('rig', 'set', 'wyvern', 'budget.day=20')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('a budget looks like 20$, 5M tokens'),
  })
  expect(t.gt('rig', 'set', 'wyvern', 'budget.week=20$')).toMatchObject({ status: 2 })
  t.ok('rig', 'set', 'wyvern', 'budget.day=20$')
  expect(t.ok('rig', 'show', 'wyvern')).toContain('{"day":"20$"}')
  t.ok('rig', 'set', 'wyvern', 'budget.day=')
})
