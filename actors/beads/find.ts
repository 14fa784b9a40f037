// Which store `bd` works on: the one its environment names, else the one of the folder it is called in, or above.
// Never: asks the daemon; needs the links of a town, which a `git clean` takes along.
import { existsSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { textOf } from '../files.ts'
import { townJsonIn } from '../layout.ts'
import { BeadsError, type Opening } from './contract.ts'
import { type Beads, openBeads } from './embedded.ts'
import { fileName, formerName, hasStore } from './file.ts'
import { linksOf, nameOf, openTier, placeOf, rigsIn, storeOf, type Tier } from './tiers.ts'

export interface Whence {
  /** The database, or the folder it is in, that was said. */
  named: string | undefined
  /** BEADS_DIR and BEADS_DB. */
  dir: string | undefined
  db: string | undefined
  cwd: string
}

/** Throws a BeadsError with words when there is none, it cannot be used, or a link leads to another. */
export function openFound(whence: Whence, how: Pick<Opening, 'readonly'> = {}): Beads {
  const place = placeNamed(whence)
  if (place)
    return place.file === undefined ? openAt(place.dir, how) : openBeads(place.dir, { ...how, file: place.file })
  const { cwd } = whence
  let dangling: string | undefined
  let foreign: string | undefined
  for (let at = cwd; ; at = dirname(at)) {
    const beads = join(at, '.beads')
    if (isTown(at)) return openAt(linksOf(around(at, cwd))[0] ?? beads, how)
    // In a polecat's place the project may have beads of its own; the rig's are meant.
    const main = mainBeads(at)
    const own =
      hasStore(beads) || existsSync(join(beads, 'redirect')) ? beads : main && hasStore(main) ? main : undefined
    // Out of one that another bd keeps only a town is reached: what lies between is other people's.
    if (own !== undefined && foreign === undefined) return openAt(own, how)
    if (!existsSync(beads) && isLink(beads)) dangling ??= beads
    if (existsSync(join(beads, 'metadata.json'))) foreign ??= beads
    if (at === dirname(at)) break
  }
  if (foreign !== undefined) throw new BeadsError(foreignWords(foreign))
  if (dangling !== undefined) throw new BeadsError(danglingWords(dangling))
  throw new BeadsError('no beads database found\nHint: run `bd init --prefix <prefix>` here, or change into a rig')
}

/** The tier of a town that is meant; undefined: a store of nobody's town. */
export function tierMeant({ dir, db, cwd }: Whence): Tier | undefined {
  const place = placeNamed({ named: undefined, dir, db })
  if (place) return place.file === undefined ? tierOf(resolve(place.dir)) : undefined
  for (let at = cwd; ; at = dirname(at)) {
    if (isTown(at)) return around(at, cwd)
    const beads = join(at, '.beads')
    if (hasStore(beads)) return tierOf(beads)
    if (at === dirname(at)) return undefined
  }
}

/** A `.beads` folder; a database of its own where one was named. */
export interface StorePlace {
  dir: string
  file?: string
}

/** What was said, or the environment names; undefined when nothing does. */
function placeNamed({ named, dir, db }: Omit<Whence, 'cwd'>): StorePlace | undefined {
  if (named) return placeAt(named)
  if (dir) return { dir }
  return db ? placeAt(db) : undefined
}

/** A folder that holds a store, or the very database. */
const placeAt = (path: string): StorePlace =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? { dir: path }
    : [fileName, formerName].includes(basename(path))
      ? { dir: dirname(resolve(path)) }
      : { dir: dirname(resolve(path)), file: resolve(path) }

/** Where a store would be made. Throws, with words, for a place that is a town's or leads nowhere. */
export function placeToMake(whence: Whence): StorePlace {
  const place = placeNamed(whence) ?? { dir: join(whence.cwd, '.beads') }
  const why = place.file === undefined ? whyNotMade(place.dir) : undefined
  if (why !== undefined) throw new BeadsError(why)
  return place
}

/** Why no store can be made at this path: it is a town's, or a link that leads nowhere. */
function whyNotMade(beads: string): string | undefined {
  const tier = tierOf(resolve(beads))
  if (tier)
    return `${beads} belongs to the town at ${tier.town}, which keeps the issues of ${nameOf(tier)} in ${storeOf(tier)}; there is nothing to initialize, \`bd list\` shows them`
  return !existsSync(beads) && isLink(beads) ? danglingWords(beads) : undefined
}

/** The store at a `.beads` path; a `redirect` file in it leads on, once. */
function openAt(given: string, how: Pick<Opening, 'readonly'>): Beads {
  const leads = join(given, 'redirect')
  // Looked for first: an error takes longer to make than the rest of a short command.
  const redirect = existsSync(leads) ? redirectIn(textOf(leads) ?? '') : undefined
  const beads = redirect === undefined ? resolve(given) : ledTo(given, redirect)
  const tier = tierOf(beads)
  if (!tier) {
    if (!existsSync(beads) && isLink(beads)) throw new BeadsError(danglingWords(beads))
    if (!hasStore(beads)) throw new BeadsError(`no beads database found in ${beads}`)
    return openBeads(beads, how)
  }
  const place = placeOf(tier)
  // A link that is gone or leads nowhere is made again by the town; one that leads elsewhere may be meant.
  if ((hasStore(beads) || isLink(beads)) && existsSync(beads) && realpathSync(beads) !== realOf(place))
    throw new BeadsError(
      `${beads} ${isLink(beads) ? `leads to ${realpathSync(beads)}, and not` : 'is a folder of its own, and no link'} to ${place}, where the issues of ${nameOf(tier)} are. Rename it: the running town, or \`gt up\`, makes the link again`,
    )
  return openTier(tier, how)
}

/** The first line that is no comment. */
const redirectIn = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('#'))

/** A redirect is relative to the folder that holds `.beads`; one that leads nowhere from there, to `.beads` itself. */
function ledTo(given: string, redirect: string): string {
  const usual = resolve(dirname(resolve(given)), redirect)
  return existsSync(usual) || !existsSync(resolve(given, redirect)) ? usual : resolve(given, redirect)
}

/** Of a worktree, the `.beads` of the repository that it is one of; its `.git` is a file that says where. */
function mainBeads(at: string): string | undefined {
  const git = join(at, '.git')
  if (!statSync(git, { throwIfNoEntry: false })?.isFile()) return undefined
  const [, gitDir] = /^gitdir: (.+)$/m.exec(textOf(git) ?? '') ?? []
  const common = gitDir === undefined ? undefined : textOf(join(resolve(at, gitDir), 'commondir'))?.trim()
  if (gitDir === undefined || common === undefined) return undefined
  return join(dirname(resolve(at, gitDir, common)), '.beads')
}

/** The tier that this is a path of: one of its links, or where its store itself is. */
export function tierOf(beads: string): Tier | undefined {
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
const foreignWords = (beads: string) =>
  `${beads} is another bd's, and has no store of this one; bring its issues along: bd init, then bd import ${join(beads, 'issues.jsonl')}`
const danglingWords = (link: string) =>
  `${link} is a link to ${readlinkSync(link)}, which is not there; put that back, or remove the link and run \`bd init --prefix <prefix>\``
