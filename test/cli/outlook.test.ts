// Where an epic stands while its issues change, on a real store, beside what the Witness and the Refinery say of
// themselves.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Beads, openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { outlook } from '../../cli/outlook.ts'
import { issuesIn } from '../../cli/shelves.ts'
import { begun, type WitnessContext } from '../../machines/ledger.ts'
import type { ActorState, JsonObject } from '../../runtime/contract.ts'

let dir: string
let beads: Beads
let witness: Partial<WitnessContext>
let onMain: string[]
let escalated: string[]
let others: { cause: string; rig: string; issue: string | null; subject: string; body: string }[]
let epic: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'outlook-'))
  initBeads(dir, 'w')
  beads = openBeads(dir)
  onMain = []
  escalated = []
  others = []
  epic = make('All', { issue_type: 'epic' })
  witness = { wanted: { epics: [epic], issues: [] } }
})
afterEach(() => {
  beads.close()
  rmSync(dir, { recursive: true })
})

const nux = 'w/polecats/Nux'
const make = (title: string, more: { issue_type?: string; parent?: string } = {}) =>
  beads.create({ title, ...more }, 'ann').id
const part = (parent = epic) => make('Part', { parent })
const works = (issue: string) => ({ Nux: { issue, title: issue, attempt: 1, returned: null, since: 0 } })
const land = (id: string) => beads.closeIssue(id, 'Landed as 0123', 'gastown', true)

function look(id = epic) {
  const at = (address: string, value: ActorState['value'], context: object): ActorState => {
    const life = { role: '', incarnation: 1, revision: 1, status: 'active' as const, updatedAt: 0 }
    return { ...life, address, value, context: context as JsonObject }
  }
  const input = { rig: 'w', maxWorkers: 2, spawnDelayMs: 0, triesMax: 3 }
  const resting = { brake: 'released', dispatch: 'resting' }
  const actors = [
    at('w/witness', resting, { ...begun(input), ...witness }),
    at('w/refinery', 'idle', { queue: [], landed: onMain.map((issue) => ({ issue })) }),
    at('mayor/', 'coordinating', {
      escalations: [
        ...others,
        ...escalated.map((issue) => ({ cause: `w/${issue}`, rig: 'w', issue, subject: `${issue}?`, body: '' })),
      ],
    }),
  ]
  const host = { actor: (of: string) => actors.find(({ address }) => address === of), shownAt: (at: number) => at }
  return outlook(
    host,
    issuesIn(() => beads),
    'w',
    id,
  )
}
const told = async (id?: string) => {
  const found = await look(id)
  return [found?.kind, found?.text.replace(`${id ?? epic}: `, ''), found?.remaining]
}

test('what is added, closed, landed and opened again is counted as it is', async () => {
  const inner = make('Inner', { issue_type: 'epic', parent: epic })
  const [one, two] = [part(), part(inner)]
  witness.workers = works(one)
  expect(await told()).toEqual(['working', '0 of 2 landed', 2])
  const late = part(inner)
  expect(await told()).toEqual(['working', '0 of 3 landed', 3])
  land(two)
  beads.closeIssue(late, 'not wanted', 'ann')
  expect(await told()).toEqual(['working', '1 of 3 landed', 1])
  beads.update(two, { status: 'open' }, 'ann')
  expect(await told()).toEqual(['working', '0 of 3 landed', 2])
  beads.removeDep(two, inner, 'ann')
  expect(await told()).toEqual(['working', '0 of 2 landed', 1])
})

test('what its own worker closed is not over before it has landed; what is on main is, though the beads are behind', async () => {
  const [one, two] = [part(), part()]
  beads.claim(one, nux)
  beads.closeIssue(one, 'done', nux)
  witness.workers = works(one)
  expect(await told()).toEqual(['working', '0 of 2 landed', 2])
  expect((await look())?.open.map(({ id }) => id).sort()).toEqual([one, two].sort())
  onMain = [one]
  expect(await told()).toEqual(['working', '0 of 2 landed', 2])
  beads.claim(two, nux)
  onMain = [two]
  expect(await told()).toEqual(['working', '1 of 2 landed', 1])
  witness.workers = {}
  expect((await look())?.kind).toBe('closed')
  onMain = [one, two]
  expect(await told()).toEqual(['landed', '2 of 2 landed', 0])
})

