// A session that is alive keeps what its worker holds; nobody else is given it, or takes it for left behind.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { holdOn } from '../../actors/beads/hands.ts'
import { identityOf, openTier, storeOf } from '../../actors/beads/tiers.ts'
import { rigConfig } from '../../actors/config.ts'
import { rigLayout } from '../../actors/layout.ts'
import { sessionHands } from '../../actors/sessions/hands.ts'
import { processBackend } from '../../actors/sessions/process.ts'
import type { EffectCall } from '../../runtime/contract.ts'
import { systemClock } from '../../runtime/open.ts'
import { bdHere } from '../fixture/bd-here.ts'
import { cleanEnv, eventually } from '../fixture/real-town.ts'
import { inStore, type StoresTown, storesTown } from '../fixture/stores.ts'

let t: StoresTown
beforeEach(() => {
  t = storesTown(['w'])
})
afterEach(() => t.dispose())

const worker = 'w/polecats/Nux'
const wanted = { epics: [], issues: ['w-1', 'w-2'], except: [], notDone: [], most: 9 }

test('beat by beat as long as it lives, and not once more', async () => {
  // Claimed long ago, as far as the store knows.
  const longAgo = openBeads(storeOf(t.of('w')), {
    expect: identityOf(t.of('w')),
    now: () => new Date(Date.now() - 3_600_000),
  })
  for (const id of ['w-1', 'w-2']) longAgo.create({ id, title: id }, 'ann')
  expect(longAgo.claim('w-1', worker)).toBe(null)
  longAgo.close()
  const held = () => inStore(t.of('w'), (beads) => beads.get('w-1'))
  const isHeld = () => Date.parse(held()?.lease_expires_at ?? '') > Date.now()
  expect(isHeld()).toBe(false)

  mkdirSync(rigLayout(t.town, 'w').polecat('Nux'), { recursive: true })
  writeFileSync(join(t.dir, 'worker.sh'), '#!/bin/sh\nread _ < "$1"\n', { mode: 0o755 })
  const pipe = join(t.dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  const base = { type: 'rig', version: 1, name: 'w', git_url: 'x', default_branch: 'main', beads: { prefix: 'w' } }
  const rig = rigConfig.parse({ ...base, no_gate: true, worker: [join(t.dir, 'worker.sh'), pipe] })
  const beads = openTier(t.of('w'))
  const version = beads.dataVersion()
  let beats = 0
  const hands = sessionHands({
    ...{ town: t.town, rig: () => rig, ofTown: () => ({ roles: {} }), backend: () => processBackend, supervisor: '' },
    textsOf: async () => ({ description: '', acceptance: '', labels: [] }),
    ...{ secret: 'secret', env: { PATH: process.env.PATH, HOME: t.dir }, node: process.execPath, clock: systemClock },
    ...{ pollMs: 20, beatMs: 50 },
    async beats(name, issue, holder) {
      expect([name, issue, holder]).toEqual(['w', 'w-1', worker])
      await holdOn(beads, issue, holder)
      beats++
    },
  })
  const call = { signal: new AbortController().signal } as EffectCall
  const place = {
    rig: 'w',
    polecat: 'Nux',
    incarnation: 1,
    branch: 'polecat/Nux-1',
    worktree: rigLayout(t.town, 'w').polecat('Nux'),
  }
  const who = { id: 'gt-w-Nux-1-1', address: worker, epoch: 1, attempt: 1, returned: null }
  const issue = { id: 'w-1', title: 'One', priority: 2, epic: null, within: [] }
  const started = await hands.startSession(
    { ...place, ...who, issue, conversation: null, account: '', begunUnder: '', note: '' } as never,
    call,
  )
  if (started.kind !== 'started') throw new Error(started.why)
  const watched = { rig: 'w', session: started.session, worktree: place.worktree, stallMatters: false }
  const ended = hands.watchSession(
    { ...watched, since: 0, fullMatters: true, lastedMs: null, pause: null } as never,
    call,
  )
  await eventually(() => beats >= 3)
  expect(isHeld()).toBe(true)
  // By the connection that the town has anyway: nobody is woken by it.
  expect(beads.dataVersion()).toBe(version)

  // Nobody else is given it, and a person does not get it either, alive or not.
  inStore(t.of('w'), (store) => {
    expect(store.next(wanted).map(({ id }) => id)).toEqual(['w-2'])
    expect(store.expired(new Date().toISOString())).toEqual([])
  })
  const bd = (...argv: string[]) =>
    bdHere(argv, { cwd: rigLayout(t.town, 'w').root, env: { ...cleanEnv(), BD_ACTOR: 'ann' } })
  expect(await bd('reclaim')).toMatchObject({
    rc: 1,
    err: expect.stringMatching(/the Witness sees to what its workers hold/),
  })
  expect(await bd('update', 'w-1', '--claim')).toMatchObject({ rc: 1, err: expect.stringMatching(/already claimed/) })
  expect(JSON.parse((await bd('ready', '--claim', '--json')).out)).toMatchObject([{ id: 'w-2' }])
  expect(await bd('ready', '--claim', '--json')).toMatchObject({ rc: 0, out: '[]\n' })

  // Given back, it is nobody's to keep; and over is over.
  beads.update('w-1', { status: 'open', assignee: null }, 'ann')
  const soFar = beats
  await eventually(() => beats > soFar + 1)
  expect(held()).toMatchObject({ status: 'open', lease_expires_at: null })
  writeFileSync(pipe, 'done\n')
  expect(await ended).toMatchObject({ kind: 'ended' })
  const last = beats
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(beats).toBe(last)
  beads.close()
})
