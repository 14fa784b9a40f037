// Whose an issue is: taken, given back, asked for again, filed late, as an older copy says.
import { afterEach, expect, test } from 'vitest'
import { type Issue, onlyWork, red, town } from './town.ts'

let t: ReturnType<typeof town>
afterEach(() => t.dispose())

const issue = (id: string): Issue => ({ id, status: 'open', after: [] })
const asksFor = (id: string) => t.post('overseer', 'mayor/', 'work.requested', { rig: 'w', issues: [id] })
const context = () => t.host.actor(`w/polecats/${t.workerOf('w-1')}`)?.context

test('an issue somebody opens again while its work is in the queue is not given to another worker', () => {
  t = town({ landCandidate: () => 'later' }, { issues: [issue('w-1')] })
  t.begin()
  t.handsOff('w-1')
  expect(t.workers()).toEqual([])
  const open = t.issues.get('w-1') as Issue
  open.status = 'open'
  t.post('daemon', 'w/witness', 'issues.changed')
  expect(t.workers()).toEqual([])
  t.answer('landCandidate w/refinery', { kind: 'pushed' })
  expect(open.status).toBe('closed')
})

test('the same issue asked for twice: one worker, and the second hears who holds it', () => {
  t = town({}, { issues: [issue('w-1')] })
  asksFor('w-1')
  const second = asksFor('w-1')
  expect(t.host.reply(second)).toMatchObject({ ok: false, text: 'w-1 is held by w/polecats/Nux' })
  expect([t.workers(), t.workerOf('w-1')]).toEqual([['w-1'], 'Nux'])
})

test('an issue that somebody took just before is worked on when it is given back, with all that was known of it', () => {
  let takenBy: string | null = 'somebody'
  t = town(
    {
      claimIssue: (input) => (takenBy ? { kind: 'held', holder: takenBy } : t.well('claimIssue', input)),
      runGates: onlyWork(() => red('not ok 7')),
    },
    { issues: [issue('w-1')] },
  )
  asksFor('w-1')
  expect(t.workers()).toEqual([])
  takenBy = null
  t.post('daemon', 'w/witness', 'issues.changed')
  expect([t.workers(), t.workerOf('w-1')]).toEqual([['w-1'], 'Nux'])
  // And again when its work has come back.
  takenBy = 'somebody'
  t.handsOff('w-1')
  expect(t.workers()).toEqual([])
  takenBy = null
  t.post('daemon', 'w/witness', 'issues.changed')
  expect(context()).toMatchObject({ attempt: 2, returned: { tail: 'not ok 7' } })
})

test('found by simulation: what came back from the queue, and is in hands that are gone in an older copy of the issues, is taken over', () => {
  t = town(
    {
      claimIssue: (input) =>
        input.previous === null || input.previous === 'w/polecats/Gone'
          ? t.well('claimIssue', input)
          : { kind: 'held', holder: 'w/polecats/Gone' },
      runGates: onlyWork(() => red('not ok 7')),
    },
    { issues: [issue('w-1')] },
  )
  asksFor('w-1')
  t.handsOff('w-1')
  expect(context()).toMatchObject({ attempt: 2, returned: { tail: 'not ok 7' } })
})

test('one more issue, filed in the moment its epic is complete, is done before the epic is', () => {
  const late = issue('w-2')
  t = town(
    {
      closeIssues: (input) => {
        // Somebody is quicker than the close of the epic.
        if (input.issues[0].issue === 'w-e' && !t.issues.has('w-2')) t.issues.set('w-2', late)
        return t.well('closeIssues', input)
      },
    },
    { issues: [issue('w-1')] },
  )
  t.begin()
  t.handsOff('w-1')
  expect(t.workers()).toEqual(['w-2'])
  expect(t.log()).not.toContain('w/witness: every child of w-e is done')
  t.handsOff('w-2')
  expect(t.log()).toContain('w/witness: every child of w-e is done')
})
