// Waves: which issue may start next. A wave is not managed, it emerges: what is ready, in priority order, while there
// is room. (spec: Wave Orchestration)
// Never: looks anything up; it chooses among what it is shown.
import type { Preserved, ReturnReason, Startable } from './mail.ts'

/** Work that could start: a ready issue, or one that came back from the merge queue with what must be mended. */
export interface Candidate {
  issue: string
  priority: number
  createdAt: string
  attempt: number
  resume: Preserved | null
  returned: ReturnReason | null
  /** Who holds the issue still, when it came back, or when it is an older copy of it that says so. */
  previous: string | null
  /** Somebody else had it when it was last tried: not before the issues are looked at again. */
  waits?: boolean
  /** The preset that its issue asks for, where that is known; absent, null: its rig's. */
  agent?: string | null
}

export function fromReady(issue: Startable, attempt: number): Candidate {
  return {
    issue: issue.id,
    priority: issue.priority,
    createdAt: issue.createdAt,
    attempt,
    resume: null,
    returned: null,
    previous: issue.previous,
  }
}

/**
 * The next to start: returned work before new, then by priority (0 first), then by age; none of those somebody has
 * already.
 */
export function nextStart(
  returned: readonly Candidate[],
  ready: readonly Candidate[],
  busyIssues: readonly string[],
): Candidate | undefined {
  const free = [
    ...returned,
    ...ready.filter((candidate) => !returned.some((back) => back.issue === candidate.issue)),
  ].filter((candidate) => !candidate.waits && !busyIssues.includes(candidate.issue))
  return free.sort(
    (a, b) =>
      a.priority - b.priority ||
      Number(b.returned !== null) - Number(a.returned !== null) ||
      compare(a.createdAt, b.createdAt) ||
      compare(a.issue, b.issue),
  )[0]
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
