// The hands of beads: what each effect about issues and messages does.
// Never: decides what is worked on; it reads, claims, releases, closes and files.
import { rigOf } from '../../machines/address.ts'
import type { IssueBrief, Preserved } from '../../machines/mail.ts'
import type { Hands } from '../binding.ts'
import type { Beads, Issue } from './embedded.ts'

const escalated = 'gt:escalated'
const by = 'gastown'

export interface BeadsDeps {
  /** The open store of a rig; of the town itself for undefined. */
  of(rig: string | undefined): Beads
  preservedOf(rig: string, issue: string): Promise<Preserved | null>
}

export const beadsHands = (deps: BeadsDeps): Pick<Hands, 'surveyIssues' | 'claimIssue' | 'releaseIssue' | 'closeIssue' | 'fileMessage'> => ({
  surveyIssues: async ({ rig, epics, issues }) => survey(deps.of(rig), epics, issues),

  claimIssue: async ({ rig, issue: id, holder, previous }) => {
    const beads = deps.of(rig)
    const refused = beads.claim(id, holder, { previous, alsoLabel: escalated })
    if (refused && 'held' in refused) return { kind: 'held', holder: refused.held }
    if (refused) return { kind: 'unavailable', why: refused.unavailable }
    return { kind: 'claimed', issue: brief(beads, beads.get(id) as Issue), preserved: await deps.preservedOf(rig, id) }
  },

  releaseIssue: async ({ rig, issue: id, holder, status, note }) => {
    const beads = deps.of(rig)
    const issue = beads.get(id)
    if (!issue || issue.status === 'closed' || (issue.assignee !== null && issue.assignee !== holder)) return { status: issue?.status ?? 'unknown' }
    const notes = note === '' || issue.notes.includes(note) ? issue.notes : `${issue.notes}${issue.notes ? '\n' : ''}${note}`
    if (status === 'blocked') beads.addLabel(id, escalated)
    return { status: beads.update(id, { status, assignee: null, notes }, by).status }
  },

  closeIssue: async ({ rig, issue: id, reason }) => {
    const beads = deps.of(rig)
    const issue = beads.get(id)
    if (!issue || issue.status === 'closed') return { closed: false }
    beads.closeIssue(id, reason, by, true)
    return { closed: true }
  },

  fileMessage: async ({ id, from, to, subject, body, priority, replyTo, threadId, sentAt }) => {
    const labels = [...(replyTo ? [`reply-to:${replyTo}`] : []), ...(threadId ? [`thread:${threadId}`] : [])]
    return { filed: deps.of(rigOf(to)).createMessage({ id, title: subject, description: body, priority, assignee: to, sender: from, labels, at: new Date(sentAt) }) }
  },
})

/** What of the wanted work is ready, closed, complete, or waits and why. */
export function survey(beads: Beads, epics: readonly string[], issues: readonly string[]) {
  const wanted = new Map<string, Issue>()
  const complete: string[] = []
  for (const epic of epics) {
    const children = beads.children(epic)
    if (children.length > 0 && children.every((child) => child.status === 'closed')) complete.push(epic)
    for (const child of children) wanted.set(child.id, child)
  }
  const asked = issues.map((id) => ({ id, issue: beads.get(id) }))
  for (const { id, issue } of asked) if (issue) wanted.set(id, issue)
  const work = [...wanted.values()].filter((issue) => issue.status !== 'closed' && issue.issue_type !== 'epic')
  const free = new Set(beads.ready({ unassigned: true }).map((issue) => issue.id))
  const given = new Set(issues.filter((id) => beads.get(id)?.status === 'blocked' && beads.labels(id).includes(escalated)))
  const ready = work.filter((issue) => free.has(issue.id) || given.has(issue.id))
  return {
    ready: ready.sort((a, b) => a.priority - b.priority || (a.created_at < b.created_at ? -1 : 1)).map((issue) => brief(beads, issue)),
    closed: asked.filter(({ issue }) => issue?.status === 'closed').map(({ id }) => id),
    unknown: asked.filter(({ issue }) => issue === undefined).map(({ id }) => id),
    complete,
    waiting: work.filter((issue) => !ready.includes(issue)).map((issue) => ({ id: issue.id, why: whyNot(beads, issue) })),
  }
}

function whyNot(beads: Beads, issue: Issue): string {
  if (issue.assignee) return `held by ${issue.assignee}`
  if (issue.status !== 'open') return `status ${issue.status}`
  const blockers = beads.blockers(issue.id)
  return blockers.length > 0 ? `blocked by ${blockers.map((blocker) => `${blocker.id} (${blocker.status})`).join(', ')}` : 'not ready'
}

function brief(beads: Beads, issue: Issue): IssueBrief {
  const { id, title, description, priority, issue_type: type, created_at: createdAt } = issue
  return { id, title, description, priority, type, createdAt, epic: beads.parentOf(id) }
}
