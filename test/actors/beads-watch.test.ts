import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { watchBeads } from '../../actors/beads/watch.ts'

test('a commit that counts only after its pages were written is noticed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'beads-watch-'))
  const wal = join(dir, 'some-wal')
  writeFileSync(wal, '')
  let version = 1
  let looks = 0
  const dataVersion = () => {
    looks++
    return version
  }
  const changed = vi.fn()
  const stop = watchBeads(join(dir, 'some'), { dataVersion }, changed)
  try {
    await vi.waitFor(() => {
      // At the beginning, when the watch is ready, and when the file has changed.
      if (looks < 3) writeFileSync(wal, String(Math.random()))
      expect(looks).toBeGreaterThan(2)
    })
    version = 2
    await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce(), { timeout: 5000 })
  } finally {
    await stop()
    rmSync(dir, { recursive: true })
  }
})
