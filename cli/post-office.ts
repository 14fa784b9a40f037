// The post office: to whom a mail goes that people, agents and plugins send, and whether it may.
// Never: sends a part of what was asked; refuses what the town itself has to say.
import { didYouMean, didYouMeanAddress } from '../actors/nearest.ts'
import {
  type Address,
  groups,
  mayor,
  overseer,
  polecatOf,
  refineryOf,
  whereabouts,
  witnessOf,
} from '../machines/address.ts'
import { mayBeNamed } from '../machines/names.ts'
import { Refusal } from '../runtime/open.ts'
import { isHeld } from './asking.ts'
import type { TownBehind } from './behind.ts'
import { witnessContext } from './status.ts'

/** Somebody who gets a copy; `waits`: why nobody sees it just now, in words. */
export interface Recipient {
  to: string
  waits?: string
}

type Behind = Pick<TownBehind, 'host' | 'rigs' | 'members' | 'plugins' | 'isRemoved'>

/**
 * Each address that is meant, once and in this order: addresses, and groups with everybody in them but the sender.
 * Throws a Refusal, in words, when one of them is nobody's and will be nobody's.
 */
export async function recipients(town: Behind, from: string, asked: readonly string[]): Promise<Recipient[]> {
  const all = new Map<string, Recipient>()
  for (const each of asked)
    for (const found of membersOf(town, from, each) ?? [await one(town, each)])
      if (!all.has(found.to)) all.set(found.to, found)
  return [...all.values()]
}

/** Everybody who reads mail and is in a group; undefined: it is no group. */
function membersOf(town: Behind, from: string, group: string): Recipient[] | undefined {
  const rig = /^([^@/]+)\/$/.exec(group)?.[1]
  if (!group.startsWith('@') && (rig === undefined || group === mayor)) return undefined
  if (rig !== undefined) mustBeRig(town, rig)
  else if (!(group in groups)) throw new Refusal(`there is no group ${group}${didYouMean(group, Object.keys(groups))}`)
  const isIn = groups[group as keyof typeof groups] ?? (() => true)
  const rigs = rig === undefined ? town.rigs() : [rig]
  const readers = [...(rig === undefined ? [overseer, mayor] : []), ...rigs.flatMap((name) => readersIn(town, name))]
  const found = readers.filter((to) => to !== from && isIn(whereabouts(to)?.role ?? 'daemon'))
  if (found.length === 0)
    throw new Refusal(`nobody${readers.includes(from as Address) ? ' but you' : ''} is in ${group} now`)
  return found.map((to) => waiting(town, to))
}

/** Plugins are asked one by one: each mail starts a program. */
function readersIn(town: Behind, rig: string): Address[] {
  const workers = Object.keys(witnessContext(town.host, rig)?.workers ?? {})
  const crew = town.members(rig).crew.map((name) => `${rig}/crew/${name}` as Address)
  return [witnessOf(rig), refineryOf(rig), ...workers.map((name) => polecatOf(rig, name)), ...crew]
}

async function one(town: Behind, to: string): Promise<Recipient> {
  const at = whereabouts(to)
  if (at && 'rig' in at) mustBeRig(town, at.rig)
  switch (at?.role) {
    case 'mayor':
    case 'overseer':
    case 'witness':
    case 'refinery':
    case 'crew':
      return waiting(town, to)
    case 'polecat':
      if (!isAtWork(town, at) && !mayBeNamed(at.name)) throw nobody(town, to)
      return waiting(town, to)
    case 'plugin': {
      const known = town.members(at.rig).plugins
      if (!known.includes(at.name)) throw nobody(town, to)
      const trouble = await town.plugins.trouble(at.rig, at.name)
      if (trouble !== undefined) throw new Refusal(trouble)
      return waiting(town, to)
    }
    case 'daemon':
      throw new Refusal('nobody reads what is written to the town itself (daemon): write to overseer, or to mayor/')
    default:
      throw nobody(town, to)
  }
}

const isAtWork = ({ host }: Behind, { rig, name }: { rig: string; name: string }) =>
  witnessContext(host, rig)?.workers[name] !== undefined

/** Why nobody sees it just now. */
function waiting(town: Behind, to: string): Recipient {
  const at = whereabouts(to)
  if (!at || !('rig' in at)) return { to }
  const { rig } = at
  const isThere =
    at.role === 'polecat' ? isAtWork(town, at) : at.role !== 'crew' || town.members(rig).crew.includes(at.name)
  if (!isThere) return { to, waits: `nobody lives at ${to} now; it is kept for whoever comes there first` }
  const isRun = at.role === 'polecat' || at.role === 'plugin'
  return isRun && isHeld(town.host, rig) ? { to, waits: `${rig} is stopped; it waits there until \`gt up\`` } : { to }
}

function mustBeRig(town: Behind, rig: string): void {
  if (town.rigs().includes(rig)) return
  if (town.isRemoved(rig)) throw new Refusal(`${rig} was removed from this town, and nobody reads mail there`)
  throw new Refusal(
    `no rig "${rig}" here${didYouMean(rig, town.rigs())}; rigs: ${town.rigs().join(', ') || 'none yet'}`,
  )
}

const nobody = (town: Behind, to: string) => {
  const known = [mayor, overseer, ...town.rigs().flatMap((rig) => [...readersIn(town, rig), ...pluginsOf(town, rig)])]
  return new Refusal(`nobody is at "${to}"${didYouMeanAddress(to, known)}`)
}
const pluginsOf = (town: Behind, rig: string) => town.members(rig).plugins.map((name) => `${rig}/plugins/${name}`)

/** Copies that one sender may send: so many at once, then one in so many milliseconds. A person may say much. */
const limits = { agent: { burst: 30, everyMs: 10_000 }, person: { burst: 20_000, everyMs: 1 } }

/**
 * Throws a Refusal, which says when to try again, for a sender that sends too much; nothing of it counts then. What
 * goes to more than may be sent at once counts as that many.
 */
export function sendingPace(watched: () => number, { agent, person } = limits) {
  const lastAt = new Map<string, number>()
  return (from: string, copies: number): void => {
    const { burst, everyMs } = from === overseer ? person : agent
    const now = watched()
    const paid = Math.min(copies, burst) * everyMs
    const at = Math.max(lastAt.get(from) ?? Number.NEGATIVE_INFINITY, now - burst * everyMs) + paid
    if (at > now)
      throw new Refusal(
        `${from} sends too much mail: ${burst} at once, then one every ${everyMs / 1000} s; nothing was sent, try again in ${Math.ceil((at - now) / 1000)} s`,
      )
    lastAt.set(from, at)
  }
}

export const isFull = (town: { unread(to: string): number | undefined; unreadMax(): number }, to: string) =>
  (town.unread(to) ?? 0) >= town.unreadMax()

/** Throws a Refusal for whoever writes to an inbox that is full. People and the town itself may, always. */
export function mustHaveRoom(town: Parameters<typeof isFull>[0], from: string, to: readonly string[]): void {
  if (from === overseer) return
  const full = to.filter((each) => isFull(town, each))
  const others = to.filter((each) => !full.includes(each))
  if (full.length > 0)
    throw new Refusal(
      `the inbox of ${full.join(', ')} is full: ${town.unreadMax()} unread; nothing was sent, try again once some of it is read${others.length > 0 ? `, or without it: gt mail send ${others.join(' ')} …` : ''}`,
    )
}
