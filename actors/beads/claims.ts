// Who holds an issue, and until when that counts: a claim has one winner, and is a lease that its holder keeps.
// Never: takes from somebody who holds it; gives what a later session holds to an earlier one of the same name.
import { BeadsError, type Issue, type IssueFilter } from './contract.ts'
import type { Room } from './room.ts'

/** How long a claim counts after its holder was last heard of. */
const leaseMs = 5 * 60_000
/** Nobody's any more. */
export const free = { heartbeat_at: null, lease_expires_at: null, claimed_epoch: null }

interface Claiming {
  previous?: string | null
  alsoLabel?: string
  epoch?: number
}
type Claimed = { held: string } | { unavailable: string } | null

interface Around {
  closedBy(id: string): string | null
  labels(id: string): string[]
  ready(filter: IssueFilter): Issue[]
}

export function claimsIn(
  {
    run,
    written,
    event,
    at,
    since,
    get,
    mustBeWork,
    set,
    now,
  }: Room & { set(id: string, fields: Partial<Issue>): void; now: () => Date },
  { closedBy, labels, ready }: Around,
) {
  const lease = () => ({ heartbeat_at: at(), lease_expires_at: new Date(now().getTime() + leaseMs).toISOString() })
  const claims = {
    /** Why this holder cannot have it; null: it can, or has it. */
    whyNotClaim(id: string, holder: string, from: Claiming = {}): Claimed {
      const issue = get(id)
      if (!issue) return { unavailable: `issue ${id} not found` }
      if (issue.issue_type === 'message') return { unavailable: 'it is mail' }
      if (issue.assignee && issue.assignee !== holder && issue.assignee !== from.previous)
        return { held: issue.assignee }
      if (issue.assignee === holder && from.epoch !== undefined && (issue.claimed_epoch ?? 0) > from.epoch)
        return { held: `a later session of ${holder}` }
      // Also what its own worker called blocked before it handed it over all the same.
      const ours =
        ['in_progress', 'blocked'].includes(issue.status) &&
        issue.assignee !== null &&
        (issue.assignee === holder || issue.assignee === from.previous)
      const given = issue.status === 'blocked' && from.alsoLabel !== undefined && labels(id).includes(from.alsoLabel)
      const saysDone = issue.status === 'closed' && from.previous != null && closedBy(id) === from.previous
      const isDue = issue.status === 'deferred' && issue.defer_until != null && issue.defer_until <= at()
      if (issue.status !== 'open' && !ours && !given && !saysDone && !isDue)
        return { unavailable: `status ${issue.status}` }
      return null
    },
    /**
     * One holder an issue. `null`: claimed, also when this holder has it; else why not. With an `epoch`, its session:
     * an earlier one of the same name does not get what a later one holds.
     */
    claim(id: string, holder: string, from: Claiming = {}): Claimed {
      return written(() => {
        const refused = claims.whyNotClaim(id, holder, from)
        if (refused) return refused
        if (from.alsoLabel) run('DELETE FROM labels WHERE issue_id = ? AND label = ?', id, from.alsoLabel)
        const before = get(id) as Issue
        set(id, {
          ...{ status: 'in_progress', assignee: holder, closed_at: null, close_reason: '' },
          ...{ updated_at: since(before.updated_at), started_at: before.started_at ?? at() },
          claimed_epoch: from.epoch ?? null,
          ...lease(),
        })
        event(id, 'claimed', holder)
        return null
      })
    },

    /** The first of what is ready and nobody's: of many who ask at once, one gets it. Undefined when there is none. */
    claimReady(filter: IssueFilter, holder: string, from: Claiming = {}): Issue | undefined {
      return written(() => {
        const [first] = ready({ ...filter, unassigned: true, limit: 1 })
        if (!first) return undefined
        const refused = claims.claim(first.id, holder, from)
        if (refused) throw new Error(`${first.id} is ready and cannot be claimed: ${JSON.stringify(refused)}`)
        return get(first.id)
      })
    },

    /** Its holder is at it still. Throws a BeadsError when somebody else holds it, or nobody. */
    heartbeat(id: string, holder: string): Issue {
      return written(() => {
        const issue = mustBeWork(id)
        if (issue.status !== 'in_progress' || issue.assignee !== holder)
          throw new BeadsError(
            `${id} is not ${holder}'s to keep: ${issue.status}${issue.assignee ? `, with ${issue.assignee}` : ''}`,
          )
        set(id, lease())
        return get(id) as Issue
      })
    },
  }
  return claims
}
