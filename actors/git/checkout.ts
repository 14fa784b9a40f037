// A commit checked out for gates, in a folder with a repository of its own that has no remote and shares nothing
// writable with the town. Its HEAD and index are kept once more where no gate can write, and say what a gate changed.
// Never: uses a folder twice; believes the folder's own repository.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { rigLayout, townLayout } from '../layout.ts'
import { asThePerson } from '../umask.ts'
import { type At, plainly } from './at.ts'
import { git, longMs, revision } from './git.ts'
import { formatOf } from './lens.ts'
import { realOf } from './repository.ts'
import type { RigGit } from './rig.ts'
import { statusOf } from './status.ts'
import { fillSubmodules, hasSubmodules } from './submodules.ts'

export interface CheckedOut {
  place: string
  commit: string
  /** The town's own HEAD and index of it. */
  gitDir: string
  /** Folders of submodules below it, each checked out in the same way. */
  inside: CheckedOut[]
}

/**
 * Checks `commit` of the Refinery's clone out into `place`, which must not exist. What it makes at `place` is for the
 * caller to remove; `forget` removes the rest.
 */
export async function checkOut(deps: RigGit, rig: string, commit: string, place: string): Promise<CheckedOut> {
  const { refineryClone } = rigLayout(deps.town, rig)
  if (existsSync(place)) throw new Error(`${place} is there already; gates get a new folder each time`)
  const branch = deps.defaultBranch(rig)
  const base = (await revision(refineryClone, `refs/remotes/origin/${branch}`)) ?? commit
  const checkedOut = await checkOutFrom(deps.town, join(refineryClone, '.git'), commit, place, { branch, base })
  if (hasSubmodules(place))
    await fillSubmodules(deps, rig, { repository: refineryClone, commit, place }, async (from, pointer, folder) => {
      checkedOut.inside.push(await checkOutFrom(deps.town, from, pointer, folder, undefined))
    })
  return checkedOut
}

/** Which tracked files differ now from what was checked out, relative to the place; those of submodules too. */
export async function changedFiles(checkedOut: CheckedOut): Promise<string[]> {
  const changed = (await statusOf(at(checkedOut), 'no')).changed.map(({ path }) => path)
  for (const module of checkedOut.inside)
    changed.push(...(await changedFiles(module)).map((file) => join(relative(checkedOut.place, module.place), file)))
  return changed
}

/** Puts every tracked file back as it was checked out; what is untracked stays. */
export async function restore(checkedOut: CheckedOut): Promise<void> {
  await git(at(checkedOut), ['read-tree', '--reset', '-u', checkedOut.commit], { mostMs: longMs })
  for (const module of checkedOut.inside) await restore(module)
}

/** Removes what the town kept of it. */
export async function forget(checkedOut: CheckedOut): Promise<void> {
  await rm(checkedOut.gitDir, { recursive: true, force: true })
  for (const module of checkedOut.inside) await forget(module)
}

/** Removes what a daemon that was killed left of the checkouts of its gates. */
export function forgetAll(town: string): void {
  rmSync(townLayout(town).checkouts, { recursive: true, force: true })
}

let made = 0

async function checkOutFrom(
  town: string,
  from: string,
  commit: string,
  place: string,
  main: { branch: string; base: string } | undefined,
): Promise<CheckedOut> {
  const { checkouts } = townLayout(town)
  mkdirSync(checkouts, { recursive: true, mode: 0o700 })
  const gitDir = join(checkouts, `${basename(place)}-${process.pid}-${++made}`)
  const format = formatOf(from)
  asThePerson(() => mkdirSync(place, { recursive: true }))
  await writeRepository(gitDir, from, commit, format)
  const checkedOut = { place, commit, gitDir, inside: [] }
  await git(at(checkedOut), ['read-tree', '--reset', '-u', commit], { mostMs: longMs })
  const own = join(place, '.git')
  await writeRepository(own, from, commit, format)
  await copyFile(join(gitDir, 'index'), join(own, 'index'))
  if (main) await writeMain(own, main)
  return checkedOut
}

/** A repository with all objects of `from` and none of its own, HEAD at `commit`. */
async function writeRepository(dir: string, from: string, commit: string, format: string): Promise<void> {
  for (const each of ['objects/info', 'refs/heads', 'refs/tags', 'info'])
    await mkdir(join(dir, each), { recursive: true })
  await writeFile(
    join(dir, 'objects/info/alternates'),
    `${relative(realOf(join(dir, 'objects')), realOf(join(from, 'objects')))}\n`,
  )
  await writeFile(join(dir, 'HEAD'), `${commit}\n`)
  const shallow = join(from, 'shallow')
  if (existsSync(shallow)) await copyFile(shallow, join(dir, 'shallow'))
  await writeFile(join(dir, 'config'), `${format}[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n`)
}

async function writeMain(dir: string, { branch, base }: { branch: string; base: string }): Promise<void> {
  for (const ref of [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`]) {
    await mkdir(dirname(join(dir, ref)), { recursive: true })
    await writeFile(join(dir, ref), `${base}\n`)
  }
  await writeFile(join(dir, 'refs/remotes/origin/HEAD'), `ref: refs/remotes/origin/${branch}\n`)
}

function at({ place, gitDir }: Pick<CheckedOut, 'place' | 'gitDir'>): At {
  const plain = plainly(place)
  return { ...plain, env: { ...plain.env, GIT_DIR: gitDir, GIT_COMMON_DIR: gitDir, GIT_WORK_TREE: place } }
}
