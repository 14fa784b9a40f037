// What the town's effects do with issues, on the embedded store.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Issue } from '../../actors/beads/contract.ts'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { beadsHands, isLanded, whyNot } from '../../actors/beads/hands.ts'
import { textBytesMax } from '../../actors/beads/limits.ts'
import type { EffectCall } from '../../runtime/contract.ts'

let dir: string
let beads: Beads
/** What of an issue is on main. */
let landed: string | null = null
const call = {
  at: 0,
  signal: new AbortController().signal,
} satisfies EffectCall
const hands = () =>
  beadsHands({
    of: () => beads,
    wait: async () => beads,
    preservedOf: async () => null,
    landedOf: async () => landed,
    secret: 'secret',
  })
const survey = async (epics: string[], escalated: string[] = [], underway: string[] = []) => {
  const { ready, closed, complete, over } = await hands().surveyIssues(
    { rig: 'w', epics, issues: [], escalated, underway, holders: [], usedUp: [], most: 10 },
    call,
  )
  return { ready: ready.map(({ id }) => id), closed, complete, over }
}
const close = (issue: string) => hands().closeIssues({ rig: 'w', issues: [{ issue, reason: 'done' }] }, call)
const make = (title: string, more: { issue_type?: string; parent?: string; labels?: string[] } = {}) =>
  beads.create({ title, ...more }, 'tester').id

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'beads-'))
  initBeads(dir, 'w')
  beads = openBeads(dir)
})
afterEach(() => {
  landed = null
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
  expect(await close(epic)).toEqual({ closed: [epic] })
  expect([beads.get(inner)?.status, await survey([epic])]).toMatchObject(['closed', { complete: [epic], over: [epic] }])
})

test('an epic is not closed over an issue that somebody filed meanwhile', async () => {
  const epic = make('All', { issue_type: 'epic' })
  await close(make('One', { parent: epic }))
  expect((await survey([epic])).complete).toEqual([epic])
  const late = make('Late', { parent: epic })
  expect(await close(epic)).toEqual({ closed: [] })
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
    hands().releaseIssue({ rig: 'w', issue: id, holder, status: 'blocked', note: 'why', blockedBy: null }, call)
  await hands().claimIssue({ rig: 'w', issue: id, holder: 'w/polecats/Nux', previous: null, accounts: [] }, call)
  expect(await release('w/polecats/Toast')).toEqual({ status: 'in_progress' })
  expect(await release('w/polecats/Nux')).toEqual({ status: 'blocked' })
  // Somebody opened it again: a repetition that comes late changes nothing.
  beads.update(id, { status: 'open' }, 'somebody')
  expect(await release('w/polecats/Nux')).toEqual({ status: 'open' })
})

const nux = 'w/polecats/Nux'
const claim = (id: string, previous: string | null = null, holder = nux) =>
  hands().claimIssue({ rig: 'w', issue: id, holder, previous, accounts: [] }, call)
const read = (id: string) => hands().readIssue({ rig: 'w', issue: id, holder: nux }, call)

test('what its own worker closed is not done while it is under way: nothing that waits for it starts', async () => {
  const epic = make('All', { issue_type: 'epic' })
  const [first, second] = [make('First', { parent: epic }), make('Second', { parent: epic })]
  beads.addDep(second, first, 'blocks', 'tester')
  await claim(first)
  beads.closeIssue(first, 'done, I think', nux)
  expect(await survey([epic], [], [first])).toMatchObject({ ready: [], complete: [] })
  // Nobody has it in hand any more: then closed is closed.
  expect(await survey([epic])).toMatchObject({ ready: [second] })
})

test('what somebody else closed while it was under way is dropped; what its worker closed, or the town, is not', async () => {
  const [theirs, own, landed] = [make('Theirs'), make('Own'), make('Landed')]
  for (const id of [theirs, own, landed]) await claim(id)
  beads.closeIssue(theirs, 'not wanted', 'ann')
  beads.closeIssue(own, 'done', nux)
  await close(landed)
  const { dropped } = await hands().surveyIssues(
    {
      rig: 'w',
      epics: [],
      issues: [],
      escalated: [],
      underway: [theirs, own, landed, 'w-gone'],
      holders: [],
      usedUp: [],
      most: 1,
    },
    call,
  )
  expect(dropped).toEqual([theirs, 'w-gone'])
})

