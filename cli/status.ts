// What the town looks like from outside: reads the actors' snapshots and the beads, puts them in the shapes of api.ts.
// Never: changes anything.

import { limitsOf, type RigConfig } from '../actors/config.ts'
import { mayor, polecatOf, refineryOf, sessionOf, witnessOf } from '../machines/address.ts'
import { isHarmless } from '../machines/escalations.ts'
import type { MayorContext } from '../machines/mayor.ts'
import { landingOrder } from '../machines/queue.ts'
import type { RefineryContext } from '../machines/refinery.ts'
import { sessionId } from '../machines/session.ts'
import type { WitnessContext } from '../machines/witness.ts'
import type { ActorState, Host, Json } from '../runtime/contract.ts'
import type { Escalation, Outlook, Polecat, QueueEntry, RigStatus, Session } from './api.ts'

/** Where actors' states are looked up: a host, or what a replay came to. */
export type Looked = Pick<Host, 'actor' | 'shownAt'>

export interface IssueReader {
  issue(rig: string, id: string): Promise<(Part & { type: string; assignee: string | null }) | undefined>
  /** Every issue under an epic, all levels. */
  children(rig: string, id: string): Promise<Part[]>
  /** Why an issue cannot wait for another, in words; undefined when it can. */
  whyNotWait(rig: string, id: string, on: string): Promise<string | undefined>
  /** Why each open issue asked for is not ready, in words. */
  waiting(rig: string, epics: readonly string[], issues: readonly string[]): Promise<{ id: string; why: string }[]>
}

/** A state value as people read it: `handing_over.inspecting`, parallel regions joined by ` + `. */
export function stateWords(value: Json): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return ''
  return Object.entries(value)
    .map(([state, inner]) => {
      const rest = stateWords(inner ?? null)
      return rest ? `${state}.${rest}` : state
    })
    .join(' + ')
}

export function witnessContext(host: Looked, rig: string): WitnessContext | undefined {
  return host.actor(witnessOf(rig))?.context as WitnessContext | undefined
}

export function refineryContext(host: Looked, rig: string): RefineryContext | undefined {
  return host.actor(refineryOf(rig))?.context as RefineryContext | undefined
}

export function escalations(host: Looked): Escalation[] {
  const context = host.actor(mayor)?.context as MayorContext | undefined
  return (context?.escalations ?? []).map((each) => ({ ...each, at: host.shownAt(each.at) }))
}

/** The session actor's run, if one is on or being started or ended. */
export function runOf(actor: ActorState): Session | null {
  const state = stateWords(actor.value)
  if (state === 'absent') return null
  const context = actor.context as {
    epoch: number
    address: string
    issue: { id: string } | null
    session: { id: string; backend: 'tmux' | 'process'; pid: number; dir: string } | null
  }
  if (!context.session) return null
  const { id, backend, pid, dir } = context.session
  return {
    address: context.address,
    id,
    backend,
    pid,
    dir,
    epoch: context.epoch,
    state: state.split('.')[0] ?? state,
    issue: context.issue?.id ?? '',
  }
}

export function sessions(host: Host, rig?: string): Session[] {
  return host
    .actors(rig === undefined ? undefined : `${rig}/`)
    .filter((actor) => actor.role === 'session')
    .map(runOf)
    .filter((session) => session !== null)
}

/** Names of all runs that are being started, on, or being ended. */
export const runsUnderway = (host: Host, rig?: string): string[] =>
  host
    .actors(rig === undefined ? undefined : `${rig}/`)
    .filter(({ role, value }) => role === 'session' && value !== 'absent')
    .map(({ context }) => sessionId(context as unknown as Parameters<typeof sessionId>[0]))

export function polecats(host: Looked, rig: string): Polecat[] {
  const workers = witnessContext(host, rig)?.workers ?? {}
  return Object.entries(workers).map(([name, worker]) => {
    const actor = host.actor(polecatOf(rig, name))
    const session = host.actor(sessionOf(rig, name))
    return {
      address: polecatOf(rig, name),
      name,
      rig,
      issue: worker.issue,
      title: worker.title,
      state: actor && actor.status === 'active' ? (stateWords(actor.value).split('.')[0] ?? '') : 'assigned',
      since: host.shownAt(worker.since),
      attempt: worker.attempt,
      session: session ? runOf(session) : null,
    }
  })
}

