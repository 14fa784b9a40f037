// The ledger of tokens and money, on real files: what is counted, what it costs, and what becomes of its file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { evidenceIn, type Told } from '../../actors/agents/evidence.ts'
import { rigConfig } from '../../actors/config.ts'
import { copyOfToday } from '../../actors/copies.ts'
import { townLayout } from '../../actors/layout.ts'
import { budgetsOf } from '../../actors/ledger/budgets.ts'
import { dayOf, leftOfDay } from '../../actors/ledger/days.ts'
import { type Ledger, openLedger, readLedger, usedIn } from '../../actors/ledger/ledger.ts'
import { costOf } from '../../actors/ledger/prices.ts'
import { spentWords, tokenWords } from '../../actors/ledger/words.ts'

let town: string
let ledger: Ledger
let told: string[]
beforeEach(() => {
  town = mkdtempSync(join(tmpdir(), 'ledger-'))
  for (const each of ['daemon/sessions', 'mayor']) mkdirSync(join(town, each), { recursive: true })
  configured({})
  told = []
  ledger = open()
})
afterEach(() => {
  ledger.close()
  rmSync(town, { recursive: true, force: true })
})

const open = () => openLedger(town, { told: (words) => told.push(words) })
const again = () => {
  ledger.close()
  ledger = open()
}
function configured(prices: object) {
  const config = { type: 'town', version: 1, name: 't', created_at: '2026-01-01T00:00:00Z', prices }
  writeFileSync(townLayout(town).townJson, JSON.stringify(config))
}

const noon = new Date(2026, 10, 26, 12).getTime()
const meta = (more: object = {}) => ({
  ...{ session: 'gt-w-Nux-1-1', rig: 'w', polecat: 'Nux', issue: 'w-1', within: ['w-e'], preset: 'claude' },
  ...more,
})
const used = (id: string, more: object = {}): Told => ({
  ...{ what: 'usage', id, model: 'sonnet-4-5', input: 100, output: 10, cached: 1000, cost: 0.5, at: noon },
  ...more,
})
const sums = (spent: { answers: number; input: number; dollars: number }) => [spent.answers, spent.input, spent.dollars]

test('nobody else can read it', () => {
  ledger.note(meta(), [used('a')])
  const modes = ['', '-wal', '-shm'].map((end) => statSync(`${townLayout(town).costs}${end}`).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600, 0o600])
  chmodSync(townLayout(town).costs, 0o644)
  again()
  expect(statSync(townLayout(town).costs).mode & 0o777).toBe(0o600)
})

test('each answer counts once, its last word counts, and every sum is asked for by itself', () => {
  expect(ledger.note(meta(), [{ what: 'turn_began', at: noon }])).toBe(0)
  ledger.note(meta(), [used('a', { input: 1 }), used('a'), used('b', { at: noon + 86_400_000 })])
  ledger.note(meta({ session: 'gt-w-Toast-1-1', issue: 'w-2', within: [] }), [used('a')])
  ledger.note(meta({ session: 'gt-x-Nux-1-1', rig: 'x', issue: 'x-1', within: ['x-e'] }), [used('a')])
  const seen = () => [
    ledger.spent({}),
    ledger.spent({ rig: 'w' }),
    ledger.spent({ rig: 'w', day: '2026-11-26' }),
    ledger.spent({ issue: 'w-1' }),
    ledger.spent({ rig: 'x', issue: 'w-1' }),
    ledger.spent({ epic: 'w-e' }),
    ledger.spent({ rig: 'w', since: noon + 1 }),
  ]
  const first = seen()
  expect(first.map(sums)).toEqual([
    [4, 400, 2],
    [3, 300, 1.5],
    [2, 200, 1],
    [2, 200, 1],
    [0, 0, 0],
    [2, 200, 1],
    [1, 100, 0.5],
  ])
  // Read off the evidence once more, after a crash before it was known how far it had been read.
  ledger.note(meta(), [used('a', { input: 1 }), used('a'), used('b', { at: noon + 86_400_000 })])
  again()
  expect(seen()).toEqual(first)
  expect(told).toEqual([])
})

