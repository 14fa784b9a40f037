// Work that is not to be begun before a day: nobody gets it earlier, and somebody does then, without anybody's word.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { Issue } from '../../actors/beads/contract.ts'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { whyNot } from '../../actors/beads/hands.ts'
import { openShelves } from '../../cli/shelves.ts'
import { inStore, storesTown } from '../fixture/stores.ts'

test('it is given out from that day on, wherever the day was said, and by the clock as it is', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'deferred-'))
  initBeads(dir, 'w')
  let now = new Date('2026-03-01T12:00:00Z')
  const beads = openBeads(dir, { now: () => now })
  const at = (time: string) => {
    now = new Date(time)
  }
  const made = (title: string, more: object = {}) => beads.create({ title, ...more }, 'x').id
  try {
    const day = '2026-03-02T00:00:00.000Z'
    const epic = made('All', { issue_type: 'epic' })
    const late = made('Late', { parent: epic, defer_until: day })
    const open = made('Open', { parent: epic })
    beads.update(open, { defer_until: day }, 'x')
    const inner = made('Inner', { issue_type: 'epic', parent: epic, defer_until: day })
    const part = made('Part', { parent: inner })
    const single = made('Alone', { defer_until: day })
    const never = made('Never', { parent: epic, status: 'deferred' })
    const all = [late, open, part, single].sort()
    const asked = { epics: [epic], issues: [single, never], except: [], notDone: [], most: 9 }
    const next = () =>
      beads
        .next(asked)
        .map(({ id }) => id)
        .sort()
    const why = (id: string) => whyNot(beads, beads.get(id) as Issue, now)

    expect([next(), beads.nextDay()]).toEqual([[], day])
    for (const id of all) expect(await why(id)).toBe(`not to be begun before ${day}`)
    expect(await why(never)).toBe(`deferred until somebody says so (bd undefer ${never})`)
    expect(beads.claim(late, 'w/polecats/Nux')).toEqual({ unavailable: 'status deferred' })

    at(day)
    expect([next(), beads.nextDay()]).toEqual([all, undefined])
    for (const id of all) expect(await why(id)).toBeUndefined()
    // A clock that is set back.
    at('2026-03-01T23:00:00Z')
    expect([next(), beads.nextDay()]).toEqual([[], day])

    at('2026-03-02T00:00:01Z')
    expect(beads.claim(late, 'w/polecats/Nux')).toBeNull()
    at('2026-03-01T23:00:00Z')
    expect(beads.get(late)).toMatchObject({ status: 'in_progress', assignee: 'w/polecats/Nux' })
  } finally {
    beads.close()
    rmSync(dir, { recursive: true })
  }
})

test('the town looks when the day has come, though nobody writes', async () => {
  const t = storesTown()
  const shelves = openShelves(
    t.town,
    { env: {}, ours: [] },
    {
      ...{ mended: () => {}, linked: () => {}, unusable: () => {}, usable: () => {} },
      report: (error) => expect.fail(String(error)),
    },
  )
  try {
    shelves.begin([{ rig: 'w', prefix: 'w' }])
    const looks: string[] = []
    shelves.watch('w', () => looks.push(new Date().toISOString()))
    const until = new Date(Date.now() + 1500).toISOString()
    inStore(t.of('w'), (others) => others.create({ title: 'Late', defer_until: until }, 'x'))
    await vi.waitFor(() => expect(looks.some((look) => look >= until)).toBe(true), 10_000)
  } finally {
    await shelves.close()
    t.dispose()
  }
})
