// What the town looks like from outside: reads the actors' snapshots and the beads, puts them in the shapes of api.ts.
// Never: changes anything.

import type { RigConfig } from '../actors/config.ts'
import { mayor, polecatOf, refineryOf, sessionOf, witnessOf } from '../machines/address.ts'
import type { MayorContext } from '../machines/mayor.ts'
import { landingOrder } from '../machines/queue.ts'
import type { RefineryContext } from '../machines/refinery.ts'
import type { WitnessContext } from '../machines/witness.ts'
import type { ActorState, Host, Json } from '../runtime/contract.ts'
import type { Escalation, Outlook, Polecat, QueueEntry, RigStatus, Session } from './api.ts'

/** Where actors' states are looked up: a host, or what a replay came to. */
export type Looked = Pick<Host, 'actor'>

export interface IssueReader {
  issue(
    rig: string,
    id: string,
  ): Promise<{ id: string; title: string; status: string; type: string; assignee: string | null } | undefined>
  /** Every issue under an epic, all levels. */
  children(rig: string, id: string): Promise<{ id: string; title: string; status: string }[]>
  /** Why each open issue asked for is not ready, in words. */
  waiting(rig: string, epics: string[], issues: string[]): Promise<{ id: string; why: string }[]>
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
  return context?.escalations ?? []
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
      since: worker.since,
      attempt: worker.attempt,
      session: session ? runOf(session) : null,
    }
  })
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
      state: building ? now : request.held ? 'set_aside' : 'queued',
    }
  })
}

/** What is shown of a rig's configuration. */
export const shownOf = ({ beads, gates, no_gate, max_workers, worker_spawn_delay }: RigConfig) => ({
  prefix: beads.prefix,
  gates: Object.keys(gates),
  gated: !no_gate,
  maxWorkers: max_workers,
  spawnDelayMs: worker_spawn_delay,
})

export function rigStatus(
  host: Looked,
  rig: string,
  config: Omit<ReturnType<typeof shownOf>, 'spawnDelayMs'>,
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
    landed: refineryContext(host, rig)?.landed ?? [],
  }
}

/** Where an epic or an issue stands, for `gt wait`. */
export async function outlook(host: Host, reader: IssueReader, rig: string, id: string): Promise<Outlook | undefined> {
  const root = await reader.issue(rig, id)
  if (!root) return undefined
  const parts = root.type === 'epic' ? await reader.children(rig, id) : [root]
  const open = parts.filter((part) => part.status !== 'closed').map(({ id, title, status }) => ({ id, title, status }))
  const landed = parts.length - open.length
  const base = { id, total: parts.length, landed, open }
  const progress = `${landed} of ${parts.length} landed`
  if (open.length === 0 && parts.length > 0) return { ...base, kind: 'landed', needs: [], text: `${id}: ${progress}` }

  const ids = new Set([id, ...parts.map((part) => part.id)])
  const needs = escalations(host).filter(
    (open) =>
      open.rig === rig && ((open.issue !== null && ids.has(open.issue)) || open.cause.startsWith(`${rig}/queue/`)),
  )
  if (needs.length > 0)
    return {
      ...base,
      kind: 'needs-overseer',
      needs,
      text: `${id}: ${progress}; ${needs.map((need) => need.subject).join('; ')}`,
    }

  const witness = witnessContext(host, rig)
  const busy = witness
    ? [
        ...Object.values(witness.workers).map((worker) => worker.issue),
        ...Object.keys(witness.queued),
        ...witness.returned.map((back) => back.issue),
      ]
    : []
  const asked =
    witness !== undefined &&
    (witness.wanted.epics.includes(id) || witness.wanted.issues.some((issue) => ids.has(issue)))
  const moving = busy.some((issue) => ids.has(issue)) || queue(host, rig).some((entry) => ids.has(entry.issue))
  if (!asked && !moving)
    return {
      ...base,
      kind: 'idle',
      needs: [],
      text: `${id}: ${progress}; nobody has been asked to do it: \`gt spawn ${root.type === 'epic' ? '--epic' : '--issue'} ${id}\``,
    }
  // Asked for, but nothing moves and nothing will by itself: whatever it waits for is the Overseer's to decide.
  const dispatch = stateWords(host.actor(witnessOf(rig))?.value ?? null)
  if (
    !moving &&
    busy.length === 0 &&
    witness &&
    !witness.look &&
    dispatch.includes('dispatch.resting') &&
    !dispatch.includes('brake.pulled')
  ) {
    const waiting = await reader.waiting(rig, witness.wanted.epics, witness.wanted.issues)
    const stuck = waiting
      .filter((issue) => ids.has(issue.id))
      .map((issue) => ({ subject: `${issue.id} waits: ${issue.why}`, body: '' }))
    if (stuck.length > 0)
      return {
        ...base,
        kind: 'needs-overseer',
        needs: stuck,
        text: `${id}: ${progress}; ${stuck.map((issue) => issue.subject).join('; ')}`,
      }
  }
  return { ...base, kind: 'working', needs: [], text: `${id}: ${progress}` }
}
