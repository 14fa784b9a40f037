// What a town and its workers are called in a store that others use too: with a mark of their town, for another town
// may have a rig and a worker of the same name.
// Never: takes another town's worker, or what another town closed, for this one's.
import process from 'node:process'
import { whereabouts } from '../../../machines/address.ts'
import { town as townName } from '../parts.ts'

export interface Names {
  /** As the real store is to say it. */
  out(name: string): string
  /** As this town says it. */
  in(name: string): string
}

/** Begins the name of a worker of nobody knows which town. */
const foreign = 'bd:'

/** `since`: when the town was made, which tells two of one name apart. */
export function namesOf(town: { name: string; since: string }): Names {
  // Loaded here only: it takes longer to load than most commands take to run.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const letters = town.name.toLowerCase().replace(/[^a-z0-9]+/g, '')
  const hash = createHash('sha256').update(town.since).digest('hex')
  const mark = `${letters.slice(0, 12) || 'town'}-${hash.slice(0, 6)}:`
  return {
    out(name) {
      if (name.startsWith(foreign)) return name.slice(foreign.length)
      return isTowns(name) ? mark + name : name
    },
    in(name) {
      if (name.startsWith(mark)) return name.slice(mark.length)
      return isTowns(name) || name.startsWith(foreign) ? foreign + name : name
    },
  }
}

const isTowns = (name: string) => name === townName || whereabouts(name)?.role === 'polecat'
