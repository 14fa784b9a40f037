// What the town looks like from outside: reads the actors' snapshots and the beads, puts them in the shapes of api.ts.
// Never: changes anything.

import type { entitlementOf } from '../actors/accounts.ts'
import { limitsOf, type RigConfig } from '../actors/config.ts'
import type { Spent } from '../actors/ledger/spent.ts'
import type { Asked } from '../actors/ledger/tables.ts'
import { mayor, polecatOf, refineryOf, sessionOf, witnessOf } from '../machines/address.ts'
import type { SessionContext } from '../machines/hearing.ts'
import type { PolecatContext } from '../machines/incarnation.ts'
import type { MayorContext } from '../machines/mayor.ts'
import { landingOrder } from '../machines/queue.ts'
import type { RefineryContext } from '../machines/refinery.ts'
import { sessionId } from '../machines/session-wishes.ts'
import type { WitnessContext } from '../machines/witness.ts'
import type { ActorState, Host, Json } from '../runtime/contract.ts'
import type { Escalation, Polecat, QueueEntry, RigStatus, Session } from './api.ts'

/** Where actors' states are looked up: a host, or what a replay came to. */
export type Looked = Pick<Host, 'actor' | 'shownAt'>

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
function runOf(actor: ActorState): Session | null {
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

/** What was used of tokens and money; a replay knows of none. */
export interface Spending {
  spent(asked: Asked): Spent
  /** The day, as the ledger writes it. */
  today(): string
}

/** Undefined: nothing, which is not shown. */
function usedOf(spent: Spent | undefined): { spent?: Spent } {
  return spent && spent.answers > 0 ? { spent } : {}
}

export function polecats(host: Looked, rig: string, costs?: Spending): Polecat[] {
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
      state: waitingFor(actor, session) ?? stateOf(actor),
      since: host.shownAt(worker.since),
      attempt: worker.attempt,
      session: session ? runOf(session) : null,
      ...underOf(session),
      ...usedOf(costs?.spent({ rig, issue: worker.issue })),
    }
  })
}

/** The account that it works under; undefined: what the environment says. */
function underOf(session: ReturnType<Looked['actor']>): { account?: string } {
  const { under } = (session?.context ?? {}) as Partial<SessionContext>
  return under && session?.value !== 'absent' ? { account: under } : {}
}

const stateOf = (actor: ReturnType<Looked['actor']>) =>
  actor && actor.status === 'active' ? (stateWords(actor.value).split('.')[0] ?? '') : 'assigned'

/** What somebody who could work waits for. */
function waitingFor(polecat: ReturnType<Looked['actor']>, session: ReturnType<Looked['actor']>): string | undefined {
  if ((polecat?.context as Partial<PolecatContext> | undefined)?.waitsForAnswer) return 'waits for your answer'
  if (session?.value === 'unpaid') return 'waits for an account'
  const isPaused = session && stateWords(session.value) === 'running.paused'
  return isPaused ? 'waits for its service' : undefined
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
export const shownOf = (config: RigConfig, accounts?: Entitlement) => ({
  prefix: config.beads.prefix,
  gates: Object.keys(config.gates),
  ...heardOf(config, accounts),
})

/** What the Witness is told of a rig's configuration, by `rig.configured`. */
export function heardOf(config: RigConfig, accounts: Entitlement = noAccounts) {
  const { maxWorkers, spawnDelayMs, mergeTries, gated, redMain, tellForeign, judgedBy, budgets } = limitsOf(config)
  const words = { maxWorkers, spawnDelayMs, mergeTries, gated, redMain, tellForeign, judgedBy, budgets }
  return { ...words, ...accounts }
}
type Entitlement = ReturnType<typeof entitlementOf>
const noAccounts: Entitlement = { agent: '', accounts: [], sharers: [] }

/** Whether its roles go by this configuration already; also when there are none yet. */
export function isHeard(host: Looked, rig: string, config: RigConfig, accounts: Entitlement): boolean {
  const witness = witnessContext(host, rig)
  const known = { ...refineryContext(host, rig), ...(witness && noAccounts), ...witness, mergeTries: witness?.triesMax }
  return Object.entries(heardOf(config, accounts)).every(([name, value]) => {
    const heard = (known as Record<string, unknown>)[name]
    return heard === undefined || JSON.stringify(heard) === JSON.stringify(value)
  })
}

export function rigStatus(
  host: Looked,
  rig: string,
  config: Pick<ReturnType<typeof shownOf>, 'prefix' | 'gates' | 'gated' | 'maxWorkers'>,
  costs?: Spending,
): RigStatus {
  const witness = witnessContext(host, rig)
  const value = stateWords(host.actor(witnessOf(rig))?.value ?? null)
  const stopped = value.includes('brake.pulled')
  const lacks = value.includes('brake.halted') ? 'key' : value.includes('allowance.used_up') ? 'allowance' : null
  return {
    name: rig,
    prefix: config.prefix,
    stopped,
    lacks,
    gates: config.gates,
    gated: config.gated,
    workers: { busy: Object.keys(witness?.workers ?? {}).length, max: config.maxWorkers },
    wanted: witness?.wanted ?? { epics: [], issues: [] },
    polecats: polecats(host, rig, costs),
    queue: queue(host, rig),
    landed: (refineryContext(host, rig)?.landed ?? []).map((each) => ({ ...each, at: host.shownAt(each.at) })),
    ...usedOf(costs?.spent({ rig, day: costs.today() })),
  }
}