/** Why a request is not tried now. */
const waitWords = {
  refused: 'origin refuses it',
  broken: 'it could not be built or tested',
  away: 'origin was away',
  main_red: 'main is red',
}

export function queue(host: Looked, rig: string): QueueEntry[] {
  const actor = host.actor(refineryOf(rig))
  const context = refineryContext(host, rig)
  if (!actor || !context) return []
  const now = stateWords(actor.value).split('.')[0] ?? ''
  return landingOrder(context.queue).map((request, index) => {
    const building = context.members.some((member) => member.sha === request.sha && member.issue === request.issue)
    return {
      position: index + 1,
      issue: request.issue,
      title: request.title,
      polecat: request.polecat,
      branch: request.branch,
      sha: request.sha,
      priority: request.priority,
      state: building ? now : request.wait ? `waits: ${waitWords[request.wait.what]}` : 'queued',
    }
  })
}

/** What is shown of a rig's configuration, and what its roles hear of it. */
export const shownOf = (config: RigConfig) => ({
  prefix: config.beads.prefix,
  gates: Object.keys(config.gates),
  ...heardOf(config),
})

/** What the Witness is told of a rig's configuration, by `rig.configured`. */
export function heardOf(config: RigConfig) {
  const { maxWorkers, spawnDelayMs, mergeTries, gated, redMain, tellForeign, judgedBy } = limitsOf(config)
  return { maxWorkers, spawnDelayMs, mergeTries, gated, redMain, tellForeign, judgedBy }
}

/** Whether its roles go by this configuration already; also when there are none yet. */
export function isHeard(host: Looked, rig: string, config: RigConfig): boolean {
  const witness = witnessContext(host, rig)
  const known = { ...refineryContext(host, rig), ...witness, mergeTries: witness?.triesMax }
  return Object.entries(heardOf(config)).every(([name, value]) => {
    const heard = (known as Record<string, unknown>)[name]
    return heard === undefined || heard === value
  })
}

export function rigStatus(
  host: Looked,
  rig: string,
  config: Pick<ReturnType<typeof shownOf>, 'prefix' | 'gates' | 'gated' | 'maxWorkers'>,
): RigStatus {
  const witness = witnessContext(host, rig)
  const stopped = stateWords(host.actor(witnessOf(rig))?.value ?? null).includes('brake.pulled')
  return {
    name: rig,
    prefix: config.prefix,
    stopped,
    gates: config.gates,
    gated: config.gated,
    workers: { busy: Object.keys(witness?.workers ?? {}).length, max: config.maxWorkers },
    wanted: witness?.wanted ?? { epics: [], issues: [] },
    polecats: polecats(host, rig),
    queue: queue(host, rig),
    landed: (refineryContext(host, rig)?.landed ?? []).map((each) => ({ ...each, at: host.shownAt(each.at) })),
  }
}

/** An issue that somebody waits for, and what is known of its end. */
interface Part {
  id: string
  title: string
  status: string
  /** Closed by the town itself, because origin has its work. */
  landed: boolean
  /** Closed because there was nothing to do, as its worker or the town said. */
  unchanged: boolean
  reason: string
}

