// A town that an older version left in the middle of its work goes on. `versions/N.json` holds its actors as version
// N wrote them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bind } from '../../actors/binding.ts'
import polecat from '../../actors/roles/polecat.ts'
import session from '../../actors/roles/session.ts'
import { limits } from '../../proof/world.ts'
import type { JsonObject } from '../../runtime/contract.ts'
import { openHost, openSqliteStore, seededRandom, virtualClock } from '../../runtime/open.ts'

interface Row {
  address: string
  role: string
  version: number
  incarnation: number
  revision: number
  status: string
  snapshot: JsonObject
}

const dir = join(import.meta.dirname, 'versions')

test.each(readdirSync(dir))('%s: each actor is read, hears mail, and begins work with what it knew', (file) => {
  const rows = JSON.parse(readFileSync(join(dir, file), 'utf8')) as Row[]
  const store = openSqliteStore(':memory:')
  for (const { address, role, version, incarnation, revision, status, snapshot } of rows)
    store.run(
      'INSERT INTO actor (address, role, version, incarnation, revision, status, snapshot, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)',
      ...[address, role, version, incarnation, revision, status, JSON.stringify(snapshot)],
    )
  const facts = {
    rigs: () => ['w'],
    rig: () => ({ ...limits, maxWorkers: 3, spawnDelayMs: 0 }),
    hasPlugin: () => true,
  }
  const host = openHost({
    store,
    clock: virtualClock(0),
    random: seededRandom(1),
    holder: 'test',
    holderGone: () => true,
    ...bind({ facts, prefixOf: () => 'w' }),
  })
  host.post({ from: 'daemon', to: 'w/witness', type: 'issues.changed', body: {} })
  // A worker that had no keeper yet is over: it gets one.
  const body = { issue: 'w-3', outcome: 'failed', reason: 'why', tail: '', incarnation: 1, branch: 'polecat/Slit-1' }
  host.post({ from: 'w/polecats/Slit', to: 'w/witness/Slit', type: 'shutdown.requested', body })
  host.post({ from: 'overseer', to: 'w/polecats/Nux', type: 'handoff.requested', body: {}, id: 'm-new' })
  host.post({ from: 'overseer', to: 'w/refinery', type: 'queue.poked', body: {} })
  while (host.run(16) > 0);
  expect(host.deadLetters()).toEqual([])
  expect(host.takeEffects(10).map(({ name, address }) => `${name} ${address}`)).toEqual([
    'surveyIssues w/witness',
    'pinWork w/witness/Slit',
    'buildCandidate w/refinery',
  ])
  // Who waited for Nux's handoff waits still, beside the new one.
  expect((host.actor('w/polecats/Nux')?.context as { askIds: string[] }).askIds).toEqual([expect.any(String), 'm-new'])
  expect((host.actor('w/witness')?.context as { workers: object }).workers).toMatchObject({
    Nux: { issue: 'w-1', returned: null },
    Slit: { issue: 'w-3', returned: null },
  })
  host.close()
})

test('a session and a polecat of the version before go on with what they knew', () => {
  const nobody = { rigs: () => [], rig: () => limits as never, hasPlugin: () => false }
  const [run, worker] = [
    { epoch: 3, toldFull: true, conversation: 'c-1', note: 'half of it', words: [] },
    { starts: 2, outcome: 'no_change', reason: 'why', cycles: 4 },
  ]
  expect(session(nobody).migrate?.({ value: { running: 'heard' }, context: run }, 2)).toMatchObject({
    value: { running: 'heard' },
    context: {
      epoch: 3,
      toldToCycle: true,
      conversation: 'c-1',
      notes: [{ id: '', text: 'half of it' }],
      lastedMs: 0,
      former: '',
    },
  })
  expect(polecat(nobody).migrate?.({ value: 'working', context: worker }, 3)).toEqual({
    value: 'working',
    context: worker,
  })
})
