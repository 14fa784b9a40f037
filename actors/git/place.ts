// A polecat's place in the Mayor's clone: what the town remembers of it, and where git keeps its own folder. A place
// has its own configuration, hooks, stash and view of origin; it shares objects, branches and tags with the clone.
// Never: reads a worker's files to know whose place it is.
import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { moveAside } from '../copies.ts'
import { append, noteAt, textOf, writePassing, writeWholeBeside } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { formatOf, link } from './lens.ts'
import { isWithin, realOf } from './repository.ts'
import type { Place, RigGit } from './rig.ts'
import { quoted, type Submodule } from './submodules.ts'

const placeRecord = z.object({
  incarnation: z.int(),
  /** The commit it began at. */
  start: z.string(),
  /** main as it was then. */
  base: z.string(),
  /** The setup that was done in it, as a hash of the configuration; absent: none was, to its end. */
  setup: z.string().optional(),
})
export type PlaceRecord = z.infer<typeof placeRecord>

export const readRecord = (town: string, rig: string, polecat: string): PlaceRecord | undefined =>
  noteAt(rigLayout(town, rig).placeRecord(polecat), placeRecord)

export async function writeRecord(
  town: string,
  { rig, polecat, incarnation }: Place,
  at: Omit<PlaceRecord, 'incarnation'>,
): Promise<void> {
  const path = rigLayout(town, rig).placeRecord(polecat)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  await writeWholeBeside(path, JSON.stringify({ incarnation, ...at }), 0o600)
}

export function removeRecord(town: string, { rig, polecat, incarnation }: Place): void {
  if (readRecord(town, rig, polecat)?.incarnation === incarnation)
    rmSync(rigLayout(town, rig).placeRecord(polecat), { force: true })
}

/** Git's own folder of a place, which is there while the place is. */
export const adminOf = (town: string, { rig, polecat, incarnation }: Place): string =>
  join(rigLayout(town, rig).clone, '.git/worktrees', `${polecat}-${incarnation}`)

/**
 * Git's folders that say they are of this path, whatever they are called: also those that git made itself. A folder
 * that names nothing is of nobody.
 */
export function adminsNaming(town: string, rig: string, path: string): string[] {
  const admins = join(rigLayout(town, rig).clone, '.git/worktrees')
  if (!existsSync(admins)) return []
  return readdirSync(admins)
    .map((name) => join(admins, name))
    .filter((admin) => {
      const link = textOf(join(admin, 'gitdir'))?.trim()
      return link !== undefined && realOf(dirname(resolve(admin, link))) === realOf(path)
    })
}

/** Whether a folder of git's has the name of this place: `Nux-1`, or `Nux-1-<process>-<n>` as it was before. */
export function isAdminOf(admin: string, { polecat, incarnation }: Place): boolean {
  const name = basename(admin)
  const own = `${polecat}-${incarnation}`
  return name === own || (name.startsWith(`${own}-`) && /^\d+-\d+$/.test(name.slice(own.length + 1)))
}

/**
 * What git must read of its own folder of a place is a file with something in it: whatever else a worker put there
 * would hold git up for ever. True when the index is to be read anew.
 */
export function mendAdmin(admin: string, branch: string): boolean {
  const isOdd = (name: string) => {
    const path = join(admin, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isFile() && found.size > 0) return false
    rmSync(path, { recursive: true, force: true })
    return true
  }
  if (isOdd('HEAD')) writePassing(join(admin, 'HEAD'), `ref: refs/heads/${branch}\n`)
  if (isOdd('commondir')) writePassing(join(admin, 'commondir'), 'common\n')
  return isOdd('index')
}

/**
 * Makes the links of a place to what it shares with the clone that are not there. Where one is missing, git makes a
 * folder of its own there, and what is committed then is on no branch that anybody else sees. What is in such a folder
 * is set aside, for it is nowhere else.
 */