test('work that came back is claimed again though its worker had closed the issue; what another closed is not', async () => {
  const [own, theirs] = [make('Own'), make('Theirs')]
  for (const id of [own, theirs]) await claim(id)
  beads.closeIssue(own, 'done', nux)
  beads.closeIssue(theirs, 'not wanted', 'ann')
  expect(await claim(own, nux, 'w/polecats/Toast')).toMatchObject({ kind: 'claimed' })
  expect(beads.get(own)).toMatchObject({ status: 'in_progress', assignee: 'w/polecats/Toast', close_reason: '' })
  expect(await claim(theirs, nux, 'w/polecats/Toast')).toMatchObject({ kind: 'unavailable' })
})

test('an issue says for the worker that went without a word what it has come to', async () => {
  const [held, closed, dropped, waiting, blocked, open, given] = ['H', 'C', 'D', 'W', 'B', 'O', 'G'].map((title) =>
    make(title),
  ) as [string, string, string, string, string, string, string]
  for (const id of [held, closed, dropped, waiting, blocked, open, given]) await claim(id)
  beads.closeIssue(closed, 'right already', nux)
  beads.closeIssue(dropped, 'not wanted', 'ann')
  beads.addDep(waiting, held, 'blocks', nux)
  beads.update(blocked, { status: 'blocked' }, nux)
  beads.update(open, { status: 'open', assignee: null }, nux)
  beads.update(given, { assignee: 'ann' }, nux)
  expect(await Promise.all([held, closed, dropped, waiting, blocked, open, given, 'w-gone'].map(read))).toEqual([
    { kind: 'held' },
    { kind: 'closed', byHolder: true, reason: 'right already' },
    { kind: 'closed', byHolder: false, reason: 'not wanted' },
    { kind: 'blocked', on: [held], why: `it waits for ${held}` },
    { kind: 'blocked', on: [], why: 'its worker set it blocked' },
    { kind: 'given_back' },
    { kind: 'let_go', why: 'ann has it now' },
    { kind: 'let_go', why: 'w-gone is gone' },
  ])
})

test('given back to wait for another issue it waits; where it cannot, the next worker looks', async () => {
  const [first, second, third] = [make('First'), make('Second'), make('Third')]
  const release = (issue: string, blockedBy: string) =>
    hands().releaseIssue({ rig: 'w', issue, holder: nux, status: 'open', note: 'why', blockedBy }, call)
  for (const id of [second, third]) await claim(id)
  expect(await release(second, first)).toEqual({ status: 'open' })
  expect(await release(third, 'w-gone')).toEqual({ status: 'open' })
  // Two workers that wait for each other's issue, each of which was free to when it said so.
  await claim(first)
  expect(await release(first, second)).toEqual({ status: 'open' })
  for (const id of [first, third]) expect(await whyNot(beads, beads.get(id) as Issue, new Date())).toBeUndefined()
  expect(await whyNot(beads, beads.get(second) as Issue, new Date())).toBe(`blocked by ${first} (open)`)
})

test('landed is what the town itself says, on an issue that its worker closed too', async () => {
  const id = make('One')
  await claim(id)
  beads.closeIssue(id, 'done', nux)
  expect(isLanded(beads.closedBy(id), beads.get(id)?.close_reason ?? '')).toBe(false)
  await hands().closeIssues({ rig: 'w', issues: [{ issue: id, reason: 'Landed as 0123456789ab' }] }, call)
  expect(isLanded(beads.closedBy(id), beads.get(id)?.close_reason ?? '')).toBe(true)
  beads.closeIssue(make('Two'), 'Landed as 0123456789ab', 'ann')
})

