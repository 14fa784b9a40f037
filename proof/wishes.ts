// Wishes: what the Overseer wants done, and has asked for.
// Never: asks for more than that.

import type { Stage } from './inhabitants.ts'
import { epic, rig } from './world.ts'

/** `byIssue`: each issue by its name, and not their epic. */
export function makeWishes({ world, post }: Pick<Stage, 'world' | 'post'>, byIssue: boolean) {
  const asked = new Set<string>()
  /** Filed under an epic that was closed. */
  const late = new Set<string>()
  return {
    ask(): void {
      for (const id of world.issues.keys()) asked.add(id)
      // As a person would: a closed epic with open children is opened again.
      world.epicClosed = false
      if (byIssue) for (const id of asked) post('overseer', 'mayor/', 'work.requested', { rig, issues: [id] })
      else post('overseer', 'mayor/', 'work.requested', { rig, epic })
    },
    filed(id: string): void {
      // Not the one of that name, which was asked for and is in no copy of the issues.
      asked.delete(id)
      if (world.epicClosed) late.add(id)
    },
    /** Not asked for by name; or filed too late. */
    isUnasked: (id: string) => !asked.has(id) && (byIssue || late.has(id)),
  }
}
