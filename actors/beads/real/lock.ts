// One at a time: a lock beside a store, kept by the system, which lets go of it when its holder is gone.
// Never: left behind by a process that was killed; waited for without an end.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { BeadsError } from '../contract.ts'

/** No real `bd` takes it for a database of its own: it is not called `….db`. */
const lockIn = (dir: string) => join(dir, '.gastown.lock')

/** How often it is asked for again, in milliseconds. */
const againMs = { first: 5, last: 100 }
const busy = 5

export interface Lock {
  /** Also said again. */
  free(): void
}

function opened(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 })
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number }
    throw Object.assign(new BeadsError(`${path} cannot be opened: ${(error as Error).message}`), { errcode })
  }
}

/** Throws a BeadsError that passes (`isPassing`) when somebody else has it for longer than `withinMs`. */
export async function lockStore(dir: string, withinMs: number, signal?: AbortSignal): Promise<Lock> {
  if (!existsSync(dir)) throw new BeadsError(`${dir} does not exist`)
  const db = opened(lockIn(dir))
  const until = performance.now() + withinMs
  for (let waitMs = againMs.first; ; waitMs = Math.min(2 * waitMs, againMs.last))
    try {
      db.exec('BEGIN EXCLUSIVE')
      return { free: () => db.isOpen && db.close() }
    } catch (error) {
      const { errcode = 0 } = error as { errcode?: number }
      if ((errcode & 0xff) !== busy || performance.now() + waitMs > until || signal?.aborted) {
        db.close()
        throw Object.assign(new BeadsError(`${dir} is in use by another program: ${(error as Error).message}`), {
          errcode,
        })
      }
      await sleep(waitMs)
    }
}
