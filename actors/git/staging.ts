// A worktree appears whole or not at all. Its files and git's own folder for it are made aside, and get their names
// when they are finished. What is removed loses its name first, and is deleted by and by.
// Never: leaves half a worktree where git or a worker could meet it; has git enumerate or prune worktrees.
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import process from 'node:process'
import { append, textOf } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { asThePerson } from '../umask.ts'
import { git, longMs } from './git.ts'
import { cloneAt, worktreeAt } from './lens.ts'
import { adminOf, adminsNaming, noteSubmodule, writeAdmin, writeGitFile, writeRecord } from './place.ts'
import { writeRef } from './refs.ts'
import { isWithin, realOf } from './repository.ts'
import type { Place, RigGit } from './rig.ts'
import { fillSubmodules, hasSubmodules, putIntoPlace, quoted } from './submodules.ts'

let made = 0

interface Start {
  /** What is checked out. */
  head: string
  base: string
  /** main as it is known here; undefined of an empty repository. */
  main: string | undefined
  /** The branch is to be made. */
  isNew: boolean
}

/** Makes a polecat's worktree. Nothing may be at its place; what git still keeps of this very place is used again. */
export async function addPlace(deps: RigGit, place: Place, start: Start): Promise<void> {
  const { clone, polecat, staging } = rigLayout(deps.town, place.rig)
  const path = polecat(place.polecat)
  const name = `${place.polecat}-${place.incarnation}-${process.pid}-${++made}`
  const folder = join(staging, name)
  const admin = adminOf(deps.town, place)
  const isKept = existsSync(join(admin, 'common/config'))
  const written = isKept ? admin : join(asideIn(clone), name)
  try {
    mkdirSync(staging, { recursive: true })
    asThePerson(() => mkdirSync(folder))
    if (!isKept) writeAdmin(deps, place, { admin: written, start: start.head, main: start.main })
    await Promise.all([
      git(worktreeAt(deps.town, place.rig, folder, written), ['read-tree', '--reset', '-u', start.head], {
        mostMs: longMs,
      }),
      start.isNew ? makeBranch(deps, place, start.head) : undefined,
    ])
    if (hasSubmodules(folder)) await fill(deps, place, { folder, path, written, admin, commit: start.head })
    writeGitFile(deps.town, folder, path, admin)
    for (const stale of adminsNaming(deps.town, place.rig, path)) if (stale !== admin) setAside(stale, leftIn(clone))
    if (!isKept) {
      if (existsSync(admin)) setAside(admin, leftIn(clone))
      mkdirSync(dirname(admin), { recursive: true })
      renameSync(written, admin)
    }
    await writeRecord(deps.town, place, { start: start.head, base: start.base })
    renameSync(folder, path)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    if (!isKept) rmSync(written, { recursive: true, force: true })
    throw error
  }
  removeIfEmpty(staging)
  removeIfEmpty(asideIn(clone))
}

/** Where git's own folder of a place is written before git can see it: as deep as where it will be. */
const asideIn = (clone: string) => join(clone, '.git/gt-making')
/** What git kept of places nobody cleared: it may name commits that nothing else does. */
const leftIn = (clone: string) => join(clone, '.git/gt-left')
const goingIn = (clone: string) => join(clone, '.git/gt-going')

async function makeBranch(deps: RigGit, { rig, branch }: Place, head: string): Promise<void> {
  // A worker waits for every process that is started here.
  if (await writeRef(join(rigLayout(deps.town, rig).clone, '.git'), `refs/heads/${branch}`, head)) return
  await git(cloneAt(deps.town, rig), ['update-ref', `refs/heads/${branch}`, head])
}

/** The submodules of a place; one that cannot be had stays empty, and its worker is told by git. */
async function fill(
  deps: RigGit,
  place: Place,
  at: { folder: string; path: string; written: string; admin: string; commit: string },
): Promise<void> {
  const kept = new Map([[at.folder, at.written]])
  const of = { repository: cloneAt(deps.town, place.rig), commit: at.commit, place: at.folder }
  try {
    await fillSubmodules(deps, place.rig, of, async (from, pointer, folder, submodule) => {
      const parent = [...kept].filter(([each]) => isWithin(folder, each)).at(-1)?.[1] ?? at.written
      await putIntoPlace(parent, from, pointer, folder, submodule)
      const repository = join(parent, 'modules', submodule.name)
      kept.set(folder, repository)
      if (parent === at.written) noteSubmodule(at.written, submodule)
      // Where both will be once the place has its name.
      const own = join(at.admin, relative(at.written, repository))
      const there = join(at.path, relative(at.folder, folder))
      writeGitFile(deps.town, folder, there, own)
      const worktree = quoted(relative(realOf(own), realOf(there)))
      append(join(repository, 'config'), `[core]\n\tworktree = ${worktree}\n`)
    })
  } catch (error) {
    deps.report?.(error)
  }
}

