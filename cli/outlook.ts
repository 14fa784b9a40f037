// Where an epic or an issue stands, for `gt wait`. Landed means on main; closed alone does not.
// Never: reads a whole epic while it is worked on; it asks how many stand how, and looks closer at a few.
import type { Progress, Standing } from '../actors/beads/contract.ts'
import { witnessOf } from '../machines/address.ts'
import { causes, isHarmless } from '../machines/escalations.ts'
import type { Escalation, Outlook } from './api.ts'
import { escalations, type Looked, refineryContext, stateWords, witnessContext } from './status.ts'

/** An issue that somebody waits for, and what is known of its end. */
export interface Part {
  id: string
  title: string
  type: string
  status: string
  assignee: string | null
  /** Closed by the town itself, because origin has its work. */
  landed: boolean
  /** Closed because there was nothing to do, as its worker or the town said. */
  unchanged: boolean
  reason: string
}

export interface IssueReader {
  issue(rig: string, id: string): Promise<Part | undefined>
  /** How far the work under an epic is, all levels. */
  progress(rig: string, epic: string): Promise<Progress>
  /** Work under an epic that stands so: at most so many, the most urgent first. */
  parts(rig: string, epic: string, state: Standing, most: number): Promise<Part[]>
  /** Whether an issue is this one, or a part of it at any level. */
  isIn(rig: string, id: string, whole: string): Promise<boolean>
  /** Why an issue cannot wait for another, in words; undefined when it can. */
  whyNotWait(rig: string, id: string, on: string): Promise<string | undefined>
  /** Why an issue that is not closed cannot start, in words; undefined when it can, or is closed. */
  whyNot(rig: string, id: string): Promise<string | undefined>
  /** The day before which it is not to be begun; undefined: none that is still to come. */
  day(rig: string, id: string): Promise<string | undefined>
}

/** Issues that are told by name; of more there is a number. */
const namedMax = 20

/** Undefined: there is no such issue. */
export async function outlook(
  host: Looked,
  reader: IssueReader,
  rig: string,
  id: string,
): Promise<Outlook | undefined> {
  const root = await reader.issue(rig, id)
  if (!root) return undefined
  const witness = witnessContext(host, rig)
  const busy = busyIn(host, rig)
  const isOurs = (issue: string) => reader.isIn(rig, issue, id)
  const single = root.type !== 'epic'
  // The beads may be a moment behind.
  const onMain = new Set((refineryContext(host, rig)?.landed ?? []).map(({ issue }) => issue))
  const isLanded = (part: Part) =>
    !busy.includes(part.id) && (part.landed || (part.status !== 'open' && onMain.has(part.id)))
  const standingOf = (part: Part): keyof Omit<Progress, 'total'> =>
    isLanded(part) ? 'landed' : part.status === 'closed' && !busy.includes(part.id) ? 'closed' : 'open'

  const counts = { total: 1, open: 0, closed: 0, landed: 0 }
  if (single) counts[standingOf(root)]++
  else {
    Object.assign(counts, await reader.progress(rig, id))
    for (const issue of new Set([...busy, ...onMain])) {
      const part = (await isOurs(issue)) ? await reader.issue(rig, issue) : undefined
      if (!part || part.type === 'epic') continue
      counts[part.landed ? 'landed' : part.status === 'closed' ? 'closed' : 'open']--
      counts[standingOf(part)]++
    }
  }
  /** The first of those that stand so in the beads, but for what is known better. */
  const some = async (states: readonly Standing[], standing: 'open' | 'closed', most: number) => {
    if (single) return standingOf(root) === standing ? [root] : []
    const more = most + onMain.size + busy.length
    const found = await Promise.all(states.map((state) => reader.parts(rig, id, state, more)))
    return found.flat().filter((part) => standingOf(part) === standing)
  }

  const { total, landed } = counts
  const open = counts.open === 0 ? [] : await some(['open', 'free', 'closed'], 'open', namedMax)
  const named = open.slice(0, namedMax).map(({ id, title, status }) => ({ id, title, status }))
  const base = { id, total, landed, remaining: counts.open, open: named, needs: [] }
  const progress = single && landed === 0 ? 'not on main yet' : `${landed} of ${total} landed`
  if (counts.open === 0 && total > 0) {
    if (landed === total) return { ...base, kind: 'landed', text: `${id}: ${progress}` }
    const rest = await some(['closed'], 'closed', counts.closed)
    const kind = rest.every((part) => part.unchanged) ? 'unchanged' : 'closed'
    const why = rest
      .slice(0, namedMax)
      .map((part) => `${part.id} is closed, with nothing of it on main: ${part.reason || 'no reason given'}`)
    const others = rest.length > namedMax ? [`so are ${rest.length - namedMax} more`] : []
    return { ...base, kind, text: [...(landed > 0 ? [`${id}: ${progress}`] : []), ...why, ...others].join('; ') }
  }

  const needs: Escalation[] = []
  const inHands = [...Object.values(witness?.workers ?? {}).map(({ issue }) => issue), ...queuedIn(host, rig)]
  const waiting = open.map((part) => part.id).filter((issue) => !inHands.includes(issue))
  const isIn = (issue: string, whole: string) => reader.isIn(rig, issue, whole)
  for (const each of escalations(host).filter((escalation) => escalation.rig === rig))
    if (await (isOfBudget(each) ? keeps(each, waiting, isIn) : concerns(host, each, isOurs))) needs.push(each)
  const said = (what: readonly { subject: string }[]) =>
    `${id}: ${progress}; ${what.map(({ subject }) => subject).join('; ')}`
  if (needs.length > 0) return { ...base, kind: 'needs-overseer', needs, text: said(needs) }

  const { epics = [], issues = [] } = witness?.wanted ?? {}
  const asked = epics.includes(id)
  const ours = await those(issues, isOurs)
  if (!asked && ours.length === 0 && (await those(busy, isOurs)).length === 0) {
    const ask = `nobody has been asked to do it: \`gt spawn ${single ? '--issue' : '--epic'} ${id}\``
    return { ...base, kind: 'idle', text: `${id}: ${progress}; ${ask}` }
  }
  // Asked for, but nothing moves and nothing will by itself: whatever it waits for is the Overseer's to decide.
  const dispatch = stateWords(host.actor(witnessOf(rig))?.value ?? null)
  const rests = dispatch.includes('dispatch.resting') && !dispatch.includes('brake.pulled')
  if (busy.length === 0 && witness && !witness.look && rests) {
    const stuck: { subject: string; body: string }[] = []
    const waiting = new Set([...(asked ? open.map((part) => part.id) : []), ...ours])
    for (const issue of [...waiting].slice(0, namedMax)) {
      const day = await reader.day(rig, issue)
      // It goes on by itself.
      if (day !== undefined) return { ...base, kind: 'working', text: `${id}: ${progress}; ${issue} waits for ${day}` }
      const why = await reader.whyNot(rig, issue)
      if (why !== undefined) stuck.push({ subject: `${issue} waits: ${why}`, body: '' })
    }
    if (stuck.length > 0) return { ...base, kind: 'needs-overseer', needs: stuck, text: said(stuck) }
  }
  return { ...base, kind: 'working', text: `${id}: ${progress}` }
}

