// The beads of a town: the town's own and each rig's, opened when they are first needed, and watched.
// Never: writes; what hands write they write through what is opened here.

import type { Issue } from '../actors/beads/contract.ts'
import { type Beads, openBeads } from '../actors/beads/embedded.ts'
import { isLanded, isUnchanged, survey, whyNotWait } from '../actors/beads/hands.ts'
import { watchBeads } from '../actors/beads/watch.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import type { IssueReader } from './status.ts'

/**
 * A lock of somebody else is waited for so long, in milliseconds: nobody is answered meanwhile. What a hand could not
 * do for it is tried again (`runtime/driver.ts`).
 */
const busyMs = 250

export interface Shelves {
  /** A rig's; the town's own for undefined. */
  of(rig: string | undefined): Beads
  issues: IssueReader
  /** Calls `changed` after every commit of somebody else. */
  watch(rig: string, changed: () => void): void
  /** Lets go of a rig's. */
  drop(rig: string): Promise<void>
  close(): Promise<void>
}

export function openShelves(root: string): Shelves {
  const open = new Map<string, Beads>()
  const watches = new Map<string, () => Promise<void>>()
  const of = (rig: string | undefined): Beads => {
    const key = rig ?? ''
    const beads =
      open.get(key) ?? openBeads(rig === undefined ? townLayout(root).beads : rigLayout(root, rig).beads, { busyMs })
    open.set(key, beads)
    return beads
  }
  const drop = async (rig: string) => {
    await watches.get(rig)?.()
    watches.delete(rig)
    open.get(rig)?.close()
    open.delete(rig)
  }
  return {
    of,
    issues: issuesIn(of),
    watch: (rig, changed) => void watches.set(rig, watchBeads(rigLayout(root, rig).beads, of(rig), changed)),
    drop,
    async close() {
      await Promise.all([...watches.values()].map((stop) => stop()))
      for (const beads of open.values()) beads.close()
    },
  }
}

function issuesIn(of: Shelves['of']): IssueReader {
  const part = (rig: string, issue: Issue) => {
    const { id, title, status, close_reason: reason } = issue
    const closer = status === 'closed' ? of(rig).closedBy(id) : null
    return { id, title, status, landed: isLanded(closer, reason), unchanged: isUnchanged(issue, closer), reason }
  }
  return {
    async issue(rig, id) {
      const issue = of(rig).get(id)
      return issue && { ...part(rig, issue), type: issue.issue_type, assignee: issue.assignee }
    },
    async children(rig, id) {
      const parts = of(rig)
        .children(id)
        .filter((issue) => issue.issue_type !== 'epic')
      return parts.map((issue) => part(rig, issue))
    },
    whyNotWait: (rig, id, on) => whyNotWait(of(rig), id, on),
    waiting: async (rig, epics, issues) => (await survey(of(rig), epics, issues)).waiting,
  }
}
