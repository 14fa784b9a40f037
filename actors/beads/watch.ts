// Notices what other processes write to a rig's beads: file events, no polling, no subprocess.
// Never: says what changed; the reader looks.
import { watch } from 'chokidar'
import type { Beads } from './embedded.ts'

/**
 * A file moves before the commit that moves it is whole: what is not there yet is looked for once more, after so
 * long.
 */
const secondLookMs = 100

/** Calls `changed` after commits of other connections. Returns how to stop. */
export function watchBeads(dir: string, beads: Beads, changed: () => void): () => Promise<void> {
  let seen = beads.dataVersion()
  let second: NodeJS.Timeout | undefined
  const watcher = watch([`${dir}/beads.db-wal`, `${dir}/beads.db`], { ignoreInitial: true })
  const look = () => {
    // Our own commits move the files too, but not this number.
    const version = beads.dataVersion()
    if (version === seen) return
    seen = version
    changed()
  }
  // What was written while the watch was set up.
  watcher.once('ready', look)
  watcher.on('all', () => {
    look()
    clearTimeout(second)
    second = setTimeout(look, secondLookMs)
  })
  return () => {
    clearTimeout(second)
    return watcher.close()
  }
}
