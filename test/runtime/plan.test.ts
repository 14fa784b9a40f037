// The plan of a turn, as data: what a mail leads to, in the order it is to be written.
import { expect, test } from 'vitest'
import type { Role } from '../../runtime/contract.ts'
import { type Life, plan, type Write } from '../../runtime/plan.ts'
import { restore } from '../../runtime/turn.ts'
import { type Word, wordsIn } from '../../runtime/words.ts'
import { counterRole, effects } from './counter.ts'

const rules = { effects, parseMail: (_type: string, body: unknown) => body as never }

/** What a mail leads to, one line a write. */
function told(type: string, body = {}, { role = counterRole() as Role, life = undefined as Life | undefined } = {}) {
  const timerId = type.startsWith('xstate.after') ? type : null
  return plan(rules, role, life, { id: 'm-1', from: 'x', to: 'c/1', type, body, timerId, causeId: null }, 5000)
}
const lines = (writes: readonly Write[]) =>
  writes.map((write) => {
    if (write.kind === 'actor') return `actor ${write.incarnation}.${write.revision} ${write.status}`
    if (write.kind === 'journal') return `journal ${write.entry.before || '-'} → ${write.entry.after}`
    const { kind, ...parts } = write
    return [kind, ...Object.values(parts).map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))].join(
      ' ',
    )
  })
const after = (writes: readonly Write[]): Life => {
  const actor = writes.find((write) => write.kind === 'actor')
  if (!actor) throw new Error('its turn changed nothing')
  return { ...actor, snapshot: () => restore(counterRole().machine, JSON.parse(actor.text)) }
}

test('a turn is planned whole, in order', () => {
  const working = told('work', {})
  expect(lines(working)).toMatchInlineSnapshot(`
    [
      "handled done",
      "begin",
      "actor 1.1 active",
      "effect c/1:1.1:0 w work {"n":0} lane",
      "journal - → working",
    ]
  `)
  expect(lines(told('stop', {}, { life: after(working) }))).toMatchInlineSnapshot(`
    [
      "handled done",
      "actor 1.2 active",
      "cancelEffect w",
      "journal working → idle",
    ]
  `)
  const waiting = told('wait', {})
  expect(lines(waiting)).toMatchInlineSnapshot(`
    [
      "handled done",
      "begin",
      "actor 1.1 active",
      "timer xstate.after.1000.counter.waiting 6000 {"type":"xstate.after.1000.counter.waiting"}",
      "journal - → waiting",
    ]
  `)
  expect(lines(told('stop', {}, { life: after(waiting) }))).toMatchInlineSnapshot(`
    [
      "handled done",
      "actor 1.2 active",
      "cancelTimer xstate.after.1000.counter.waiting",
      "journal waiting → idle",
    ]
  `)
  expect(lines(told('spree', {}, { life: after(waiting) }))).toMatchInlineSnapshot(`
    [
      "handled done",
      "actor 1.2 active",
      "mail c/2 add {"n":1}",
      "claimSlot pool spree",
      "journal waiting → waiting",
    ]
  `)
  expect(lines(told('tell', {}, { life: after(waiting) }))).toMatchInlineSnapshot(`
    [
      "handled done",
      "actor 1.2 active",
      "effect c/1:1.2:0 null tell {"n":1} null",
      "journal waiting → waiting",
    ]
  `)
})

test('what changes nothing is planned so', () => {
  const idle = { life: after(told('add')) }
  expect(lines(told('stop', {}, idle))).toEqual(['undelivered nothing in state idle of c/1 understands stop'])
  expect(lines(told('hello', {}, idle))).toEqual(['handled done'])
  expect(lines(told('xstate.done.actor.w', { output: 1 }, idle))).toEqual(['handled stale'])
  expect(lines(told('xstate.done.actor.w', { output: 1 }))).toEqual(['handled stale'])
  expect(lines(told('add', {}, { role: counterRole({ begins: ['wait'] }) }))).toEqual([
    'undelivered c/1 is not there; add does not begin it',
  ])
})

test('a done actor begins anew', () => {
  const done = { ...after(told('end')), status: 'done' as const }
  expect(lines(told('add', {}, { life: done }))).toEqual([
    'handled done',
    'begin',
    'actor 2.1 active',
    'reply m-1 {"ok":true,"text":"1","data":null}',
    'journal - → idle',
  ])
})

test('the same plan twice is the same plan', () => {
  expect(JSON.stringify(told('spree'))).toBe(JSON.stringify(told('spree')))
})

test('words are read whole, or not at all', () => {
  expect(
    wordsIn('mail', [
      { to: 'a', type: 'b' },
      { to: 'c', type: 'd', body: { n: 1 } },
    ]),
  ).toEqual([
    { kind: 'mail', to: 'a', type: 'b', body: {} },
    { kind: 'mail', to: 'c', type: 'd', body: { n: 1 } },
  ] satisfies Word[])
  expect(wordsIn('reply', { to: null, ok: true, text: 'nobody asked' })).toEqual([])
  expect(wordsIn('note', { text: 'x', issue: '' })).toEqual([{ kind: 'note', text: 'x', issue: null }])
  expect(wordsIn('anything', undefined)).toEqual([{ kind: 'effect', name: 'anything', input: undefined }])
  for (const [word, params, why] of [
    ['mail', undefined, 'the word "mail" needs its parts as an object, not undefined'],
    ['mail', { to: '', type: 'b' }, 'the word "mail" needs a name as its "to", not ""'],
    ['mail', { to: 'a' }, 'the word "mail" needs text as its "type", not undefined'],
    ['reply', { to: 'm', ok: 'yes', text: '' }, 'the word "reply" needs true or false as its "ok", not "yes"'],
    ['reply', { to: 7, ok: true, text: '' }, 'the word "reply" needs text as its "to", not 7'],
    ['note', { text: null }, 'the word "note" needs text as its "text", not null'],
    ['claimSlot', { pool: 'p' }, 'the word "claimSlot" needs text as its "holder", not undefined'],
    ['freeSlot', { holder: 'h' }, 'the word "freeSlot" needs text as its "pool", not undefined'],
    [
      'acceptCapacity',
      { pool: 'p', places: -1 },
      'the word "acceptCapacity" needs a whole number as its "places", not -1',
    ],
  ] as const)
    expect(() => wordsIn(word, params)).toThrow(why)
})