export function linkShared({ town }: Pick<RigGit, 'town'>, rig: string, common: string): void {
  const clone = join(rigLayout(town, rig).clone, '.git')
  for (const name of [
    'objects',
    'packed-refs',
    'worktrees',
    'shallow',
    ...shared.map((ref) => `refs/${ref}`),
    branchLog,
  ]) {
    const path = join(common, name)
    if (isLink(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    moveAside(townLayout(town).aside, rig, [path])
    link(path, join(clone, name))
  }
}

const branchLog = 'logs/refs/heads'

/** What all worktrees share of the clone's refs; the rest is a worker's own: its stash, and what it sees of origin. */
const shared = ['heads', 'tags', 'gt', 'notes']

/**
 * Writes git's own folder of a place into `admin`, which is at the same depth as it will be, with HEAD on the place's
 * branch. Its common folder is its own.
 */
export function writeAdmin(
  deps: RigGit,
  place: Place,
  { admin, start, main }: { admin: string; start: string; main: string | undefined },
): void {
  const { clone, polecat } = rigLayout(deps.town, place.rig)
  const path = polecat(place.polecat)
  mkdirSync(join(admin, 'logs'), { recursive: true })
  writePassing(join(admin, 'HEAD'), `ref: refs/heads/${place.branch}\n`)
  writePassing(join(admin, 'commondir'), 'common\n')
  // Absolute: older gits take a relative one for a folder that is gone. A town that was moved is healed at its start.
  writePassing(join(admin, 'gitdir'), `${join(realpathSync(dirname(path)), basename(path), '.git')}\n`)
  const nothing = '0'.repeat(start.length)
  writePassing(
    join(admin, 'logs/HEAD'),
    `${nothing} ${start} Gas Town <refinery@gastown.invalid> ${Math.floor(Date.now() / 1000)} +0000\tmade\n`,
  )
  writeCommon(deps, place.rig, join(clone, '.git'), join(admin, 'common'), main)
}

function writeCommon(deps: RigGit, rig: string, clone: string, common: string, main: string | undefined): void {
  const branch = deps.defaultBranch(rig)
  for (const name of shared) mkdirSync(join(clone, 'refs', name), { recursive: true })
  mkdirSync(join(clone, branchLog), { recursive: true })
  for (const dir of ['refs', 'hooks', 'info']) mkdirSync(join(common, dir), { recursive: true })
  linkShared(deps, rig, common)
  if (main !== undefined) {
    const tracked = join(common, 'refs/remotes/origin', branch)
    mkdirSync(dirname(tracked), { recursive: true })
    writePassing(tracked, `${main}\n`)
    // What `origin/HEAD`, and `origin` alone, mean to git and to agents.
    writePassing(join(common, 'refs/remotes/origin/HEAD'), `ref: refs/remotes/origin/${branch}\n`)
  }
  // Main cannot be checked out in a worker's place; it would no longer follow origin.
  writePassing(join(common, 'HEAD'), `ref: refs/heads/${branch}\n`)
  const excluded = join(rigLayout(deps.town, rig).lens, 'info/exclude')
  writePassing(join(common, 'info/exclude'), textOf(excluded) ?? '')
  writePassing(join(common, 'hooks/pre-push'), prePushFor(deps.url(rig), branch), 0o755)
  writePassing(
    join(common, 'config'),
    configFor(formatOf(rigLayout(deps.town, rig).refineryClone), deps.url(rig), branch),
  )
}

/**
 * Refuses, in words, what would go past the gates; other branches and other repositories may be pushed to. It is a
 * worker's own like all its hooks: the project may put another in its place, and `--no-verify` goes past it. What comes
 * to main that way is told (`build.ts`).
 */
const prePushFor = (url: string, branch: string) => `#!/bin/sh
# Of Gas Town: ${branch} of origin is pushed by the Refinery, once the gates have passed. The rest is yours.
[ "$1" = origin ] || [ "$2" = ${inShell(url)} ] || exit 0
while read -r _ _ ref _; do
  [ "$ref" = ${inShell(`refs/heads/${branch}`)} ] || continue
  printf '%s\\n' ${inShell(`Not pushed: ${branch} is the Refinery's, which lands what the gates have passed. Commit on your branch and say: gt handoff`)} >&2
  exit 1
done
`
const inShell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

const configFor = (format: string, url: string, branch: string) => `${format}[core]
\tfilesRefLockTimeout = 5000
\tpackedRefsTimeout = 10000
[gc]
\tauto = 0
\tpackRefs = false
\tpruneExpire = never
[maintenance]
\tauto = false
[remote "origin"]
\turl = ${quoted(url)}
\tfetch = +refs/heads/*:refs/remotes/origin/*
\ttagOpt = --no-tags
[branch ${quoted(branch)}]
\tremote = origin
\tmerge = refs/heads/${branch}
`

/** Tells the worker's own git of a submodule, as `git submodule init` does. */
export function noteSubmodule(admin: string, { name, url }: Submodule): void {
  const text = `[submodule ${quoted(name)}]\n\tactive = true\n\turl = ${quoted(url ?? '')}\n`
  append(join(admin, 'common/config'), text)
}

/**
 * Writes the `.git` file that leads from a folder to a repository; `as` is where the folder will be. Relative, so that
 * a town can be moved, but not behind a link that leads out of it.
 */
export function writeGitFile(town: string, folder: string, as: string, repository: string): void {
  const isNear = isWithin(dirname(as), town)
  writePassing(
    join(folder, '.git'),
    `gitdir: ${isNear ? relative(realOf(as), realOf(repository)) : realOf(repository)}\n`,
  )
}

export const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
