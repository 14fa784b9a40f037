// A town whose workers are spoken to, with a stand-in for Claude Code: however its turns and its runs end, what it was
// given lands, or the Overseer is asked once. The real agents' stories are in test/agents.
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentTown, greets, handsOver } from '../fixture/agent-town.ts'
import { eventually, type RealTownOptions } from '../fixture/real-town.ts'

const standIn = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'stand-in-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const script = () => join(dir, 'script.json')
const follows = (steps: readonly unknown[]) => writeFileSync(script(), JSON.stringify(steps))
function open(steps: readonly unknown[], options: RealTownOptions = {}) {
  follows(steps)
  return agentTown({ agent: 'claude', worker: `${process.execPath} ${standIn} ${script()}`, ...options })
}
/** How often a text was said to the agent, in all its conversations. */
const timesSaid = (text: string) =>
  readdirSync(`${script()}.d`)
    .map((name) => readFileSync(join(`${script()}.d`, name), 'utf8').split(text).length - 1)
    .reduce((sum, times) => sum + times, 0)
const forgets = 'You have stopped, and have not said how'
const isAnother = 'There was a conversation before this one'

test('a turn that ends without a handoff is told so, and what it has not done; then it lands', async () => {
  using town = open([
    'echo hello > greeting.txt',
    { say: 'Done?' },
    "git add . && git commit -qm 'Greet'",
    ...handsOver,
  ])
  await town.lands(town.give())
  expect([timesSaid(forgets), timesSaid('uncommitted')]).toEqual([1, 1])
  expect(town.inbox()).toEqual([])
})

test('one that never says how it ended is told three times, and then the Overseer is asked, once', async () => {
  using town = open([greets, { say: 'Done.', times: 'always' }])
  const id = town.give()
  expect(await town.wait(id)).toMatchObject({ status: 1 })
  expect(town.escalations()).toEqual([expect.stringContaining(`${id} needs you`)])
  expect(timesSaid(forgets)).toBe(3)
  town.wentOn(1)
})

test('an allowance that is used up is waited for: nobody is started, one notice, no try', async () => {
  using town = open([
    { match: 'Nothing to do', script: ["gt handoff --no-change 'as it says'", { say: 'Done.' }] },
    { script: [{ limited: 4 }, greets, ...handsOver] },
  ])
  const first = town.give()
  // The town has heard of it.
  await eventually(() => town.inbox().length > 0)
  const second = town.give('Nothing to do')
  expect(town.json<unknown[]>('polecats', 'wyvern')).toHaveLength(1)
  await town.lands(first)
  expect(await town.wait(second)).toMatchObject({ status: 0 })
  const limited = town.facts().find((fact) => fact.what === 'limited')
  const [, startedAt = 0] = town.facts().flatMap((fact) => (fact.what === 'started' ? [fact.at] : []))
  expect(startedAt).toBeGreaterThanOrEqual(limited?.until ?? 0)
  expect(town.inbox()).toEqual(['the agents of wyvern have used up an allowance of their account'])
})

test('no key, or no program: the rig stops, and the Overseer is asked once; mended, it goes on', async () => {
  using town = open([{ fails: 401 }, greets, ...handsOver])
  const id = town.give()
  expect(await town.wait(id)).toMatchObject({ status: 1, said: expect.stringContaining('cannot work') })
  expect(town.escalations()).toHaveLength(1)
  const [program, ...args] = [process.execPath, standIn, script()]
  town.ok('rig', 'set', 'wyvern', `worker=/nowhere/node ${args.join(' ')}`)
  expect(await town.wait(id)).toMatchObject({ status: 1, said: expect.stringContaining('/nowhere/node') })
  expect(town.escalations()).toHaveLength(1)
  town.ok('rig', 'set', 'wyvern', `worker=${program} ${args.join(' ')}`)
  await town.lands(id)
})

test('killed in the middle of its work, by itself or with what speaks with it, it goes on where it was', async () => {
  using town = open(['sleep 60', 'sleep 61', greets, ...handsOver], { config: { session_tries: 3 } })
  const id = town.give()
  await town.tells('tool_began', { on: 'sleep 60' })
  expect(town.killAgent()).toHaveLength(1)
  await town.tells('tool_began', { on: 'sleep 61' })
  expect(town.killSupervisor()).toHaveLength(1)
  await town.lands(id)
  town.wentOn(3)
  expect(timesSaid('Your session had ended, and goes on here')).toBe(2)
})

test('it works on while the daemon is gone; mail in the middle of a turn reaches it once', async () => {
  using town = open([
    { match: 'word-of-the-evening', script: [...handsOver] },
    { script: [`sleep 4; ${greets}`, 'sleep 1', { say: 'Done.' }, 'sleep 3', { say: 'Done.' }] },
  ])
  const id = town.give()
  await town.tells('tool_began')
  town.ok('mail', 'send', town.worker(), '-s', 'News', '-m', 'word-of-the-morning')
  process.kill(town.daemonPid(), 'SIGKILL')
  await town.tells('turn_over')
  town.ok('up')
  town.ok('mail', 'send', town.worker(), '-s', 'News', '-m', 'word-of-the-evening')
  await town.lands(id)
  town.wentOn(1)
  expect([timesSaid('word-of-the-morning'), timesSaid('word-of-the-evening')]).toEqual([1, 1])
})