test('what each account has used is told', () => {
  ledger.note(meta(), [used('a')])
  ledger.note(meta({ session: 's2', account: 'claude/work' }), [used('a'), used('b', { at: noon + 5 })])
  // Told once more: the row of before changes, and every sum with it.
  ledger.note(meta(), [used('a', { input: 7 })])
  const by = ledger.rows('account', {}).map(({ name, input }) => [name, input])
  expect(by).toEqual([
    ['claude/work', 200],
    ['', 7],
  ])
  expect(ledger.spent({ account: 'claude/work', since: noon + 1 }).input).toBe(100)
  expect(ledger.spent({}).input).toBe(207)
})

test('whatever is noted, in whatever order and however often, sums are those of the rows', () => {
  const fact = fc.record({
    session: fc.constantFrom('s1', 's2'),
    id: fc.constantFrom('a', 'b', 'c'),
    at: fc.constantFrom(noon, noon + 86_400_000),
    model: fc.constantFrom('m', 'n'),
    input: fc.integer({ min: -5, max: 2_000_000_000 }),
    cost: fc.option(fc.double({ min: 0, max: 3, noNaN: true })),
    within: fc.subarray(['w-e', 'w-inner', 'w-x']),
  })
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 12 }), fc.boolean(), (facts, gathers) => {
      ledger.close()
      rmSync(townLayout(town).costs, { force: true })
      ledger = open()
      for (const { session, within, ...one } of facts)
        ledger.note(meta({ session, issue: session, within }), [used(one.id, one)])
      const before = ledger.spent({})
      while (gathers && ledger.gather(noon + 1));
      expect(ledger.spent({})).toEqual(before)
      for (const by of ['rig', 'day', 'issue', 'epic', 'session', 'preset', 'model'] as const) {
        const byRows = ledger.rows(by, { since: 0 })
        expect(ledger.rows(by, {}).filter(({ answers }) => answers > 0)).toEqual(byRows)
        // What is in two counts for both.
        if (by === 'epic') continue
        for (const part of ['answers', 'input', 'output', 'cached'] as const)
          expect(byRows.reduce((sum, row) => sum + row[part], 0)).toBe(before[part])
      }
    }),
    { numRuns: 40 },
  )
})

test('an epic’s sum is that of everything in it, at all levels, as it is now', () => {
  const of = (issue: string, ...within: string[]) => meta({ session: `of-${issue}`, issue, within })
  ledger.note(of('w-1', 'w-inner', 'w-e'), [used('a'), used('b', { at: noon + 86_400_000 })])
  ledger.note(of('w-2', 'w-e'), [used('a')])
  ledger.note(of('w-3'), [used('a')])
  const answers = (...epics: string[]) => epics.map((epic) => ledger.spent({ rig: 'w', epic }).answers)
  const byEpic = (since?: number) => ledger.rows('epic', { since }).map(({ name, answers }) => `${name}: ${answers}`)
  expect(answers('w-inner', 'w-e')).toEqual([2, 3])
  expect(ledger.spent({ epic: 'w-e', since: noon + 1 }).answers).toBe(1)
  expect(ledger.rows('issue', { epic: 'w-e' }).map(({ name }) => name)).toEqual(['w-1', 'w-2'])
  expect([byEpic(), byEpic(0)]).toEqual(Array(2).fill(['w-e: 3', 'w-inner: 2', ': 1']))
  // What was in it goes elsewhere, with all that it has used.
  ledger.note(of('w-1', 'w-x'), [used('c')])
  expect(answers('w-inner', 'w-e', 'w-x')).toEqual([0, 1, 3])
  again()
  expect(answers('w-inner', 'w-e', 'w-x')).toEqual([0, 1, 3])
})

