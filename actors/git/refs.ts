// Reads refs from git's own files, without a process; and brings a rig's main to where its workers look for it.
// Never: moves a branch that is checked out somewhere, or one that has commits of its own.
import { existsSync, renameSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { textOf } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { contains, GitFailed, git } from './git.ts'
import { cloneAt } from './lens.ts'
import { waitForLock } from './locks.ts'
import { realOf } from './repository.ts'
import type { RigGit } from './rig.ts'
import { commandOf, runningGits } from './running.ts'

const packs = new Map<string, { mark: string; refs: Map<string, string> }>()

/** Of the Refinery's clone: main as it was when the rig was added. What came since by another way is told. */
export const mainAtFirst = 'refs/gt/main-at-first'

/** As git: a ref that leads over more others than this leads nowhere. */
const symbolicMax = 5

/**
 * What a ref names, in the repository whose common folder this is; undefined when there is none. An agent may have made
 * it symbolic: it is followed to other refs only, and not in a circle.
 */
export async function readRef(common: string, ref: string, followed = 0): Promise<string | undefined> {
  if (followed > symbolicMax || !ref.startsWith('refs/') || ref.split('/').includes('..')) return undefined
  const loose = wordIn(join(common, ref))
  if (loose?.startsWith('ref: ')) return readRef(common, loose.slice(5).trim(), followed + 1)
  return isSha(loose) ? loose : (await packedRefs(common)).get(ref)
}

/** The names of the refs below a prefix that ends with a slash; loose ones at any depth. */
export async function refsUnder(common: string, prefix: string): Promise<string[]> {
  const loose = await readdir(join(common, prefix), { recursive: true, withFileTypes: true }).catch(() => [])
  const packed = [...(await packedRefs(common)).keys()].filter((ref) => ref.startsWith(prefix))
  return [...loose.filter((entry) => entry.isFile()).map((entry) => entry.name), ...packed]
}

/** HEAD of a worktree, by its own folder: its branch and its commit; undefined what it has not. */
export async function readHead(
  admin: string,
  common: string,
): Promise<{ branch: string | undefined; commit: string | undefined }> {
  const text = wordIn(join(admin, 'HEAD'))
  if (!text?.startsWith('ref: ')) return { branch: undefined, commit: isSha(text) ? text : undefined }
  const ref = text.slice(5).trim()
  return { branch: ref.replace(/^refs\/heads\//, ''), commit: await readRef(common, ref) }
}

const isSha = (text: string | undefined): text is string => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text ?? '')

/** The one line of a small file; undefined when there is none, it is empty, or it is no file. */
export const wordIn = (path: string): string | undefined => textOf(path)?.trim() || undefined

const packMaxBytes = 256 * 1024 * 1024

/** All packed refs; read again only when the file is another one. */
async function packedRefs(common: string): Promise<Map<string, string>> {
  const path = join(common, 'packed-refs')
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return new Map()
  const mark = `${found.ino}:${found.mtimeMs}:${found.size}`
  const known = packs.get(path)
  if (known?.mark === mark) return known.refs
  const refs = new Map<string, string>()
  for (const line of (textOf(path, packMaxBytes) ?? '').split('\n'))
    if (/^[0-9a-f]{40}/.test(line)) refs.set(line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' ')))
  packs.set(path, { mark, refs })
  return refs
}

/** main as the rig's Mayor's clone has it; undefined of an empty repository. */
export const knownMain = (deps: Pick<RigGit, 'town' | 'defaultBranch'>, rig: string): Promise<string | undefined> =>
  readRef(join(rigLayout(deps.town, rig).clone, '.git'), `refs/remotes/origin/${deps.defaultBranch(rig)}`)

const triesMax = 5

/** Brings the Mayor's clone and every worker's place to this main, which the Refinery's clone has. */
export async function followMain(deps: RigGit, rig: string, main: string): Promise<void> {
  const { clone } = rigLayout(deps.town, rig)
  const common = join(clone, '.git')
  const branch = deps.defaultBranch(rig)
  const before = await knownMain(deps, rig)
  if (before === main) return
  const at = cloneAt(deps.town, rig)
  for (let tries = 1; ; tries++) {
    const [seen, own] = [`refs/remotes/origin/${branch}`, `refs/heads/${branch}`]
    const local = await readRef(common, own)
    // In the end without it: the workers' places are to follow all the same.
    const follows =
      tries <= triesMax &&
      local !== main &&
      (await mayFollow(common, branch)) &&
      (await isNobodys(at, local, before, main))
    if ((await writeRef(common, seen, main)) && (!follows || (await writeRef(common, own, main, { was: local })))) break
    const lines = [
      `update ${seen} ${main}`,
      ...(follows ? [`update ${own} ${main} ${local ?? '0'.repeat(main.length)}`] : []),
    ]
    try {
      await git(at, ['update-ref', '--stdin'], { input: `${lines.join('\n')}\n` })
      break
    } catch (error) {
      // Somebody moved it since it was read, or holds it just now.
      if (!(error instanceof GitFailed) || tries > triesMax) throw error
    }
  }
  await followInPlaces(deps, rig, main, before)
}

/** No worktree of the clone has it checked out. */
async function mayFollow(common: string, branch: string): Promise<boolean> {
  const head = `ref: refs/heads/${branch}`
  const names = await readdir(join(common, 'worktrees')).catch(() => [])
  const heads = [join(common, 'HEAD'), ...names.map((name) => join(common, 'worktrees', name, 'HEAD'))]
  return (await Promise.all(heads.map(wordIn))).every((text) => text !== head)
}

