// To whom mail goes, one line of the table each; and how much of it one sender may send.
import { expect, test } from 'vitest'
import type { TownBehind } from '../../cli/behind.ts'
import { mustHaveRoom, recipients, sendingPace } from '../../cli/post-office.ts'
import { answers } from '../../cli/words/mail-send.ts'

const town = {
  rigs: () => ['wyvern', 'basilisk'],
  isRemoved: (rig: string) => rig === 'gone',
  members: (rig: string) =>
    rig === 'wyvern' ? { plugins: ['oracle', 'new'], crew: ['joe'] } : { plugins: [], crew: [] },
  plugins: {
    trouble: async (_: string, name: string) => (name === 'new' ? 'wyvern/plugins/new is not enabled' : undefined),
  },
  host: {
    holds: () => ['basilisk/'],
    actor: (address: string) =>
      ({ 'wyvern/witness': { context: { workers: { Nux: {}, Toast: {} } } } })[address] ??
      (address === 'basilisk/witness' ? { context: { workers: { Ash: {} } } } : undefined),
  },
} as unknown as TownBehind

const to = async (...asked: string[]) =>
  (await recipients(town, 'wyvern/polecats/Nux', asked)).map((each) => (each.waits ? [each.to, each.waits] : each.to))

test.each([
  ['overseer', ['overseer']],
  ['mayor/', ['mayor/']],
  ['wyvern/refinery', ['wyvern/refinery']],
  ['wyvern/polecats/Toast', ['wyvern/polecats/Toast']],
  ['wyvern/plugins/oracle', ['wyvern/plugins/oracle']],
  // A note to oneself.
  ['wyvern/polecats/Nux', ['wyvern/polecats/Nux']],
  [
    'wyvern/polecats/Slit',
    [['wyvern/polecats/Slit', expect.stringContaining('nobody lives at wyvern/polecats/Slit now')]],
  ],
  ['wyvern/polecats/Nux-2', [['wyvern/polecats/Nux-2', expect.stringContaining('nobody lives')]]],
  ['wyvern/crew/ann', [['wyvern/crew/ann', expect.stringContaining('kept for whoever comes there first')]]],
  ['basilisk/polecats/Ash', [['basilisk/polecats/Ash', expect.stringContaining('basilisk is stopped')]]],
  // Its Witness is a machine, and hears while the rig is stopped.
  ['basilisk/witness', ['basilisk/witness']],
  ['@witnesses', ['wyvern/witness', 'basilisk/witness']],
  ['@refineries', ['wyvern/refinery', 'basilisk/refinery']],
  ['@polecats', ['wyvern/polecats/Toast', ['basilisk/polecats/Ash', expect.any(String)]]],
  ['@crew', ['wyvern/crew/joe']],
  ['wyvern/', ['wyvern/witness', 'wyvern/refinery', 'wyvern/polecats/Toast', 'wyvern/crew/joe']],
])('mail to %s', async (address, all) => {
  expect(await to(address)).toEqual(all)
})

test('several and groups: everybody once, never the sender, no plugin unless it is named', async () => {
  const all = (await recipients(town, 'wyvern/polecats/Nux', ['wyvern/refinery', '@town', 'wyvern/'])).map(
    (one) => one.to,
  )
  expect(all[0]).toBe('wyvern/refinery')
  expect(new Set(all).size).toBe(all.length)
  expect([...all].sort()).toEqual(
    ['basilisk/polecats/Ash', 'basilisk/refinery', 'basilisk/witness', 'mayor/', 'overseer', 'wyvern/crew/joe'].concat([
      'wyvern/polecats/Toast',
      'wyvern/refinery',
      'wyvern/witness',
    ]),
  )
})

test.each([
  ['wyvern/plugins/new', 'is not enabled'],
  ['wyvern/plugins/oracel', 'nobody is at "wyvern/plugins/oracel"; did you mean wyvern/plugins/oracle?'],
  // No polecat is ever called so.
  ['wyvern/polecats/witnes', 'nobody is at "wyvern/polecats/witnes"; did you mean wyvern/witness?'],
  ['wivern/polecats/Toast', 'no rig "wivern" here; did you mean wyvern?'],
  ['wivern/', 'no rig "wivern" here; did you mean wyvern?'],
  ['gone/witness', 'gone was removed from this town'],
  ['@everybody', 'there is no group @everybody'],
  ['wyvern/polecats/Toast/session', 'nobody is at'],
  ['daemon', 'nobody reads what is written to the town itself (daemon): write to overseer, or to mayor/'],
  ['', 'nobody is at ""'],
])('mail to %s is refused', async (address, words) => {
  await expect(to('overseer', address)).rejects.toThrow(words)
})

test('an answer belongs to the thread of what it answers, also where the mailbox has forgotten that', async () => {
  const threadOf = async (replyTo: string) => {
    const behind = {
      ...town,
      ...{ unread: () => 0, unreadMax: () => 1, paced: () => {}, newMailId: () => 'gm-9', take: async () => [] },
      host: { ...town.host, mail: (id: string) => (id === 'gm-2' ? { body: { threadId: 'gm-1' } } : undefined) },
      filed: (id: string) => (id === 'gm-old' ? { thread: 'gm-first' } : undefined),
    } as unknown as TownBehind
    const said = { to: ['overseer'], subject: 'Re', body: '', replyTo }
    return (await answers.send.answer(said, { id: 'm', from: 'mayor/', town: behind } as never)).thread
  }
  expect(await Promise.all(['gm-2', 'gm-old', 'gm-lone'].map(threadOf))).toEqual(['gm-1', 'gm-first', 'gm-lone'])
})

test('a sender that sends too much is told when to try again, and a person hardly ever', () => {
  let now = 0
  const paced = sendingPace(() => now)
  for (let n = 0; n < 30; n++) paced('wyvern/polecats/Nux', 1)
  expect(() => paced('wyvern/polecats/Nux', 1)).toThrow(/nothing was sent, try again in 10 s$/)
  paced('wyvern/polecats/Toast', 30)
  now = 10_000
  paced('wyvern/polecats/Nux', 1)
  expect(() => paced('wyvern/polecats/Nux', 2)).toThrow('in 20 s')
  // A group of more than may be sent at once is not refused for ever.
  now = 400_000
  paced('wyvern/polecats/Nux', 300)
  for (let n = 0; n < 10_000; n++) paced('overseer', 1)
})

test('a full inbox takes no more of agents, and all of people', () => {
  const full = { unread: (to: string) => (to === 'overseer' ? 10 : 9), unreadMax: () => 10 }
  expect(() => mustHaveRoom(full, 'wyvern/polecats/Nux', ['mayor/', 'overseer'])).toThrow(
    'the inbox of overseer is full: 10 unread; nothing was sent, try again once some of it is read, or without it: gt mail send mayor/ …',
  )
  expect(() => mustHaveRoom(full, 'wyvern/polecats/Nux', ['overseer'])).toThrow(/once some of it is read$/)
  mustHaveRoom(full, 'wyvern/polecats/Nux', ['mayor/'])
  mustHaveRoom(full, 'overseer', ['overseer'])
})
