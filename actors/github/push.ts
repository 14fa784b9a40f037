// Puts on GitHub what is new here, one issue after the other; each is noted as soon as it is there.
// Never: makes an issue or a comment twice; overwrites a later edit; puts mail there.
import type { Issue } from '../beads/contract.ts'
import type { Beads } from '../beads/embedded.ts'
import { type Bridged, type Bridging, isLater } from './bridging.ts'
import { type Client, Unprocessable } from './client.ts'
import {
  bodyFor,
  type Common,
  commentFor,
  labelsFor,
  markOn,
  ofLocal,
  ofRemote,
  type Scalar,
  scalars,
  typesOf,
  without,
} from './fields.ts'
import { isTheirs, type Link, type Links, linksIn, localByNumber, markOf, saidOf } from './links.ts'
import { labelNames, type RemoteIssue, remoteComment, remoteIssue } from './shapes.ts'

/** Puts there what is new here, one issue after the other; each is noted as soon as it is there. */
export async function putThere(beads: Beads, wanted: Bridging, path: string, done: Bridged): Promise<void> {
  const known = linksIn(beads, wanted.repository)
  const numbers = new Map([...known.links].map(([number, { id }]) => [id, number]))
  for (const [number, id] of localByNumber(beads, wanted.repository)) if (!numbers.has(id)) numbers.set(id, number)
  const shared = { path, known, users: usersOf(wanted.client, path), types: typesOf(beads.custom()) }
  for (const issue of beads.list({ all: true, sort: 'oldest' })) {
    if (!isShared(issue) || (wanted.only && !wanted.only.includes(issue.id))) continue
    const number = numbers.get(issue.id)
    // Named elsewhere, it is another tracker's; and what is done already is nobody's news.
    if (number === undefined && (issue.external_ref !== null || issue.status === 'closed')) continue
    try {
      const now =
        number === undefined
          ? await makeThere(beads, wanted, { issue, ...shared }, done)
          : await changeThere(beads, wanted, { issue, number, ...shared }, done)
      if (now !== undefined) await sayThere(beads, wanted, { issue, number: now, path, known }, done)
    } catch (error) {
      // It does not take this one; the next may go well.
      if (!(error instanceof Unprocessable)) throw error
      done.skipped.push({ id: issue.id, why: `not taken by GitHub: ${error.message}` })
    }
  }
}

const isShared = ({ issue_type: type, ephemeral }: Issue) =>
  !['message', 'merge-request', 'gate', 'molecule', 'event', 'wisp'].includes(type) && !ephemeral

interface Putting {
  issue: Issue
  path: string
  known: Links
  users: (login: string) => Promise<boolean>
  types: readonly string[]
}

/** Who can be given an issue there. */
function usersOf(client: Client, path: string): Putting['users'] {
  const known = new Map<string, Promise<boolean>>()
  return (login) => {
    const asked = known.get(login) ?? client.has(`${path}/assignees/${encodeURIComponent(login)}`)
    known.set(login, asked)
    return asked
  }
}

async function makeThere(
  beads: Beads,
  { client, actor, dry }: Bridging,
  { issue, path, known, users, types }: Putting,
  done: Bridged,
): Promise<number | undefined> {
  const ours = ofLocal(issue, beads.labels(issue.id), types)
  if (dry) return void done.pushed.created.push(issue.id)
  const labels = labelsFor([], { add: ours.labels, remove: [], priority: ours.priority, type: ours.type }, types)
  const isKnown = ours.assignee !== '' && (await users(ours.assignee))
  const assignees = isKnown ? [ours.assignee] : []
  const body = { title: ours.title, body: bodyFor(ours.body, known.expect(issue.id)), labels, assignees }
  const made = await client.write('POST', `${path}/issues`, body, remoteIssue)
  const theirs = ofRemote(made, types)
  const unknown = isKnown ? {} : { unknown: markOf(ours.assignee) }
  beads.written(() => {
    known.expectNoMore(issue.id)
    beads.update(issue.id, { external_ref: made.html_url }, actor)
    known.keep(made.number, { id: issue.id, said: saidOf(theirs), labels: theirs.labels, comments: {}, ...unknown })
  })
  done.pushed.created.push(issue.id)
  return made.number
}