const isNobodys = async (
  at: ReturnType<typeof cloneAt>,
  local: string | undefined,
  before: string | undefined,
  main: string,
) => local === undefined || local === before || local === main || (await contains(at, local, main))

async function followInPlaces(deps: RigGit, rig: string, main: string, before: string | undefined): Promise<void> {
  const admins = join(rigLayout(deps.town, rig).clone, '.git/worktrees')
  const names = await readdir(admins).catch(() => [])
  for (const name of names) {
    const admin = join(admins, name)
    try {
      if (!(await followInPlace(deps, rig, admin, main, before))) followLater(deps, rig, admin)
    } catch (error) {
      deps.report?.(error)
    }
  }
}

/**
 * Tells of a place whether its worker is fetching now: that git has read where origin's branches were, and would fail
 * if one were moved under it.
 */
const isFetching = (admin: string): boolean =>
  runningGits().some(
    ({ argv, repository }) => commandOf(argv) === 'fetch' && (!repository || repository.own === realOf(admin)),
  )

const laterMs = 200
const laterTriesMax = 100
/** As often in a row it was not fetching. */
const idleMin = 2
const waiting = new Set<string>()

/**
 * Once its worker does not fetch any more, the place follows to what is main then. One that fetches again and again has
 * main by itself; between two of its fetches there is no time to write anything.
 */
async function followLater(deps: RigGit, rig: string, admin: string): Promise<void> {
  if (waiting.has(admin)) return
  waiting.add(admin)
  try {
    for (let tries = 0, idle = 0; tries < laterTriesMax && idle < idleMin; tries++) {
      await pause(laterMs, undefined, { ref: false })
      idle = isFetching(admin) ? 0 : idle + 1
    }
    const main = await knownMain(deps, rig)
    if (main !== undefined) await followInPlace(deps, rig, admin, main)
  } catch (error) {
    deps.report?.(error)
  } finally {
    waiting.delete(admin)
  }
}

/**
 * A worker's own view of origin (`place.ts`) follows, unless the worker has fetched something newer. False: it could
 * not, for the worker is fetching now.
 */
export async function followInPlace(
  deps: RigGit,
  rig: string,
  admin: string,
  main: string,
  before?: string,
): Promise<boolean> {
  const own = join(admin, 'common')
  if (!existsSync(join(own, 'config'))) return true
  const ref = `refs/remotes/origin/${deps.defaultBranch(rig)}`
  const has = wordIn(join(own, ref))
  if (has === main) return true
  if (has !== undefined && has !== before && !(await contains(cloneAt(deps.town, rig), has, main))) return true
  return writeRef(own, ref, main, { unless: () => isFetching(admin) })
}

/**
 * Writes a loose ref as git does, under its lock, and waits for the disk. The answer is false when it is left as it is:
 * it is locked now, is not what it `was` (undefined: there was none), cannot be written, or `unless` says so in the
 * last moment.
 */
export async function writeRef(
  common: string,
  ref: string,
  sha: string,
  only: { was?: string | undefined; unless?: () => boolean } = {},
): Promise<boolean> {
  const lock = await lockRef(common, ref)
  if (!lock) return false
  if ('was' in only && (await readRef(common, ref)) !== only.was) {
    await lock.close()
    await rm(lockOf(common, ref))
    return false
  }
  try {
    await lock.writeFile(`${sha}\n`)
    await lock.sync()
    await lock.close()
    // With nothing awaited in between: whoever begins to read meanwhile has the least time to read what goes.
    if (only.unless?.()) {
      await rm(lockOf(common, ref))
      return false
    }
    renameSync(lockOf(common, ref), join(common, ref))
    return true
  } catch {
    // A full disk, or a folder where the ref is to be: git is asked, and says it in words.
    await lock.close()
    await rm(lockOf(common, ref), { force: true })
    return false
  }
}

/** Deletes a loose ref that is what it was, as git does. False: it is packed, locked or another; git must be asked. */
export async function deleteRef(common: string, ref: string, was: string): Promise<boolean> {
  const lock = await lockRef(common, ref)
  if (!lock) return false
  try {
    await lock.close()
    if ((await packedRefs(common)).has(ref) || wordIn(join(common, ref)) !== was) return false
    await rm(join(common, ref))
    await rm(join(common, 'logs', ref), { force: true })
  } finally {
    await rm(lockOf(common, ref))
  }
  // Who packs refs may have read it before, and writes it in a moment.
  const packing = join(common, 'packed-refs.lock')
  if (existsSync(packing)) await waitForLock(packing, common)
  return !(await packedRefs(common)).has(ref)
}

const lockOf = (common: string, ref: string) => `${join(common, ref)}.lock`

/** The lock of a ref, as git takes it; undefined when somebody has it. */
async function lockRef(common: string, ref: string): Promise<FileHandle | undefined> {
  const path = lockOf(common, ref)
  for (let tries = 1; ; tries++) {
    await mkdir(dirname(path), { recursive: true })
    try {
      return await open(path, 'wx')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return undefined
      // Its folder was empty, and went just now: refs were packed.
      if (code !== 'ENOENT' || tries === triesMax) throw error
    }
  }
}

/** Whether the repository has an object in a file of its own; one in a pack is not looked for. */
export const isLoose = (common: string, sha: string): boolean =>
  existsSync(join(common, 'objects', sha.slice(0, 2), sha.slice(2)))
