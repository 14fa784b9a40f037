// Words on their way to an agent: each is said, once, however its program ends.
import { expect, test } from 'vitest'
import {
  again,
  arrived,
  asWords,
  gathered,
  isWaiting,
  meantFor,
  saying,
  shown as shownMail,
  type Words,
} from '../../machines/said.ts'

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

const mails = (all: readonly Words[], ...ids: string[]) =>
  ids.reduce<readonly Words[]>(
    (list, id) => saying(list, { id, from: 'w/refinery', text: `text of ${id}`, isMail: true, isUrgent: id === 'm4' }),
    all,
  )
const waits = (all: readonly Words[]) => all.filter(isWaiting).map(({ text }) => text)

test('of many mails the first three are said whole, the others are one line; a person is always heard', () => {
  const all = mails([], 'm1', 'm2', 'm3', 'm4', 'm5')
  expect(waits(all)).toEqual(['text of m1', 'text of m2', 'text of m3', 'Mail: 2 unread, 1 urgent: `gt mail inbox`'])
  const asked = saying(all, { id: 'm6', from: 'overseer', text: 'The first of the two', isMail: true })
  expect(waits(asked).at(-1)).toBe('The first of the two')
  // Nobody listened yet: they need not be said one by one.
  expect(waits(gathered(asked))).toEqual(['The first of the two', 'Mail: 5 unread, 1 urgent: `gt mail inbox`'])
  expect(waits(gathered(mails([], 'm1', 'm2', 'm3')))).toHaveLength(3)
})

test('mail that came after a line was handed over is in another one, once that one has been heard', () => {
  const told = gathered(mails([], 'm1', 'm2', 'm3', 'm4'))
  const [line] = told.filter(isWaiting)
  const more = mails(told, 'm5', 'm6')
  expect(waits(more)).toEqual(['Mail: 6 unread, 1 urgent: `gt mail inbox`'])
  const heard = arrived(more, [{ id: String(line?.id), state: 'delivered' }])
  expect(waits(heard)).toEqual(['Mail: 2 unread, 0 urgent: `gt mail inbox`'])
  expect(waits(arrived(told, [{ id: String(line?.id), state: 'answered' }]))).toEqual([])
})

test('a mail is shown once its model has had it, and a line shows none of those it counts', () => {
  const all = mails([], 'm1', 'm2', 'm3', 'm4')
  const receipts = (['m1', 'm3', 'm4/more'] as const).map((id) => ({ id, state: 'delivered' as const }))
  expect(shownMail(all, [...receipts, { id: 'm2', state: 'taken' }])).toEqual(['m1', 'm3'])
  // It had been handed over word for word before it was counted.
  expect(shownMail(gathered(all), receipts)).toEqual(['m1', 'm3'])
  expect(shownMail(arrived(all, receipts), receipts)).toEqual([])
  expect(shownMail(say('a'), [{ id: 'a', state: 'delivered' }])).toEqual([])
})