/** As the first version made it. */
const firstVersion = `
CREATE TABLE usage (
  session TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, day TEXT NOT NULL, rig TEXT NOT NULL,
  issue TEXT NOT NULL, epic TEXT NOT NULL, polecat TEXT NOT NULL, preset TEXT NOT NULL, model TEXT NOT NULL,
  answers INTEGER NOT NULL DEFAULT 1, input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL, nanos INTEGER,
  PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_epic ON usage (epic, at);
CREATE TABLE total (
  kind TEXT NOT NULL, name TEXT NOT NULL, rig TEXT NOT NULL, answers INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL,
  cached INTEGER NOT NULL, nanos INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL, PRIMARY KEY (kind, name, rig)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER usage_made AFTER INSERT ON usage BEGIN SELECT 1; END;
CREATE TRIGGER usage_gone AFTER DELETE ON usage BEGIN SELECT 1; END;
CREATE TRIGGER usage_changed AFTER UPDATE ON usage BEGIN SELECT 1; END;
INSERT INTO usage VALUES ('s', 'a', 5, '2026-11-26', 'w', 'w-1', 'w-e', 'Nux', 'pi', 'm', 1, 100, 10, 1000, 500000000);
INSERT INTO total SELECT key, value, 'w', 1, 100, 10, 1000, 500000000, 0, 0 FROM json_each('{"rig": "w", "issue": "w-1", "epic": "w-e"}');
PRAGMA user_version = 1;`

test('a file of the first version is brought up to date where it is, and nothing of it is lost', () => {
  ledger.close()
  const { costs } = townLayout(town)
  rmSync(costs)
  const db = new DatabaseSync(costs)
  db.exec(firstVersion)
  db.close()
  ledger = open()
  expect([sums(ledger.spent({ epic: 'w-e' })), sums(ledger.spent({ since: 0 })), told]).toEqual([
    ...[[1, 100, 0.5], [1, 100, 0.5], []],
  ])
  // It knew of no accounts.
  expect(ledger.rows('account', {})).toMatchObject([{ name: '', answers: 1 }])
  ledger.note(meta({ within: ['w-inner', 'w-e'] }), [used('b')])
  expect(['w-inner', 'w-e'].map((epic) => ledger.spent({ epic }).answers)).toEqual([2, 2])
})

test('a file that is gone begins from its last copy that can be used, with what evidence tells besides', async () => {
  session('gt-w-Nux-1-1', 'w-1', [used('a')])
  ledger.note(meta(), [used('a')])
  ledger.note(meta({ session: 'gone', issue: 'w-2' }), [used('a'), used('b')])
  const { costs, costsCopies } = townLayout(town)
  await copyOfToday(costs, costsCopies, noon)
  writeFileSync(join(costsCopies, '2026-11-27.db'), 'x'.repeat(9000))
  ledger.close()
  session('gt-w-Toast-2-1', 'w-3', [used('a')])
  rmSync(costs)
  ledger = open()
  expect([sums(ledger.spent({})), sums(ledger.spent({ since: 0 }))]).toEqual(Array(2).fill([4, 400, 2]))
  expect(told).toEqual([expect.stringMatching(/is not there: it was begun anew, .* its copy of 2026-11-26/)])
})

test('what was gathered and is told once more is not counted twice', () => {
  ledger.note(meta(), [used('a'), used('b', { at: noon + 5000 })])
  while (ledger.gather(noon + 1));
  ledger.note(meta(), [used('a'), used('b', { at: noon + 5000 })])
  expect(sums(ledger.spent({}))).toEqual([2, 200, 1])
})

test('prices that somebody writes count at once, also for what had none; wrong ones are told, and change nothing', () => {
  ledger.note(meta(), [used('a', { cost: null })])
  const price = { input: 1000, output: 0, cached: 0 }
  configured({ sonnet: price })
  ledger.readPrices()
  expect(ledger.spent({}).dollars).toBeCloseTo(0.1)
  configured({ sonnet: { ...price, input: -1 } })
  ledger.readPrices()
  ledger.note(meta(), [used('b', { cost: null })])
  expect(ledger.spent({}).dollars).toBeCloseTo(0.2)
  expect(told).toEqual([expect.stringMatching(/those of before: .*town\.json/)])
})