test('of what is ready, one that is nobody’s is claimed, the first; then the next, until there is none', () => {
  const [taken, later, first] = [make('Taken'), make('Later'), make('First')]
  beads.update(taken, { assignee: 'ann', priority: 0 }, 'tester')
  beads.update(first, { priority: 1 }, 'tester')
  const claims = ['a', 'b', 'c'].map((holder) => beads.claimReady({}, holder))
  expect(claims.map((each) => each && [each.id, each.assignee, each.status])).toEqual([
    [first, 'a', 'in_progress'],
    [later, 'b', 'in_progress'],
    undefined,
  ])
  expect(beads.get(taken)).toMatchObject({ assignee: 'ann', status: 'open' })
})

test('notes that are full keep nobody from giving an issue back', async () => {
  const id = make('One')
  const full = 'x'.repeat(textBytesMax)
  beads.update(id, { notes: full }, 'tester')
  await claim(id)
  const release = { rig: 'w', issue: id, holder: nux, status: 'open', note: 'why', blockedBy: null } as const
  expect(await hands().releaseIssue(release, call)).toEqual({ status: 'open' })
  expect(beads.get(id)).toMatchObject({ assignee: null, notes: full })
})

/** The issues are an older copy: the town has gone on since. */
test('what only an older copy says to be in hands, or the Overseer’s, is shown, with who has it', async () => {
  const [nux, toast] = ['w/polecats/Nux', 'w/polecats/Toast']
  const epic = make('All', { issue_type: 'epic' })
  const [left, held, blocked, given, other, taken] = ['a', 'b', 'c', 'd', 'e', 'f'].map((title) =>
    make(title, { parent: epic }),
  ) as [string, string, string, string, string, string]
  for (const [id, holder] of [
    [left, toast],
    [held, nux],
    [blocked, toast],
    [other, 'ann'],
  ] as const)
    await beads.claim(id, holder)
  beads.update(blocked, { status: 'blocked' }, toast)
  const release = { rig: 'w', holder: toast, status: 'blocked' as const, note: 'why', blockedBy: null }
  await hands().releaseIssue({ ...release, issue: given }, call)
  beads.addDep(taken, left, 'blocks', 'tester')
  await beads.claim(taken, toast)
  const asked = { rig: 'w', epics: [epic], issues: [], holders: [nux], usedUp: [], underway: [held], most: 10 }
  const shown = async (escalated: string[]) =>
    (await hands().surveyIssues({ ...asked, escalated }, call)).ready.map(({ id, previous }) => [id, previous])
  expect((await shown([])).sort()).toEqual(
    [
      [left, toast],
      [blocked, toast],
      [given, null],
    ].sort(),
  )
  // Of what the Overseer was asked about, nobody is given anything before they have said so.
  expect((await shown([given])).map(([id]) => id)).not.toContain(given)
  // Nobody asked for them, nobody is shown them.
  expect(await hands().surveyIssues({ ...asked, epics: [], escalated: [] }, call)).toMatchObject({ ready: [] })
  const claim = { rig: 'w', issue: left, holder: nux, previous: toast, accounts: [] }
  expect(await hands().claimIssue(claim, call)).toMatchObject({ kind: 'claimed' })
})

