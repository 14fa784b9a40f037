// Under whose name `bd` writes: a session's and a plugin's is their own, a person's is what they say.
// Never: believes a name from inside what the town runs.
import { realpathSync } from 'node:fs'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import { townAround } from './around.ts'
import { mayNot, whoIsHere } from './here.ts'

export interface Writer {
  actor: string
  /** Of the session that it is, where it is one. */
  epoch?: number
}

/** `store` is the folder of the issues, `said` the name that was typed. Throws, in words, for a name of somebody else. */
export function writerIn(store: string, said: string | undefined): Writer {
  const { BD_ACTOR, BEADS_ACTOR, USER } = process.env
  const town = townAround(realpathSync(store))
  const who = town === undefined ? undefined : whoIsHere(town)
  if (who === undefined) return { actor: said ?? BD_ACTOR ?? BEADS_ACTOR ?? USER ?? 'unknown' }
  if (who.kind === 'program') throw new BeadsError(mayNot('agents', who) ?? '')
  if (said !== undefined && said !== who.address)
    throw new BeadsError(`${who.address} writes under its own name, not as ${said}; leave --actor away`)
  return who.kind === 'session' ? { actor: who.address, epoch: who.epoch } : { actor: who.address }
}