test('a price is the agent’s own, else the longest that fits in town.json, else unknown; what was unknown is priced later', () => {
  const prices = { son: { input: 1, output: 1, cached: 1 }, 'sonnet-4': { input: 3, output: 15, cached: 0.3 } }
  expect(costOf(prices, 'sonnet-4-5', { input: 1_000_000, output: 100_000, cached: 10_000 })).toBeCloseTo(4.503)
  expect(costOf(prices, 'opus', { input: 1, output: 1, cached: 1 })).toBeNull()
  ledger.note(meta(), [used('own'), used('table', { cost: null }), used('none', { model: 'opus', cost: null })])
  expect(ledger.spent({})).toMatchObject({ dollars: 0.5, unpriced: { answers: 2, tokens: 2220 } })
  expect(spentWords(ledger.spent({}))).toBe('0.50$ and 2.2k tokens without a price')
  configured(prices)
  again()
  const cost = (100 * 3 + 10 * 15 + 1000 * 0.3) / 1_000_000
  expect(ledger.spent({})).toMatchObject({ dollars: 0.5 + cost, unpriced: { answers: 1, tokens: 1110 } })
  ledger.note(meta(), [used('new', { cost: null })])
  expect(ledger.spent({}).dollars).toBeCloseTo(0.5 + 2 * cost)
  expect(() => {
    configured({ sonnet: { input: -1, output: 1, cached: 1 } })
    again()
  }).toThrow(/town\.json.*prices/)
  configured({})
  ledger = open()
})

/** A session's folder as the town leaves it. */
function session(id: string, issue: string, facts: readonly Told[]) {
  const dir = join(townLayout(town).sessions, id)
  mkdirSync(dir)
  const [, who] = /^gt-.+-(\w+-\d+)-\d+$/.exec(id) ?? []
  writeFileSync(
    join(dir, 'assignment.json'),
    JSON.stringify({ issue: { id: issue, epic: 'w-e' }, branch: `polecat/${who}` }),
  )
  writeFileSync(join(dir, 'run.json'), JSON.stringify({ preset: 'pi' }))
  for (const one of facts) evidenceIn(dir, () => one.at)(one)
}

test.each([
  ['missing', (file: string) => rmSync(file)],
  ['cut', (file: string) => truncateSync(file, 5000)],
  ['no database', (file: string) => writeFileSync(file, 'x'.repeat(9000))],
  [
    'a folder',
    (file: string) => {
      rmSync(file)
      mkdirSync(file)
    },
  ],
  [
    'of a newer version',
    (file: string) => {
      const db = new DatabaseSync(file)
      db.exec('PRAGMA user_version = 99')
      db.close()
    },
  ],
])('a file that is %s begins anew from the evidence, is kept aside, and is told', (_, breaks) => {
  session('gt-my-rig-Nux-3-1', 'w-1', [used('a', { input: 1 }), used('a'), used('b')])
  session('gt-w-Toast-1-2', 'w-2', [{ what: 'turn_began', at: noon }])
  ledger.note(meta({ session: 'gone' }), [used('a')])
  ledger.close()
  const { costs, aside } = townLayout(town)
  const was = existsSync(costs)
  breaks(costs)
  const isLeft = existsSync(costs)
  ledger = open()
  expect(told).toEqual([expect.stringMatching(/costs\.db .*begun anew, with 3 usages/)])
  expect(ledger.rows('session', {})).toMatchObject([
    { name: 'gt-my-rig-Nux-3-1', rig: 'my-rig', answers: 2, input: 200 },
  ])
  expect(ledger.rows('preset', {})).toMatchObject([{ name: 'pi' }])
  expect([was, existsSync(join(aside, 'costs-1/costs.db'))]).toEqual([true, isLeft])
  again()
  expect([sums(ledger.spent({})), told.length]).toEqual([[2, 200, 1], 1])
})

test.each([
  ['deletes', rmSync],
  ['cuts', truncateSync],
  ['overwrites', (file: string) => writeFileSync(file, 'x'.repeat(9000))],
])('a file that somebody %s under an open ledger loses nothing that evidence tells', (_, breaks) => {
  session('gt-w-Nux-1-1', 'w-1', [used('a'), used('b')])
  ledger.note(meta(), [used('a'), used('b')])
  breaks(townLayout(town).costs)
  expect(sums(ledger.spent({}))).toEqual([2, 200, 1])
  ledger.note(meta(), [used('c')])
  expect(sums(ledger.spent({}))).toEqual([3, 300, 1.5])
  again()
  // What no evidence tells goes with the file, where that could not be saved; nothing else does.
  expect([2, 3]).toContain(ledger.spent({}).answers)
  expect(ledger.spent({})).toEqual(ledger.spent({ since: 0 }))
  expect(told.length).toBeLessThanOrEqual(1)
})

