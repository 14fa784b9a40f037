// Makes a polecat's place, its worktree and branch, from the Mayor's clone. A place is proven to be its worker's own
// before anything is written.
// Never: overwrites a place, touches a folder that is not this incarnation's, or runs what an agent wrote there.
import { existsSync, lstatSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import { rigLayout } from '../layout.ts'
import { emptyRoot, git } from './git.ts'
import { cloneAt, mustHaveRepositories, worktreeAt } from './lens.ts'
import { locksOf, waitForLock } from './locks.ts'
import { dirtyInside, reflogged } from './nested.ts'
import { fetchMainWhenDue } from './origin.ts'
import {
  adminOf,
  adminsNaming,
  isAdminOf,
  isLink,
  linkShared,
  mendAdmin,
  type PlaceRecord,
  readRecord,
  writeAdmin,
  writeGitFile,
  writeRecord,
} from './place.ts'
import { followInPlace, knownMain, readHead, readRef, wordIn, writeRef } from './refs.ts'
import { linkedFrom } from './repository.ts'
import type { Place, RigGit } from './rig.ts'
import { addPlace, clearStaged } from './staging.ts'
import { type Status, statusOf } from './status.ts'
import { hasSubmodules } from './submodules.ts'
import { type Look, trackedIn } from './tree.ts'

/** A place that was proven: where it is, where git keeps its own of it, and what the town remembers. */
export interface ProvenPlace extends Look {
  record: PlaceRecord
}

/** main as the rig's clone knows it; of an empty repository the root all its work starts from. */
export async function mainOf(deps: RigGit, rig: string): Promise<string> {
  return (await knownMain(deps, rig)) ?? (await emptyRoot(cloneAt(deps.town, rig)))
}

/** So long main is taken for new, for those that start together; and so long a worker waits for a newer one. In ms. */
const startFreshMs = 250
const patienceMs = 3000

export async function createWorktree(
  deps: RigGit,
  input: EffectInput<'createWorktree'>,
): Promise<EffectOutput<'createWorktree'>> {
  const { clone, polecat } = rigLayout(deps.town, input.rig)
  const path = polecat(input.polecat)
  mustHaveRepositories(deps.town, input.rig)
  if (lstatSync(path, { throwIfNoEntry: false })) return again(deps, input)
  // Origin may be away: then the newest main that is known here is the base, and landing meets the newer one.
  await fetchMainWhenDue(deps, input.rig, { staleMs: startFreshMs, patienceMs })
  const main = await knownMain(deps, input.rig)
  const base = main ?? (await emptyRoot(cloneAt(deps.town, input.rig)))
  const tip = await readRef(join(clone, '.git'), `refs/heads/${input.branch}`)
  const admin = adminOf(deps.town, input)
  const left = existsSync(admin) ? (await readHead(admin, join(clone, '.git'))).commit : undefined
  const head = left ?? tip ?? input.start?.sha ?? base
  await unlock(admin, input.branch)
  const start = { head, base, main, isNew: tip === undefined }
  try {
    await addPlace(deps, input, start)
  } catch (error) {
    // What a killed git began may be in the way.
    deps.report?.(error)
    await clearStaged(deps.town, input.rig, input.polecat)
    await addPlace(deps, input, {
      ...start,
      isNew: (await readRef(join(clone, '.git'), `refs/heads/${input.branch}`)) === undefined,
    })
  }
  return { path, head, base }
}

/** A place that is there already, for its worker's next session. */
async function again(deps: RigGit, place: Place): Promise<EffectOutput<'createWorktree'>> {
  const proven = await prove(deps, place)
  const { path, own, record } = proven
  await unlock(own, place.branch)
  await mendBranch(deps, place, proven)
  const main = await knownMain(deps, place.rig)
  if (main !== undefined) await followInPlace(deps, place.rig, own, main)
  const { commit } = await readHead(own, join(rigLayout(deps.town, place.rig).clone, '.git'))
  return { path, head: commit ?? record.start, base: main ?? record.base }
}

/**
 * A branch that was deleted, or begun anew without what came before, goes on where it was last. What was committed
 * since is in the files, as if it had not been.
 */
async function mendBranch(deps: RigGit, place: Place, proven: ProvenPlace): Promise<void> {
  const { own, at, record } = proven
  const common = join(rigLayout(deps.town, place.rig).clone, '.git')
  const { branch, commit } = await readHead(own, common)
  if (branch !== place.branch || (commit !== undefined && !(await isBegunAnew(proven, commit)))) return
  let last = record.start
  for (const sha of reflogged(join(own, 'logs/HEAD'))) if (await goesOn(proven, sha)) last = sha
  const ref = `refs/heads/${branch}`
  if (!(await writeRef(common, ref, last))) await git(cloneAt(deps.town, place.rig), ['update-ref', ref, last])
  await git(at, ['read-tree', last])
}

/** A commit without a parent was made in a place, and nothing leads from it to where the place began. */
const isBegunAnew = async (proven: ProvenPlace, commit: string): Promise<boolean> =>
  reflogged(join(proven.own, 'logs/HEAD'), /\tcommit \(initial\)/).length > 0 && !(await goesOn(proven, commit))

const goesOn = async ({ at, record }: ProvenPlace, commit: string): Promise<boolean> =>
  (await git(at, ['merge-base', '--is-ancestor', record.start, commit], { okCodes: [0, 1, 128] })).exitCode === 0

/** What the last session of a place locked, nobody else will unlock: none lives when a place is made ready. */
async function unlock(admin: string, branch: string): Promise<void> {
  await Promise.all(locksOf(admin, branch).map((lock) => waitForLock(lock, admin)))
}

/**
 * Throws unless the folder is this incarnation's place, by what the town itself remembers. What its worker did to the
 * folder's `.git`, or to git's own folder of it, is mended.
 */
export async function prove(deps: RigGit, place: Place): Promise<ProvenPlace> {
  const { clone, polecat } = rigLayout(deps.town, place.rig)
  const path = polecat(place.polecat)
  const no = (why: string) => new Error(`${path} is not the place of ${place.branch}: ${why}; it was left alone`)
  if (isLink(path)) throw no('it is a link')
  mustHaveRepositories(deps.town, place.rig)
  const record = readRecord(deps.town, place.rig, place.polecat) ?? (await adopted(deps, place, path, no))
  if (record.incarnation !== place.incarnation) throw no(`it is on polecat/${place.polecat}-${record.incarnation}`)
  const own = ownFolder(deps, place, path)
  const link = join(path, '.git')
  const isOurs = lstatSync(join(own, 'HEAD'), { throwIfNoEntry: false }) !== undefined
  if (!isOurs && !existsSync(link)) throw no('nothing in it is the town’s')
  if (!isOurs) {
    const tip = await readRef(join(clone, '.git'), `refs/heads/${place.branch}`)
    mkdirSync(dirname(own), { recursive: true })
    writeAdmin(deps, place, { admin: own, start: tip ?? record.start, main: await knownMain(deps, place.rig) })
    if (tip === undefined)
      await git(cloneAt(deps.town, place.rig), ['update-ref', `refs/heads/${place.branch}`, record.start])
    await git(worktreeAt(deps.town, place.rig, path, own), ['read-tree', tip ?? record.start])
  }
  if (isOurs && mendAdmin(own, place.branch))
    await git(worktreeAt(deps.town, place.rig, path, own), ['read-tree', 'HEAD'], { okCodes: [0, 128] })
  // Places of older versions share all of the clone's.
  if (wordIn(join(own, 'commondir')) === 'common') linkShared(deps, place.rig, join(own, 'common'))
  const found = lstatSync(link, { throwIfNoEntry: false })
  if (found && !found.isDirectory() && !(found.isFile() && found.size > 0)) rmSync(link)
  if (!existsSync(link)) writeGitFile(deps.town, path, path, own)
  return { at: worktreeAt(deps.town, place.rig, path, own), path, own, record }
}

/** Git's own folder: of its name, or, made by an older version, the one that names the place. */
function ownFolder(deps: RigGit, place: Place, path: string): string {
  const own = adminOf(deps.town, place)
  if (existsSync(own)) return own
  return adminsNaming(deps.town, place.rig, path).find((admin) => isAdminOf(admin, place)) ?? own
}

/** What the town would remember, of a place that was made before it did, or whose making was killed at its end. */
async function adopted(deps: RigGit, place: Place, path: string, no: (why: string) => Error): Promise<PlaceRecord> {
  const link = join(path, '.git')
  if (!existsSync(link) || !statSync(link).isFile()) throw no('it is no worktree')
  const admin = linkedFrom(path)
  const admins = join(rigLayout(deps.town, place.rig).clone, '.git/worktrees')
  if (!existsSync(admin) || realpathSync(dirname(admin)) !== realpathSync(admins)) throw no(`it belongs to ${admin}`)
  if (!adminsNaming(deps.town, place.rig, path).some((each) => basename(each) === basename(admin)))
    throw no('its registration names another folder')
  if (!isAdminOf(admin, place)) {
    const on = /^ref: refs\/heads\/(polecat\/\S+)$/.exec(wordIn(join(admin, 'HEAD')) ?? '')?.[1]
    throw no(on === undefined ? `it is ${basename(admin)}` : `it is on ${on}`)
  }
  const [start = await mainOf(deps, place.rig)] = reflogged(join(admin, 'logs/HEAD'))
  await writeRecord(deps.town, place, { start, base: start })
  return { incarnation: place.incarnation, start, base: start }
}

const claimPatienceMs = 5000

export async function inspectWorktree(deps: RigGit, place: Place): Promise<EffectOutput<'inspectWorktree'>> {
  const path = rigLayout(deps.town, place.rig).polecat(place.polecat)
  if (!lstatSync(path, { throwIfNoEntry: false })) return { kind: 'absent', why: `${path} does not exist` }
  const proven = await prove(deps, place)
  const [status] = await Promise.all([statusOf(proven.at, 'all'), askWhenWorkerKnowsMore(deps, place, proven)])
  const head = status.head ?? proven.record.start
  const { start } = proven.record
  if (await isBegunAnew(proven, head))
    throw new Error(
      `${place.branch} was begun anew and does not go on from ${start.slice(0, 10)}: git reset --soft ${start}, then commit again`,
    )
  return {
    kind: 'found',
    onBranch: status.branch ?? null,
    head,
    dirty: (await dirtyFiles(deps, proven, status)).slice(0, 50),
    ...(await commitsOn(deps, place, proven, head)),
    unfinished: unfinished(proven.own),
  }
}

/** A worker that saw another main on origin (it pushed there, or fetched) knows more than the town: origin is asked. */
async function askWhenWorkerKnowsMore(deps: RigGit, place: Place, { own }: ProvenPlace): Promise<void> {
  const seen = await readRef(join(own, 'common'), `refs/remotes/origin/${deps.defaultBranch(place.rig)}`)
  if (seen === undefined || seen === (await knownMain(deps, place.rig))) return
  await fetchMainWhenDue(deps, place.rig, { staleMs: 0, patienceMs: claimPatienceMs })
}

async function dirtyFiles(deps: RigGit, proven: ProvenPlace, status: Status): Promise<string[]> {
  const files = status.changed.map(({ path }) => path)
  if (existsSync(join(proven.path, '.git/objects'))) files.unshift('.git/ (a new repository; git init was run here)')
  if (!hasSubmodules(proven.path)) return files
  return [...files, ...(await dirtyInside(deps.town, { ...proven, status, tracked: await trackedIn(proven) }))]
}

/** `ahead`: on HEAD and not on main. `own`: those, and what was committed here and is on main by now. */
async function commitsOn(
  deps: RigGit,
  place: Place,
  { at, own, record }: ProvenPlace,
  head: string,
): Promise<{ ahead: number; own: number }> {
  const main = await mainOf(deps, place.rig)
  const list = async (from: string) =>
    (await git(at, ['rev-list', '--max-count=10000', head, `^${from}`])).stdout.split('\n').filter(Boolean)
  const ahead = head === main ? [] : await list(main)
  if (head === record.start) return { ahead: ahead.length, own: 0 }
  const since = main === record.start ? ahead : await list(record.start)
  const notOnMain = new Set(ahead)
  const madeHere = new Set(
    reflogged(
      join(own, 'logs/HEAD'),
      /\t(commit|rebase \((pick|squash|fixup|reword|edit|continue)|cherry-pick|revert|am|merge [^:]*: Merge made|pull[^:]*: Merge made)/,
    ),
  )
  return { ahead: ahead.length, own: since.filter((commit) => notOnMain.has(commit) || madeHere.has(commit)).length }
}

function unfinished(admin: string): string | null {
  const marks = {
    MERGE_HEAD: 'merge',
    'rebase-merge': 'rebase',
    'rebase-apply': 'rebase',
    CHERRY_PICK_HEAD: 'cherry-pick',
    REVERT_HEAD: 'revert',
    BISECT_LOG: 'bisect',
  }
  return Object.entries(marks).find(([mark]) => existsSync(join(admin, mark)))?.[1] ?? null
}
