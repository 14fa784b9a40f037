// Notices what other processes write to a rig's beads: file events, no polling, no subprocess.
// Never: says what changed; the reader looks.
import { watch } from 'chokidar'
import type { Beads } from './embedded.ts'

/**
 * Looks once more after a file has changed, in milliseconds: a commit's pages are written first, and it counts only
 * once the disk has them, of which there is no event.
 */
const laterMs = [30, 300, 3000]

/** Calls `changed` after commits of other connections to the file at `path`. Returns how to stop. */
export function watchBeads(path: string, beads: Pick<Beads, 'dataVersion'>, changed: () => void): () => Promise<void> {
  let seen = beads.dataVersion()
  let looks: NodeJS.Timeout[] = []
  const look = () => {
    // Our own commits move the files too, but not this number.
    const version = beads.dataVersion()
    if (version === seen) return
    seen = version
    changed()
  }
  const end = () => {
    for (const each of looks.splice(0)) clearTimeout(each)
  }
  const watcher = watch([`${path}-wal`, path], { ignoreInitial: true })
  // What was written while the watch was set up.
  watcher.once('ready', look)
  watcher.on('all', () => {
    end()
    look()
    looks = laterMs.map((ms) => setTimeout(look, ms))
  })
  return () => {
    end()
    return watcher.close()
  }
}