test('a file that cannot be used for a while keeps nobody from counting, and has it all once it can be', () => {
  session('gt-w-Nux-1-1', 'w-1', [used('a')])
  ledger.note(meta(), [used('before')])
  ledger.close()
  // Somebody holds it, as a backup may.
  const other = new DatabaseSync(townLayout(town).costs)
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  ledger = openLedger(town, { told: (words) => told.push(words), tryAgainMs: 0 })
  expect([sums(ledger.spent({})), told]).toEqual([[1, 100, 0.5], [expect.stringContaining('counted without it')]])
  session('gt-w-Toast-1-1', 'w-2', [used('b')])
  ledger.note(meta({ session: 'gt-w-Toast-1-1', issue: 'w-2' }), [used('b')])
  other.exec('ROLLBACK')
  other.close()
  expect([sums(ledger.spent({})), told.length]).toEqual([[3, 300, 1.5], 1])
  again()
  expect([sums(ledger.spent({})), existsSync(townLayout(town).costsBehind)]).toEqual([[3, 300, 1.5], false])
})

test('a town whose ledger can be nowhere counts, and says so', () => {
  session('gt-w-Nux-1-1', 'w-1', [used('a')])
  ledger.close()
  const { costs, aside } = townLayout(town)
  rmSync(costs)
  mkdirSync(costs)
  writeFileSync(aside, 'no folder')
  ledger = open()
  ledger.note(meta(), [used('b')])
  expect([sums(ledger.spent({})), told]).toEqual([[2, 200, 1], [expect.stringContaining('counted without it')]])
})

test('killed at any moment, it has whole notes, and its sums are those of its rows', { timeout: 60_000 }, async () => {
  ledger.close()
  const script = `
    import { openLedger } from ${JSON.stringify(join(import.meta.dirname, '../../actors/ledger/ledger.ts'))}
    const ledger = openLedger(${JSON.stringify(town)})
    console.log('open')
    for (let n = 0; process.ppid === ${process.pid}; n++) ledger.note(${JSON.stringify(meta())}, [0, 1, 2].map((k) => ({ ...${JSON.stringify(used('x'))}, id: process.pid + '/' + n + '/' + k })))`
  for (const ms of [20, 120, 250]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, ms))
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  // Also for who only reads: what the last one left is beside the file still.
  const reader = readLedger(town)
  const read = reader.spent({})
  reader.close()
  ledger = open()
  expect(ledger.spent({})).toEqual(read)
  const [fromSums, fromRows] = [ledger.spent({}), ledger.spent({ since: 0 })]
  expect(fromSums).toEqual(fromRows)
  expect(fromRows.answers).toBeGreaterThan(0)
  expect(fromRows.answers % 3).toBe(0)
  expect(told).toEqual([])
})

test('it is read while it is written, and a town without one has used nothing', () => {
  ledger.note(meta(), [used('a')])
  const reader = readLedger(town)
  ledger.note(meta(), [used('b')])
  expect(sums(reader.spent({ rig: 'w' }))).toEqual([2, 200, 1])
  reader.close()
  ledger.close()
  rmSync(townLayout(town).costs)
  const none = readLedger(town)
  expect([none.spent({}).answers, none.rows('rig', {})]).toEqual([0, []])
  none.close()
  expect(existsSync(townLayout(town).costs)).toBe(false)
  writeFileSync(townLayout(town).costs, 'x'.repeat(9000))
  expect(() => readLedger(town)).toThrow(/costs\.db is damaged.*gt up/)
  ledger = open()
})

test('a question costs the same however much has been used before', () => {
  const planOf = (text: string) => {
    const db = new DatabaseSync(townLayout(town).costs)
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all() as { detail: string }[]
    db.close()
    return plan.map(({ detail }) => detail).join()
  }
  ledger.note(meta(), [used('a')])
  expect(planOf("SELECT sum(nanos) FROM total WHERE kind = 'issue' AND name = 'w-1' AND rig = 'w'")).toMatch(
    /SEARCH total USING (PRIMARY KEY|INDEX)/,
  )
  for (const where of [
    "rig = 'w' AND at >= 5",
    "issue = 'w-1'",
    "issue IN (SELECT issue FROM within WHERE above = 'w-e') AND at >= 5",
  ])
    expect(planOf(`SELECT sum(nanos) FROM usage WHERE ${where}`)).toMatch(/SEARCH usage USING INDEX/)
})

