// What is in a worktree now: its files as a tree, and which of its folders are repositories of their own.
// Never: changes the worktree or its index.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GitFailed, git, revision } from './git.ts'
import { type Repository, repositoryOf } from './repository.ts'

/**
 * The tree of all that is in the worktree, tracked and untracked, ignored files left out. The worktree's own index is
 * not touched.
 */
export async function treeOfFiles(path: string): Promise<string> {
  const { own } = repositoryOf(path) as Repository
  const env = { GIT_INDEX_FILE: join(own, 'gt-pin-index') }
  await git(path, ['read-tree', (await revision(path, 'HEAD')) ?? '--empty'], { env })
  try {
    await git(path, ['add', '--all', '.'], { env })
  } catch (error) {
    // A repository without a commit, made inside, has no place in a tree: its files are kept beside it.
    const unborn = await unbornIn(path)
    if (!(error instanceof GitFailed) || unborn.length === 0) throw error
    await git(path, ['add', '--all', '--', '.', ...unborn.map((dir) => `:(exclude,literal)${dir}`)], { env })
  }
  return (await git(path, ['write-tree'], { env })).stdout
}

/**
 * The folders of the repositories inside: what the index names as a commit, those git does not look into, and those
 * in the midst of the project's own files. Ignored ones are ignored.
 */
export async function nestedIn(path: string): Promise<string[]> {
  const [{ stdout: staged }, { stdout: status }] = await Promise.all([
    git(path, ['ls-files', '--stage', '-z']),
    git(path, ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--ignore-submodules=all']),
  ])
  const files = staged
    .split('\0')
    .filter(Boolean)
    .map((line) => ({ isLink: line.startsWith('160000 '), name: line.slice(line.indexOf('\t') + 1) }))
  const links = files.filter(({ isLink }) => isLink).map(({ name }) => name)
  const untracked = status
    .split('\0')
    .flatMap((record) => (record.startsWith('? ') && record.endsWith('/') ? [record.slice(2, -1)] : []))
  const strange = [...links, ...untracked].find((dir) => dir.includes('\ufffd'))
  if (strange !== undefined)
    throw new Error(`the name of ${join(path, strange)} is no UTF-8; what is in it cannot be kept`)
  const folders = new Set<string>()
  for (const { name } of files)
    for (let dir = dirname(name); dir !== '.' && !folders.has(dir); dir = dirname(dir)) folders.add(dir)
  return [...new Set([...links, ...untracked, ...folders])].filter((dir) => existsSync(join(path, dir, '.git')))
}

/** Those without any commit. */
async function unbornIn(path: string): Promise<string[]> {
  const found: string[] = []
  for (const dir of await nestedIn(path)) if ((await revision(join(path, dir), 'HEAD')) === undefined) found.push(dir)
  return found
}
