// Keeps what is in a place, and ends the place. Commits and files are pinned under `refs/gt/…` before anything could
// lose them; a place is cleared once all of it is pinned.
// Never: changes a worktree or its index; deletes a pin; clears a place that has something that cannot be kept.
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { Preserved } from '../../machines/mail.ts'
import { foldersIn } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { GitFailed, git } from './git.ts'
import { cloneAt } from './lens.ts'
import { childless, pinNested, reflogged } from './nested.ts'
import { packPins } from './pin.ts'
import { adminOf, adminsNaming, isAdminOf, readRecord, removeRecord } from './place.ts'
import { deleteRef, isLoose, knownMain, readHead, readRef, wordIn, writeRef } from './refs.ts'
import { linkedFrom } from './repository.ts'
import type { Place, RigGit } from './rig.ts'
import { clearStaged, discardPlace } from './staging.ts'
import { statusOf } from './status.ts'
import { trackedIn, treeOfFiles } from './tree.ts'
import { mainOf, type ProvenPlace, prove } from './worktree.ts'

export async function pinWork(deps: RigGit, input: EffectInput<'pinWork'>): Promise<EffectOutput<'pinWork'>> {
  const { clone, polecat } = rigLayout(deps.town, input.rig)
  const common = join(clone, '.git')
  const proven = isThere(polecat(input.polecat)) ? await prove(deps, input) : undefined
  if (input.purpose === 'retire') return keepAll(deps, input, proven, null)
  const head =
    (proven && (await readHead(proven.own, common)).commit) ?? (await readRef(common, `refs/heads/${input.branch}`))
  if (head === undefined) return { head: null, dirty: null }
  const ref = `refs/gt/merge/${folderOf(input)}/${head.slice(0, 12)}`
  await writePins(deps, input.rig, new Map([[ref, head]]))
  return { head: { ref, sha: head }, dirty: null }
}

/** Keeps what is there, takes the place away in one step, then its branch. One that is gone is cleared all the same. */
export async function clearPlace(deps: RigGit, input: EffectInput<'clearPlace'>): Promise<EffectOutput<'clearPlace'>> {
  const { clone, polecat } = rigLayout(deps.town, input.rig)
  const path = polecat(input.polecat)
  const proven = isThere(path) ? await prove(deps, input) : undefined
  if (!proven) await clearStaged(deps.town, input.rig, input.polecat)
  const ref = `refs/heads/${input.branch}`
  const tip = await readRef(join(clone, '.git'), ref)
  const kept = await keepAll(deps, input, proven, input.handedOver)
  const own = proven?.own ?? adminOf(deps.town, input)
  const named = adminsNaming(deps.town, input.rig, path).filter((admin) => isAdminOf(admin, input))
  discardPlace(deps, input, [...new Set([own, ...named])])
  removeRecord(deps.town, input)
  // Only as it was when all of it was kept.
  if (tip !== undefined && !(await deleteRef(join(clone, '.git'), ref, tip)))
    await git(cloneAt(deps.town, input.rig), ['update-ref', '-d', ref, tip])
  return kept
}

/** Of which issue a place was that somebody put back, nobody knows any more: its work is kept under this name. */
const putBack = 'put-back'

/**
 * Before a worker's place is made: one of an earlier incarnation that the town remembers no more was retired, and
 * somebody put it back. What is in it is kept, and it goes. One that the town remembers is left for `prove` to refuse.
 */
export async function clearOther(deps: RigGit, place: Place): Promise<void> {
  const { rig, polecat } = place
  const path = rigLayout(deps.town, rig).polecat(polecat)
  if (!isThere(path)) return
  const record = readRecord(deps.town, rig, polecat)
  const incarnation = namedBy(deps.town, path, place)
  if (incarnation === undefined || incarnation === place.incarnation || incarnation === record?.incarnation) return
  // What it remembers is of a place that this one was put over.
  if (record) removeRecord(deps.town, { ...place, ...record })
  const branch = `polecat/${polecat}-${incarnation}`
  await clearPlace(deps, { rig, polecat, incarnation, branch, issue: putBack, handedOver: null })
  const words = `the place of ${branch}, which had gone, was there again: what was in it is kept`
  deps.report?.(new Error(`${words} (gt recover ${rig}/${polecat})`))
}