test('numbers an agent made up neither lower a sum nor break it', () => {
  const absurd = { input: -7, output: Number.MAX_SAFE_INTEGER, cached: 0, cost: 1e300 }
  ledger.note(
    meta(),
    Array.from({ length: 50 }, (_, n) => used(String(n), absurd)),
  )
  expect(ledger.spent({})).toMatchObject({ input: 0, output: 50_000_000_000, dollars: 500_000 })
  ledger.note(meta(), [used('negative', { cost: -5 }), used('early', { at: -1e300, cost: 0 })])
  ledger.note(meta(), [used('late', { at: 1e300, cost: null, model: 'x'.repeat(2000) })])
  expect(ledger.spent({}).dollars).toBe(500_000)
})

test('what facts tell of tokens is found; words of sizes', () => {
  expect(usedIn([{ what: 'turn_began', at: 1 }, used('a')]).map(({ id }) => id)).toEqual(['a'])
  expect([0, 999, 1000, 999_949, 999_950, 12_345_678].map(tokenWords)).toEqual([
    '0',
    '999',
    '1.0k',
    '999.9k',
    '1.00M',
    '12.35M',
  ])
  expect([dayOf(noon), leftOfDay(noon)]).toEqual(['2026-11-26', 12 * 3_600_000])
})

const rig = (budgets: object) =>
  rigConfig.safeParse({
    ...{ type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } },
    ...{ no_gate: true, budgets },
  })

test.each([
  ['20$', { dollars: 20 }],
  ['$1.50', { dollars: 1.5 }],
  ['3 dollars', { dollars: 3 }],
  ['5M tokens', { tokens: 5_000_000 }],
  ['1.5k tokens, 2$', { dollars: 2, tokens: 1500 }],
  ['20', undefined],
  ['20€', undefined],
  ['0$', undefined],
  ['', undefined],
  ['5M', undefined],
  ['20$ a week', undefined],
])('a budget of "%s"', (text, amount) => {
  const read = rig({ day: text })
  expect(read.success ? read.data.budgets.day : undefined).toEqual(amount)
  if (!amount) expect(JSON.stringify(read.error?.issues)).toContain('a budget looks like 20$')
})

test('the widest budget that is used up keeps an issue; what is nearly so, or not counted in full, is told before', () => {
  const budgets = (written: object) => {
    const config = rig(written)
    if (!config.success) throw config.error
    return budgetsOf('w', config.data.budgets, ledger, () => noon)
  }
  const part = { issue: 'w-1', within: ['w-e'] }
  expect(budgets({})).toBeUndefined()
  expect(budgets({ day: '1$' })?.over(part)).toBeUndefined()
  ledger.note(meta(), [used('a', { cost: 0.85 })])
  expect(budgets({ day: '1$', issue: '1M tokens' })?.warnings([part])).toEqual([
    { what: 'nearly', which: 'day', of: '2026-11-26', spent: '0.85$', budget: '1$' },
  ])
  ledger.note(meta(), [used('b', { cost: null })])
  expect(budgets({ rig: '2$', epic: '2k tokens' })?.warnings([part])).toEqual([
    { what: 'unpriced', which: 'rig', of: 'w', spent: '0.85$ (and 1 answers of unknown price)', budget: '2$' },
  ])
  expect(budgets({ rig: '2$', epic: '2k tokens', issue: '2k tokens' })?.over(part)).toEqual({
    ...{ kind: 'over_budget', which: 'epic', of: 'w-e', spent: '2.2k tokens', budget: '2k tokens', againMs: null },
  })
  expect(budgets({ day: '0.5$' })?.over({ issue: 'w-9', within: [] })).toMatchObject({
    ...{ which: 'day', of: '2026-11-26', againMs: 12 * 3_600_000 },
  })
  expect(budgets({ epic: '2k tokens' })?.over({ issue: 'w-9', within: [] })).toBeUndefined()
  // In whatever it is a part of, at any level.
  expect(budgets({ epic: '2k tokens' })?.over({ issue: 'w-9', within: ['w-inner', 'w-e'] })).toMatchObject({
    of: 'w-e',
  })
})