async function those(ids: readonly string[], holds: (id: string) => Promise<boolean>): Promise<string[]> {
  const found: string[] = []
  for (const id of ids) if (await holds(id)) found.push(id)
  return found
}

/** What is in somebody's hands, in the queue, or on its way back. */
function busyIn(host: Looked, rig: string): string[] {
  const { workers = {}, returned = [] } = witnessContext(host, rig) ?? {}
  const held = [...Object.values(workers), ...returned].map(({ issue }) => issue)
  return [...held, ...queuedIn(host, rig)]
}

/** What is in the queue, or handed over to it. */
const queuedIn = (host: Looked, rig: string): string[] => [
  ...Object.keys(witnessContext(host, rig)?.queued ?? {}),
  ...(refineryContext(host, rig)?.queue ?? []).map(({ issue }) => issue),
]

const isOfBudget = ({ rig, cause }: Escalation) => cause.startsWith(`${rig}/budget/`)

/** Whether a budget that is used up keeps one of these from being begun; what is begun goes on. */
async function keeps(
  { cause }: Escalation,
  waiting: readonly string[],
  isIn: (id: string, whole: string) => Promise<boolean>,
): Promise<boolean> {
  const [, , which, of = ''] = cause.split('/')
  if (which === 'rig' || which === 'day') return waiting.length > 0
  return (await those(waiting, (id) => isIn(id, of))).length > 0
}

/** Whether an escalation keeps these issues: their own, one of the queue they are in, or of all agents of their rig. */
async function concerns(
  host: Looked,
  { rig, cause, issue }: Escalation,
  isOurs: (id: string) => Promise<boolean>,
): Promise<boolean> {
  if (cause === causes.account(rig ?? '')) return true
  if (!cause.startsWith(`${rig}/queue/`)) return issue !== null && (await isOurs(issue))
  if (isHarmless(cause)) return false
  // What keeps one of them does not keep the others.
  const aside = ['refused', 'main_red'].find((what) => cause.endsWith(`/${what}`))
  const kept = (refineryContext(host, rig)?.queue ?? []).filter(({ wait }) => !aside || wait?.what === aside)
  return (
    (
      await those(
        kept.map((request) => request.issue),
        isOurs,
      )
    ).length > 0
  )
}
