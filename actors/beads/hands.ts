// The hands of beads: what each effect about issues and messages does.
// Never: decides what is worked on; it reads, claims, releases, closes and files.
import { rigOf, whereabouts } from '../../machines/address.ts'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { IssueBrief, Preserved } from '../../machines/mail.ts'
import type { Hands } from '../binding.ts'
import type { Part, RigBudgets } from '../ledger/budgets.ts'
import type { Issue, TownIssues, Wanted } from './contract.ts'
import { filing, noting } from './filing.ts'
import { isKept } from './limits.ts'
import { untilMark } from './mail.ts'
import { town as by, inOrder, landedAs } from './parts.ts'

const escalated = 'gt:escalated'

export interface BeadsDeps {
  /** The open store of a rig; of the town itself for undefined. */
  of(rig: string | undefined): TownIssues
  /** The same, as soon as it can be used: for what nobody waits for. */
  wait(rig: string | undefined, signal: AbortSignal): Promise<TownIssues>
  preservedOf(rig: string, issue: string): Promise<Preserved | null>
  /** The commit that was handed over for an issue and is on main; null when there is none. */
  landedOf(rig: string, issue: string): Promise<string | null>
  /** Undefined: the rig has none. */
  budgets?(rig: string): RigBudgets | undefined
  /** Tokens that an account has used since then (milliseconds since the epoch). */
  usedUnder?(account: string, since: number): number
  /** The town's; what seals mail. */
  secret: string
  /** Absent: an inbox is never full. */
  unreadMax?: () => number
}

export const beadsHands = (
  deps: BeadsDeps,
): Pick<
  Hands,
  'surveyIssues' | 'claimIssue' | 'readIssue' | 'releaseIssue' | 'closeIssues' | 'fileMessage' | 'noteReceipt'
> => ({
  surveyIssues: (wanted) => survey(deps.of(wanted.rig), wanted, deps.budgets?.(wanted.rig)),

  claimIssue: async ({ rig, issue: id, holder, previous, accounts }) => {
    const beads = deps.of(rig)
    const landed = (await wasDone(beads, id)) ? null : await deps.landedOf(rig, id)
    if (landed !== null && (await beads.get(id))) return { kind: 'landed', commit: landed }
    const over = await whyNotPaid(beads, deps.budgets?.(rig), id, { holder, previous })
    if (over) return over
    const refused = await beads.claim(id, holder, { previous, alsoLabel: escalated })
    if (refused && 'held' in refused) return { kind: 'held', holder: refused.held }
    if (refused) return { kind: 'unavailable', why: refused.unavailable }
    return {
      kind: 'claimed',
      issue: await brief(beads, (await beads.get(id)) as Issue),
      preserved: await deps.preservedOf(rig, id),
      agent: await agentOf(beads, id),
      used: Object.fromEntries(accounts.map(({ account, since }) => [account, deps.usedUnder?.(account, since) ?? 0])),
    }
  },

  readIssue: async ({ rig, issue: id, holder }) => {
    const beads = deps.of(rig)
    const issue = await beads.get(id)
    if (!issue) return { kind: 'let_go', why: `${id} is gone` }
    if (issue.status === 'closed')
      return { kind: 'closed', byHolder: (await beads.closedBy(id)) === holder, reason: issue.close_reason }
    if (issue.assignee !== null && issue.assignee !== holder)
      return { kind: 'let_go', why: `${issue.assignee} has it now` }
    const on = (await beads.blockers(id)).map((blocker) => blocker.id)
    if (on.length > 0) return { kind: 'blocked', on, why: `it waits for ${on.join(', ')}` }
    if (issue.status === 'blocked' || issue.status === 'deferred')
      return { kind: 'blocked', on: [], why: `its worker set it ${issue.status}${lastLine(issue.notes)}` }
    return issue.status === 'open' ? { kind: 'given_back' } : { kind: 'held' }
  },

  releaseIssue: async ({ rig, issue: id, holder, status, note, blockedBy }, { signal }) => {
    const beads = await deps.wait(rig, signal)
    const issue = await beads.get(id)
    // Only its holder gives it back, and what its holder closed is not done by that; said again, there is nothing.
    const closedByOthers = issue?.status === 'closed' && (await beads.closedBy(id)) !== holder
    // Opened by its own worker; but what was given back before, and opened again since, stays open.
    const isFree = issue?.status === 'open' && issue.assignee === null && !issue.notes.includes(note)
    if (!issue || closedByOthers || (issue.assignee !== holder && !(isFree && status === 'blocked')))
      return { status: issue?.status ?? 'unknown' }
    const longer = `${issue.notes}${issue.notes ? '\n' : ''}${note}`
    // Notes that are full stay as they are: an issue is given back all the same, and its mail says why.
    const notes = note === '' || issue.notes.includes(note) || !isKept(longer) ? issue.notes : longer
    if (blockedBy !== null) await makeWait(beads, id, blockedBy)
    // One that the Overseer was asked about is theirs to give out again.
    if (status === 'blocked') await beads.addLabel(id, escalated)
    return { status: (await beads.update(id, { status, assignee: null, notes }, by)).status }
  },

  closeIssues: async ({ rig, issues }, { signal }) => {
    const beads = await deps.wait(rig, signal)
    const closed: string[] = []
    for (const { issue: id, reason } of issues) if (await close(beads, id, reason)) closed.push(id)
    return { closed }
  },

  fileMessage: fileMessage(filing(deps.wait, deps.secret, deps.unreadMax)),
  noteReceipt: noteReceipt(noting(deps.wait, deps.secret)),
})

