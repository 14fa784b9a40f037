// Who asks: the Overseer, or an agent whose credentials hold; and whether they may.
// Never: takes a caller's word for it.
import { relative, sep } from 'node:path'
import { type Address, overseer, whereabouts } from '../machines/address.ts'
import { runSpeaks } from '../machines/session.ts'
import { Refusal } from '../runtime/open.ts'
import type { Request } from './api.ts'
import type { Right } from './asking.ts'
import type { TownBehind } from './behind.ts'

/**
 * A session's token binds it to one address and one epoch. Without a token it is the Overseer, unless it comes out of
 * a polecat's worktree.
 */
export function identify(town: TownBehind, may: Right, caller: Request['caller'], cwd: string): Address {
  if (caller === null) {
    const [rig = '', kind, name] = relative(town.root, cwd).split(sep)
    if (may !== 'anyone reads' && kind === 'polecats' && name !== undefined && town.rigs().includes(rig))
      throw new Refusal(
        `this is ${rig}/polecats/${name}'s worktree, but the caller does not say that it is ${name}; ask from another folder`,
      )
    return overseer
  }
  const at = whereabouts(caller.address)
  if (at?.role !== 'polecat' || !town.tokenValid(caller.address, caller.epoch, caller.token))
    throw new Refusal(`${caller.address} is not who calls here`)
  if (!runSpeaks(town.host.actor(`${caller.address}/session`), caller.epoch))
    throw new Refusal(`this session of ${caller.address} (epoch ${caller.epoch}) is over`)
  if (may === 'overseer') throw new Refusal(`${caller.address} may not do that; ask ${at.rig}/witness by mail`)
  return caller.address as Address
}
