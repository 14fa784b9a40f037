// `state.json` of a run: where its agent says that it wants a new conversation. The town looks when a turn or the run
// is over. The folder is that of one run, so that each wish is heard once. (spec: Agent Session Lifecycle)
// Never: written by the town; believed of anything else that is in it.
import { join } from 'node:path'
import { z } from 'zod'
import { noteAt } from '../files.ts'

export const stateOf = (dir: string) => join(dir, 'state.json')

const wish = z.looseObject({ requesting_cycle: z.literal(true) })

/** What cannot be read asks for nothing. */
export function asksToCycle(dir: string): boolean {
  try {
    return noteAt(stateOf(dir), wish) !== undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false
    throw error
  }
}
