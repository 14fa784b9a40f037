// The contract of an issue store as the town's hands use it (`TownIssues`): one suite, for whoever keeps the issues.
import { expect, type TestContext, test } from 'vitest'
import type { NewIssue, TownIssues } from '../../actors/beads/contract.ts'

export interface Kept {
  issues: TownIssues
  /** Files an issue, as a person does: not through the town. */
  make(issue: NewIssue): Promise<string>
  /** Closes one as a person, or as a worker by its own bd. */
  close(id: string, reason: string, actor: string): Promise<void>
  /** The same store as another town has it open. */
  other(): Promise<TownIssues>
  /** As this town has it when it has lost all that it kept beside it. */
  again(): Promise<TownIssues>
  dispose(): Promise<void>
}
export interface Keeping {
  /** Undefined: not here, for this reason. */
  open(): Promise<Kept>
  /** How many ask at once. */
  atOnce: number
  /** What is answered from a recording has one order of questions only. */
  isRecorded?: boolean
  /** false: it does not keep who closed an issue; what a worker holds that is closed is taken for closed by it. */
  tells?: boolean
}

const nux = 'w/polecats/Nux'
const toast = 'w/polecats/Toast'
const by = 'gastown'
const all = { epics: [] as string[], issues: [] as string[], except: [], notDone: [] as string[], most: 20 }

