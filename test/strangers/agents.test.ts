// Agents' programs that are not what they should be, and people who speak at the same time: in a town, with a stand-in
// for Claude Code where one is needed.
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pace } from '../../cli/pace.ts'
import { agentTown, greets, handsOver } from '../fixture/agent-town.ts'

const standIn = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'strange-')))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const script = () => join(dir, 'script.json')
function follows(steps: readonly unknown[]): string {
  writeFileSync(script(), JSON.stringify(steps))
  return `${process.execPath} ${standIn} ${script()}`
}
const said = () =>
  readdirSync(`${script()}.d`)
    .map((name) => readFileSync(join(`${script()}.d`, name), 'utf8'))
    .join()

test('a program that says nothing is asked, ended and tried again, and then you are asked, with how long it was silent', async () => {
  const worker = '#!/bin/sh\nexec sleep 1000\n'
  using town = agentTown({ agent: 'claude', worker, config: { session_tries: 2, hang_after: '2s' } })
  const id = town.give()
  expect(await town.wait(id)).toMatchObject({ status: 1 })
  expect(town.escalations()).toEqual([expect.stringContaining(`${id} needs you`)])
  expect(town.ok('log')).toMatch(/no sign of progress for \d+ s[\s\S]*the session showed no progress, 2 times/)
})

test('a program that prints what is no word of its protocol is told with its last words, and counts as a try', async () => {
  const worker = '#!/bin/sh\nhead -c 3000000 /dev/urandom; echo; echo "Segmentation fault, or so"; exit 0\n'
  using town = agentTown({ agent: 'claude', worker, config: { session_tries: 2 } })
  const id = town.give()
  expect(await town.wait(id)).toMatchObject({ status: 1 })
  expect(town.escalations()).toEqual([expect.stringContaining(`${id} needs you`)])
  expect(town.ok('mail', 'read', town.json<{ id: string }[]>('mail', 'inbox')[0]?.id ?? '')).toContain(
    'Segmentation fault, or so',
  )
})

test('two answers to one question at the same moment both reach it, each once, and it goes on', async () => {
  const rules = [
    { match: 'answer-of-ann(.|\\n)*answer-of-bob|answer-of-bob(.|\\n)*answer-of-ann', script: [greets, ...handsOver] },
    { match: 'answer-of', script: ['sleep 3', { say: 'I have one.' }] },
    { script: ['gt ask "Which of the two?"', { say: 'I wait.' }] },
  ]
  using town = agentTown({ agent: 'claude', worker: follows(rules) })
  const id = town.give()
  await town.tells('turn_over')
  const answers = ['ann', 'bob'].map((name) => town.later('inject', town.worker(), `answer-of-${name}`))
  expect(await Promise.all(answers)).toEqual([0, 0])
  await town.lands(id)
  for (const name of ['ann', 'bob']) expect(said().split(`answer-of-${name}`)).toHaveLength(2)
  town.wentOn(1)
})

test('an agent that never stops calling gt keeps nobody from being answered, and is answered once a second', async () => {
  const calls = ['status', 'ask "What now?"', ...Array(3).fill('mail send overseer -s Hello -m Hello')]
  const loops = calls.map((call) => `(while :; do gt ${call} > /dev/null 2>&1; done) &`).join(' ')
  using town = agentTown({ agent: 'claude', worker: follows([`${loops} sleep 600`]) })
  town.give()
  const from = performance.now()
  await town.tells('tool_began')
  while (performance.now() - from < 10_000) town.ok('status')
  const mails = town.json<unknown[]>('mail', 'inbox').length
  expect(mails).toBeGreaterThan(10)
  expect(mails).toBeLessThan(pace.burst + 2 + (performance.now() - from) / pace.everyMs)
})