/** Removes what was not finished when its maker was killed: of one polecat, or of all, while none is being made. */
export async function clearStaged(town: string, rig: string, polecat?: string): Promise<void> {
  const { clone, staging, trash } = rigLayout(town, rig)
  const isLeft = (name: string) => {
    const [, whose] = /^(.+)-\d+-\d+-\d+$/.exec(name) ?? []
    return whose !== undefined && (polecat === undefined || whose === polecat)
  }
  for (const dir of [staging, asideIn(clone)])
    for (const name of entries(dir).filter(isLeft)) setAside(join(dir, name), dir === staging ? trash : goingIn(clone))
  // A `git worktree add` of an older version leaves its folder where git sees it.
  const admins = join(clone, '.git/worktrees')
  for (const name of entries(admins).filter(isLeft)) {
    const link = textOf(join(admins, name, 'gitdir'))?.trim()
    const names = link === undefined ? undefined : dirname(link)
    if (names === undefined || isWithin(names, staging) || isBeingMade(join(admins, name), names))
      setAside(join(admins, name), goingIn(clone))
  }
  removeIfEmpty(staging)
  removeIfEmpty(asideIn(clone))
  await Promise.all([emptyTrash(trash), emptyTrash(goingIn(clone))])
}

function isBeingMade(admin: string, path: string): boolean {
  return !existsSync(path) && textOf(join(admin, 'locked'))?.trim() === 'it is being made'
}

/**
 * Takes a worktree, and what git keeps of it, from their places in one step each. They are deleted in the background.
 */
export function discardPlace(deps: RigGit, place: Place, admins: readonly string[]): void {
  const { clone, polecat, trash } = rigLayout(deps.town, place.rig)
  const path = polecat(place.polecat)
  if (lstatSync(path, { throwIfNoEntry: false })) setAside(path, trash)
  for (const admin of admins) if (existsSync(admin)) setAside(admin, goingIn(clone))
  emptyLater(deps, [trash, goingIn(clone)])
}

const emptying = new Map<string, Promise<void>>()

/** One sweep of a trash at a time; what comes while it sweeps goes with the next. */
function emptyLater(deps: RigGit, trashes: readonly string[]): void {
  for (const trash of trashes) {
    const swept = (emptying.get(trash) ?? Promise.resolve())
      .then(() => emptyTrash(trash))
      .catch((error) => deps.report?.(error))
      .finally(() => emptying.get(trash) === swept && emptying.delete(trash))
    emptying.set(trash, swept)
  }
}

/** All sweeps that were begun are over. */
export const trashEmptied = async (): Promise<void> => void (await Promise.all(emptying.values()))

/** Moves a folder into a trash of the same disk. */
export function setAside(path: string, trash: string): void {
  mkdirSync(trash, { recursive: true })
  const { mode } = lstatSync(path)
  // A folder that may not be written cannot be moved.
  if ((mode & 0o200) === 0) chmodSync(path, mode | 0o700)
  renameSync(path, join(trash, `${basename(path)}-${process.pid}-${Date.now()}-${++made}`))
}

/** Deletes what was set aside. What cannot be deleted now (files of another user) is tried again with the next. */
export async function emptyTrash(trash: string): Promise<void> {
  for (const name of entries(trash)) {
    const path = join(trash, name)
    await rm(path, { recursive: true, force: true }).catch(() => {
      makeWritable(path)
      return rm(path, { recursive: true, force: true }).catch(() => undefined)
    })
  }
  removeIfEmpty(trash)
}

/** Folders without the right to write, as some package managers leave them. */
function makeWritable(path: string): void {
  try {
    if (!lstatSync(path).isDirectory()) return
    chmodSync(path, 0o700)
    for (const name of readdirSync(path)) makeWritable(join(path, name))
  } catch {
    // Somebody else's.
  }
}

/** What is in a folder; nothing when it is none, or a link to one. */
const entries = (dir: string): string[] =>
  lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(dir) : []

function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir)
  } catch {
    // Something is in it, or it is gone.
  }
}
