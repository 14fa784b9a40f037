// What this very process may do, for words that need no daemon; the daemon says the same of those that ask it.
// Never: decides anew; the list is rights.ts, and who it is comes from actors/ancestry.ts.
import process from 'node:process'
import { type Belonging, belongsTo, saidBy } from '../actors/ancestry.ts'
import { rigOf } from '../machines/address.ts'
import { type Right, rightOf } from './rights.ts'

/** Why this may not be said, in words; undefined: it may. */
export function mayNot(right: Right, who: Belonging | undefined): string | undefined {
  if (who === undefined || right === 'anyone') return undefined
  if (who.kind === 'program') return `${who.what} may only look: what the town runs asks for nothing`
  if (right === 'agents') return undefined
  return `${who.address} may not do that; ask ${rigOf(who.address)}/witness by mail`
}

/** Whose program of this town this process is; undefined: a person's. */
export const whoIsHere = (town: string): Belonging | undefined =>
  // Where there is no /proc this process at least knows how it was started.
  belongsTo(town, process.pid) ?? saidBy(town, new Map(Object.entries(process.env)) as ReadonlyMap<string, string>)

export const refusedHere = (word: string, town: string): string | undefined => mayNot(rightOf(word), whoIsHere(town))
