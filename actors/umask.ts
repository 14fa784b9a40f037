// What others on this machine may do with files. What the town itself writes is its Overseer's alone, whatever the
// umask of who started it; programs that the town starts for its workers (git, gates, sessions, plugins) make their
// files as the person's own would.
// Never: lets every user write what a program makes, even where the person's umask would.
import process from 'node:process'

const closed = 0o077
/** What is so can be changed by every user of the machine. */
export const writableByAll = 0o002

/** The person's, once the town's own counts in this process. */
let persons: number | undefined

/** From now on what this process writes is for nobody else. */
export function closeToOthers(): void {
  const before = process.umask(closed)
  persons ??= before | writableByAll
}

/** As a shell says it; undefined in a process that writes nothing of a town's. */
export const personsUmask = (): string | undefined => persons?.toString(8).padStart(4, '0')

/**
 * Starts a program with the person's umask. The umask is the whole process's: what another thread of it makes in the
 * meantime is in a folder of mode 0700 all the same.
 */
export function asThePerson<T>(start: () => T): T {
  if (persons === undefined) return start()
  process.umask(persons)
  try {
    return start()
  } finally {
    process.umask(closed)
  }
}