async function changeThere(
  beads: Beads,
  wanted: Bridging,
  { issue, number, path, known, users, types }: Putting & { number: number },
  done: Bridged,
): Promise<number> {
  const link = known.links.get(number)
  const ours = ofLocal(issue, beads.labels(issue.id), types)
  const said = saidOf(ours)
  const isSame = (field: Scalar) =>
    link?.said[field] === said[field] ||
    // Nobody there is told who it is here.
    (field === 'assignee' && (link?.unknown === said.assignee || (issue.assignee !== null && ours.assignee === '')))
  if (link && scalars.every(isSame) && isAlike(link.labels, ours.labels)) return number
  // As it is now: somebody may have changed it since it was looked at.
  const remote = await wanted.client.get(`${path}/issues/${number}`, remoteIssue)
  if (remote.pull_request) throw new Unprocessable(`#${number} is a pull request`)
  const theirs = ofRemote(remote, types)
  const later = isLater(wanted, issue, remote)
  const now: Link = { labels: [], comments: {}, ...link, id: issue.id, said: { ...link?.said } }
  delete now.none
  const put: Partial<Common> = {}
  for (const field of scalars) {
    if (ours[field] === theirs[field]) now.said[field] = said[field]
    if (ours[field] === theirs[field] || isSame(field)) continue
    const isTheirs = link?.said[field] !== markOf(theirs[field])
    if (isTheirs) done.conflicts.push({ id: issue.id, field, kept: later })
    // Theirs is taken in by a pull.
    if (isTheirs && later === 'github') continue
    if (field === 'assignee' && ours.assignee !== '' && !(await users(ours.assignee))) {
      now.unknown = said.assignee
      continue
    }
    Object.assign(put, { [field]: ours[field] })
    now.said[field] = said[field]
  }
  const was = link?.labels ?? []
  const add = without(without(ours.labels, was), theirs.labels)
  const remove = without(was, ours.labels).filter((label) => without([label], theirs.labels).length === 0)
  const body = bodyOf(put, { remote, add, remove, types })
  if (Object.keys(body).length > 0) {
    if (!wanted.dry) await wanted.client.write('PATCH', `${path}/issues/${number}`, body, remoteIssue)
    done.pushed.updated.push(issue.id)
  }
  // What only they have by now is theirs to be taken in.
  const agreed = without(theirs.labels, remove).filter(
    (label) => without([label], [...was, ...ours.labels]).length === 0,
  )
  now.labels = [...agreed, ...add].sort()
  if (!wanted.dry) known.keep(number, now)
  return number
}

const isAlike = (some: readonly string[], others: readonly string[]) =>
  without(some, others).length + without(others, some).length === 0

interface PutTo {
  remote: RemoteIssue
  add: readonly string[]
  remove: readonly string[]
  types: readonly string[]
}

/** As GitHub takes it: what is not named stays as it is. */
function bodyOf(put: Partial<Common>, { remote, add, remove, types }: PutTo): object {
  const { title, body, state, priority, type, assignee } = put
  const mark = markOn(remote.body)
  const isLabelled = add.length + remove.length > 0 || priority !== undefined || type !== undefined
  const change = {
    add,
    remove,
    ...(priority === undefined ? {} : { priority }),
    ...(type === undefined ? {} : { type }),
  }
  return {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { body: mark === undefined ? body : bodyFor(body, mark) }),
    ...(state === undefined
      ? {}
      : state === 'open'
        ? { state: 'open', state_reason: 'reopened' }
        : { state: 'closed', state_reason: state.replace('closed ', '') }),
    ...(isLabelled ? { labels: labelsFor(labelNames(remote), change, types) } : {}),
    ...(assignee === undefined ? {} : { assignees: assignee === '' ? [] : [assignee] }),
  }
}

/** What was said here and is not there yet. */
async function sayThere(
  beads: Beads,
  { client, dry }: Bridging,
  { issue, number, path, known }: Pick<Putting, 'issue' | 'path' | 'known'> & { number: number },
  done: Bridged,
): Promise<void> {
  for (const { id, author, text } of beads.comments(issue.id)) {
    const link = known.links.get(number)
    if (isTheirs(id) || (link && link.comments[id] !== undefined)) continue
    done.pushed.comments++
    if (dry) continue
    const body = commentFor(text, author, id)
    const made = await client.write('POST', `${path}/issues/${number}/comments`, { body }, remoteComment)
    if (link) known.keep(number, { ...link, comments: { ...link.comments, [id]: made.id } })
  }
}
