// What speaks with an agent, as the process it is, over a session's folder of the test's own: the stand-in for Claude
// Code answers, or a program that takes words and drops them.
import { type ChildProcess, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { evidenceFrom, evidenceOf, type Told } from '../../actors/agents/evidence.ts'
import { askToEnd, describeRun, layDown, uuidOf } from '../../actors/agents/supervisor.ts'
import { eventually } from '../fixture/real-town.ts'

const entry = join(import.meta.dirname, '../../cli/supervisor.ts')
const standIn = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
const conversation = '11111111-2222-8333-8444-555555555555'
let dir: string
let children: ChildProcess[]
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'supervisor-')))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const script = () => join(dir, 'script.json')
const facts = () => evidenceFrom(dir, 0).facts
const states = (id: string) => facts().flatMap((one) => (one.what === 'message' && one.id === id ? [one.state] : []))
const tells = (what: Told['what'], times = 1) =>
  eventually(() => facts().filter((one) => one.what === what).length >= times)
/** The texts that the stand-in has heard. */
const heard = () =>
  (JSON.parse(readFileSync(join(`${script()}.d`, conversation), 'utf8')) as { said: { text: string }[] }).said.map(
    ({ text }) => text,
  )
function begin(
  steps: readonly unknown[],
  { argv = [process.execPath, standIn, script()], resumed = false, output = '' } = {},
) {
  writeFileSync(script(), JSON.stringify(steps))
  const silent = { role: '', notForIt: [], model: null, effort: null, account: '' }
  describeRun(dir, { preset: 'claude', argv, conversation, resumed, ...silent })
  const to = output === '' ? 'ignore' : openSync(output, 'a')
  const child = spawn(process.execPath, [entry, dir], { cwd: dir, stdio: ['ignore', to, to] })
  children.push(child)
  return new Promise<number | null>((resolve) => child.once('close', resolve))
}
const says = { say: 'Yes.', times: 'always' }

test('the same words are said once, however often they are laid down, and by whichever supervisor', async () => {
  layDown(dir, 0, { id: 'one', text: 'First' })
  const over = begin([says])
  await tells('turn_over')
  layDown(dir, 0, { id: 'one', text: 'First' })
  layDown(dir, 5, { id: 'one', text: 'First' })
  layDown(dir, 6, { id: 'two', text: 'Second' })
  await tells('turn_over', 2)
  askToEnd(dir)
  await over
  rmSync(join(dir, 'words'), { recursive: true })
  layDown(dir, 0, { id: 'one', text: 'First' })
  layDown(dir, 1, { id: 'three', text: 'Third' })
  begin([says], { resumed: true })
  await tells('turn_over', 3)
  expect(heard()).toEqual(['First', 'Second', 'Third'])
  expect(states('one')).toEqual(['taken', 'delivered', 'answered'])
})

test('words are said in the order of their places; those in the middle of a turn are heard in it', async () => {
  for (const n of [2, 0, 10, 1]) layDown(dir, n, { id: `word ${n}`, text: `word ${n}` })
  begin(['sleep 1', says])
  await tells('tool_began')
  layDown(dir, 11, { id: 'late', text: 'late' })
  await tells('turn_over')
  expect(heard()).toEqual(['word 0', 'word 1', 'word 2', 'word 10', 'late'])
})

test('words that were dropped are said again, before the next', async () => {
  const drops = join(dir, 'drops.mjs')
  const program = `
    import { createInterface } from 'node:readline'
    const tell = (message) => console.log(JSON.stringify(message))
    let n = 0
    createInterface({ input: process.stdin }).on('line', (line) => {
      const { uuid, message } = JSON.parse(line)
      const became = (state) => tell({ type: 'command_lifecycle', command_uuid: uuid, state })
      became('queued')
      if (n++ === 0) return became('cancelled')
      became('started')
      tell({ type: 'assistant', message: { id: 'a', content: [{ type: 'text', text: message.content }] } })
      became('completed')
    })`
  writeFileSync(drops, program)
  layDown(dir, 0, { id: 'one', text: 'First' })
  begin([], { argv: [process.execPath, drops] })
  await eventually(() => states('one').includes('dropped'))
  layDown(dir, 1, { id: 'two', text: 'Second' })
  await eventually(() => states('two').includes('answered'))
  expect(facts().flatMap((one) => (one.what === 'said' ? [one.text] : []))).toEqual(['First', 'Second'])
  expect(states('one')).toEqual(['taken', 'dropped', 'taken', 'delivered', 'answered'])
})

