// `bd sync`: what others shared is brought together with this store, and what this store has is shared.
// A store remembers, in the transaction that takes in a commit of the branch, which one that was: the next merge is
// three-way from there, also when everything beside the store is made anew.
// Never: shares what it has not first brought together with the branch; leaves half of it in the store.
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { GitFailed } from '../../git/git.ts'
import { wordsOf } from '../../git/words.ts'
import { BeadsError } from '../contract.ts'
import type { Beads } from '../embedded.ts'
import type { Renamed } from './collisions.ts'
import { merge } from './merge.ts'
import { type Mirror, makeMirror, mirrorAt, takeTurn, type Way } from './mirror.ts'
import type { Names } from './names.ts'
import { nothing, type State, stateIn } from './state.ts'
import { applied, type Changed, linesWith, stateOf } from './store.ts'

/** How often a push that came second is tried anew. */
const usualTries = 10
/** How long what was deleted is remembered whole, in milliseconds; an hour more, for clocks that differ. */
const tombstoneTtlMs = 30 * 86_400_000 + 3_600_000
const tombstoneTtlMinMs = 7 * 86_400_000

export interface Wanted {
  names: Names
  actor: string
  pull: boolean
  push: boolean
  /** Only tells what would be done. */
  dry?: boolean
  message?: string | undefined
  now?: () => Date
  triesMax?: number
}

export interface Synced extends Changed {
  /** `stuck`: others were faster each time. */
  status: 'no-remote' | 'synced' | 'stuck'
  /** Pushes that were tried. */
  attempts: number
  pushed: boolean
  /** Issues, tombstones and memories whose lines were, or would be, shared anew. */
  shared: number
  renamed: readonly Renamed[]
}

/** `way`: where its issues are shared; undefined: nowhere. */
export async function sync(beads: Beads, way: Way | undefined, wanted: Omit<Wanted, 'names'>): Promise<Synced> {
  if (way === undefined) return begun('no-remote')
  const { mirror: dir, repository, names } = way
  try {
    await makeMirror(dir, repository)
    const end = takeTurn(dir)
    try {
      return await syncThrough(mirrorAt(way), beads, { ...wanted, names })
    } finally {
      end()
    }
  } catch (error) {
    throw inWords(error, dir)
  }
}

/** What the disk, SQLite or git says is trouble of theirs; anything else is a mistake of ours. */
function inWords(error: unknown, dir: string): unknown {
  if (error instanceof GitFailed)
    return new BeadsError(
      `${dir} cannot be used: ${wordsOf(error)}. It holds nothing of its own: remove it, and bd sync makes it again`,
    )
  const isOfWorld = error instanceof Error && ('errcode' in error || 'code' in error) && !(error instanceof BeadsError)
  return isOfWorld ? new BeadsError(`${error.message}; nothing of what is here is lost`) : error
}

const begun = (status: Synced['status']): Synced => ({
  ...{ status, attempts: 0, pushed: false, shared: 0 },
  ...{ created: [], updated: [], deleted: [], renamed: [] },
})

/** The same with a mirror that is there; nobody else syncs this store meanwhile. */
export async function syncThrough(mirror: Mirror, beads: Beads, wanted: Wanted): Promise<Synced> {
  const done = begun('synced')
  for (let tries = 1; ; tries++) {
    const tip = await mirror.fetch()
    const lines = tip === undefined ? '' : await mirror.lines(tip)
    const theirs = stateOn(beads, lines, `${tip?.slice(0, 10)} of ${wanted.names.branch}`)
    const base = await baseOf(beads, mirror, wanted.names, tip)
    if (!wanted.pull && tip !== undefined && base.commit !== tip)
      throw new BeadsError(
        `others have shared since: ${wanted.names.branch} has what is not here; take it in first: bd sync, without --no-pull`,
      )
    const share = () => linesWith(beads, theirs.others)
    const own = takenIn(beads, { base: base.state, theirs, tip, share }, wanted, done)
    done.shared = linesBeside(own, lines)
    if (done.shared === 0 || !wanted.push || wanted.dry) {
      if (tip !== undefined) await mirror.tidy(tip)
      return done
    }
    const message = wanted.message ?? `bd sync: ${done.shared} changed`
    const commit = await mirror.commit(own, tip, `${message}\n`, wanted.actor)
    // Should the answer to the push be lost, or this process, it is known by this what was shared.
    remember(beads, wanted.names, { commit: tip, pushing: commit })
    done.attempts++
    if (await mirror.push(commit)) {
      remember(beads, wanted.names, { commit })
      await mirror.tidy(commit)
      return { ...done, pushed: true }
    }
    if (tries === (wanted.triesMax ?? usualTries)) return { ...done, status: 'stuck' }
    await pause(50 + Math.random() * Math.min(2000, 100 * 2 ** tries))
  }
}

