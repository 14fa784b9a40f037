// Which `bd` a program is, by what it says of itself, and what such a one can do.
// Never: runs it; takes a version that nobody tried.
import { BeadsError } from '../contract.ts'

export interface Version {
  /** As it says it: `1.3.0`. */
  text: string
  /** `classic`: SQLite, 0.30 to 0.49. `dolt`: 1.0.5 and later. */
  family: 'classic' | 'dolt'
  /** It changes an issue only if it still has this holder and this status: `--if-assignee`, `--if-status`. */
  guards: boolean
  /** `update --claim` is one step, and only who wins is shown the issue. */
  claims: boolean
  /** More can be added to notes than is said in one argument: `--append-notes`. */
  appends: boolean
  /** Its journal says who closed an issue. */
  tells: boolean
}

type Numbers = readonly [number, number, number]
const firstClassic: Numbers = [0, 30, 0]
const lastClassic: Numbers = [0, 49, 6]
const firstDolt: Numbers = [1, 0, 5]
const firstWithClaims: Numbers = [0, 49, 4]
/** Between them nobody looked. */
const firstThatAppends: Numbers = [0, 49, 0]
const firstWithGuards: Numbers = [1, 2, 1]
const firstThatTells: Numbers = [1, 3, 0]
const supported = `0.30.0 to ${lastClassic.join('.')}, and ${firstDolt.join('.')} or later`

/** Throws a BeadsError that says which versions can be used. */
export function versionIn(said: string, program: string): Version {
  if (/\bgastown\b/.test(said))
    throw new BeadsError(`${program} is the town's own bd, which keeps the issues by itself`)
  const found = /^bd version (\d+)\.(\d+)\.(\d+)/m.exec(said)
  if (!found) throw new BeadsError(`${program} does not say which bd it is: ${asShown(said)}`)
  const numbers = found.slice(1).map(Number) as unknown as Numbers
  const text = numbers.join('.')
  if (isBefore(numbers, firstClassic))
    throw new BeadsError(`${program} is bd ${text}, which is too old; what can be used: ${supported}`)
  if (isBefore(lastClassic, numbers) && isBefore(numbers, firstDolt))
    throw new BeadsError(
      `${program} is bd ${text}, one of those between the two kinds of store, which lose what they are given; what can be used: ${supported}`,
    )
  const family = isBefore(numbers, firstDolt) ? 'classic' : 'dolt'
  const since = (first: Numbers) => !isBefore(numbers, first)
  return {
    ...{ text, family, guards: since(firstWithGuards), claims: since(firstWithClaims) },
    ...{ appends: since(firstThatAppends), tells: since(firstThatTells) },
  }
}

function isBefore(one: Numbers, other: Numbers): boolean {
  for (const [n, number] of one.entries()) if (number !== other[n]) return number < (other[n] as number)
  return false
}

const shownMax = 200
/** The beginning of what a program printed, on one line. */
export const asShown = (said: string): string => {
  const line = said.replace(/\s+/g, ' ').trim()
  return line === '' ? 'nothing' : `"${line.length > shownMax ? `${line.slice(0, shownMax)}…` : line}"`
}