/** Where an epic or an issue stands, for `gt wait`. Landed means on main; closed alone does not. */
export async function outlook(host: Host, reader: IssueReader, rig: string, id: string): Promise<Outlook | undefined> {
  const root = await reader.issue(rig, id)
  if (!root) return undefined
  const parts = root.type === 'epic' ? await reader.children(rig, id) : [root]
  const witness = witnessContext(host, rig)
  const busy = busyIn(host, rig)
  // The beads may be a moment behind.
  const onMain = new Set((refineryContext(host, rig)?.landed ?? []).map(({ issue }) => issue))
  const isLanded = (part: Part) =>
    !busy.includes(part.id) && (part.landed || (part.status !== 'open' && onMain.has(part.id)))
  const isOver = (part: Part) => isLanded(part) || (part.status === 'closed' && !busy.includes(part.id))
  const open = parts.filter((part) => !isOver(part)).map(({ id, title, status }) => ({ id, title, status }))
  const landed = parts.filter(isLanded).length
  const base = { id, total: parts.length, landed, open, needs: [] }
  const single = root.type !== 'epic'
  const progress = single && landed === 0 ? 'not on main yet' : `${landed} of ${parts.length} landed`
  if (open.length === 0 && parts.length > 0) {
    if (landed === parts.length) return { ...base, kind: 'landed', text: `${id}: ${progress}` }
    const rest = parts.filter((part) => !isLanded(part))
    const why = rest.map(
      (part) => `${part.id} is closed, with nothing of it on main: ${part.reason || 'no reason given'}`,
    )
    const kind = rest.every((part) => part.unchanged) ? 'unchanged' : 'closed'
    return { ...base, kind, text: [...(landed > 0 ? [`${id}: ${progress}`] : []), ...why].join('; ') }
  }

  const ids = new Set([id, ...parts.map((part) => part.id)])
  const needs = escalations(host).filter((each) => each.rig === rig && concerns(host, rig, each, ids))
  const said = (what: readonly { subject: string }[]) =>
    `${id}: ${progress}; ${what.map(({ subject }) => subject).join('; ')}`
  if (needs.length > 0) return { ...base, kind: 'needs-overseer', needs, text: said(needs) }

  const moving = busy.some((issue) => ids.has(issue))
  const { epics = [], issues = [] } = witness?.wanted ?? {}
  if (!moving && !epics.includes(id) && !issues.some((issue) => ids.has(issue))) {
    const ask = `nobody has been asked to do it: \`gt spawn ${root.type === 'epic' ? '--epic' : '--issue'} ${id}\``
    return { ...base, kind: 'idle', text: `${id}: ${progress}; ${ask}` }
  }
  // Asked for, but nothing moves and nothing will by itself: whatever it waits for is the Overseer's to decide.
  const dispatch = stateWords(host.actor(witnessOf(rig))?.value ?? null)
  const rests = dispatch.includes('dispatch.resting') && !dispatch.includes('brake.pulled')
  if (busy.length === 0 && witness && !witness.look && rests) {
    const waiting = await reader.waiting(rig, epics, issues)
    const stuck = waiting
      .filter((issue) => ids.has(issue.id))
      .map((issue) => ({ subject: `${issue.id} waits: ${issue.why}`, body: '' }))
    if (stuck.length > 0) return { ...base, kind: 'needs-overseer', needs: stuck, text: said(stuck) }
  }
  return { ...base, kind: 'working', text: `${id}: ${progress}` }
}

/** What is in somebody's hands, in the queue, or on its way back. */
function busyIn(host: Looked, rig: string): string[] {
  const witness = witnessContext(host, rig)
  const queued = refineryContext(host, rig)?.queue.map(({ issue }) => issue) ?? []
  if (!witness) return queued
  const { workers, queued: handedOver, returned } = witness
  const held = [...Object.values(workers), ...returned].map(({ issue }) => issue)
  return [...held, ...Object.keys(handedOver), ...queued]
}

/** Whether an escalation keeps these issues: their own, or one of the queue they are in. */
function concerns(host: Looked, rig: string, { cause, issue }: Escalation, ids: ReadonlySet<string>): boolean {
  if (!cause.startsWith(`${rig}/queue/`)) return issue !== null && ids.has(issue)
  if (isHarmless(cause)) return false
  const ours = refineryContext(host, rig)?.queue.filter((request) => ids.has(request.issue)) ?? []
  // What keeps one of them does not keep the others.
  const aside = ['refused', 'main_red'].find((what) => cause.endsWith(`/${what}`))
  return ours.some(({ wait }) => aside === undefined || wait?.what === aside)
}
