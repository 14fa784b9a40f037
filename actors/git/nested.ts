// Repositories inside a worktree: submodules, and clones somebody made there. Git keeps none of their work with the worktree's own, so it is kept beside it, under `refs/gt/nested/…` of the rig's clone.
// Never: changes their files, their index or their branches; deletes a pin.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { git, revision } from './git.ts'
import { treeOfFiles } from './worktree.ts'

/** Work of a nested repository that is nowhere else: commits that no remote of it has, and the tree of uncommitted files. */
interface NestedWork {
  dir: string
  tips: string[]
  tree: string | null
}

/** Pins all of it; `folder` is `<issue>/<polecat>-<incarnation>`. */
export async function pinNested(clone: string, path: string, folder: string): Promise<void> {
  for (const { dir, tips, tree } of await nestedWork(path)) {
    const ref = `refs/gt/nested/${folder}/${refPart(dir)}`
    const [from, mine] = [join(path, dir), 'refs/gt/pin']
    const missing: string[] = []
    for (const tip of tips) if (!(await isPinned(clone, tip))) missing.push(tip)
    for (const tip of missing) await git(from, ['update-ref', `${mine}/${tip.slice(0, 12)}`, tip])
    if (tree !== null && !(await treesPinned(clone)).includes(tree)) {
      const head = await revision(from, 'HEAD')
      const { stdout: commit } = await git(from, ['commit-tree', tree, ...(head ? ['-p', head] : []), '-m', `Uncommitted files of ${dir}`])
      missing.push(commit)
      await git(from, ['update-ref', `${mine}/dirty-${tree.slice(0, 12)}`, commit])
    }
    if (missing.length > 0) await git(clone, ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', from, `+${mine}/*:${ref}/*`])
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
    const heads = (await git(at, ['for-each-ref', '--format=%(objectname)', 'refs/heads', 'refs/stash'])).stdout.split('\n').filter(Boolean)
    const head = await revision(at, 'HEAD')
    const tips: string[] = []
    for (const tip of new Set(head ? [head, ...heads] : heads)) {
      if ((await git(at, ['rev-list', '--max-count=1', tip, '--not', '--remotes'])).stdout !== '') tips.push(tip)
    }
    const isDirty = (await git(at, ['status', '--porcelain', '--ignore-submodules=all', '--untracked-files=normal'])).stdout !== ''
    const tree = isDirty ? await treeOfFiles(at) : null
    if (tips.length > 0 || tree !== null) found.push({ dir, tips, tree })
    for (const deeper of await nestedWork(at)) found.push({ ...deeper, dir: join(dir, deeper.dir) })
  }
  return found
}

/** Their folders: what the index names as a commit, and untracked ones that git does not look into. Ignored ones are ignored. */
async function nestedIn(path: string): Promise<string[]> {
  const [{ stdout: staged }, { stdout: status }] = await Promise.all([
    git(path, ['ls-files', '--stage', '-z']),
    git(path, ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--ignore-submodules=all']),
  ])
  const links = staged.split('\0').filter((line) => line.startsWith('160000 '))
  const untracked = status.split('\0').filter((record) => record.startsWith('? ') && record.endsWith('/'))
  return [...links.map((line) => line.slice(line.indexOf('\t') + 1)), ...untracked.map((record) => record.slice(2, -1))].filter((dir) => existsSync(join(path, dir, '.git')))
}

/** Those without any commit. */
export async function unbornIn(path: string): Promise<string[]> {
  const found: string[] = []
  for (const dir of await nestedIn(path)) if ((await revision(join(path, dir), 'HEAD')) === undefined) found.push(dir)
  return found
}

const isPinned = async (clone: string, sha: string) =>
  (await git(clone, ['cat-file', '-e', sha], { okCodes: [0, 1, 128] })).exitCode === 0 &&
  (await git(clone, ['for-each-ref', '--count=1', '--contains', sha, 'refs/gt/'])).stdout !== ''

const treesPinned = async (clone: string) => (await git(clone, ['for-each-ref', '--format=%(tree)', 'refs/gt/nested/'])).stdout.split('\n')

/** A folder's name as part of a ref's; two folders never share one. */
function refPart(dir: string): string {
  const plain = dir.replace(/[^A-Za-z0-9/_-]/g, '_')
  return plain === dir ? plain : `${plain}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`
}