/**
 * The incarnation in the name of git's own folder of a place; undefined when it is another's, or none, or that folder
 * is gone or names another place: a worker may have written anything there.
 */
function namedBy(town: string, path: string, { rig, polecat }: Place): number | undefined {
  const own = basename(linkedFrom(path))
  const [, name, incarnation] = /^(.+?)-(\d+)(-\d+-\d+)?$/.exec(own) ?? []
  return name === polecat && adminsNaming(town, rig, path).some((admin) => basename(admin) === own)
    ? Number(incarnation)
    : undefined
}

/**
 * Keeps and clears the places of workers that the town knows nothing of, since its records were brought back and are
 * older. Says of each, in words, where its work is. `issueOf`: what the worker had in hands, as far as anybody knows.
 */
export async function clearForgotten(
  deps: RigGit,
  rig: string,
  { knows, issueOf }: { knows(polecat: string, incarnation: number): boolean; issueOf(polecat: string): string },
): Promise<string[]> {
  const said: string[] = []
  for (const polecat of foldersIn(rigLayout(deps.town, rig).polecats)) {
    const incarnation = readRecord(deps.town, rig, polecat)?.incarnation
    if (incarnation === undefined || knows(polecat, incarnation)) continue
    const place = { rig, polecat, incarnation, branch: `polecat/${polecat}-${incarnation}` }
    try {
      await clearPlace(deps, { ...place, issue: issueOf(polecat), handedOver: null })
      said.push(
        `the place of ${rig}/${polecat} was of a worker that nothing is known of, and is cleared; its work is kept: gt recover ${rig}/${polecat}`,
      )
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      said.push(
        `the place of ${rig}/${polecat} is of a worker that nothing is known of, and could not be cleared: ${why}`,
      )
    }
  }
  return said
}

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined
const folderOf = ({ issue, polecat, incarnation }: Place & { issue: string }) => `${issue}/${polecat}-${incarnation}`

/** Pins all that neither main nor the work handed over has. */
async function keepAll(
  deps: RigGit,
  place: Place & { issue: string },
  proven: ProvenPlace | undefined,
  handedOver: string | null,
): Promise<{ head: Preserved | null; dirty: Preserved | null }> {
  const folder = `refs/gt/work/${folderOf(place)}`
  const own = proven?.own ?? adminOf(deps.town, place)
  const record = proven?.record ?? readRecord(deps.town, place.rig, place.polecat)
  const { pins, head } = await commitsToKeep(deps, place, own, { folder, handedOver, base: record?.base })
  const dirty = proven ? await filesToKeep(deps, place, proven, folder) : null
  if (dirty) pins.set(dirty.ref, dirty.sha)
  if (pins.size > 0) await writePins(deps, place.rig, pins)
  return { head, dirty }
}

async function commitsToKeep(
  deps: RigGit,
  place: Place,
  own: string,
  { folder, handedOver, base }: { folder: string; handedOver: string | null; base: string | undefined },
): Promise<{ pins: Map<string, string>; head: Preserved | null }> {
  const common = join(rigLayout(deps.town, place.rig).clone, '.git')
  const [{ commit }, branch, moved, stashed, others] = await Promise.all([
    readHead(own, common),
    readRef(common, `refs/heads/${place.branch}`),
    reflogged(join(own, 'logs/HEAD')),
    stashesIn(own),
    ownRefs(join(own, 'common/refs')),
  ])
  const main = await knownMain(deps, place.rig)
  const safe = [main, handedOver].filter((sha) => sha !== undefined && sha !== null)
  // Where the work is, or should be, comes first; then what was there once, and was rewritten or left.
  const first = [...new Set([commit, branch])].filter((sha) => sha !== undefined)
  // What was main when the place was made is safe also where main was rewritten.
  const named = [...new Set([...first, ...moved, ...others])].filter((sha) => !safe.includes(sha) && sha !== base)
  const empty = main === undefined && named.length > 0 ? [await mainOf(deps, place.rig)] : []
  const tips =
    named.length === 0
      ? []
      : await childless(cloneAt(deps.town, place.rig), [...named, ...[...safe, ...empty].map((sha) => `^${sha}`)])
  const pins = new Map<string, string>()
  for (const tip of tips) pins.set(`${folder}/${first.includes(tip) ? '' : 'left-'}${tip.slice(0, 12)}`, tip)
  for (const stash of stashed) pins.set(`${folder}/stash-${stash.slice(0, 12)}`, stash)
  const sha = first.find((each) => tips.includes(each))
  return { pins, head: sha === undefined ? null : { ref: `${folder}/${sha.slice(0, 12)}`, sha } }
}

