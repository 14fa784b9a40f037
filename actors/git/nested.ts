// Keeps the work of repositories inside a worktree: submodules, and clones that somebody made there. Git does not keep
// it with the worktree's own, so it is kept under `refs/gt/nested/…` of the rig's clone.
// Never: changes their files, their index or their branches; reads their configuration or runs their hooks; deletes a
// pin; takes one that git cannot read for empty.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { lastBytes } from '../files.ts'
import { townLayout } from '../layout.ts'
import type { At } from './at.ts'
import { git, longMs, revision } from './git.ts'
import { cloneAt, formatOf, through, writeLens } from './lens.ts'
import { isWithin, type Repository, repositoryAt, repositoryOf } from './repository.ts'
import { type Status, statusOf } from './status.ts'
import { type Look, nestedIn, type Tracked, trackedIn, treeOfFiles } from './tree.ts'

/**
 * Work of a nested repository that is nowhere else: commits that no remote of it has, and the tree of uncommitted
 * files.
 */
interface NestedWork {
  /** Its folder below the worktree; of a submodule that was taken out of it, the name git keeps it under. */
  dir: string
  at: At
  /** The lens on it, from which its commits are fetched. */
  lens: string
  tips: string[]
  tree: string | null
}

/** A worktree whose repositories are looked for. */
export interface Surrounding extends Look {
  status: Status
  tracked: Tracked
}

/** Where commits wait in the nested repository while they are fetched from it. */
const waiting = 'refs/gt/pin'

/** Pins all of it; `folder` is `<issue>/<polecat>-<incarnation>`. Throws when something cannot be kept. */
export async function pinNested(town: string, rig: string, inside: Surrounding, folder: string): Promise<void> {
  const clone = cloneAt(town, rig)
  for (const { dir, at, lens, tips, tree } of await nestedWork(town, inside)) {
    const ref = `refs/gt/nested/${folder}/${refPart(dir)}`
    const missing = new Map<string, string>()
    for (const tip of tips) if (!(await isPinned(clone, tip))) missing.set(tip.slice(0, 12), tip)
    if (tree !== null && !(await treesPinned(clone)).includes(tree)) {
      const head = await revision(at, 'HEAD')
      const parent = head ? ['-p', head] : []
      const { stdout: commit } = await git(at, ['commit-tree', tree, ...parent, '-m', `Uncommitted files of ${dir}`])
      missing.set(`dirty-${tree.slice(0, 12)}`, commit)
    }
    if (missing.size === 0) continue
    await git(at, ['update-ref', '--stdin'], {
      input: [...missing].map(([name, sha]) => `update ${waiting}/${name} ${sha}\n`).join(''),
    })
    // Also from a shallow one; and the pins of another repository that was at this place stay.
    const from = ['--no-tags', '--no-write-fetch-head', '--no-prune', '--update-shallow', lens]
    await git(clone, ['fetch', '--quiet', ...from, `+${waiting}/*:${ref}/*`], { mostMs: longMs })
    for (const [name, sha] of missing) {
      if ((await revision(clone, `${ref}/${name}`)) !== sha) throw new Error(`${sha} of ${dir} could not be kept`)
      await git(at, ['update-ref', '-d', `${waiting}/${name}`])
    }
  }
}

/** Uncommitted files of the submodules inside, relative to the worktree. */
export async function dirtyInside(town: string, inside: Surrounding): Promise<string[]> {
  const files: string[] = []
  for (const dir of inside.tracked.links.filter((each) => existsSync(join(inside.path, each, '.git')))) {
    const { status } = await lookInto(town, join(inside.path, dir))
    files.push(...status.changed.map(({ path }) => join(dir, path)))
  }
  return files
}

async function nestedWork(town: string, inside: Surrounding): Promise<NestedWork[]> {
  const found: NestedWork[] = []
  const outer = { common: inside.at.env.GIT_DIR ?? '', path: inside.path }
  for (const dir of nestedIn(inside.path, inside.status, inside.tracked)) {
    const look = await lookInto(town, join(inside.path, dir))
    const { at, lens, status, repository } = look
    // Of a worktree of somebody else's repository, only what is in it goes with the place.
    const goes = isWithin(repository.common, outer.path) || isWithin(repository.common, outer.common)
    const tips = await tipsOf(at, repository, goes)
    const isDirty = status.changed.length > 0 || look.tracked.hidden.length > 0
    const tree = isDirty ? await treeOfFiles(look, status, look.tracked) : null
    if (tips.length > 0 || tree !== null) found.push({ dir, at, lens, tips, tree })
    for (const deeper of await nestedWork(town, look)) found.push({ ...deeper, dir: join(dir, deeper.dir) })
  }
  // A worker may have made the place itself a repository of its own.
  const remade = join(inside.path, '.git')
  if (existsSync(join(remade, 'objects'))) found.push(...(await commitsOf(town, remade, 'remade')))
  // Git keeps a submodule's commits with the worktree, also when its folder is gone.
  for (const module of modulesIn(join(inside.own, 'modules')))
    found.push(...(await commitsOf(town, module, basename(module))))
  return found
}

