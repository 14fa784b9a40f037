// What the town's effects do with issues, on the embedded store.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Beads, initBeads, openBeads } from '../../actors/beads/embedded.ts'
import { beadsHands } from '../../actors/beads/hands.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let dir: string
let beads: Beads
const call = {
  at: 0,
  signal: new AbortController().signal,
} satisfies EffectCall
const hands = () => beadsHands({ of: () => beads, preservedOf: async () => null })
const survey = async (epics: string[], escalated: string[] = []) => {
  const { ready, closed, complete, over } = await hands().surveyIssues({ rig: 'w', epics, issues: [], escalated }, call)
  return { ready: ready.map(({ id }) => id), closed, complete, over }
}
const close = (issue: string) => hands().closeIssue({ rig: 'w', issue, reason: 'done' }, call)
const make = (title: string, more: { issue_type?: string; parent?: string } = {}) =>
  beads.create({ title, ...more }, 'tester').id

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'beads-'))
  initBeads(dir, 'w')
  beads = openBeads(dir)
})
afterEach(() => {
  beads.close()
  rmSync(dir, { recursive: true })
})

test('an epic with epics in it is complete when all their work is, and is closed with them', async () => {
  const epic = make('All', { issue_type: 'epic' })
  const inner = make('Part', { issue_type: 'epic', parent: epic })
  const [one, two] = [make('One', { parent: epic }), make('Two', { parent: inner })]
  expect((await survey([epic])).ready.sort()).toEqual([one, two].sort())
  await close(one)
  expect(await survey([epic])).toMatchObject({ complete: [], over: [] })
  await close(two)
  expect(await survey([epic])).toMatchObject({ complete: [epic], over: [] })
  expect(await close(epic)).toEqual({ closed: true })
  expect([beads.get(inner)?.status, await survey([epic])]).toMatchObject(['closed', { complete: [epic], over: [epic] }])
})

test('an epic is not closed over an issue that somebody filed meanwhile', async () => {
  const epic = make('All', { issue_type: 'epic' })
  await close(make('One', { parent: epic }))
  expect((await survey([epic])).complete).toEqual([epic])
  const late = make('Late', { parent: epic })
  expect(await close(epic)).toEqual({ closed: false })
  expect(await survey([epic])).toEqual({ ready: [late], closed: [], complete: [], over: [] })
})

test('what was escalated needs nobody any more when it is closed or gone', async () => {
  const [open, shut] = [make('Open'), make('Shut')]
  await close(shut)
  expect((await survey([], [open, shut, 'w-gone'])).closed).toEqual([shut, 'w-gone'])
})

test('only its holder gives an issue back, once', async () => {
  const id = make('One')
  const release = (holder: string) =>
    hands().releaseIssue({ rig: 'w', issue: id, holder, status: 'blocked', note: 'why' }, call)
  await hands().claimIssue({ rig: 'w', issue: id, holder: 'w/polecats/Nux', previous: null }, call)
  expect(await release('w/polecats/Toast')).toEqual({ status: 'in_progress' })
  expect(await release('w/polecats/Nux')).toEqual({ status: 'blocked' })
  // Somebody opened it again: a repetition that comes late changes nothing.
  beads.update(id, { status: 'open' }, 'somebody')
  expect(await release('w/polecats/Nux')).toEqual({ status: 'open' })
})
