// Takes in what is new on GitHub, all of it or nothing.
// Never: takes in a pull request; brings back what was deleted here; overwrites a later edit.
import { asOneLine } from '../../machines/texts.ts'
import { BeadsError, type Issue } from '../beads/contract.ts'
import type { Beads } from '../beads/embedded.ts'
import { admitted, checkLabel, checkText } from '../beads/limits.ts'
import { type Bridged, type Bridging, isLater } from './bridging.ts'
import {
  type Common,
  closedAs,
  commentText,
  isSessions,
  markOn,
  ofLocal,
  ofRemote,
  scalars,
  typesOf,
  without,
} from './fields.ts'
import { type Links, type Looked, markOf, saidOf, theirComment } from './links.ts'
import { type RemoteComment, type RemoteIssue, remoteComment, remoteIssue } from './shapes.ts'

export interface Known {
  known: Links
  /** Issues here that name one there by themselves. */
  byRef: ReadonlyMap<number, string>
}

export interface Seen {
  issues: RemoteIssue[]
  comments: RemoteComment[]
  etag: string | undefined
  at: number | undefined
}

/** All that changed there since it was last looked at; everything the first time. */
export async function lookAt({ client }: Bridging, path: string, { since, etag }: Looked): Promise<Seen> {
  const after = since === undefined ? '' : `&since=${encodeURIComponent(since)}`
  // In this order nothing that changes meanwhile makes another one fall between two pages.
  const listing = `?sort=created&direction=asc&per_page=100${after}`
  const issues = await client.list(`${path}/issues${listing}&state=all`, remoteIssue, etag)
  if (issues === undefined) return { issues: [], comments: [], etag, at: undefined }
  const all = issues.data.filter(({ pull_request: request }) => !request)
  // A comment moves its issue, too.
  const isSaid = all.some(({ comments }) => comments > 0)
  const comments = isSaid ? await client.list(`${path}/issues/comments${listing}`, remoteComment) : undefined
  const last = new Map(all.map((issue) => [issue.number, issue]))
  return {
    issues: [...last.values()].sort((a, b) => a.number - b.number),
    comments: [...new Map((comments?.data ?? []).map((each) => [each.id, each])).values()],
    etag: issues.etag,
    at: issues.at,
  }
}

/** Thrown to take back what was only tried. */
class Tried extends Error {}

/** Takes in what is new there, in one transaction. With `pull` false only what was made from here is known again. */
export function takeIn(
  beads: Beads,
  wanted: Bridging,
  { known, byRef }: Known,
  { issues, comments, etag, at }: Seen,
  done: Bridged,
): void {
  try {
    beads.written(() => {
      // What is left as it is now is looked at again.
      const leftAt: number[] = []
      const take = (changedAt: string, one: () => void) => {
        const { length } = done.skipped
        one()
        if (done.skipped.length > length) leftAt.push(Date.parse(changedAt))
      }
      for (const remote of issues)
        take(remote.updated_at, () => takeInOne(beads, wanted, { remote, known, byRef }, done))
      if (wanted.pull)
        for (const [number, id] of byRef)
          if (!known.links.has(number)) known.keep(number, { id, said: {}, labels: [], comments: {}, none: true })
      for (const comment of comments)
        take(comment.created_at, () => takeInComment(beads, wanted, { comment, known }, done))
      const last = Math.max(...issues.map((issue) => Date.parse(issue.updated_at)))
      // What changed while it was looked at may have been passed by then.
      const since =
        issues.length === 0 ? known.looked.since : new Date(Math.min(last, at ?? last, ...leftAt)).toISOString()
      // It is of an answer to the very same question.
      const isSame = since === known.looked.since && etag !== undefined && leftAt.length === 0
      const { state } = wanted
      if (wanted.pull) known.keepLooked({ ...(since ? { since } : {}), ...(isSame ? { etag } : {}), state })
      if (wanted.dry) throw new Tried()
    })
  } catch (error) {
    if (!(error instanceof Tried)) throw error
  }
}

function takeInOne(
  beads: Beads,
  wanted: Bridging,
  { remote, known, byRef }: Known & { remote: RemoteIssue },
  done: Bridged,
): void {
  const { number } = remote
  const link = known.links.get(number)
  const made = madeHere(beads, known, remote)
  const id = link?.id ?? byRef.get(number) ?? made
  const types = typesOf(beads.custom())
  const theirs = ofRemote(remote, types)
  const issue = id === undefined ? undefined : beads.get(id)
  // Deleted here, on purpose.
  if (id !== undefined && issue === undefined) return
  if (issue === undefined) {
    if (wanted.pull && (wanted.state === 'all' || wanted.state === remote.state))
      fileOne(beads, wanted, remote, known, done)
    return
  }
  if (!wanted.pull) {
    if (link === undefined && made === issue.id) linkTo(beads, wanted, issue, remote, known)
    return
  }
  const ours = ofLocal(issue, beads.labels(issue.id), types)
  const why = whyNotKept(beads, theirs)
  if (why !== undefined) return void done.skipped.push({ id: `#${number}`, why })
  const later = isLater(wanted, issue, remote)
  const taken: Partial<Common> = {}
  for (const field of scalars) {
    if (ours[field] === theirs[field] || link?.said[field] === markOf(theirs[field])) continue
    if (field === 'assignee' && isSessions(issue.assignee)) continue
    const isOurs = link?.said[field] !== markOf(ours[field])
    if (isOurs) done.conflicts.push({ id: issue.id, field, kept: later })
    if (!isOurs || later === 'github') Object.assign(taken, { [field]: theirs[field] })
  }
  const was = link?.labels ?? []
  const add = without(without(theirs.labels, was), ours.labels)
  const remove = ours.labels.filter(
    (label) => without([label], was).length === 0 && without([label], theirs.labels).length > 0,
  )
  if (Object.keys(taken).length + add.length + remove.length > 0) {
    change(beads, wanted, issue, taken, { add, remove })
    done.pulled.updated.push(issue.id)
  }
  if (issue.external_ref === null) beads.update(issue.id, { external_ref: remote.html_url }, wanted.actor)
  const { none: _, ...former } = link ?? {}
  if (made === issue.id) known.expectNoMore(issue.id)
  known.keep(number, { comments: {}, ...former, id: issue.id, said: saidOf(theirs), labels: theirs.labels })
}

