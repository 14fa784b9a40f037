// What time does to mail, in real stores: it expires by watched time, and its sender hears of it once.
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { archivesOf } from '../../actors/beads/archive.ts'
import type { Beads } from '../../actors/beads/embedded.ts'
import { filing } from '../../actors/beads/filing.ts'
import { inbox, progressOf, untilMark } from '../../actors/beads/mail.ts'
import { openTier } from '../../actors/beads/tiers.ts'
import { type Expiring, expire, putAway } from '../../cli/mail-keeping.ts'
import type { Draft } from '../../runtime/contract.ts'
import { type StoresTown, storesTown } from '../fixture/stores.ts'

const secret = 'a secret'
let t: StoresTown
let stores: Map<string | undefined, Beads>
let watchedAt: number
let posted: Map<string, Draft>
let house: Expiring

beforeEach(() => {
  t = storesTown(['w'])
  stores = new Map([undefined, 'w'].map((rig) => [rig, openTier(t.of(rig))]))
  watchedAt = 1000
  posted = new Map()
  house = {
    ...{ root: t.town, tiers: () => [...stores.keys()], of: (rig) => stores.get(rig) as Beads, secret },
    host: {
      watched: () => watchedAt,
      post(draft) {
        const repeated = posted.has(String(draft.id))
        if (!repeated) posted.set(String(draft.id), draft)
        return { id: String(draft.id), repeated }
      },
    },
    newMailId: (to, seed) => `${to} ${seed}`,
    ...{ now: () => Date.UTC(2026, 0, 2), poke: () => {}, report: () => {} },
  }
})
afterEach(() => {
  for (const beads of stores.values()) beads.close()
  t.dispose()
})

const send = (id: string, to: string, { until = 2000, group = '', from = 'mayor/' } = {}) =>
  filing(async (rig) => stores.get(rig) as Beads, secret)(
    to.includes('/') ? 'w' : undefined,
    {
      ...{ id, title: `Subject of ${id}`, description: '', priority: 2, assignee: to, sender: from },
      labels: [`${untilMark}:${until}`, ...(group === '' ? [] : [`group:${group}`])],
      // By the clock on the wall it was of use a year ago.
      ...{ at: new Date(0), expiresAt: new Date(1) },
    },
    new AbortController().signal,
  )
const unread = (to: string) =>
  inbox(stores.get(to.includes('/') ? 'w' : undefined) as Beads, secret, to, 10).mail.map(({ id }) => id)
const told = () => [...posted.values()].map(({ to, body }) => `${to}: ${body.body}`)

test('unread mail leaves its inbox when it is of no use any more, whatever the clock on the wall says', async () => {
  await send('gm-1', 'overseer')
  await send('gm-2', 'overseer', { until: 3000 })
  expect([expire(house), unread('overseer')]).toEqual([false, ['gm-1', 'gm-2']])
  watchedAt = 2000
  const mail = inbox(stores.get(undefined) as Beads, secret, 'overseer', 10).mail
  expect([expire(house), unread('overseer')]).toEqual([true, ['gm-2']])
  expect(progressOf(stores.get(undefined) as Beads, secret, mail).get('gm-1')).toMatchObject({
    ...{ read: null, expired: '2026-01-02T00:00:00.000Z' },
  })
  expect(told()).toEqual(['mayor/: This mail was not read while it was of use:\n  gm-1 to overseer'])
  expect(expire(house)).toBe(false)
})

test('its sender is told once for all that was sent as one, and once though the daemon was killed in between', async () => {
  await send('gm-1', 'overseer', { group: 'gm-1' })
  await send('w-1', 'w/witness', { group: 'gm-1' })
  await send('w-2', 'w/refinery', { group: 'gm-1' })
  watchedAt = 5000
  // It was told, and killed before it could take them out.
  const killed = {
    ...house,
    of: (rig: string | undefined) =>
      ({
        ...house.of(rig),
        written: () => {
          throw new Error('killed')
        },
      }) as Beads,
  }
  expect(() => expire(killed)).toThrow('killed')
  expect(unread('overseer')).toEqual(['gm-1'])
  expire(house)
  expect([unread('overseer'), unread('w/witness'), unread('w/refinery')]).toEqual([[], [], []])
  expect(told()).toEqual([
    'mayor/: Of this mail these were not read while it was of use:\n  gm-1 to overseer\n  w-1 to w/witness\n  w-2 to w/refinery',
  ])
})

test('a copy that is found later, for its store was locked, is told of too', async () => {
  await send('gm-1', 'overseer', { group: 'gm-1' })
  await send('w-1', 'w/witness', { group: 'gm-1' })
  watchedAt = 5000
  expire({ ...house, tiers: () => [undefined] })
  expire(house)
  expire(house)
  expect(told()).toEqual([
    'mayor/: This mail was not read while it was of use:\n  gm-1 to overseer',
    'mayor/: This mail was not read while it was of use:\n  w-1 to w/witness',
  ])
  expect([...posted.values()].map(({ body }) => body.threadId)).toEqual(['gm-1', 'gm-1'])
})

test('what was carried into another store expires for nobody', async () => {
  await send('w-1', 'w/witness')
  const [from, to] = [stores.get('w'), stores.get(undefined)].map((beads) => (beads as Beads).path)
  const db = new DatabaseSync(String(to))
  db.exec(`ATTACH '${from}' AS w; INSERT INTO issues SELECT * FROM w.issues; INSERT INTO labels SELECT * FROM w.labels`)
  db.close()
  watchedAt = 5000
  expire({ ...house, tiers: () => [undefined] })
  expect([told(), stores.get(undefined)?.get('w-1')?.status]).toEqual([[], 'open'])
})

test('nobody is told of what the town says, or of what somebody wrote into the issues', async () => {
  await send('gm-1', 'overseer', { from: 'daemon' })
  const beads = stores.get('w') as Beads
  await send('w-1', 'w/witness')
  beads.addLabel('w-1', 'thread:x')
  watchedAt = 5000
  expire(house)
  expect([told(), beads.get('w-1')?.status]).toEqual([[], 'open'])
})

test('what was read long ago is put away, all of it, and what cannot be opened is left for another time', async () => {
  const beads = stores.get(undefined) as Beads
  for (let n = 0; n < 450; n++) await send(`gm-${n}`, 'overseer')
  for (let n = 0; n < 449; n++) beads.closeIssue(`gm-${n}`, 'read', 'overseer', true)
  const trouble: unknown[] = []
  putAway(house, new Date(Date.now() + 1000), new Date('2026-02-01'), (error) => trouble.push(error))
  while (
    beads.messages({ all: true })[Symbol.iterator]().next().value?.id !== 'gm-449' ||
    [...beads.messages({ all: true })].length > 1
  )
    await new Promise((resolve) => setImmediate(resolve))
  expect([trouble, archivesOf(t.town, undefined).length, archivesOf(t.town, 'w')]).toEqual([[], 1, []])
})