const noteReceipt =
  (note: ReturnType<typeof noting>): Hands['noteReceipt'] =>
  async ({ mail, to, step, by, at }, { at: promisedAt, signal }) => {
    await note(rigOf(to), { mail, to, step, by, at: new Date(at ?? promisedAt).toISOString() }, signal)
    return { noted: true }
  }

const fileMessage =
  (file: ReturnType<typeof filing>): Hands['fileMessage'] =>
  async (
    { id, from, to, subject, body, priority, replyTo, threadId, groupId, expiresAt, until, cause, sentAt },
    { at: promisedAt, signal },
  ) => {
    const said = { id, title: subject, description: body, priority, assignee: to, sender: from }
    const about = { 'reply-to': replyTo, thread: threadId, group: groupId, [untilMark]: until }
    const labels = Object.entries(about).flatMap(([kind, other]) => (other === null ? [] : [`${kind}:${other}`]))
    const times = {
      at: new Date(sentAt ?? promisedAt),
      expiresAt: expiresAt === null ? undefined : new Date(expiresAt),
    }
    return { filed: await file(rigOf(to), { ...said, labels, ...times, cause }, signal) }
  }

async function close(beads: TownIssues, id: string, reason: string): Promise<boolean> {
  const issue = await beads.get(id)
  if (!issue) return false
  if (issue.status === 'closed') {
    // Its worker said that it is done; now it is known how.
    if (issue.close_reason !== reason) await beads.update(id, { status: 'closed', close_reason: reason }, by)
    return false
  }
  if (issue.issue_type === 'epic') {
    // Somebody may have filed one more in the moment it was complete.
    if ((await beads.unfinished([id])).length > 0) return false
    for (const inner of await beads.openEpics(id)) await beads.closeIssue(inner, reason, by, true)
  }
  await beads.closeIssue(id, reason, by, true)
  return true
}

/**
 * Lets an issue wait for another. Where it cannot, as that one was closed meanwhile, or waits for it itself since, the
 * next worker looks again; what finds the same each time comes to the Overseer.
 */
async function makeWait(beads: TownIssues, id: string, on: string): Promise<void> {
  if ((await whyNotWait(beads, id, on)) !== undefined || (await beads.waitsFor(id)).includes(on)) return
  await beads.addDep(id, on, 'blocks', by)
}

/** Why an issue cannot wait for another, in words; undefined when it can. */
export async function whyNotWait(beads: TownIssues, id: string, on: string): Promise<string | undefined> {
  const other = await beads.get(on)
  if (!other) return `there is no issue ${on}`
  if (other.status === 'closed') return `${on} is closed already`
  if (on === id) return `${id} cannot wait for itself`
  for (let above = await beads.parentOf(id); above !== null; above = await beads.parentOf(above))
    if (above === on) return `${on} is what ${id} is a part of, and waits for it`
  const seen = new Set<string>()
  const next = [on]
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (seen.has(each)) continue
    seen.add(each)
    const waits = await beads.waitsFor(each)
    if (waits.includes(id)) return `${on} waits for ${id} already`
    next.push(...waits)
  }
  return undefined
}

/** What this holder holds it holds on to; what it has no more is nobody's to keep. */
export async function holdOn(beads: TownIssues, id: string, holder: string): Promise<void> {
  const issue = await beads.get(id)
  if (issue?.status === 'in_progress' && issue.assignee === holder) await beads.heartbeat?.(id, holder)
}

