// Mail on the real host: who is told of it, how far it is known to have come, and what becomes of it where nobody is.
import { afterEach, expect, test } from 'vitest'
import { town } from './town.ts'

let t: ReturnType<typeof town>
afterEach(() => t.dispose())
const say = (from: string, to: string, more: Record<string, string> = {}) =>
  t.post(from, to, 'message.sent', { subject: 'Well?', body: 'Is it?', ...more })

test('a plugin is shown a mail as its program starts, acks it with its answer, and answers no answer', () => {
  t = town({})
  const id = say('overseer', 'w/plugins/oracle')
  expect(t.performed.slice(0, 2)).toEqual(['fileMessage w/plugins/oracle', 'runPlugin w/plugins/oracle'])
  expect(t.receipts).toEqual(['shown', 'acked'].map((step) => `${id} to w/plugins/oracle: ${step}`))
  expect(t.letters.map(({ to }) => to)).toEqual(['w/plugins/oracle', 'overseer'])
  // What another plugin answers it hears, and two that answer each other come to an end. So does what the town says.
  say('w/plugins/sphinx', 'w/plugins/oracle', { replyTo: 'm-1' })
  say('daemon', 'w/plugins/oracle')
  expect(t.performed.filter((line) => line.startsWith('runPlugin'))).toHaveLength(3)
  expect(t.letters).toHaveLength(4)
  expect(t.host.deadLetters()).toEqual([])
})

test('mail to a polecat that is not there is kept, begins nobody, and is no dead letter', () => {
  t = town({})
  say('overseer', 'w/polecats/Slit')
  say('overseer', 'w/crew/ann')
  expect(t.letters.map(({ to }) => to)).toEqual(['w/polecats/Slit', 'w/crew/ann'])
  expect([t.host.actor('w/polecats/Slit'), t.host.deadLetters()]).toEqual([undefined, []])
})