test('a red gate sends it back, and what it is told then lets it mend it; a full context begins anew', async () => {
  const rules = [
    { match: 'the gate .mended. failed', script: ['touch mended; git add .; git commit -qm Mend', ...handsOver] },
    { match: isAnother, script: [greets, ...handsOver] },
    { script: [{ overlong: true }] },
  ]
  using town = open(rules, { gates: ['mended=test ! -e greeting.txt -o -e mended'] })
  await town.lands(town.give())
  expect(new Set(town.conversations()).size).toBe(3)
})

// Another conversation

test('whose context is full goes on in another conversation, with its notes in their order and what is in its worktree', async () => {
  using town = open([
    { match: isAnother, script: ["git add . && git commit -qm 'Greet'", ...handsOver] },
    {
      script: [
        'echo hello > greeting.txt',
        "gt mail send $GT_ADDRESS -s 'Where I am' -m 'an earlier one'",
        "gt mail send $GT_ADDRESS -s 'Where I am' -m 'the greeting is written'",
        { overlong: true },
      ],
    },
  ])
  await town.lands(town.give())
  expect(['1 uncommitted file (greeting.txt)', 'the greeting is written', 'an earlier one'].map(timesSaid)).toEqual([
    ...[1, 1, 1],
  ])
  // They are read by that, and out of the inbox.
  expect(town.ok('mail', 'inbox', 'wyvern/polecats/Nux')).not.toContain('Where I am')
  expect(new Set(town.conversations()).size).toBe(2)
})

test('one conversation too many, and the Overseer is asked, once', async () => {
  using town = open([{ overlong: true, times: 'always' }], { config: { cycles: 2 } })
  const id = town.give()
  expect(await town.wait(id)).toMatchObject({ status: 1 })
  expect(town.escalations()).toEqual([expect.stringContaining(`${id} needs you`)])
  expect(new Set(town.conversations()).size).toBe(3)
})

test('its state.json asks for another conversation, where a turn ends or its program does, with a note or without', async () => {
  const asks = `echo '{"requesting_cycle": true}' > "$GT_STATE"`
  using town = open([
    { match: 'the greeting is written', script: ["git add . && git commit -qm 'Greet'", ...handsOver] },
    {
      match: isAnother,
      script: ["gt mail send $GT_ADDRESS -s Note -m 'the greeting is written'", asks, 'kill -9 $PPID', 'sleep 60'],
    },
    { script: ['echo hello > greeting.txt', asks, { say: 'I go on elsewhere.' }] },
  ])
  await town.lands(town.give())
  expect([timesSaid('It left no note'), timesSaid('the greeting is written')]).toEqual([1, 1])
  expect(new Set(town.conversations()).size).toBe(3)
})

test('after so long it is asked for another one; whose context was made shorter hears once more who it is', async () => {
  const rules = [
    { match: isAnother, script: [{ compacts: true }, greets, 'sleep 1', ...handsOver] },
    { match: 'gone on for long', script: ["gt handoff --cycle 'half of it'", 'sleep 60'] },
    { script: ['sleep 8', { say: 'Nobody has asked me.' }] },
  ]
  using town = open(rules, { config: { cycle_after: '3s' } })
  await town.lands(town.give())
  expect(['half of it', 'Your context was made shorter', '## Your issue: '].map(timesSaid)).toEqual([1, 1, 3])
  expect(new Set(town.conversations()).size).toBe(2)
})

test('a worker that nobody speaks with cannot be asked, and may begin again by itself, which is no try', async () => {
  const worker = join(dir, 'worker.sh')
  const [again, note] = ['test "$(git log -1 --format=%s)" = First', 'grep -q "the first half" "$GT_ASSIGNMENT"']
  const done = `${note} && ${greets} && exec gt handoff`
  const first = `git commit -q --allow-empty -m First; while [ ! -e ${dir}/go ]; do sleep 0.1; done
gt mail send $GT_ADDRESS -s Note -m "the first half"; echo '{"requesting_cycle": true}' > "$GT_STATE"; exit 3`
  writeFileSync(worker, `#!/bin/sh\nif ${again}; then ${done}; fi\n${first}\n`, { mode: 0o755 })
  using town = agentTown({ worker })
  const id = town.give()
  await eventually(() => town.json<{ state: string }[]>('polecats', 'wyvern').some(({ state }) => state === 'working'))
  expect(town.gt('cycle', town.worker())).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('gt session stop'),
  })
  writeFileSync(join(dir, 'go'), '')
  await town.lands(id)
})
