// What a word asks of the daemon, and what its answers share: who may ask, waiting for a role's reply, stopping
// sessions.
// Never: an answer itself; each is in its word's file (words/).
import { once } from 'node:events'
import type { z } from 'zod'
import { didYouMean } from '../actors/nearest.ts'
import { type Address, witnessOf } from '../machines/address.ts'
import type { Host, Reply } from '../runtime/contract.ts'
import { Refusal } from '../runtime/open.ts'
import type { TownBehind } from './behind.ts'
import { runsUnderway, sessions } from './status.ts'

/** One request: the word it belongs to, by which it is known who may ask (rights.ts), its shape and the answer. */
export interface Answering<S extends z.ZodType, D> {
  word: string
  shape: S
  answer(params: z.output<S>, asking: Asking): D
}
export const answering = <S extends z.ZodType, D>(request: Answering<S, D>): Answering<S, D> => request

/** Every request there is, by its name: each word's file adds its own, so that asking is typed without a list. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by the words' files.
export interface Requests {}
export type Own<A> = { [M in keyof A]: A[M] }
export type RequestName = keyof Requests
export type Params<M extends RequestName> = z.input<Requests[M]['shape']>
export type Data<M extends RequestName> = Awaited<ReturnType<Requests[M]['answer']>>

/** One request on its way. */
export interface Asking {
  /** Chosen by the client; the same id sent twice is carried out once. */
  id: string
  /** The Overseer, or the agent or plugin that asks (caller.ts). */
  from: Address
  town: TownBehind
  emit(event: unknown): void
  /** Aborted when nobody waits for the answer any more. */
  gone: AbortSignal
}

/** How long an answer is waited for that takes a role's own work (git, mostly), in milliseconds. */
const answerWithinMs = 120_000
/** The same while the town waits for room on a disk, or for a lock. */
const stuckWithinMs = 3000
/** How long sessions have to end when all are stopped, before they are ended by force. */
const stopWithinMs = 8_000

/** Commits a mail in the asker's name and has it handled; returns its id. */
export function post({ town, from }: Asking, draft: Omit<Parameters<Host['post']>[0], 'from'>): string {
  const { id } = town.host.post({ from, ...draft })
  town.poke()
  return id
}

/** Asks a role by mail and waits for its reply; refused with its words when it says no. */
export async function askRole(asking: Asking, to: Address, type: string, body: Parameters<Host['post']>[0]['body']) {
  const reply = await answered(asking, post(asking, { id: `req-${asking.id}`, to, type, body }))
  if (!reply.ok) throw new Refusal(reply.text)
  return reply
}

/** The reply to a mail, now or when its recipient has done what it takes. */
export async function answered({ town, gone }: Asking, mailId: string): Promise<Reply> {
  const { host } = town
  const stuck = () => town.waits().length > 0
  const reply = await heard(host, gone, stuck() ? stuckWithinMs : answerWithinMs, () => host.reply(mailId))
  if (reply) return reply
  const [waits] = town.waits()
  if (waits !== undefined) throw new Refusal(`what was asked is kept, and is done as soon as it can be: ${waits}`)
  throw new Refusal(
    gone.aborted
      ? 'nobody waits for the answer any more'
      : `no answer within ${answerWithinMs / 1000} s; it is still being worked on: \`gt log\``,
  )
}

/** Waits until something is found, looking after every commit; undefined when time is over or nobody waits any more. */
async function heard<T>(
  host: Host,
  gone: AbortSignal,
  withinMs: number,
  look: () => T | undefined,
): Promise<T | undefined> {
  const commits = new EventTarget()
  const unheard = host.onCommit(() => void commits.dispatchEvent(new Event('commit')))
  const signal = AbortSignal.any([gone, AbortSignal.timeout(withinMs)])
  try {
    for (let found = look(); ; found = look()) {
      if (found !== undefined) return found
      await once(commits, 'commit', { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
    return undefined
  } finally {
    unheard()
  }
}

/** Waits until something holds; gives up silently after a while. */
export async function quiet({ town, gone }: Asking, holds: () => boolean): Promise<void> {
  await heard(town.host, gone, stopWithinMs, () => holds() || undefined)
}

/**
 * Nothing starts any more in this scope (null: the town); every session is asked to end by its Witness, and ended by
 * force if that takes too long.
 */
export async function stopSessions(asking: Asking, rig: string | null, why: string): Promise<string[]> {
  const { town, from } = asking
  const { host } = town
  host.hold(rig === null ? '*' : `${rig}/`)
  const live = sessions(host, rig ?? undefined).map((session) => session.address)
  for (const name of rig === null ? town.rigs() : [rig])
    host.post({ from, to: witnessOf(name), type: 'rig.stopped', body: { why } })
  town.poke()
  await quiet(asking, () => runsUnderway(host, rig ?? undefined).length === 0)
  const forced = await town.endSessions(rig)
  return [...new Set([...live, ...forced])]
}

/** The Overseer has stopped it, or the whole town. */
export const isHeld = (host: Host, rig: string) => host.holds().some((scope) => scope === '*' || scope === `${rig}/`)

/** This rig's name, when there is such a rig. */
export function knownRig(town: TownBehind, name: string): string {
  if (!town.rigs().includes(name))
    throw new Refusal(
      `no rig "${name}" here; rigs: ${town.rigs().join(', ') || 'none yet (`gt rig add`)'}${didYouMean(name, town.rigs())}`,
    )
  return name
}

/** The rig an issue belongs to, by its prefix. */
export function rigOfIssue(town: TownBehind, issue: string): string {
  const found = town.rigOfIssue(issue)
  if (found !== undefined) return found
  const prefixes = town.rigs().map((name) => `${town.rig(name).prefix} (${name})`)
  throw new Refusal(`no rig has issues like ${issue}; prefixes: ${prefixes.join(', ') || 'none'}`)
}