/** How the town itself says that an issue is on main. */
export const isLanded = (closer: string | null, reason: string) => closer === by && reason.startsWith(landedAs)

/** Closed, by its worker or by the town, because there was nothing to do. */
export const isUnchanged = ({ assignee, close_reason }: Issue, closer: string | null) =>
  /^no change\b/i.test(close_reason) &&
  (closer === by || (closer !== null && closer === assignee && whereabouts(closer)?.role === 'polecat'))

const lastLine = (notes: string) => (notes === '' ? '' : `: ${notes.split('\n').at(-1)}`)

/**
 * The budget that keeps an issue from being given out now. A claim that is made again because its answer was lost was
 * granted; one of work that came back, which its former worker holds still, is another claim.
 */
async function whyNotPaid(
  beads: TownIssues,
  budgets: RigBudgets | undefined,
  id: string,
  { holder, previous }: { holder: string; previous: string | null },
) {
  const issue = budgets && (await beads.get(id))
  if (!issue || (issue.assignee === holder && issue.status === 'in_progress' && previous !== holder)) return undefined
  return budgets.over({ issue: id, within: await withinOf(beads, id) })
}

/** What is wanted and what is under way, as budgets see it. */
async function partsOf(beads: TownIssues, epics: readonly string[], underway: readonly string[]): Promise<Part[]> {
  const parts: Part[] = []
  for (const epic of epics) parts.push({ issue: null, within: await beads.lineage(epic) })
  for (const issue of underway) parts.push({ issue, within: await withinOf(beads, issue) })
  return parts
}

/** Everything it is a part of, the nearest first. */
const withinOf = async (beads: TownIssues, id: string) => (await beads.lineage(id)).filter((above) => above !== id)

/** What of the wanted work may start now, and what is closed or complete; no more of it than is asked for. */
async function survey(
  beads: TownIssues,
  wanted: EffectInput<'surveyIssues'>,
  budgets: RigBudgets | undefined,
): Promise<EffectOutput<'surveyIssues'>> {
  const { epics, issues, escalated: asked, underway, usedUp, agentsHeld = [], most } = wanted
  const closed: string[] = []
  const unknown: string[] = []
  const given: Issue[] = await forgotten(beads, wanted)
  for (const id of issues) {
    const issue = await beads.get(id)
    if (!issue) unknown.push(id)
    else if (issue.status === 'closed') closed.push(id)
    else if (issue.status === 'blocked' && (await beads.labels(id)).includes(escalated)) given.push(issue)
  }
  // One that is gone needs nobody either.
  for (const id of asked) if (((await beads.get(id))?.status ?? 'closed') === 'closed') closed.push(id)
  const { dropped, early } = await closedUnderway(beads, underway)
  const asks = { epics, issues, except: underway, notDone: early, usedUp, most: most + 1 }
  const next = await nextOf(beads, asks, agentsHeld)
  const isPaid = async (id: string) =>
    !agentsHeld.includes((await agentOf(beads, id)) ?? '') &&
    !(await beads.lineage(id)).some((each) => usedUp.includes(each))
  for (const issue of given)
    if (
      !underway.includes(issue.id) &&
      (await isPaid(issue.id)) &&
      !(await beads.waitsFor(issue.id)).some((id) => early.includes(id))
    )
      next.push(issue)
  const holderOf = new Map(given.map(({ id, assignee }) => [id, assignee]))
  const ready = inOrder([...new Map(next.map((each) => [each.id, each])).values()])
  return {
    ready: ready.slice(0, most).map(({ id, priority, created_at: createdAt }) => ({
      id,
      priority,
      createdAt,
      previous: holderOf.get(id) ?? null,
    })),
    more: ready.length > most,
    closed: [...new Set(closed)].filter((id) => !early.includes(id)),
    dropped,
    unknown,
    complete: await completeOf(beads, epics, underway),
    over: await only(epics, async (epic) => (await beads.get(epic))?.status === 'closed'),
    warnings: budgets?.warnings(await partsOf(beads, epics, underway)) ?? [],
  }
}

/** The preset that it asks for. */
const agentOf = async (beads: TownIssues, id: string): Promise<string | null> =>
  (await beads.labels(id)).find((label) => label.startsWith('agent:'))?.slice('agent:'.length) ?? null