async function commitsOf(town: string, gitDir: string, dir: string): Promise<NestedWork[]> {
  const repository = repositoryAt(gitDir)
  const lens = lensOn(town, repository)
  const at = through(lens, undefined, lens)
  const tips = await tipsOf({ ...at, env: { ...at.env, GIT_DIR: gitDir } }, repository, true)
  return tips.length === 0 ? [] : [{ dir, at, lens, tips, tree: null }]
}

/** Git that looks into a repository inside, and what it sees first. Throws when git cannot read it. */
async function lookInto(town: string, path: string) {
  const repository = repositoryOf(path)
  if (!repository) throw new Error(`${path} is no repository that git can read`)
  const lens = lensOn(town, repository)
  const at = through(lens, { worktree: path, gitDir: repository.own }, path)
  const { exitCode } = await git(at, ['rev-parse', '--git-dir'], { okCodes: [0, 128] })
  if (exitCode !== 0) throw new Error(`${path} is no repository that git can read`)
  const look = { at, path, own: repository.own }
  const [status, tracked] = await Promise.all([statusOf(at, 'all'), trackedIn(look)])
  return { ...look, lens, repository, status, tracked }
}

/** A lens of the town's on a repository somebody made. */
function lensOn(town: string, { common }: Repository): string {
  if (existsSync(join(common, 'reftable')))
    throw new Error(`${common} keeps its refs in a way that is not read here (reftable); its work cannot be kept`)
  const name = createHash('sha256').update(common).digest('hex').slice(0, 16)
  const lens = join(townLayout(town).lenses, '.nested', name)
  writeLens(lens, common, formatOf(common))
  return lens
}

/** Commits that no remote of it has: of HEAD, and, where all of it goes, of every branch, tag and stash. */
async function tipsOf(at: At, { common }: Repository, all: boolean): Promise<string[]> {
  const head = await revision(at, 'HEAD')
  const stashes = all ? reflogged(join(common, 'logs/refs/stash')) : []
  const from = [...(head ? ['HEAD'] : []), ...(all ? ['--branches', '--tags', ...stashes] : [])]
  if (from.length === 0) return []
  return childless(at, [...from, '--not', '--remotes'])
}

/** Every commit that a reflog says a ref was moved to of late (by an entry like `kind`), oldest first, each once. */
export function reflogged(path: string, kind = /^/): string[] {
  const lines = lastBytes(path, reflogMaxBytes)
    .split('\n')
    .filter((line) => kind.test(line))
  // The first line may be the end of one.
  const moved = lines.map((line) => /^[0-9a-f]+ ([0-9a-f]{40,}) /.exec(line)?.[1])
  return [...new Set(moved.filter((sha) => sha !== undefined && /[1-9a-f]/.test(sha)))] as string[]
}
const reflogMaxBytes = 64 * 1024

/** Of the commits such a `rev-list` names, those that none of the others has for its parent. */
export async function childless(at: At, revisions: readonly string[]): Promise<string[]> {
  const { stdout } = await git(at, ['rev-list', '--parents', '--ignore-missing', ...revisions, '--'], {
    mostMs: longMs,
  })
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '))
  const parents = new Set(lines.flatMap(([, ...rest]) => rest))
  return lines.flatMap(([commit = '']) => (parents.has(commit) ? [] : [commit]))
}

/** The repositories below a folder of modules; a module's name may have slashes. */
function modulesIn(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const at = join(dir, name)
      return existsSync(join(at, 'HEAD')) && existsSync(join(at, 'objects'))
        ? [at, ...modulesIn(join(at, 'modules'))]
        : modulesIn(at)
    })
}

const isPinned = async (clone: At, sha: string) =>
  (await git(clone, ['cat-file', '-e', sha], { okCodes: [0, 1, 128] })).exitCode === 0 &&
  (await git(clone, ['for-each-ref', '--count=1', '--contains', sha, 'refs/gt/'])).stdout !== ''

const treesPinned = async (clone: At) =>
  (await git(clone, ['for-each-ref', '--format=%(tree)', 'refs/gt/nested/'])).stdout.split('\n')

/** A folder's name as part of a ref's; two folders never share one. */
function refPart(dir: string): string {
  const plain = dir.replace(/[^A-Za-z0-9/_-]/g, '_')
  return plain === dir ? plain : `${plain}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`
}
