// Repositories inside a worktree: submodules, and clones somebody made there. Git keeps none of their work with the
// worktree's own, so it is kept beside it, under `refs/gt/nested/…` of the rig's clone.
// Never: changes their files, their index or their branches; deletes a pin; takes one that git cannot read for empty.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { git, longMs, revision } from './git.ts'
import { isWithin, type Repository, realOf, repositoryOf } from './repository.ts'
import { nestedIn, treeOfFiles } from './tree.ts'

/**
 * Work of a nested repository that is nowhere else: commits that no remote of it has, and the tree of uncommitted
 * files.
 */
interface NestedWork {
  /** Its folder below the worktree; of a submodule that was taken out of it, the name git keeps it under. */
  dir: string
  at: string
  tips: string[]
  tree: string | null
}

/** Where commits wait in the nested repository while they are fetched from it. */
const waiting = 'refs/gt/pin'

/** Pins all of it; `folder` is `<issue>/<polecat>-<incarnation>`. Throws when something cannot be kept. */
export async function pinNested(clone: string, path: string, folder: string): Promise<void> {
  for (const { dir, at, tips, tree } of await nestedWork(path)) {
    const ref = `refs/gt/nested/${folder}/${refPart(dir)}`
    const missing = new Map<string, string>()
    for (const tip of tips) if (!(await isPinned(clone, tip))) missing.set(tip.slice(0, 12), tip)
    if (tree !== null && !(await treesPinned(clone)).includes(tree)) {
      const head = await revision(at, 'HEAD')
      const { stdout: commit } = await git(at, [
        'commit-tree',
        tree,
        ...(head ? ['-p', head] : []),
        '-m',
        `Uncommitted files of ${dir}`,
      ])
      missing.set(`dirty-${tree.slice(0, 12)}`, commit)
    }
    if (missing.size === 0) continue
    for (const [name, sha] of missing) await git(at, ['update-ref', `${waiting}/${name}`, sha])
    // Also from a shallow one; and the pins of another repository that was at this place stay.
    await git(
      clone,
      [
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-prune',
        '--update-shallow',
        at,
        `+${waiting}/*:${ref}/*`,
      ],
      { timeoutMs: longMs },
    )
    for (const [name, sha] of missing) {
      if ((await revision(clone, `${ref}/${name}`)) !== sha)
        throw new Error(`${sha} of ${join(path, dir)} could not be kept`)
      await git(at, ['update-ref', '-d', `${waiting}/${name}`])
    }
  }
}

/** The first nested repository with work that is not pinned; undefined when nothing would be lost. */
export async function unpinnedNested(clone: string, path: string): Promise<string | undefined> {
  for (const { dir, tips, tree } of await nestedWork(path)) {
    for (const tip of tips) if (!(await isPinned(clone, tip))) return dir
    if (tree !== null && !(await treesPinned(clone)).includes(tree)) return dir
  }
  return undefined
}

async function nestedWork(path: string): Promise<NestedWork[]> {
  const found: NestedWork[] = []
  for (const dir of await nestedIn(path)) {
    const at = join(path, dir)
    const repository = repositoryOf(at)
    if (!repository || (await topOf(at)) !== realOf(at)) throw new Error(`${at} is no repository that git can read`)
    // Of a worktree of somebody else's repository, only what is in it goes with the place.
    const tips = await tipsOf(
      at,
      isWithin(repository.common, path) || isWithin(repository.common, (repositoryOf(path) as Repository).own),
    )
    const isDirty =
      (await git(at, ['status', '--porcelain', '--ignore-submodules=all', '--untracked-files=normal'])).stdout !== ''
    const tree = isDirty ? await treeOfFiles(at) : null
    if (tips.length > 0 || tree !== null) found.push({ dir, at, tips, tree })
    for (const deeper of await nestedWork(at)) found.push({ ...deeper, dir: join(dir, deeper.dir) })
  }
  // Git keeps a submodule's commits with the worktree, also when its folder is gone.
  for (const at of modulesIn(join((repositoryOf(path) as Repository).own, 'modules'))) {
    const tips = await tipsOf(at, true)
    if (tips.length > 0) found.push({ dir: basename(at), at, tips, tree: null })
  }
  return found
}

async function topOf(at: string): Promise<string | undefined> {
  const { stdout, exitCode } = await git(at, ['rev-parse', '--show-toplevel'], { okCodes: [0, 128] })
  return exitCode === 0 ? realOf(stdout) : undefined
}

/** Commits that no remote of it has: of HEAD, and, where all of it goes, of every branch, tag and stash. */
async function tipsOf(at: string, all: boolean): Promise<string[]> {
  const head = await revision(at, 'HEAD')
  const stashes =
    all && (await revision(at, 'refs/stash'))
      ? (await git(at, ['rev-list', '--walk-reflogs', 'refs/stash'])).stdout.split('\n')
      : []
  const from = [...(head ? ['HEAD'] : []), ...(all ? ['--branches', '--tags', ...stashes] : [])]
  if (from.length === 0) return []
  const { stdout } = await git(at, ['rev-list', '--parents', ...from, '--not', '--remotes'])
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

const isPinned = async (clone: string, sha: string) =>
  (await git(clone, ['cat-file', '-e', sha], { okCodes: [0, 1, 128] })).exitCode === 0 &&
  (await git(clone, ['for-each-ref', '--count=1', '--contains', sha, 'refs/gt/'])).stdout !== ''

const treesPinned = async (clone: string) =>
  (await git(clone, ['for-each-ref', '--format=%(tree)', 'refs/gt/nested/'])).stdout.split('\n')

/** A folder's name as part of a ref's; two folders never share one. */
function refPart(dir: string): string {
  const plain = dir.replace(/[^A-Za-z0-9/_-]/g, '_')
  return plain === dir ? plain : `${plain}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`
}
