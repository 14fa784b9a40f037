// What a town's workers are called in a store that others use too: with a mark of their town, for another town may have
// a rig and a worker of the same name.
// Never: takes another town's worker for one of its own.
import process from 'node:process'
import { whereabouts } from '../../../machines/address.ts'

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
  const { createHash } = process.getBuiltinModule('node:crypto')
  const slug =
    town.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '')
      .slice(0, 12) || 'town'
  const mark = `${slug}-${createHash('sha256').update(town.since).digest('hex').slice(0, 6)}:`
  return {
    out: (name) => (name.startsWith(foreign) ? name.slice(foreign.length) : isWorker(name) ? mark + name : name),
    in: (name) => {
      if (name.startsWith(mark)) return name.slice(mark.length)
      return isWorker(name) || name.startsWith(foreign) ? foreign + name : name
    },
  }
}

const isWorker = (name: string) => whereabouts(name)?.role === 'polecat'
