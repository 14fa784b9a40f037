// Who asks, in one function: the Overseer, a polecat, or a plugin; and whether they may. What a session is known by is
// decided here; a sandbox, or a socket for each session, would take the place of `seen`.
// Never: takes a caller's word for it where the kernel can be asked: a process is looked at with its ancestors, and
// what belongs to a session speaks for that session, whatever it says or leaves away.
import { readlinkSync } from 'node:fs'
import { relative, sep } from 'node:path'
import process from 'node:process'
import { type Belonging, belongsTo, type Recorded } from '../actors/ancestry.ts'
import { type Address, overseer, whereabouts } from '../machines/address.ts'
import { runSpeaks } from '../machines/session.ts'
import type { SessionRecord } from '../machines/session-effects.ts'
import type { Host } from '../runtime/contract.ts'
import { Refusal } from '../runtime/open.ts'
import type { Request } from './api.ts'
import type { TownBehind } from './behind.ts'
import { mayNot } from './here.ts'
import type { Proves } from './peer.ts'
import { type Right, rightOf } from './rights.ts'

/** What a request says of who asks. */
export type Said = Pick<Request, 'caller' | 'pid' | 'cwd'>

/** Throws a Refusal, in words, for whoever may not say this word. */
export async function whoAsks(town: TownBehind, word: string, said: Said, proves: Proves): Promise<Address> {
  const right: Right = rightOf(word)
  const claimed = said.caller === null ? undefined : byToken(town, said.caller)
  // What changes nothing is answered at once.
  if (right === 'anyone') return claimed ?? overseer
  const found = await seen(town, said, proves)
  const byWord: Belonging | undefined = claimed && { kind: 'session', address: claimed, epoch: said.caller?.epoch ?? 0 }
  const who = found ?? byWord
  const refused = mayNot(right, who)
  if (refused !== undefined) throw new Refusal(refused)
  if (who === undefined || who.kind === 'program') return overseer
  if (claimed !== undefined && claimed !== who.address)
    throw new Refusal(`${who.address} calls here, with a token of ${claimed}`)
  if (who.kind === 'session') stillOn(town, who.address, who.epoch)
  return who.address
}

/** A token binds a session to one address and one epoch. */
function byToken(town: TownBehind, caller: NonNullable<Request['caller']>): Address {
  if (whereabouts(caller.address)?.role !== 'polecat' || !town.tokenValid(caller.address, caller.epoch, caller.token))
    throw new Refusal(`${caller.address} is not who calls here`)
  stillOn(town, caller.address, caller.epoch)
  return caller.address as Address
}

function stillOn({ host }: TownBehind, address: string, epoch: number): void {
  if (!runSpeaks(host.actor(`${address}/session`), epoch))
    throw new Refusal(`this session of ${address} (epoch ${epoch}) is over`)
}

/**
 * What the asking process belongs to, as the kernel says; undefined: to nothing of this town. Where there is no /proc
 * only its token and its folder tell.
 */
async function seen(town: TownBehind, { caller, pid, cwd }: Said, proves: Proves): Promise<Belonging | undefined> {
  const proof = await proves(pid)
  const found = proof === 'proved' ? belongsTo(town.root, pid, recorded(town.host)) : undefined
  if (found !== undefined || caller !== null) return found
  if (proof === 'failed')
    throw new Refusal(
      `who asks cannot be seen: process ${pid} did not show that it is at the other end; ask with gt, on the machine and in the container where the daemon runs`,
    )
  const [rig = '', kind, name] = relative(town.root, proof === 'proved' ? folderOf(pid) : cwd).split(sep)
  if (kind !== 'polecats' || name === undefined || !town.rigs().includes(rig)) return undefined
  throw new Refusal(
    `this is ${rig}/polecats/${name}'s worktree, but the caller does not say that it is ${name}; ask from another folder`,
  )
}

/** Where a process is; it may be gone by now. */
function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch (error) {
    throw new Refusal(`who asks is gone: ${error instanceof Error ? error.message : error}`)
  }
}

/** Every live session's first process, and this daemon. */
function recorded(host: Host): Recorded {
  const leaders = host.actors('', 'session').flatMap(({ value, context }) => {
    const { address, session } = context as unknown as { address: Address; session: SessionRecord | null }
    // The number of one that is over may be somebody else's by now.
    if (session === null || value === 'absent') return []
    return [{ ...session, leads: { kind: 'session' as const, address, epoch: session.epoch } }]
  })
  return { leaders, daemon: process.pid }
}
