// Words on their way to an agent: each is said, once, however its program ends.
import { expect, test } from 'vitest'
import { again, arrived, asWords, meantFor, saying, type Words } from '../../machines/said.ts'

const say = (...ids: string[]) =>
  ids.reduce<Words[]>((all, id) => saying(all, { id, from: 'mayor/', text: `text of ${id}` }), [])
const shown = (all: readonly Words[]) =>
  all.map(({ id, state, text }) => `${id} ${state}${text === '' ? ', forgotten' : ''}`)

test('what has arrived is remembered without its text; the same words are not said again', () => {
  const all = arrived(say('a', 'b', 'c'), [
    { id: 'a', state: 'delivered' },
    { id: 'b', state: 'taken' },
  ])
  expect(shown(all)).toEqual(['a delivered, forgotten', 'b taken', 'c queued'])
  expect(saying(all, { id: 'a', from: 'mayor/', text: 'once more' })).toEqual(all)
})

test('a late word of what has arrived takes nothing back', () => {
  const all = arrived(say('a'), [{ id: 'a', state: 'answered' }])
  expect(shown(arrived(all, [{ id: 'a', state: 'taken' }]))).toEqual(['a answered, forgotten'])
  expect(shown(arrived(all, [{ id: 'a', state: 'delivered' }]))).toEqual(['a answered, forgotten'])
  expect(shown(arrived(say('a'), [{ id: 'of nobody', state: 'answered' }]))).toEqual(['a queued'])
})

test('its program has ended: what it had only taken is said again, what its model has is not', () => {
  const all = arrived(say('a', 'b', 'c'), [
    { id: 'a', state: 'delivered' },
    { id: 'b', state: 'taken' },
  ])
  expect(shown(again(all))).toEqual(['a delivered, forgotten', 'b queued', 'c queued'])
  const forTheSecond = all.map((one) => (one.id === 'c' ? { ...one, incarnation: 2 } : { ...one, incarnation: 1 }))
  expect(shown(meantFor(forTheSecond, 2))).toEqual(['a delivered, forgotten', 'b expired, forgotten', 'c queued'])
})

test('twenty wait at most, the oldest go; of those that have arrived ten are remembered', () => {
  const ids = Array.from({ length: 23 }, (_, n) => `w${n}`)
  const all = say(...ids)
  expect(all.filter(({ state }) => state === 'queued')).toHaveLength(20)
  expect(shown(all).slice(0, 4)).toEqual([
    'w0 expired, forgotten',
    'w1 expired, forgotten',
    'w2 expired, forgotten',
    'w3 queued',
  ])
  const answered = arrived(
    all,
    ids.map((id) => ({ id, state: 'answered' as const })),
  )
  expect(answered.map(({ id }) => id)).toEqual(ids.slice(-10))
})

test('mail is told whole, or cut with where the rest is', () => {
  const mail = (body: string) =>
    asWords({
      type: 'message.sent',
      from: 'overseer',
      mailId: 'wy-m1',
      at: 0,
      subject: 'News',
      body,
      priority: 2,
    } as never)
  expect(mail('Rain.')).toBe('Mail wy-m1 from overseer: News\n\nRain.')
  // A line that is all there is to say is not said twice.
  expect(mail('News')).toBe('Mail wy-m1 from overseer: News')
  expect(mail('x'.repeat(100_000))).toMatch(/…\n\(there is more: `gt mail read wy-m1`\)$/)
})
