// What is in a worktree now: its files as a tree, and which of its folders are repositories of their own.
// Never: changes the worktree or its index.
import { existsSync, lstatSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { copyPlain } from '../files.ts'
import type { At } from './at.ts'
import { GitFailed, git, longMs } from './git.ts'
import type { Status } from './status.ts'

/** A worktree, and git that looks at it through a lens. */
export interface Look {
  at: At
  path: string
  /** Git's own folder of it. */
  own: string
}

/** What its index names. */
export interface Tracked {
  /** Folders that the index names as commits of other repositories. */
  links: string[]
  /** Folders with tracked files. */
  folders: Set<string>
  /** Files that git was told not to look at (assume-unchanged, skip-worktree) and that are there. */
  hidden: string[]
}

export async function trackedIn({ at, path }: Look): Promise<Tracked> {
  const { stdout } = await git(at, ['ls-files', '--stage', '-v', '-z'], { mostMs: longMs })
  const tracked: Tracked = { links: [], folders: new Set(), hidden: [] }
  for (const line of stdout.split('\0').filter(Boolean)) {
    const name = line.slice(line.indexOf('\t') + 1)
    if (line.slice(2).startsWith('160000 ')) tracked.links.push(name)
    else if (/^[a-zS]/.test(line) && lstatSync(join(path, name), { throwIfNoEntry: false })) tracked.hidden.push(name)
    for (let dir = dirname(name); dir !== '.' && !tracked.folders.has(dir); dir = dirname(dir)) tracked.folders.add(dir)
  }
  return tracked
}

/**
 * The tree of all that is in the worktree, tracked and untracked, ignored files left out, and without what every fresh
 * checkout has modified. The worktree's own index is not touched.
 */
export async function treeOfFiles(
  { at, path, own }: Look,
  status: Pick<Status, 'head' | 'fresh'>,
  tracked: Tracked,
): Promise<string> {
  const index = join(own, 'gt-pin-index')
  const aside = { ...at, env: { ...at.env, GIT_INDEX_FILE: index } }
  // The worktree's index knows which files are as they were; but not of those it was told to overlook.
  await rm(index, { force: true, recursive: true })
  const isCopied = tracked.hidden.length === 0 && (await copyPlain(own, 'index', index))
  if (!isCopied) await git(aside, ['read-tree', status.head ?? '--empty'])
  const add = (left: readonly string[]) =>
    git(aside, ['add', '--all', '--pathspec-from-file=-', '--pathspec-file-nul'], {
      input: ['.', ...left.map((name) => `:(exclude,literal)${name}`)].join('\0'),
      mostMs: longMs,
    })
  try {
    await add(status.fresh)
  } catch (error) {
    // A repository without a commit, made inside, has no place in a tree: its files are kept beside it.
    if (!(error instanceof GitFailed) || !/does not have a commit checked out|adding files failed/.test(error.output))
      throw error
    await add([...status.fresh, ...(await unbornIn(path, error.output))])
  }
  return (await git(aside, ['write-tree'])).stdout
}

/** Those without any commit, as git names them when it cannot add them. */
async function unbornIn(path: string, words: string): Promise<string[]> {
  const named = [...words.matchAll(/'(.+?)\/?' does not have a commit checked out/g)].map(([, dir = '']) => dir)
  return named.filter((dir) => existsSync(join(path, dir)))
}

/**
 * The folders of the repositories inside: what the index names as a commit, those git does not look into, and those
 * in the midst of the project's own files. Ignored ones are ignored.
 */
export function nestedIn(path: string, status: Pick<Status, 'changed'>, tracked: Tracked): string[] {
  const untracked = status.changed.flatMap((each) =>
    each.xy === '??' && each.path.endsWith('/') ? [each.path.slice(0, -1)] : [],
  )
  const strange = [...tracked.links, ...untracked].find((dir) => dir.includes('\ufffd'))
  if (strange !== undefined)
    throw new Error(`the name of ${join(path, strange)} is no UTF-8; what is in it cannot be kept`)
  return [...new Set([...tracked.links, ...untracked, ...tracked.folders])].filter((dir) =>
    existsSync(join(path, dir, '.git')),
  )
}
