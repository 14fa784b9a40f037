// The hands of beads: what each effect about issues and messages does.
// Never: decides what is worked on; it reads, claims, releases, closes and files.
import { rigOf } from '../../machines/address.ts'
import type { IssueBrief, Preserved } from '../../machines/mail.ts'
import type { Hands } from '../binding.ts'
import type { Issue, TownIssues } from './contract.ts'

const escalated = 'gt:escalated'
const by = 'gastown'

export interface BeadsDeps {
  /** The open store of a rig; of the town itself for undefined. */
  of(rig: string | undefined): TownIssues
  preservedOf(rig: string, issue: string): Promise<Preserved | null>
}

export const beadsHands = (
  deps: BeadsDeps,
): Pick<Hands, 'surveyIssues' | 'claimIssue' | 'releaseIssue' | 'closeIssue' | 'fileMessage'> => ({
  surveyIssues: async ({ rig, epics, issues, escalated: asked = [] }) => {
    const beads = deps.of(rig)
    const found = await survey(beads, epics, issues)
    // One that is gone needs nobody either.
    for (const id of asked)
      if (!found.closed.includes(id) && ((await beads.get(id))?.status ?? 'closed') === 'closed') found.closed.push(id)
    return found
  },

  claimIssue: async ({ rig, issue: id, holder, previous }) => {
    const beads = deps.of(rig)
    const refused = await beads.claim(id, holder, { previous, alsoLabel: escalated })
    if (refused && 'held' in refused) return { kind: 'held', holder: refused.held }
    if (refused) return { kind: 'unavailable', why: refused.unavailable }
    return {
      kind: 'claimed',
      issue: await brief(beads, (await beads.get(id)) as Issue),
      preserved: await deps.preservedOf(rig, id),
    }
  },

  releaseIssue: async ({ rig, issue: id, holder, status, note }) => {
    const beads = deps.of(rig)
    const issue = await beads.get(id)
    // Only its holder gives it back; said again, there is nothing to give.
    if (!issue || issue.status === 'closed' || issue.assignee !== holder) return { status: issue?.status ?? 'unknown' }
    const notes =
      note === '' || issue.notes.includes(note) ? issue.notes : `${issue.notes}${issue.notes ? '\n' : ''}${note}`
    if (status === 'blocked') await beads.addLabel(id, escalated)
    return { status: (await beads.update(id, { status, assignee: null, notes }, by)).status }
  },

  closeIssue: async ({ rig, issue: id, reason }) => {
    const beads = deps.of(rig)
    const issue = await beads.get(id)
    if (!issue || issue.status === 'closed') return { closed: false }
    if (issue.issue_type === 'epic') {
      const children = await beads.children(id)
      // Somebody may have filed one more in the moment it was complete.
      if (!children.every(isDone)) return { closed: false }
      for (const inner of children) if (inner.status !== 'closed') await beads.closeIssue(inner.id, reason, by, true)
    }
    await beads.closeIssue(id, reason, by, true)
    return { closed: true }
  },

  fileMessage: async ({ id, from, to, subject, body, priority, replyTo, threadId, sentAt }) => {
    const labels = [...(replyTo ? [`reply-to:${replyTo}`] : []), ...(threadId ? [`thread:${threadId}`] : [])]
    return {
      filed: await deps.of(rigOf(to)).createMessage({
        id,
        title: subject,
        description: body,
        priority,
        assignee: to,
        sender: from,
        labels,
        at: new Date(sentAt),
      }),
    }
  },
})

/** Epics are groups; what is in them is work. */
const isWork = (issue: Issue) => issue.issue_type !== 'epic'
const isDone = (issue: Issue) => issue.status === 'closed' || !isWork(issue)

/** What of the wanted work is ready, closed, complete, or waits and why. */
export async function survey(beads: TownIssues, epics: readonly string[], issues: readonly string[]) {
  const wanted = new Map<string, Issue>()
  const complete: string[] = []
  const over: string[] = []
  for (const epic of epics) {
    const children = await beads.children(epic)
    if (children.some(isWork) && children.every(isDone)) complete.push(epic)
    if ((await beads.get(epic))?.status === 'closed') over.push(epic)
    for (const child of children) wanted.set(child.id, child)
  }
  const closed: string[] = []
  const unknown: string[] = []
  const given = new Set<string>()
  for (const id of issues) {
    const issue = await beads.get(id)
    if (!issue) unknown.push(id)
    else {
      wanted.set(id, issue)
      if (issue.status === 'closed') closed.push(id)
      if (issue.status === 'blocked' && (await beads.labels(id)).includes(escalated)) given.add(id)
    }
  }
  const work = [...wanted.values()].filter((issue) => issue.status !== 'closed' && isWork(issue))
  const free = new Set((await beads.ready({ unassigned: true })).map((issue) => issue.id))
  const ready = work
    .filter((issue) => free.has(issue.id) || given.has(issue.id))
    .sort((a, b) => a.priority - b.priority || (a.created_at < b.created_at ? -1 : 1))
  const waiting = work.filter((issue) => !ready.includes(issue))
  return {
    ready: await Promise.all(ready.map((issue) => brief(beads, issue))),
    closed,
    unknown,
    complete,
    over,
    waiting: await Promise.all(waiting.map(async (issue) => ({ id: issue.id, why: await whyNot(beads, issue) }))),
  }
}

async function whyNot(beads: TownIssues, issue: Issue): Promise<string> {
  if (issue.assignee) return `held by ${issue.assignee}`
  if (issue.status !== 'open') return `status ${issue.status}`
  const blockers = await beads.blockers(issue.id)
  return blockers.length > 0
    ? `blocked by ${blockers.map((blocker) => `${blocker.id} (${blocker.status})`).join(', ')}`
    : 'not ready'
}

async function brief(beads: TownIssues, issue: Issue): Promise<IssueBrief> {
  const { id, title, description, priority, issue_type: type, created_at: createdAt } = issue
  return { id, title, description, priority, type, createdAt, epic: await beads.parentOf(id) }
}
