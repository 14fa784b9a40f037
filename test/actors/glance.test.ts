// What evidence comes to at a glance: of a session folder made by hand, as a supervisor writes it.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { evidenceFile, evidenceIn, evidenceOf, type Fact } from '../../actors/agents/evidence.ts'
import { glanceAt } from '../../actors/agents/glance.ts'

let dir: string
let at: number
let tell: (one: Fact) => void
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'glance-'))
  at = 0
  tell = evidenceIn(dir, () => ++at)
})
afterEach(() => rmSync(dir, { recursive: true }))

const began: Fact = { what: 'turn_began' }
const over = (end: 'done' | 'limited' = 'done'): Fact => ({ what: 'turn_over', end, why: '' })
const runs = (id: string): Fact => ({ what: 'tool_began', id, name: 'Bash', on: `run ${id}` })
const words = (id: string, state: 'taken' | 'delivered' | 'answered' | 'dropped'): Fact => ({
  what: 'message',
  id,
  state,
})

test('the tools that run are those of this turn that are not over', () => {
  for (const one of [began, runs('a'), runs('b'), { what: 'tool_over', id: 'a' } as const]) tell(one)
  expect(glanceAt(dir)).toMatchObject({ turn: { what: 'turn_began', at: 1 }, tools: [{ id: 'b', at: 3 }] })
  tell(over())
  expect(glanceAt(dir)).toMatchObject({ turn: { what: 'turn_over', end: 'done' }, tools: [] })
  tell(began)
  expect(glanceAt(dir).tools).toEqual([])
})

test('words count once, as far as they have come', () => {
  for (const state of ['taken', 'delivered', 'answered'] as const) tell(words('a', state))
  for (const state of ['taken', 'delivered'] as const) tell(words('b', state))
  tell(words('c', 'taken'))
  expect(glanceAt(dir).words).toEqual({ taken: 1, delivered: 1, answered: 1, dropped: 0 })
})

test('a limit holds until a turn begins, a retry until something comes of it', () => {
  tell(began)
  tell({ what: 'limited', until: 99, window: '' })
  tell(over('limited'))
  tell({ what: 'retrying', status: 529, inMs: 1000, why: 'overloaded' })
  expect(glanceAt(dir)).toMatchObject({ limited: { until: 99 }, retrying: { status: 529 } })
  tell(began)
  tell({ what: 'noise', text: 'no answer' })
  expect(glanceAt(dir)).toMatchObject({ limited: null, retrying: null })
  tell({ what: 'retrying', status: null, inMs: null, why: '' })
  tell({ what: 'noise', text: 'no answer' })
  expect(glanceAt(dir).retrying).not.toBeNull()
  tell({ what: 'said', text: 'Here I am.' })
  expect(glanceAt(dir)).toMatchObject({ retrying: null, said: { text: 'Here I am.' } })
})

test('a log longer than a piece of it is read whole, and what is no fact is passed over', () => {
  appendFileSync(evidenceFile(dir), 'no JSON\n{"what":"said"}\n')
  for (let n = 0; n < 3000; n++) tell({ what: 'said', text: `${n} ${'x'.repeat(900)}` })
  appendFileSync(evidenceFile(dir), '{"what":"turn_over","end":')
  expect([...evidenceOf(dir)].length).toBe(3000)
  expect(glanceAt(dir)).toMatchObject({ turn: null, said: { text: expect.stringContaining('2999 ') } })
})

test('a session that has said nothing yet is no error', () => {
  expect(glanceAt(join(dir, 'none'))).toMatchObject({ started: null, turn: null, said: null, gone: null })
})