/** What may start, but for what asks for one of these agents; however many of those come first. */
async function nextOf(beads: TownIssues, wanted: Wanted, agentsHeld: readonly string[]) {
  for (let most = wanted.most; ; most *= 2) {
    const found = await beads.next({ ...wanted, most })
    if (agentsHeld.length === 0) return found
    const left: typeof found = []
    for (const issue of found) if (!agentsHeld.includes((await agentOf(beads, issue.id)) ?? '')) left.push(issue)
    if (left.length >= wanted.most || found.length < most) return left.slice(0, wanted.most)
  }
}

/**
 * Wanted issues that a worker holds who is none any more, or that the Overseer was asked about and the town knows
 * nothing of: it has gone on since these issues were copied.
 */
async function forgotten(
  beads: TownIssues,
  { rig, epics, issues, escalated: asked, underway, holders }: EffectInput<'surveyIssues'>,
): Promise<Issue[]> {
  const known = [...asked, ...underway]
  const left = (await beads.inHands(`${rig}/polecats/`, escalated)).filter(
    ({ id, assignee }) => !known.includes(id) && (assignee === null || !holders.includes(assignee)),
  )
  const found: Issue[] = []
  for (const issue of left) {
    const isWanted = [issue.id, ...(await beads.lineage(issue.id))].some((id) => [...epics, ...issues].includes(id))
    if (isWanted && (await beads.blockers(issue.id)).length === 0) found.push(issue)
  }
  return found
}

/** Closed once by the town or a person. With work on main, one that was not is of an older copy. */
async function wasDone(beads: TownIssues, id: string): Promise<boolean> {
  const closer = await beads.closedBy(id)
  return closer !== null && whereabouts(closer)?.role !== 'polecat'
}

/** Epics with work all of which is done. What is under way is not done before it has landed, whatever its worker says. */
async function completeOf(beads: TownIssues, epics: readonly string[], underway: readonly string[]): Promise<string[]> {
  const unfinished = new Set(await beads.unfinished(epics))
  for (const id of underway) for (const above of await beads.lineage(id)) unfinished.add(above)
  return only(epics, async (epic) => !unfinished.has(epic) && (await beads.progress(epic)).total > 0)
}

async function only(ids: readonly string[], holds: (id: string) => Promise<boolean>): Promise<string[]> {
  const found: string[] = []
  for (const id of ids) if (await holds(id)) found.push(id)
  return found
}

/** Of what is under way, what somebody closed: its worker, which means nothing yet (`early`), or anybody else. */
async function closedUnderway(beads: TownIssues, underway: readonly string[]) {
  const dropped: string[] = []
  const early: string[] = []
  for (const id of underway) {
    const issue = await beads.get(id)
    if (issue && issue.status !== 'closed') continue
    const closer = issue ? await beads.closedBy(id) : null
    // A worker's word, its own or another's, is no decision about what is under way.
    if (closer !== null && /\/polecats\//.test(closer)) early.push(id)
    else if (closer !== by) dropped.push(id)
  }
  return { dropped, early }
}

/** The day before which it, or what it is a part of, is not to be begun; undefined: none that is still to come. */
export async function dayOf(beads: TownIssues, id: string, now: Date): Promise<string | undefined> {
  const days: string[] = []
  for (const each of await beads.lineage(id)) days.push((await beads.get(each))?.defer_until ?? '')
  return days
    .filter((day) => day > now.toISOString())
    .sort()
    .at(-1)
}

/** Why an issue that is not closed cannot start, in words; undefined when it can. */
export async function whyNot(beads: TownIssues, issue: Issue, now: Date): Promise<string | undefined> {
  if (issue.assignee) return `held by ${issue.assignee}`
  for (const id of await beads.lineage(issue.id)) {
    const { status, defer_until: until } = (await beads.get(id)) ?? {}
    if (status === 'deferred' && !until) return `deferred until somebody says so (bd undefer ${id})`
  }
  const day = await dayOf(beads, issue.id, now)
  if (day !== undefined) return `not to be begun before ${day}`
  if (issue.status !== 'open' && issue.status !== 'deferred') return `status ${issue.status}`
  const blockers = await beads.blockers(issue.id)
  return blockers.length > 0
    ? `blocked by ${blockers.map((blocker) => `${blocker.id} (${blocker.status})`).join(', ')}`
    : undefined
}

async function brief(beads: TownIssues, issue: Issue): Promise<IssueBrief> {
  const { id, title, priority, issue_type: type, created_at: createdAt } = issue
  const [epic, within] = [await beads.parentOf(id), await withinOf(beads, id)]
  return { id, title, priority, type, createdAt, epic, within }
}
