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

const nothing = { seen: 0, conversation: null, receipts: [], isFull: false, watchedMs: 0, isCompacted: false }
const had = (epoch: number) => [{ id: `w/polecats/Nux/${epoch}/0`, state: 'delivered' }]

test('notes to oneself keep their order, and each is told to one later conversation, whoever is killed in between', () => {
  const begun: string[] = []
  t = town(
    {
      startSession: ({ id, epoch, note, conversation }) => {
        begun.push(`${epoch} ${conversation ?? 'new'}: ${String(note).replaceAll('\n\n', ' + ')}`)
        const session = { id, backend: 'process', pid: 4242, pidStart: '1', epoch, dir: '/s' }
        return { kind: 'started', session, spoken: true }
      },
    },
    { issues: [{ id: 'w-1', status: 'open', after: [], holder: null }] as never, cycles: 5 },
  )
  t.begin()
  const nux = 'w/polecats/Nux'
  const watch = (more: object) =>
    t.answer(`watchSession ${nux}/session`, { kind: 'heard', ...nothing, ...more } as never)
  watch({ conversation: 'c-1', receipts: had(1) })
  const first = t.post(nux, nux, 'message.sent', { subject: 'The first', body: 'one' })
  const second = t.post(nux, nux, 'message.sent', { subject: 'The second', body: 'two' })
  t.crash()
  // Found by simulation: the one it ends with, and one that follows before the first is heard.
  t.host.post({ from: nux, to: nux, type: 'cycle.requested', body: { note: 'three' } })
  t.post(nux, nux, 'message.sent', { subject: 'The last', body: 'four' })
  t.crash()
  // It dies before its model has had them: the next conversation begins with them all the same.
  watch({ kind: 'ended', exitCode: 137, tail: '', cutOff: true, asksToCycle: false })
  t.wait(1000)
  watch({ conversation: 'c-3', receipts: had(3) })
  t.crash()
  const read = t.receipts.map((each) => each.replace(/^.* to /, '')).filter((each) => each.endsWith('read'))
  expect([t.receipts.slice(0, 4), read]).toEqual([
    [first, second].flatMap((id) => ['shown', 'read'].map((step) => `${id} to ${nux}: ${step}`)),
    Array.from({ length: 4 }, () => `${nux}: read`),
  ])
  // Its context is full, and it wrote no more.
  watch({ kind: 'turn_over', end: 'overlong', why: 'full', asksToCycle: false })
  t.wait(10_000)
  expect(begun).toEqual(['1 new: ', '2 new: one + two + three + four', '3 new: one + two + three + four', '4 new: '])
})

test('a note is filed once it is taken: what is refused with its asking is no mail that the next of the name would find', () => {
  t = town({}, { issues: [{ id: 'w-1', status: 'open', after: [], holder: null }] as never, cycles: 1 })
  t.begin()
  const nux = 'w/polecats/Nux'
  const asks = (note: string) => t.post(nux, nux, 'cycle.requested', { note })
  // It begins anew as often as it may; then it is taken down, and then it is gone.
  for (const note of ['one', 'two', 'three']) asks(note)
  const filed = t.letters.filter(({ to }) => to === nux)
  expect(filed).toEqual([{ to: nux, subject: 'Where Nux is with w-1', body: 'one' }])
})

test('a note that is not told, or not whole, is not read by that: the next conversation hears where it is', () => {
  const begun: string[] = []
  t = town(
    {
      startSession: ({ id, epoch, note }) => {
        begun.push(String(note))
        return {
          kind: 'started',
          session: { id, backend: 'process', pid: 4242, pidStart: '1', epoch, dir: '/s' },
          spoken: true,
        }
      },
    },
    { issues: [{ id: 'w-1', status: 'open', after: [], holder: null }] as never, cycles: 5 },
  )
  t.begin()
  const nux = 'w/polecats/Nux'
  const watch = (more: object) =>
    t.answer(`watchSession ${nux}/session`, { kind: 'heard', ...nothing, ...more } as never)
  const over = { kind: 'turn_over', end: 'overlong', why: 'full', asksToCycle: false }
  const note = (body: string) => t.post(nux, nux, 'message.sent', { subject: 'Where I am', body })
  watch({ conversation: 'c-1', receipts: had(1) })
  const [first, second, third] = [5000, 7000, 900].map((length, n) => note(String(n + 1).repeat(length)))
  watch(over)
  t.wait(10_000)
  expect(begun[1]).toBe(
    `(Older notes of yours were too long for here, and are unread: \`gt mail read ${first}\`)\n\n${'2'.repeat(7000)}\n\n${'3'.repeat(900)}`,
  )
  watch({ conversation: 'c-2', receipts: had(2) })
  const read = [second, third].flatMap((id) => ['shown', 'read'].map((step) => `${id} to ${nux}: ${step}`))
  expect(t.receipts).toEqual(read)
  // Nor is it told after those; one that is cut was shown.
  const long = note('4'.repeat(20_000))
  watch(over)
  t.wait(10_000)
  expect([begun[2]?.startsWith('4'), begun[2]?.endsWith(`(there is more: \`gt mail read ${long}\`)`)]).toEqual([
    true,
    true,
  ])
  watch({ conversation: 'c-3', receipts: had(3) })
  expect(t.receipts).toEqual([...read, `${long} to ${nux}: shown`])
})