test('where no agent of the rig can work, it waits for the Overseer, whichever issue that was met on', async () => {
  part()
  const issue = make('Elsewhere')
  escalated = [issue]
  expect((await look())?.kind).toBe('working')
  others = [{ cause: 'w/account', rig: 'w', issue, subject: 'the agents of w cannot work', body: '' }]
  expect((await look())?.kind).toBe('needs-overseer')
})

test('over without landing: it is said of each, and of many by number', async () => {
  const parts = Array.from({ length: 25 }, () => part())
  land(parts[0] as string)
  for (const id of parts.slice(1)) beads.closeIssue(id, 'no change: right already', 'gastown')
  expect((await look())?.kind).toBe('unchanged')
  beads.closeIssue(parts[24] as string, 'not wanted', 'ann')
  const found = await look()
  expect(found).toMatchObject({ kind: 'closed', total: 25, landed: 1, remaining: 0 })
  expect(found?.text).toMatch(
    /^\S+: 1 of 25 landed; (\S+ is closed, with nothing of it on main: [^;]+; ){20}so are 4 more$/,
  )
})

test('what waits for a day goes on by itself; what waits for a word does not', async () => {
  const id = part()
  beads.update(id, { defer_until: '9999-01-01T00:00:00.000Z' }, 'ann')
  expect(await look()).toMatchObject({
    ...{ kind: 'working', text: expect.stringContaining(`${id} waits for 9999-01-01`) },
  })
  beads.update(id, { status: 'deferred', defer_until: null }, 'ann')
  expect((await look())?.kind).toBe('needs-overseer')
})

test('what nobody will start by itself is the Overseer’s; a few are named, however many there are', async () => {
  const other = make('Elsewhere')
  for (let n = 0; n < 30; n++) beads.addDep(part(), other, 'blocks', 'ann')
  const found = await look()
  expect(found).toMatchObject({ kind: 'needs-overseer', total: 30, remaining: 30 })
  expect([found?.open.length, found?.needs.length]).toEqual([20, 20])
  expect(found?.needs[0]?.subject).toMatch(` waits: blocked by ${other} (open)`)
  beads.closeIssue(other, 'done', 'ann')
  expect((await look())?.kind).toBe('working')
})

test('an escalation at any level concerns the whole; of an epic that nobody asked for it is said', async () => {
  const inner = make('Inner', { issue_type: 'epic', parent: epic })
  const [one] = [part(inner), part()]
  escalated = [one as string]
  expect(await told()).toEqual(['needs-overseer', `0 of 2 landed; ${one}?`, 2])
  escalated = [make('Elsewhere')]
  expect((await look())?.kind).toBe('working')
  witness = {}
  expect((await look())?.kind).toBe('idle')
  witness = { wanted: { epics: [], issues: [one as string] } }
  expect([(await look())?.kind, (await look(inner))?.kind]).toEqual(['working', 'working'])
})

test('a budget that is used up needs the Overseer once it keeps something: what runs is waited for', async () => {
  const inner = make('Inner', { issue_type: 'epic', parent: epic })
  const [one, two] = [part(inner), part()]
  const usedUp = (cause: string) => {
    others = [{ cause, rig: 'w', issue: null, subject: 'used up', body: '' }]
  }
  witness.workers = works(one)
  usedUp('w/budget/rig')
  expect(await told()).toEqual(['needs-overseer', '0 of 2 landed; used up', 2])
  expect((await look(one))?.kind).toBe('working')
  usedUp(`w/budget/epic/${inner}`)
  expect((await look())?.kind).toBe('working')
  witness.workers = works(two)
  expect([(await look())?.kind, (await look(one))?.kind, (await look(two))?.kind]).toEqual([
    'needs-overseer',
    'needs-overseer',
    'working',
  ])
  // Work that came back waits for somebody to be begun on it.
  witness.workers = {}
  usedUp(`w/budget/issue/${two}`)
  witness.returned = [{ issue: two } as NonNullable<WitnessContext['returned']>[number]]
  witness.wanted = { epics: [epic], issues: [one] }
  expect([(await look(two))?.kind, (await look(one))?.kind]).toEqual(['needs-overseer', 'working'])
})
