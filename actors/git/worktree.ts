// A polecat's place: its worktree and branch, made from the Mayor's clone, and proven to be its own before anything
// is written.
// Never: overwrites a place, removes work that is neither on main nor pinned, or touches a folder that is not this
// incarnation's.
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import { rigLayout } from '../layout.ts'
import { contains, emptyRoot, GitFailed, git, revision } from './git.ts'
import { locksOf, waitForLock } from './locks.ts'
import { unpinnedNested } from './nested.ts'
import { linkedFrom } from './repository.ts'
import { addWorktree, clearStaged, discardWorktree } from './staging.ts'
import { treeOfFiles } from './tree.ts'

export interface Place {
  rig: string
  polecat: string
  incarnation: number
  branch: string
}
export interface RigGit {
  town: string
  defaultBranch(rig: string): string
  /** Where origin is, by the rig's own configuration. */
  url(rig: string): string
  /** How the work of an issue is put on main; a merge commit when nothing is said. */
  mergeStyle?(rig: string): MergeStyle
  /** How long an origin may say nothing, in milliseconds. */
  silentMaxMs?: number
  /** Trouble that the work at hand goes on with. */
  report?(error: unknown): void
}
export type MergeStyle = 'merge' | 'squash' | 'rebase'

export const silentMaxMs = (deps: RigGit): number => deps.silentMaxMs ?? 120_000

const fetchedAtMs = new Map<string, number>()
const fetchEveryMs = 30_000

/** main as the rig's clone knows it; of an empty repository the root all its work starts from. */
export async function mainOf(clone: string, branch: string): Promise<string> {
  return (await revision(clone, `refs/remotes/origin/${branch}`)) ?? (await emptyRoot(clone))
}

export async function createWorktree(
  deps: RigGit,
  input: EffectInput<'createWorktree'>,
  atMs: number,
): Promise<EffectOutput<'createWorktree'>> {
  const { clone, polecat } = rigLayout(deps.town, input.rig)
  const path = polecat(input.polecat)
  const branch = deps.defaultBranch(input.rig)
  if (atMs - (fetchedAtMs.get(clone) ?? 0) > fetchEveryMs) {
    fetchedAtMs.set(clone, atMs)
    // Origin may be away: then the newest main that is known here is the base, and landing meets the newer one.
    await git(clone, ['fetch', '--quiet', '--prune', 'origin'], { okCodes: [0, 1, 128] })
  }
  const tracked = `refs/remotes/origin/${branch}`
  const asked = git(clone, ['for-each-ref', '--format=%(objectname) %(refname)', tracked, `refs/heads/${input.branch}`])
  // A worker waits for every process that is started here: the usual case, a new branch from main, is tried while git
  // is still asked about it.
  const fast = async () => {
    if (input.start || existsSync(path)) return false
    try {
      await addWorktree(deps.town, input, { branch: input.branch, start: tracked })
      return true
    } catch (error) {
      if (error instanceof GitFailed) return false
      throw error
    }
  }
  const [{ stdout }, added] = await Promise.all([asked, fast()])
  const tipOf = (ref: string) =>
    stdout
      .split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0]
  const base = tipOf(tracked) ?? (await emptyRoot(clone))
  if (added) return { path, head: base, base }
  if (existsSync(path)) {
    await prove(deps, input)
    await unlock(path, input.branch)
    return { path, head: (await revision(path, 'HEAD')) as string, base }
  }
  const start = input.start?.sha ?? base
  const known = tipOf(`refs/heads/${input.branch}`)
  const add = (exists: boolean) =>
    addWorktree(deps.town, input, exists ? { branch: input.branch } : { branch: input.branch, start })
  try {
    await add(known !== undefined)
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error
    // A registration whose folder is gone is in the way, or what a killed git began.
    await clearStaged(deps.town, input.rig, input.polecat)
    await git(clone, ['worktree', 'prune'])
    await add((await revision(clone, `refs/heads/${input.branch}`)) !== undefined)
  }
  return { path, head: known ?? start, base }
}

/** What the last session of a place locked, nobody else will unlock: none lives when a place is made ready. */
async function unlock(path: string, branch: string): Promise<void> {
  await Promise.all(locksOf(path, branch).map((lock) => waitForLock(lock, path)))
}

/**
 * Throws unless the folder is a worktree of this rig's clone, at its own path, on this incarnation's branch (or
 * detached from it).
 */
