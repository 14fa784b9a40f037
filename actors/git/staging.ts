// A worktree appears whole or not at all: git makes it in a staging folder, and what is finished gets its name; what
// is removed loses its name first.
// Never: leaves half a worktree under a polecat's name, where it would look like a worker that deleted everything.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { rigLayout } from '../layout.ts'
import { git, longMs } from './git.ts'
import { isWithin, linkedFrom } from './repository.ts'
import type { Place } from './worktree.ts'

/** Git's `--lock`: nothing prunes a worktree that is not at its place yet. */
const reason = 'it is being made'
let made = 0

/**
 * Makes a polecat's worktree; `ref` is what git is to check out (`-b <branch> <start>`, or a branch). Nothing may be
 * at its place.
 */
export async function addWorktree(town: string, place: Place, ref: { branch: string; start?: string }): Promise<void> {
  const { clone, polecat, staging } = rigLayout(town, place.rig)
  const path = polecat(place.polecat)
  const staged = join(staging, `${place.polecat}-${place.incarnation}-${process.pid}-${++made}`)
  const what = ref.start === undefined ? [staged, ref.branch] : ['--no-track', '-b', ref.branch, staged, ref.start]
  await git(clone, ['worktree', 'add', '--quiet', '--lock', '--reason', reason, ...what], { timeoutMs: longMs })
  const admin = linkedFrom(staged)
  // As git writes it: without links on the way.
  const link = join(realpathSync(dirname(path)), basename(path), '.git')
  await forget(clone, link)
  writeFileSync(join(admin, 'gitdir'), `${link}\n`)
  renameSync(staged, path)
  rmSync(join(admin, 'locked'))
  removeIfEmpty(staging)
}

/** Nothing is at that place: a registration that still names it would be git's reason, one day, to drop the new one. */
async function forget(clone: string, link: string): Promise<void> {
  const admins = join(clone, '.git/worktrees')
  const stale = entries(admins).filter((name) => registered(join(admins, name)) === link)
  if (stale.length === 0 || existsSync(link)) return
  for (const name of stale) rmSync(join(admins, name, 'locked'), { force: true })
  await git(clone, ['worktree', 'prune'])
}

/** The `.git` file that a registration names; undefined when it names none. */
function registered(admin: string): string | undefined {
  const file = join(admin, 'gitdir')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/**
 * Removes what killed gits left in the staging folder and in the clone's list: of one polecat, or of all, while none
 * of theirs is being made.
 */
export async function clearStaged(town: string, rig: string, polecat?: string): Promise<void> {
  const { clone, staging, trash } = rigLayout(town, rig)
  const admins = join(clone, '.git/worktrees')
  const isLeft = (name: string) => {
    const link = registered(join(admins, name))
    if (link === undefined || isWithin(dirname(link), staging)) return true
    const locked = join(admins, name, 'locked')
    return !existsSync(link) && existsSync(locked) && readFileSync(locked, 'utf8').trim() === reason
  }
  const left = [...new Set([...entries(staging), ...entries(admins).filter(isLeft)])].filter((name) => {
    const [, whose] = /^(.+)-\d+-\d+-\d+$/.exec(name) ?? []
    return whose !== undefined && (polecat === undefined || whose === polecat)
  })
  if (left.length === 0) return
  for (const name of left) {
    rmSync(join(admins, name, 'locked'), { force: true })
    if (existsSync(join(staging, name))) setAside(join(staging, name), trash)
  }
  removeIfEmpty(staging)
  await git(clone, ['worktree', 'prune'])
  await emptyTrash(trash)
}

/** Takes a worktree from its place in one step, and deletes it. */
export async function discardWorktree(town: string, place: Place): Promise<void> {
  const { clone, polecat, trash } = rigLayout(town, place.rig)
  const path = polecat(place.polecat)
  // Somebody may have locked it; that would keep its registration.
  rmSync(join(linkedFrom(path), 'locked'), { force: true })
  setAside(path, trash)
  await git(clone, ['worktree', 'prune'])
  await emptyTrash(trash)
}

/** Moves a folder into a trash of the same disk. */
export function setAside(path: string, trash: string): void {
  mkdirSync(trash, { recursive: true })
  const { mode } = lstatSync(path)
  // A folder that may not be written cannot be moved.
  if ((mode & 0o200) === 0) chmodSync(path, mode | 0o700)
  renameSync(path, join(trash, `${process.pid}-${Date.now()}-${++made}`))
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
