// Notices what other processes write to a rig's beads: file events, no polling, no subprocess.
// Never: says what changed; the reader looks.
import { watch } from 'chokidar'
import type { Beads } from './embedded.ts'

/** Calls `changed` after commits of other connections. Returns how to stop. */
export function watchBeads(dir: string, beads: Beads, changed: () => void): () => Promise<void> {
  let seen = beads.dataVersion()
  const watcher = watch([`${dir}/beads.db-wal`, `${dir}/beads.db`], { ignoreInitial: true })
  watcher.on('all', () => {
    // Our own commits move the files too, but not this number.
    const version = beads.dataVersion()
    if (version === seen) return
    seen = version
    changed()
  })
  return () => watcher.close()
}
