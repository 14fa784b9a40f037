// What a session's evidence comes to, for those who must act on it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { evidenceIn, type Fact } from '../../actors/agents/evidence.ts'
import { nothingRead, Readings, readOn, readSome } from '../../actors/agents/reading.ts'

const read = (...facts: Fact[]) =>
  readOn(
    nothingRead,
    facts.map((fact, at) => ({ ...fact, at })),
  )
const began: Fact = { what: 'turn_began' }
const over = (end: (Fact & { what: 'turn_over' })['end'], why = ''): Fact => ({ what: 'turn_over', end, why })
const tool = (id: string): Fact => ({ what: 'tool_began', id, name: 'Bash', on: '' })

test('a turn that is over is news; one that has begun since is not', () => {
  expect(read(began, over('done')).idle).toEqual({ kind: 'turn_over', end: 'done', why: '' })
  expect(read(began, over('done'), began).idle).toBeNull()
  expect(read(began, over('overlong', 'full')).idle).toEqual({ kind: 'turn_over', end: 'overlong', why: 'full' })
})

test('a used-up allowance is known with its time, whenever that was told; no key is no turn that is over', () => {
  const limited: Fact = { what: 'limited', until: 5000, window: 'five_hour' }
  expect(read(limited, over('limited', 'Enough.')).idle).toEqual({ kind: 'limited', until: 5000, why: 'Enough.' })
  expect(read(over('limited')).idle).toEqual({ kind: 'limited', until: null, why: '' })
  expect(read(over('refused', 'Who are you?')).idle).toEqual({ kind: 'refused', why: 'Who are you?' })
  // It warned, and went on: nobody waits.
  expect(read(limited, over('done')).idle).toMatchObject({ kind: 'turn_over' })
})

test('a context that was made shorter is news once, and is empty again', () => {
  const full: Fact = { what: 'context', used: 90, window: 100 }
  expect(read(full, { what: 'compacted' })).toMatchObject({ isCompacted: true, filledPercent: 0 })
  expect(read(full)).toMatchObject({ isCompacted: false, filledPercent: 90 })
  const known = new Readings()
  known.keep('/s', 7, read(full, { what: 'compacted' }, full))
  expect(known.at('/s', 7)).toMatchObject({ isCompacted: false, filledPercent: 90 })
})

test('a time that is none, or years away, is as good as none', () => {
  for (const until of [-1e300, -1, 8.7e15, 1e300, 30 * 24 * 3_600_000])
    expect(read({ what: 'limited', until, window: '' }, over('limited')).idle).toMatchObject({ until: null })
})

test('who reads on knows which tools are at work and what was told of an allowance, also one that has just come up', () => {
  const dir = mkdtempSync(join(tmpdir(), 'reading-'))
  try {
    const write = evidenceIn(dir, () => 7)
    for (const fact of [began, tool('a'), { what: 'limited', until: 5000, window: '' } as const]) write(fact)
    const { seen, reading } = readSome(dir, 0, nothingRead, () => {})
    const readings = new Readings()
    readings.keep(dir, seen, reading)
    for (const known of [readings, new Readings()])
      expect(known.at(dir, seen)).toMatchObject({ tools: new Set(['a']), until: 5000, idle: null, conversation: null })
    // What is over is not kept; what cannot be read tells nothing, and ends.
    readings.forget(dir)
    expect(readSome(join(dir, 'nowhere'), 0, nothingRead, () => {})).toMatchObject({ seen: 0, isMore: false })
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('tools are at work until they are over, or their turn is', () => {
  const { tools } = read(began, tool('a'), tool('b'), { what: 'tool_over', id: 'a' })
  expect([...tools]).toEqual(['b'])
  expect(read(began, tool('a'), over('done')).tools.size).toBe(0)
  expect(read(began, tool('a'), began).tools.size).toBe(0)
})

test('words have one receipt, the last; those that were dropped have none of that', () => {
  const became = (id: string, state: 'taken' | 'delivered' | 'answered' | 'dropped'): Fact => ({
    ...{ what: 'message', id, state },
  })
  const { receipts } = read(became('a', 'taken'), became('b', 'taken'), became('a', 'delivered'))
  expect([...receipts.values()]).toEqual([
    { id: 'b', state: 'taken' },
    { id: 'a', state: 'delivered' },
  ])
  expect(read(became('a', 'dropped')).receipts.size).toBe(0)
  // However many there are.
  const many = Array.from({ length: 300 }, (_, n) => became(`w${n}`, 'taken'))
  expect([...read(...many).receipts.keys()].at(-1)).toBe('w299')
  expect(read(...many).receipts.size).toBe(64)
})

test('the conversation is what it said last', () => {
  const started = (conversation: string): Fact => ({ what: 'started', conversation, version: '', model: '' })
  expect(read(began).conversation).toBeNull()
  expect(read(started('a'), started('b')).conversation).toBe('b')
})