test('no issue is claimed over a budget; a claim whose answer was lost was granted, one of returned work is another', async () => {
  const epic = make('All', { issue_type: 'epic' })
  const inner = make('Part', { issue_type: 'epic', parent: epic })
  const id = make('One', { parent: inner })
  let isOver = true
  const asked: unknown[] = []
  const refusal = { kind: 'over_budget', which: 'rig', of: 'w', spent: '2$', budget: '1$', againMs: null } as const
  const budgeted = beadsHands({
    ...{ of: () => beads, wait: async () => beads, preservedOf: async () => null, landedOf: async () => null },
    secret: 'secret',
    budgets: () => ({
      over(part) {
        asked.push(part)
        return isOver ? refusal : undefined
      },
      warnings: (parts) => {
        asked.push(parts)
        return []
      },
    }),
  })
  const [nux, toast] = ['w/polecats/Nux', 'w/polecats/Toast']
  const claim = (holder: string, previous: string | null = null) =>
    budgeted.claimIssue({ rig: 'w', issue: id, holder, previous, accounts: [] }, call)
  expect(await claim(nux)).toEqual(refusal)
  expect(beads.get(id)).toMatchObject({ status: 'open', assignee: null })
  isOver = false
  expect(await claim(nux)).toMatchObject({ kind: 'claimed' })
  isOver = true
  expect(await claim(nux)).toMatchObject({ kind: 'claimed' })
  // A worker's name is given again when it is free: work that came back may be claimed by the name that has it.
  for (const next of [nux, toast]) expect(await claim(next, nux)).toEqual(refusal)
  expect(beads.get(id)).toMatchObject({ status: 'in_progress', assignee: nux })
  expect(asked[0]).toEqual({ issue: id, within: [inner, epic] })
  const wanted = {
    rig: 'w',
    epics: [epic],
    issues: [],
    escalated: [],
    underway: [id],
    holders: [nux],
    usedUp: [],
    most: 1,
  }
  await budgeted.surveyIssues(wanted, call)
  expect(asked.at(-1)).toEqual([
    { issue: null, within: [epic] },
    { issue: id, within: [inner, epic] },
  ])
})

test('of a used-up budget nothing is shown, nor given out again: neither free, nor escalated, nor left in hands', async () => {
  const epic = make('All', { issue_type: 'epic' })
  const [free, given, left, other] = ['a', 'b', 'c', 'd'].map((title) => make(title, { parent: epic })) as [
    ...[string, string, string, string],
  ]
  await beads.claim(given, 'w/polecats/Nux')
  const release = { rig: 'w', holder: 'w/polecats/Nux', status: 'blocked' as const, note: 'why', blockedBy: null }
  await hands().releaseIssue({ ...release, issue: given }, call)
  await beads.claim(left, 'w/polecats/Toast')
  const shown = async (usedUp: string[], more: object = {}) => {
    const wanted = { rig: 'w', epics: [epic], issues: [given], escalated: [], underway: [], holders: [], most: 9 }
    const { ready } = await hands().surveyIssues({ ...wanted, usedUp, ...more }, call)
    return ready.map(({ id }) => id).sort()
  }
  expect(await shown([])).toEqual([free, given, left, other].sort())
  expect(await shown([free, given, left])).toEqual([other])
  expect(await shown([epic])).toEqual([])
  expect(await shown([epic], { epics: [], issues: [free, given] })).toEqual([])
})

test('issues that ask for an agent that has no account are not ready, and stand before no other', async () => {
  const epic = make('E', { issue_type: 'epic' })
  const codex = Array.from({ length: 5 }, (_, n) => make(`c${n}`, { parent: epic, labels: ['agent:codex'] }))
  const [own, claude] = [make('a', { parent: epic }), make('b', { parent: epic, labels: ['agent:claude'] })]
  const wanted = { rig: 'w', epics: [epic], issues: [], escalated: [], underway: [], holders: [], usedUp: [] }
  const shown = async (agentsHeld: string[], most: number) => {
    const { ready, more } = await hands().surveyIssues({ ...wanted, agentsHeld, most }, call)
    return [ready.map(({ id }) => id), more]
  }
  expect(await shown([], 9)).toEqual([[...codex, own, claude], false])
  expect(await shown(['codex'], 1)).toEqual([[own], true])
  expect(await shown(['codex'], 2)).toEqual([[own, claude], false])
  expect(await shown(['codex', 'claude'], 9)).toEqual([[own], false])
})

test('an issue whose work is on main, and that nobody ever closed, is not given out again', async () => {
  const id = make('One')
  const claim = () =>
    hands().claimIssue({ rig: 'w', issue: id, holder: 'w/polecats/Nux', previous: null, accounts: [] }, call)
  landed = 'a'.repeat(40)
  expect(await claim()).toEqual({ kind: 'landed', commit: landed })
  expect(beads.get(id)?.status).toBe('open')
  await close(id)
  // Opened again, it is wanted again.
  beads.update(id, { status: 'open' }, 'ann')
  expect(await claim()).toMatchObject({ kind: 'claimed' })
})