export function townIssuesKeep({ open, atOnce, isRecorded = false, tells = true }: Keeping): void {
  const kept = (title: string, story: (store: Kept) => Promise<void>) =>
    test(title, async ({ onTestFinished }: TestContext) => {
      const store = await open()
      onTestFinished(() => store.dispose())
      await story(store)
    })

  kept('what is filed is found, with what it is a part of and its labels', async ({ issues, make }) => {
    const epic = await make({ title: 'All', issue_type: 'epic', priority: 1 })
    const inner = await make({ title: 'Part', issue_type: 'epic', parent: epic })
    const id = await make({ title: 'One <&> ünï', description: 'two\nlines', parent: inner, labels: ['b', 'a'] })
    expect(await issues.get(id)).toMatchObject({
      ...{ id, title: 'One <&> ünï', description: 'two\nlines', status: 'open', priority: 2, issue_type: 'task' },
      ...{ assignee: null, closed_at: null, close_reason: '' },
    })
    expect(await issues.labels(id)).toEqual(['a', 'b'])
    expect([await issues.parentOf(id), await issues.parentOf(epic)]).toEqual([inner, null])
    expect([...(await issues.lineage(id))].sort()).toEqual([epic, inner, id].sort())
    expect(await issues.openEpics(epic)).toEqual([inner])
    expect([await issues.get('w-none'), await issues.closedBy(id)]).toEqual([undefined, null])
  })

  kept('what may start: open, nobody’s, waiting for nothing, by priority, then age', async ({ issues, make }) => {
    const epic = await make({ title: 'All', issue_type: 'epic' })
    const late = await make({ title: 'late', parent: epic, priority: 3 })
    const soon = await make({ title: 'soon', parent: epic, priority: 0 })
    const after = await make({ title: 'after', parent: epic, deps: [{ type: 'blocks', id: soon }] })
    const ids = async (more: Partial<typeof all> = {}) =>
      (await issues.next({ ...all, epics: [epic], ...more })).map(({ id }) => id)
    expect(await ids()).toEqual([soon, late])
    expect([(await issues.blockers(after)).map(({ id }) => id), await issues.waitsFor(after)]).toEqual([[soon], [soon]])
    expect(await issues.claim(soon, nux)).toBe(null)
    expect(await ids()).toEqual([late])
    await issues.closeIssue(soon, 'Landed as abc', by, true)
    expect(await ids()).toEqual([after, late])
    expect(await ids({ notDone: [soon] })).toEqual([late])
    expect(await ids({ epics: [], issues: [after] })).toEqual([after])
    expect(await issues.progress(epic)).toEqual({ total: 3, open: 2, closed: 0, landed: 1 })
    expect(await issues.parts(epic, 'free', 5)).toEqual([after, late])
    expect([await issues.unfinished([epic]), await issues.parts(epic, 'landed', 5)]).toEqual([[epic], [soon]])
  })

  kept('an issue has one holder, who may ask again and hand it on', async ({ issues, make }) => {
    const id = await make({ title: 'One' })
    expect(await issues.claim(id, nux)).toBe(null)
    expect(await issues.get(id)).toMatchObject({ status: 'in_progress', assignee: nux })
    expect(await issues.claim(id, nux)).toBe(null)
    expect(await issues.claim(id, toast)).toEqual({ held: nux })
    expect(await issues.claim(id, toast, { previous: 'w/polecats/Other' })).toEqual({ held: nux })
    expect(await issues.claim(id, toast, { previous: nux })).toBe(null)
    expect(await issues.get(id)).toMatchObject({ status: 'in_progress', assignee: toast })
    expect((await issues.inHands('w/polecats/', 'gt:escalated')).map((each) => each.id)).toEqual([id])
    expect(await issues.claim('w-none', nux)).toMatchObject({ unavailable: expect.stringContaining('not found') })
  })

  kept('given back with a note, set aside with a label, and given out again by it', async ({ issues, make }) => {
    const id = await make({ title: 'One' })
    await issues.claim(id, nux)
    await issues.addLabel(id, 'gt:escalated')
    await issues.addLabel(id, 'gt:escalated')
    await issues.update(id, { status: 'blocked', assignee: null, notes: '- why --x\n"not"' }, by)
    expect(await issues.get(id)).toMatchObject({ status: 'blocked', assignee: null, notes: '- why --x\n"not"' })
    expect(await issues.labels(id)).toEqual(['gt:escalated'])
    expect((await issues.inHands('w/polecats/', 'gt:escalated')).map((each) => each.id)).toEqual([id])
    expect(await issues.claim(id, toast)).toEqual({ unavailable: 'status blocked' })
    expect(await issues.claim(id, toast, { alsoLabel: 'gt:escalated' })).toBe(null)
    expect(await issues.labels(id)).toEqual([])
    await issues.update(id, { status: 'open', assignee: null, notes: '- why --x\n"not"\nand again' }, by)
    expect(await issues.get(id)).toMatchObject({ status: 'open', notes: '- why --x\n"not"\nand again' })
  })

  kept('closed: not while it waits or has open parts, but with force; by whom, and why', async ({ issues, make }) => {
    const epic = await make({ title: 'All', issue_type: 'epic' })
    const first = await make({ title: 'first', parent: epic })
    const second = await make({ title: 'second', parent: epic })
    await issues.addDep(second, first, 'blocks', by)
    await expect(Promise.resolve().then(() => issues.closeIssue(second, 'x', by))).rejects.toThrow('blocked')
    await expect(Promise.resolve().then(() => issues.closeIssue(epic, 'x', by))).rejects.toThrow('open child')
    await expect(Promise.resolve().then(() => issues.addDep(first, second, 'blocks', by))).rejects.toThrow('cycle')
    await issues.claim(first, nux)
    expect(await issues.closeIssue(first, '-- done, I think', nux)).toMatchObject({
      ...{ status: 'closed', close_reason: '-- done, I think', closed_at: expect.any(String) },
    })
    expect(await issues.closedBy(first)).toBe(nux)
    // Its worker said that it is done; now it is known how.
    await issues.update(first, { status: 'closed', close_reason: 'Landed as abc' }, by)
    expect(await issues.get(first)).toMatchObject({ status: 'closed', close_reason: 'Landed as abc' })
    expect(await issues.closedBy(first)).toBe(by)
    await issues.closeIssue(second, 'forced', by, true)
    expect(await issues.progress(epic)).toEqual({ total: 2, open: 0, closed: 1, landed: 1 })
    expect(await issues.unfinished([epic])).toEqual([])
    expect(await issues.closeIssue(epic, 'all of it', by)).toMatchObject({ status: 'closed' })
  })

  kept('what its worker closed itself is taken up by the next; opened again it is nobody’s', async (store) => {
    const { issues, make, close } = store
    const id = await make({ title: 'One' })
    await issues.claim(id, nux)
    await close(id, 'done', nux)
    expect([await issues.closedBy(id), (await issues.get(id))?.close_reason]).toEqual([nux, 'done'])
    expect(await issues.claim(id, toast)).toEqual({ held: nux })
    expect(await issues.claim(id, toast, { previous: nux })).toBe(null)
    expect(await issues.get(id)).toMatchObject({ status: 'in_progress', assignee: toast, closed_at: null })
    await close(id, 'not wanted', 'ann')
    expect(await issues.closedBy(id)).toBe(tells ? 'ann' : toast)
    await issues.update(id, { status: 'open' }, by)
    expect(await issues.get(id)).toMatchObject({ status: 'open', assignee: null, close_reason: '' })
  })

  kept('messages have the ids of their sender, are written once, and are no work', async ({ issues }) => {
    const said = { description: 'b', priority: 2, assignee: 'w/witness', sender: 'mayor/', labels: ['thread:t'] }
    const mail = (id: string) => ({ ...said, id, title: 'Hear', at: new Date('2026-01-02T03:04:05.678Z') })
    expect(await issues.createMessages([mail('w-m1'), mail('w-m2')])).toEqual([true, true])
    expect(await issues.createMessages([mail('w-m2'), mail('w-m3')])).toEqual([false, true])
    expect(await issues.get('w-m1')).toMatchObject({
      ...{ id: 'w-m1', issue_type: 'message', sender: 'mayor/', assignee: 'w/witness' },
      created_at: '2026-01-02T03:04:05.678Z',
    })
    expect(await issues.next({ ...all, issues: ['w-m1'] })).toEqual([])
    expect(await issues.claim('w-m1', nux)).toEqual({ unavailable: 'it is mail' })
  })

  kept('what others write is seen, and that they did', async ({ issues, make }) => {
    const before = await issues.dataVersion()
    const id = await make({ title: 'One', assignee: 'ann', status: 'in_progress' })
    expect(await issues.dataVersion()).not.toBe(before)
    expect(await issues.get(id)).toMatchObject({ assignee: 'ann' })
    expect(await issues.claim(id, nux)).toEqual({ held: 'ann' })
  })

  kept('who holds what, and what has landed, is known from the store alone', async ({ issues, make, again }) => {
    const [held, done] = [await make({ title: 'held' }), await make({ title: 'done' })]
    await issues.claim(held, nux)
    await issues.claim(done, toast)
    await issues.closeIssue(done, 'Landed as abc', by, true)
    const anew = await again()
    expect(await anew.get(held)).toMatchObject({ status: 'in_progress', assignee: nux })
    expect(await anew.get(done)).toMatchObject({ status: 'closed', assignee: toast, close_reason: 'Landed as abc' })
    if (tells) expect(await anew.closedBy(done)).toBe(by)
  })

  if (isRecorded) return

  kept('of many who ask at once one has it, also of two towns with workers of one name', async (store) => {
    const [one, two] = [store.issues, await store.other()]
    for (let round = 0; round < 3; round++) {
      const id = await store.make({ title: `wanted ${round}` })
      const answers = await Promise.all(
        Array.from({ length: atOnce }, async (_, n) => {
          const [town, holder] = [n % 2 === 0 ? one : two, `w/polecats/W${Math.floor(n / 2)}`]
          return { town, holder, refused: await town.claim(id, holder) }
        }),
      )
      const won = answers.filter(({ refused }) => refused === null)
      expect(won).toHaveLength(1)
      expect((await won[0]?.town.get(id))?.assignee).toBe(won[0]?.holder)
    }
  })
}