/** In words, why this store cannot keep what is said there; whoever asks has written nothing yet. */
function whyNotKept(beads: Beads, { title, body, priority, type, assignee, labels }: Common): string | undefined {
  try {
    admitted({ title, description: body, priority, issue_type: type, assignee }, beads.custom())
    labels.map(checkLabel)
    return undefined
  } catch (error) {
    if (error instanceof BeadsError) return error.message
    throw error
  }
}

/** The issue of ours that it was made for, by somebody who was ended before that was noted. */
function madeHere(beads: Beads, known: Links, { body }: RemoteIssue): string | undefined {
  const mark = markOn(body) ?? ''
  const [id = ''] = mark.split('/')
  return known.isExpected(id, mark) && beads.get(id)?.external_ref === null ? id : undefined
}

function fileOne(beads: Beads, { actor }: Bridging, remote: RemoteIssue, known: Links, done: Bridged): void {
  const { number, html_url: url } = remote
  const theirs = ofRemote(remote, typesOf(beads.custom()))
  const why = whyNotKept(beads, theirs)
  // The others are taken in.
  if (why !== undefined) return void done.skipped.push({ id: `#${number}`, why })
  const { title, body: description, priority, type: issue_type, labels } = theirs
  const made = beads.create(
    {
      ...{ title, description, priority, issue_type, labels, assignee: theirs.assignee || null, external_ref: url },
      created_by: asOneLine(remote.user?.login ?? '') || actor,
    },
    actor,
  )
  if (theirs.state !== 'open') beads.update(made.id, { status: 'closed', close_reason: closedAs(theirs.state) }, actor)
  known.keep(number, { id: made.id, said: saidOf(theirs), labels, comments: {} })
  done.pulled.created.push(made.id)
}

function linkTo(beads: Beads, { actor }: Bridging, issue: Issue, remote: RemoteIssue, known: Links): void {
  beads.update(issue.id, { external_ref: remote.html_url }, actor)
  const theirs = ofRemote(remote, typesOf(beads.custom()))
  known.expectNoMore(issue.id)
  known.keep(remote.number, { id: issue.id, said: saidOf(theirs), labels: theirs.labels, comments: {} })
}

function change(
  beads: Beads,
  { actor }: Bridging,
  { id, status }: Issue,
  { title, body, state, priority, type, assignee }: Partial<Common>,
  labels: { add: string[]; remove: string[] },
): void {
  beads.written(() => {
    if (labels.add.length + labels.remove.length > 0) beads.relabel(id, labels, actor)
    const changes = {
      ...(title === undefined ? {} : { title }),
      ...(body === undefined ? {} : { description: body }),
      ...(priority === undefined ? {} : { priority }),
      ...(type === undefined ? {} : { issue_type: type }),
      ...(assignee === undefined ? {} : { assignee }),
      ...(state === undefined
        ? {}
        : state === 'open'
          ? status === 'closed'
            ? { status: 'open' }
            : {}
          : { status: 'closed', close_reason: closedAs(state) }),
    }
    if (Object.keys(changes).length > 0) beads.update(id, changes, actor)
  })
}

function takeInComment(
  beads: Beads,
  { pull }: Bridging,
  { comment, known }: { comment: RemoteComment; known: Links },
  done: Bridged,
): void {
  const number = Number(/\/issues\/(\d+)$/.exec(comment.issue_url)?.[1])
  const link = known.links.get(number)
  if (link === undefined || link.none || beads.get(link.id) === undefined) return
  const own = markOn(comment.body)
  const said = beads.comments(link.id)
  if (own !== undefined && said.some(({ id }) => id === own)) {
    if (link.comments[own] === undefined)
      known.keep(number, { ...link, comments: { ...link.comments, [own]: comment.id } })
    return
  }
  const [id, text] = [theirComment(comment.id), commentText(comment.body)]
  if (!pull || text.trim() === '' || said.some((each) => each.id === id)) return
  const author = asOneLine(comment.user?.login ?? '') || 'somebody'
  const why = whyNotSaid(text)
  if (why !== undefined) return void done.skipped.push({ id: `a comment of ${link.id}`, why })
  beads.takeInComment({ id, issue_id: link.id, author, text, created_at: new Date(comment.created_at).toISOString() })
  done.pulled.comments++
}

function whyNotSaid(text: string): string | undefined {
  try {
    checkText('comment', text)
    return undefined
  } catch (error) {
    if (error instanceof BeadsError) return error.message
    throw error
  }
}
