// The town says to a real store that it is at what its workers hold, so that nobody takes it for abandoned.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBeads } from '../../actors/beads/embedded.ts'
import { initBeads } from '../../actors/beads/file.ts'
import { makeStore } from '../../actors/beads/real/make.ts'
import { namesOf } from '../../actors/beads/real/names.ts'
import { openProgram } from '../../actors/beads/real/program.ts'
import { openReal } from '../../actors/beads/real/real.ts'
import { programsHere } from '../fixture/real-bd.ts'

let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'leases-')))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const leasing = programsHere().filter(({ guards }) => guards)
test.skipIf(leasing.length > 0)('no bd is here that has leases', () => undefined)

test.each(leasing)('bd $text: a lease is kept while it is held', async ({ path }) => {
  const where = { path, dir: join(root, 'store/.beads'), home: join(root, 'home'), env: process.env }
  await makeStore(where, 'w')
  initBeads(join(root, 'mirror'), 'w')
  const [program, mirror] = [await openProgram(where), openBeads(join(root, 'mirror'))]
  const names = namesOf({ name: 'gt', since: '2026' })
  const trouble: unknown[] = []
  const report = (error: unknown) => void trouble.push(error)
  const real = openReal({ mirror: () => mirror, program, names, below: 'w/polecats/', report, heartbeatMs: 1500 })
  try {
    const said = async (...args: string[]) =>
      JSON.parse((await program.inTurn((call) => call([...args, '--json'], { actor: 'ann' }))).out) as unknown
    const { id } = (await said('create', 'One')) as { id: string }
    const heartbeat = async () => ((await said('show', id)) as { heartbeat_at?: string }[])[0]?.heartbeat_at
    expect(await real.issues.claim(id, 'w/polecats/Nux')).toBe(null)
    const first = await heartbeat()
    expect(first).toBeDefined()
    let heard = 0
    real.watch(() => heard++)
    while ((await heartbeat()) === first) await new Promise((resolve) => setTimeout(resolve, 500))
    // What is held by nobody, or by somebody else, is not spoken for.
    await real.issues.update(id, { status: 'open', assignee: null }, 'gastown')
    await said('update', id, '--claim')
    await real.fresh()
    const theirs = await heartbeat()
    await new Promise((resolve) => setTimeout(resolve, 4000))
    expect([await heartbeat(), trouble]).toEqual([theirs, []])
    // What others wrote was told, our own was not.
    expect(heard).toBeGreaterThan(0)
  } finally {
    real.close()
    mirror.close()
  }
})
