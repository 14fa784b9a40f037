// Which store `bd` works on: the one its environment names, else the one of the folder it is called in, or above.
// Never: asks the daemon; needs the links of a town, which a `git clean` takes along.
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { townJsonIn } from '../layout.ts'
import { BeadsError } from './contract.ts'
import { type Beads, openBeads } from './embedded.ts'
import { hasStore } from './file.ts'
import { linksOf, nameOf, openTier, placeOf, rigsIn, storeOf, type Tier } from './tiers.ts'

export interface Whence {
  /** BEADS_DIR and BEADS_DB. */
  dir: string | undefined
  db: string | undefined
  cwd: string
}

/** Throws a BeadsError with words when there is none, it cannot be used, or a link leads to another. */
export function openFound({ dir, db, cwd }: Whence): Beads {
  if (dir) return openAt(dir)
  if (db) return openAt(dirname(db))
  let dangling: string | undefined
  for (let at = cwd; ; at = dirname(at)) {
    const beads = join(at, '.beads')
    if (isTown(at)) return openAt(linksOf(around(at, cwd))[0] ?? beads)
    // In a polecat's place the project may have beads of its own; the rig's are meant.
    if (hasStore(beads) || existsSync(join(beads, 'redirect'))) return openAt(beads)
    if (!existsSync(beads) && isLink(beads)) dangling ??= beads
    if (at === dirname(at)) break
  }
  if (dangling !== undefined) throw new BeadsError(danglingWords(dangling))
  throw new BeadsError('no beads database found\nHint: run `bd init --prefix <prefix>` here, or change into a rig')
}

/** Why no store can be made at this path: it is a town's, or a link that leads nowhere. */
export function whyNotMade(beads: string): string | undefined {
  const tier = tierOf(resolve(beads))
  if (tier)
    return `${beads} belongs to the town at ${tier.town}, which keeps the issues of ${nameOf(tier)} in ${storeOf(tier)}; there is nothing to initialize, \`bd list\` shows them`
  return !existsSync(beads) && isLink(beads) ? danglingWords(beads) : undefined
}

/** The store at a `.beads` path; a `redirect` file in it leads on, once. */
function openAt(given: string): Beads {
  const redirect = join(given, 'redirect')
  const beads = existsSync(redirect) ? resolve(given, readFileSync(redirect, 'utf8').trim()) : resolve(given)
  const tier = tierOf(beads)
  if (!tier) {
    if (!existsSync(beads) && isLink(beads)) throw new BeadsError(danglingWords(beads))
    if (!hasStore(beads)) throw new BeadsError(`no beads database found in ${beads}`)
    return openBeads(beads)
  }
  const place = placeOf(tier)
  // A link that is gone or leads nowhere is made again by the town; one that leads elsewhere may be meant.
  if ((hasStore(beads) || isLink(beads)) && existsSync(beads) && realpathSync(beads) !== realOf(place))
    throw new BeadsError(
      `${beads} ${isLink(beads) ? `leads to ${realpathSync(beads)}, and not` : 'is a folder of its own, and no link'} to ${place}, where the issues of ${nameOf(tier)} are. Rename it: the running town, or \`gt up\`, makes the link again`,
    )
  return openTier(tier)
}

/** The tier that this is a path of: one of its links, or where its store itself is. */
function tierOf(beads: string): Tier | undefined {
  for (const path of new Set([beads, realOf(beads)]))
    for (let town = dirname(path); town !== dirname(town); town = dirname(town)) {
      if (!isTown(town)) continue
      const parts = relative(town, path).split(sep)
      const rigs = rigsIn(town).filter((rig) => parts.includes(rig))
      const tiers = [undefined, ...rigs].map((rig): Tier => ({ town, rig }))
      return tiers.find((tier) => storeOf(tier) === path || linksOf(tier).includes(path))
    }
  return undefined
}

/** The rig of a town that a folder in it belongs to, or the town itself. */
function around(town: string, cwd: string): Tier {
  const [first = ''] = relative(town, cwd).split(sep)
  return { town, rig: rigsIn(town).includes(first) ? first : undefined }
}

const isTown = (dir: string) => existsSync(townJsonIn(dir))
const isLink = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
const realOf = (path: string) =>
  existsSync(path)
    ? realpathSync(path)
    : join(existsSync(dirname(path)) ? realpathSync(dirname(path)) : dirname(path), basename(path))
const danglingWords = (link: string) =>
  `${link} is a link to ${readlinkSync(link)}, which is not there; put that back, or remove the link and run \`bd init --prefix <prefix>\``