test('what is no word is told and cleared away, and the words after it are said', async () => {
  const words = join(dir, 'words')
  mkdirSync(words)
  writeFileSync(join(words, '00000000-a.json'), '{ "id": ')
  writeFileSync(join(words, '00000001-b.json'), '{ "id": 7, "text": [] }')
  writeFileSync(join(words, '00000002-c.json'), JSON.stringify({ id: 'c', text: 'x'.repeat(300_000) }))
  mkdirSync(join(words, '00000003-d.json'))
  writeFileSync(join(words, 'notes.txt'), 'not for it')
  layDown(dir, 4, { id: 'one', text: 'First' })
  begin([says])
  await tells('turn_over')
  expect(heard()).toEqual(['First'])
  expect(facts().filter(({ what }) => what === 'noise')).toHaveLength(4)
  expect(readdirSync(words)).toEqual(['notes.txt'])
})

test('asked to end before there was anybody to ask, it ends; so it does by a signal', async () => {
  askToEnd(dir)
  await begin([says])
  expect(facts().map(({ what }) => what)).toEqual(['gone'])
  rmSync(join(dir, 'words'), { recursive: true })
  layDown(dir, 0, { id: 'one', text: 'First' })
  const over = begin(['exec sleep 60', says])
  await tells('tool_began')
  children.at(-1)?.kill('SIGTERM')
  expect(await over).toBe(143)
  expect(facts().at(-1)).toMatchObject({ what: 'gone', exitCode: 143 })
})

test('a program that prints without end takes no room: noise is bounded, and what is shown; all else ends it', async () => {
  const floods = (line: string) => ['/bin/sh', '-c', `head -c 6000000 /dev/zero | tr '\\0' x | fold -w 500; ${line}`]
  const size = (name: string) => statSync(join(dir, name)).size
  expect(await begin([], { argv: floods('exit 7') })).toBe(7)
  expect(facts().filter(({ what }) => what === 'noise')).toHaveLength(201)
  // What it says it did, again and again: of that every word would count. Six bytes a character, as it is written down.
  const why = '\\\\u0001'.repeat(1000)
  const over = `printf '{"type":"result","result":"${why}"}\\n' > over; while :; do cat over; done`
  expect(await begin([], { argv: floods(over) })).toBe(1)
  expect([...evidenceOf(dir)].at(-1)).toMatchObject({ what: 'gone', signal: 'SIGTERM' })
  expect(size('evidence.jsonl')).toBeLessThan(20_000_000)
  // The same where it does not matter, shown in a file that the town would shorten, if it were up.
  const text = JSON.stringify({ type: 'text', text: 'x'.repeat(900) })
  const said = `printf '{"type":"assistant","message":{"id":"a","content":[${text}]}}\\n' > said; yes "$(cat said)" | head -n 20000`
  rmSync(join(dir, 'evidence.jsonl'))
  expect(await begin([], { argv: ['/bin/sh', '-c', said], output: join(dir, 'output.log') })).toBe(0)
  expect(size('evidence.jsonl')).toBeLessThan(20_000_000)
  expect(size('output.log')).toBeLessThan(12_000_000)
})

test('an agent that will not begin is told with its words', async () => {
  expect(await begin([says], { resumed: true })).toBe(1)
  expect(facts()).toContainEqual(
    expect.objectContaining({ what: 'gone', exitCode: 1, tail: expect.stringContaining('No conversation found') }),
  )
})

test('what a program knows words by is a uuid, always the same, and another for others', () => {
  expect(uuidOf('wy-1')).toBe('98e9c671-97af-80dc-886f-dbf87800bb11')
  expect(uuidOf('wy-2')).not.toBe(uuidOf('wy-1'))
})