/** All stashes of a place, which are its own. */
async function stashesIn(own: string): Promise<string[]> {
  const top = wordIn(join(own, 'common/refs/stash'))
  return top === undefined ? [] : [...new Set([...reflogged(join(own, 'common/logs/refs/stash')), top])]
}

/** What refs name that are not of the clone: tags and branches are shared, and stay. */
async function ownRefs(dir: string): Promise<string[]> {
  if (!existsSync(dir)) return []
  const found: string[] = []
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.name === 'remotes' || entry.name === 'stash' || entry.name.endsWith('.lock')) continue
    if (entry.isDirectory()) found.push(...(await ownRefs(join(dir, entry.name))))
    const word = entry.isFile() ? wordIn(join(dir, entry.name)) : undefined
    if (word !== undefined && /^[0-9a-f]{40,64}$/.test(word)) found.push(word)
  }
  return found
}

/**
 * The files that are not committed, as a commit on HEAD; and, under pins of their own, those of repositories inside.
 */
async function filesToKeep(
  deps: RigGit,
  place: Place & { issue: string },
  proven: ProvenPlace,
  folder: string,
): Promise<Preserved | null> {
  const [status, tracked] = await Promise.all([statusOf(proven.at, 'all'), trackedIn(proven)])
  await pinNested(deps.town, place.rig, { ...proven, status, tracked }, folderOf(place))
  if (status.changed.length === 0 && tracked.hidden.length === 0) return null
  const parent = status.head ?? proven.record.start
  const tree = await treeOfFiles(proven, status, tracked)
  const clone = cloneAt(deps.town, place.rig)
  if (status.changed.length === 0 && (await git(clone, ['rev-parse', `${parent}^{tree}`])).stdout === tree) return null
  const ref = `${folder}/dirty-${tree.slice(0, 12)}`
  const known = await readRef(join(rigLayout(deps.town, place.rig).clone, '.git'), ref)
  if (known !== undefined) return { ref, sha: known }
  const staged = await stagedOnly(proven, parent, status.changed)
  const parents = [parent, ...staged].flatMap((sha) => ['-p', sha])
  const words = `Uncommitted files of ${place.branch}`
  const { stdout: sha } = await git(clone, ['commit-tree', tree, ...parents, '-m', words])
  return { ref, sha }
}

/** What was added to the index and changed again since is nowhere else. */
async function stagedOnly({ at }: ProvenPlace, parent: string, changed: readonly { xy: string }[]): Promise<string[]> {
  if (!changed.some(({ xy }) => /^[AMTD][MTD]$/.test(xy))) return []
  try {
    const { stdout: tree } = await git(at, ['write-tree'])
    return [(await git(at, ['commit-tree', tree, '-p', parent, '-m', 'What was staged'])).stdout]
  } catch (error) {
    // An unfinished merge has no tree; its files are kept as they are.
    if (error instanceof GitFailed && !error.killed) return []
    throw error
  }
}

async function writePins(deps: RigGit, rig: string, pins: ReadonlyMap<string, string>): Promise<void> {
  const common = join(rigLayout(deps.town, rig).clone, '.git')
  const rest = new Map(pins)
  // A worker waits for every process that is started here; git itself writes what it must look up in its packs.
  for (const [ref, sha] of pins) if (isLoose(common, sha) && (await writeRef(common, ref, sha))) rest.delete(ref)
  const input = [...rest].map(([ref, sha]) => `update ${ref} ${sha}\n`).join('')
  if (rest.size > 0) await git(cloneAt(deps.town, rig), ['update-ref', '--stdin'], { input })
  packSometimes(deps, rig, pins.size)
}

const loose = new Map<string, number>()
const looseMax = 300

/** Every git reads each loose ref from a file of its own: pins are packed now and then, while nobody waits. */
function packSometimes(deps: RigGit, rig: string, more: number): void {
  const { clone } = rigLayout(deps.town, rig)
  const count = (loose.get(clone) ?? 0) + more
  loose.set(clone, count < looseMax ? count : 0)
  if (count >= looseMax) packPins(deps, rig).catch((error) => deps.report?.(error))
}
