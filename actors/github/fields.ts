// What an issue here and one on GitHub have in common, field by field, and how each says it.
// Never: looks at the world; decides which of two counts.

import { asOneLine } from '../../machines/texts.ts'
import type { Issue } from '../beads/contract.ts'
import { usualTypes } from '../beads/limits.ts'
import { labelNames, type RemoteIssue } from './shapes.ts'

/** Both sides in the same words, so that they can be compared. */
export interface Common {
  title: string
  body: string
  /** `open`, or `closed` with why: `closed completed`, `closed not_planned`, `closed duplicate`. */
  state: string
  priority: number
  type: string
  /** Empty: nobody, or nobody whom GitHub could know. */
  assignee: string
  labels: string[]
}
export const scalars = ['title', 'body', 'state', 'priority', 'type', 'assignee'] as const
export type Scalar = (typeof scalars)[number]

/** Known by it again, should what was remembered of it be lost. */
const mark = (what: string) => `<!-- bd:${what} -->`
const marked = /\s*<!-- bd:(\S+) -->\s*$/

export const markOn = (text: string | null | undefined): string | undefined => marked.exec(text ?? '')?.[1]
/** Without its mark, and as neither side sees a difference. */
const plainly = (text: string) => text.replaceAll('\r\n', '\n').replace(marked, '').trimEnd()

/** A session of the town holds it: GitHub knows no such user, and takes nothing from it. */
export const isSessions = (assignee: string | null) => assignee?.includes('/') === true

/** `types`: those that there are here; another one is a task to GitHub. */
export const ofLocal = (issue: Issue, labels: readonly string[], types: readonly string[]): Common => ({
  title: issue.title,
  body: plainly(issue.description),
  state: issue.status === 'closed' ? `closed ${reasonIn(issue.close_reason)}` : 'open',
  priority: issue.priority,
  type: types.includes(issue.issue_type) ? issue.issue_type : 'task',
  assignee: isLogin(issue.assignee ?? '') ? (issue.assignee ?? '') : '',
  labels: plainLabels(labels, types),
})

export const ofRemote = (issue: RemoteIssue, types: readonly string[]): Common => {
  const labels = labelNames(issue)
  return {
    title: asOneLine(issue.title),
    body: plainly(issue.body ?? ''),
    state: issue.state === 'open' ? 'open' : `closed ${knownReason(issue.state_reason)}`,
    priority: labels.map(priorityOf).find((each) => each !== undefined) ?? 2,
    type:
      [...labels, issue.type?.name ?? ''].map((each) => typeOf(each, types)).find((each) => each !== undefined) ??
      'task',
    assignee: (issue.assignees?.[0] ?? issue.assignee)?.login ?? '',
    labels: plainLabels(labels, types),
  }
}

/** Those that say neither priority nor type, on either side. */
const plainLabels = (labels: readonly string[], types: readonly string[]) =>
  labels
    .filter((label) => priorityOf(label) === undefined && typeOf(label, types) === undefined && !isTowns(label))
    .sort()

/** GitHub takes `Bug` and `bug` for one. */
export const without = (labels: readonly string[], others: readonly string[]) =>
  labels.filter((label) => !others.some((each) => each.toLowerCase() === label.toLowerCase()))

/** A label of the town's own says what the town has done. */
const isTowns = (label: string) => label.startsWith('gt:')
const isLogin = (name: string) => /^[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}(\[bot\])?$/i.test(name)

const reasons: readonly (readonly [RegExp, string])[] = [
  [/^(not[ _]planned|won'?t ?(fix|do)|obsolete)/i, 'not_planned'],
  [/^duplicate/i, 'duplicate'],
]
const reasonIn = (text: string) => reasons.find(([words]) => words.test(text))?.[1] ?? 'completed'
const knownReason = (reason: string | null | undefined) =>
  reason === 'not_planned' || reason === 'duplicate' ? reason : 'completed'
/** What is said here of one that was closed there. */
export const closedAs = (state: string): string => `${state.replace('closed ', '').replace('_', ' ')} (on GitHub)`

const priorities = ['critical', 'high', 'medium', 'low', 'none'] as const
const alsoPriorities: Readonly<Record<string, number>> = { urgent: 0, normal: 2, backlog: 4 }

/** `P1`, `priority:high`, `priority/high`, `priority: high`. */
export function priorityOf(label: string): number | undefined {
  const [, short] = /^p([0-4])$/i.exec(label) ?? []
  if (short !== undefined) return Number(short)
  const [, word = ''] = /^priority\s*[:/]\s*(.+)$/i.exec(label) ?? []
  const [, level] = /^p?([0-4])$/i.exec(word) ?? []
  const found = (priorities as readonly string[]).indexOf(word.toLowerCase())
  return level !== undefined ? Number(level) : found >= 0 ? found : alsoPriorities[word.toLowerCase()]
}

const others: Readonly<Record<string, string>> = { enhancement: 'feature' }
/** `bug`, `type:bug`, `type/bug`, `enhancement`: of these types. */
export function typeOf(label: string, types: readonly string[]): string | undefined {
  const [, , word = ''] = /^(type\s*[:/]\s*)?(.+)$/i.exec(label) ?? []
  const said = word.toLowerCase()
  return others[said] ?? types.find((each) => each === said)
}
/** Those that there are here. */
export const typesOf = ({ types }: { types: readonly string[] }): string[] =>
  [...usualTypes, ...types].filter((each) => each !== '')

/** Labels on GitHub, after what is to change of them. A label that says the same in other words stays as it is. */
export function labelsFor(
  now: readonly string[],
  change: { add: readonly string[]; remove: readonly string[]; priority?: number; type?: string },
  types: readonly string[],
): string[] {
  const kept = without(now, change.remove).filter(
    (label) =>
      (change.priority === undefined || (priorityOf(label) ?? change.priority) === change.priority) &&
      (change.type === undefined || (typeOf(label, types) ?? change.type) === change.type),
  )
  const more = [...change.add]
  // What is usual needs no label.
  if (change.priority !== undefined && change.priority !== 2 && !kept.some((each) => priorityOf(each) !== undefined))
    more.push(`priority:${priorities[change.priority]}`)
  if (change.type !== undefined && change.type !== 'task' && !kept.some((each) => typeOf(each, types) !== undefined))
    more.push(`type:${change.type}`)
  return [...kept, ...without(more, kept)]
}

export const bodyFor = (text: string, what: string): string => `${text}${text === '' ? '' : '\n\n'}${mark(what)}`
/** All is said by whoever the token is of: the text names who said it here. */
export const commentFor = (text: string, author: string, id: string): string =>
  `${author === '' ? '' : `**${author}**:\n\n`}${text}\n\n${mark(id)}`
export const commentText = (body: string | null | undefined): string => plainly(body ?? '')
