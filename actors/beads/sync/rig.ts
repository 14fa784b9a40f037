// Shares the issues of a rig as its town says, whoever is at the keyboard.
// Never: throws; what went wrong is told in words.
import { z } from 'zod'
import { openTier } from '../tiers.ts'
import { sync } from './sync.ts'
import { wayOfRig } from './way.ts'

/** What came of it: how many issues changed here and on the branch, or why nothing was done. */
export const told = z.union([z.object({ here: z.number(), there: z.number() }), z.object({ why: z.string() })])
export type Told = z.infer<typeof told>

export async function syncRig(town: string, rig: string): Promise<Told> {
  try {
    const way = await wayOfRig(town, rig)
    const beads = openTier({ town, rig })
    try {
      const done = await sync(beads, way, { actor: 'sync', pull: true, push: true })
      if (done.status === 'stuck') return { why: `others were faster ${done.attempts} times` }
      const here = done.created.length + done.updated.length + done.deleted.length
      return { here, there: done.pushed ? done.shared : 0 }
    } finally {
      beads.close()
    }
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
}
