// What a town that is up does for mail: to whom it goes, who comes to know of it, what time does to it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { fileName } from '../../actors/beads/file.ts'
import { eventually, isWritten, realTown } from '../fixture/real-town.ts'

type Sent = { id: string; to: string; waits?: string }[]
interface Far {
  id: string
  to: string
  progress: Record<'queued' | 'delivered' | 'shown' | 'read' | 'expired', string | null>
}

/** It tells what it is told as it begins, and reads what waits for it. */
const worker = `#!/bin/sh
cd "$GT_TOWN/.."
gt prime > part 2>&1
gt mail send @polecats -s "Anybody?" > alone 2>&1
mv part told
exec sleep 1000
`

test('groups, whoever is still to come, and what is of no use any more', async () => {
  using t = realTown({ worker })
  t.issues(1)
  expect(t.gt('mail', 'send', 'overseer', '-s', 'Hello')).toMatchObject({ status: 3 })
  t.ok('up')
  const all = t.json<Sent>('mail', 'send', '@town', 'wyvern/witness', '-s', 'Freeze', '--ttl', '1s')
  // The Overseer says it, and hears nothing of it.
  expect(all.map(({ to }) => to).sort()).toEqual(['mayor/', 'wyvern/refinery', 'wyvern/witness'])
  expect(new Set(all.map(({ id }) => id)).size).toBe(3)
  expect(t.gt('mail', 'send', 'wyvern/witness', 'wivern/witness', '-s', 'Both')).toMatchObject({
    ...{ status: 1, stdout: '' },
    stderr: expect.stringContaining('did you mean wyvern?'),
  })
  // Whoever is begun first is called so.
  const early = t.json<Sent>('mail', 'send', 'wyvern/Nux', '-s', 'Mind the tests')[0]
  expect(early?.waits).toContain('nobody lives at wyvern/polecats/Nux now')
  const far = () => t.json<Far[]>('mail', 'sent').find(({ id }) => id === early?.id)?.progress
  expect(far()).toMatchObject({ shown: null, read: null })
  t.ok('spawn', '--issue', 'wy-1')
  await eventually(() => isWritten(join(t.dir, 'told')))
  expect(readFileSync(join(t.dir, 'told'), 'utf8')).toContain('Mind the tests')
  expect(readFileSync(join(t.dir, 'alone'), 'utf8')).toContain('nobody but you is in @polecats now')
  expect(far()).toMatchObject({ queued: expect.any(String), delivered: expect.any(String), shown: expect.any(String) })
  // Unread in time: out of three inboxes, and one mail tells of it.
  const late = () =>
    t
      .ok('mail', 'inbox')
      .split('\n')
      .filter((line) => line.includes('Not read in time: Freeze'))
  await eventually(() => late().length > 0)
  expect(late()).toHaveLength(1)
  expect(t.ok('mail', 'inbox', 'wyvern/witness')).toContain('no unread mail')
  // What was read long ago is put away when the town is next begun, and no store looks older for it.
  const { id } = all.find(({ to }) => to === 'mayor/') ?? { id: '' }
  t.ok('down')
  const db = new DatabaseSync(join(t.layout.store, fileName))
  db.prepare("UPDATE issues SET closed_at = '2020-01-01T00:00:00.000Z' WHERE id = ?").run(id)
  db.close()
  t.ok('up')
  const month = join(t.layout.daemon, 'mail', `mayor-${new Date().toISOString().slice(0, 7)}.jsonl`)
  await eventually(() => existsSync(month))
  expect(readFileSync(month, 'utf8')).toContain(`"id":"${id}"`)
  t.ok('down')
  t.ok('up')
  expect(t.ok('mail', 'inbox')).toContain('Not read in time')
})