interface TakingIn {
  base: State
  theirs: State
  tip: string | undefined
  /** What the branch is to have then. */
  share: () => string
}

/** Thrown to take back what was only tried. */
class Tried extends Error {}

/** Brings the store together with the branch, in one transaction. Returns what is to be on the branch. */
function takenIn(beads: Beads, { base, theirs, tip, share }: TakingIn, wanted: Wanted, done: Synced): string {
  const now = (wanted.now ?? (() => new Date()))().getTime()
  const shrinkBefore = new Date(now - ttlOf(beads)).toISOString()
  let own = ''
  try {
    beads.written(() => {
      const ours = stateOf(beads)
      const merged = merge(base, ours, theirs, shrinkBefore)
      const changed = applied(beads, ours, merged, wanted.actor)
      const isOwn = new Set(merged.renamed.map(({ to }) => to))
      done.created.push(...changed.created.filter((id) => !isOwn.has(id)))
      done.updated.push(...changed.updated)
      done.deleted.push(...changed.deleted)
      done.renamed = [...done.renamed, ...merged.renamed]
      if (tip !== undefined) remember(beads, wanted.names, { commit: tip })
      own = share()
      if (wanted.dry) throw new Tried()
    })
  } catch (error) {
    if (!(error instanceof Tried)) throw error
  }
  return own
}

/** As long as `tombstone.ttl` says (days), at least a week; the hour more is for clocks that differ. */
function ttlOf(beads: Beads): number {
  const days = Number(beads.config('tombstone.ttl') ?? Number.NaN)
  return Number.isFinite(days) ? Math.max(days * 86_400_000, tombstoneTtlMinMs) + 3_600_000 : tombstoneTtlMs
}

/** What a commit of the branch has. A town's mail is its own: what others call mail stays there as it is. */
const stateOn = (beads: Beads, lines: string, where: string): State => stateIn(lines, where, { mail: !beads.isTowns() })

function linesBeside(own: string, lines: string): number {
  if (own === lines) return 0
  const there = new Set(lines.split('\n'))
  const here = new Set(own.split('\n'))
  const more = [...here].filter((line) => !there.has(line)).length
  // Only taken away, or in another order.
  return more || [...there].filter((line) => !here.has(line)).length || 1
}

/** How much is not shared yet, as this machine knows it: nobody is asked. */
export async function pendingIn(beads: Beads, way: Way): Promise<number> {
  const { names } = way
  const { commit } = remembered(beads, names)
  const mirror = commit !== undefined && existsSync(way.mirror) ? mirrorAt(way) : undefined
  const isKnown = commit !== undefined && (await mirror?.contains(commit, commit))
  const lines = isKnown ? ((await mirror?.lines(commit)) ?? '') : ''
  return linesBeside(linesWith(beads, stateOn(beads, lines, names.branch).others), lines)
}

/** What the store remembers of a branch, under `sync.base`. */
interface Remembered {
  branch: string
  /** The last commit of it that was taken in, or pushed. */
  commit?: string | undefined
  /** One that may have been pushed. */
  pushing?: string | undefined
}

const remember = (beads: Beads, { branch }: Names, what: Omit<Remembered, 'branch'>) =>
  beads.setConfig('sync.base', JSON.stringify({ branch, ...what } satisfies Remembered))

export function remembered(beads: Beads, { branch }: Names): Remembered {
  const text = beads.config('sync.base')
  const known = text === undefined ? undefined : (JSON.parse(text) as Remembered)
  return known?.branch === branch ? known : { branch }
}

/** What this store and the branch last had in common; nothing when the branch was begun anew, or is another. */
async function baseOf(
  beads: Beads,
  mirror: Mirror,
  names: Names,
  tip: string | undefined,
): Promise<{ commit: string | undefined; state: State }> {
  const none = { commit: undefined, state: nothing }
  if (tip === undefined) return none
  const { commit: known, pushing } = remembered(beads, names)
  const isPushed = pushing !== undefined && (await mirror.contains(pushing, tip))
  const commit = isPushed ? pushing : known && (await mirror.common(known, tip))
  if (commit === undefined) return none
  return { commit, state: stateOn(beads, await mirror.lines(commit), `${commit.slice(0, 10)} of ${names.branch}`) }
}