export async function prove({ town }: RigGit, place: Place): Promise<string> {
  const { clone, polecat } = rigLayout(town, place.rig)
  const path = polecat(place.polecat)
  const no = (why: string) => new Error(`${path} is not the place of ${place.branch}: ${why}; it was left alone`)
  if (lstatSync(path).isSymbolicLink()) throw no('it is a link')
  const link = join(path, '.git')
  if (!existsSync(link) || !lstatSync(link).isFile()) throw no('it is no worktree')
  const admin = linkedFrom(path)
  if (realpathSync(dirname(admin)) !== realpathSync(join(clone, '.git/worktrees'))) throw no(`it belongs to ${admin}`)
  if (realpathSync(dirname(readFileSync(join(admin, 'gitdir'), 'utf8').trim())) !== realpathSync(path))
    throw no('its registration names another folder')
  const made = join(admin, 'logs/HEAD')
  const { stdout: listed } = await git(clone, ['worktree', 'list', '--porcelain'])
  const entry = listed.split('\n\n').find((block) => block.startsWith(`worktree ${realpathSync(path)}\n`)) ?? ''
  if (entry.includes(`\nbranch refs/heads/${place.branch}`)) return path
  // The worker may have checked out something else; another incarnation's branch is another worker's place.
  const other = /\nbranch refs\/heads\/(polecat\/\S+)/.exec(entry)?.[1]
  if (other !== undefined) throw no(`it is on ${other}`)
  if (!existsSync(made)) throw no(`nothing says who made ${basename(admin)}`)
  return path
}

export async function inspectWorktree(deps: RigGit, place: Place): Promise<EffectOutput<'inspectWorktree'>> {
  const path = rigLayout(deps.town, place.rig).polecat(place.polecat)
  if (!existsSync(path)) return { kind: 'absent', why: `${path} does not exist` }
  await prove(deps, place)
  const { stdout: status } = await git(path, ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all'])
  const records = status.split('\0').filter(Boolean)
  const field = (name: string) => records.find((record) => record.startsWith(`# ${name} `))?.slice(name.length + 3)
  const head = (await revision(path, 'HEAD')) as string
  const onBranch = field('branch.head')
  const main = await mainOf(path, deps.defaultBranch(place.rig))
  const { stdout: ahead } = await git(path, ['rev-list', '--count', `${main}..HEAD`])
  return {
    kind: 'found',
    onBranch: onBranch === undefined || onBranch === '(detached)' ? null : onBranch,
    head,
    dirty: dirtyFiles(records).slice(0, 50),
    ahead: Number(ahead),
    unfinished: unfinished(path),
  }
}

function dirtyFiles(records: readonly string[]): string[] {
  const files: string[] = []
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as string
    if (record.startsWith('? ')) files.push(record.slice(2))
    else if (record.startsWith('1 ')) files.push(record.split(' ').slice(8).join(' '))
    else if (record.startsWith('u ')) files.push(record.split(' ').slice(10).join(' '))
    else if (record.startsWith('2 ')) {
      files.push(record.split(' ').slice(9).join(' '))
      i++ // the record after a rename is the old name
    }
  }
  return files
}

function unfinished(path: string): string | null {
  const admin = linkedFrom(path)
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

/** Removes the worktree after a last look that nothing in it would be lost. An absent one is removed already. */
export async function removeWorktree(deps: RigGit, place: Place): Promise<EffectOutput<'removeWorktree'>> {
  const { clone, polecat } = rigLayout(deps.town, place.rig)
  const path = polecat(place.polecat)
  if (!existsSync(path)) {
    await clearStaged(deps.town, place.rig, place.polecat)
    await git(clone, ['worktree', 'prune'])
    return { removed: false }
  }
  const found = await inspectWorktree(deps, place)
  if (found.kind === 'found') {
    if (!(await isSafe(deps, place.rig, found.head)))
      throw new Error(`${path} has commits that are neither on main nor pinned`)
    if (found.dirty.length > 0 && !(await dirtyIsPinned(path, clone, place)))
      throw new Error(`${path} has uncommitted files that are not pinned (${found.dirty.slice(0, 5).join(', ')})`)
  }
  const nested = await unpinnedNested(clone, path)
  if (nested !== undefined)
    throw new Error(`${join(path, nested)} is a repository of its own with work that is not pinned`)
  await discardWorktree(deps.town, place)
  return { removed: true }
}

export async function isSafe(deps: RigGit, rig: string, commit: string): Promise<boolean> {
  const { clone } = rigLayout(deps.town, rig)
  if (await contains(clone, commit, await mainOf(clone, deps.defaultBranch(rig)))) return true
  return (await git(clone, ['for-each-ref', '--count=1', '--contains', commit, 'refs/gt/'])).stdout !== ''
}

async function dirtyIsPinned(path: string, clone: string, place: Place): Promise<boolean> {
  const tree = await treeOfFiles(path)
  const { stdout } = await git(clone, [
    'for-each-ref',
    '--format=%(tree)',
    `refs/gt/work/*/${place.polecat}-${place.incarnation}/dirty`,
  ])
  return stdout.split('\n').includes(tree)
}
