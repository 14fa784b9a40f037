// What is done before a town uses git: it is checked that the git here is new enough, and what a killed daemon or a
// move of the town's folder left behind is mended.
// Never: changes anybody's work.
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { hiddenLinks } from '../beads/links.ts'
import { homeOf } from '../environment.ts'
import { textAt, textOf, writePassing } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { overNetwork, plainly } from './at.ts'
import { forgetAll } from './checkout.ts'
import { withoutCredentials } from './credentials.ts'
import { contains, GitFailed, git } from './git.ts'
import { hiddenIn, hideFromClone } from './hidden.ts'
import { cloneAt, makeLens, mustHaveRepositories, shareObjects, worktreeAt } from './lens.ts'
import { writeGitFile } from './place.ts'
import { knownMain, readHead } from './refs.ts'
import { linkedFrom } from './repository.ts'
import type { RigGit } from './rig.ts'
import { allowRunning } from './run.ts'
import { endLeftGits } from './running.ts'
import { clearStaged } from './staging.ts'
import { statusOf } from './status.ts'

/** `merge-tree --write-tree` came with it. */
const leastGit = '2.38'

/** In one sentence what is wrong with the git that is found here; undefined when it will do. */
export async function gitTrouble(): Promise<string | undefined> {
  try {
    const { stdout } = await git(plainly('/'), ['version'])
    const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? []
    const [leastMajor = 0, leastMinor = 0] = leastGit.split('.').map(Number)
    const isNew = Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor)
    return isNew
      ? undefined
      : `${stdout} is too old: Gas Town needs git ${leastGit} or newer; install one and put it first on the PATH`
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error
    return `Gas Town needs git ${leastGit} or newer: ${error.trouble ?? error.message}`
  }
}

/**
 * Ends what a killed daemon had git do, removes what it did not finish, and mends what a move of the town has broken.
 * Before anything else is done with git.
 */
export async function prepareGit(deps: RigGit, rigs: readonly string[]): Promise<void> {
  allowRunning(deps.town)
  await endLeftGits(deps.town)
  forgetAll(deps.town)
  rmSync(join(townLayout(deps.town).lenses, '.nested'), { recursive: true, force: true })
  for (const rig of rigs)
    try {
      await prepareRig(deps, rig)
    } catch (error) {
      deps.report?.(error)
    }
}

async function prepareRig(deps: RigGit, rig: string): Promise<void> {
  mustHaveRepositories(deps.town, rig)
  makeLens(deps.town, rig, await excludesOf(deps.town, rig))
  hideFromClone(deps.town, rig)
  shareObjects(deps.town, rig)
  healMoved(deps.town, rig)
  healAddresses(deps, rig)
  await clearStaged(deps.town, rig)
  await detachMain(deps, rig)
}

/** An address with a password in it, as clones and places of older versions have it, is without it from now on. */
function healAddresses(deps: RigGit, rig: string): void {
  const { clone, refineryClone } = rigLayout(deps.town, rig)
  const admins = join(clone, '.git/worktrees')
  const places = existsSync(admins) ? readdirSync(admins).map((name) => join(admins, name, 'common/config')) : []
  for (const file of [join(clone, '.git/config'), join(refineryClone, '.git/config'), ...places]) {
    const text = textOf(file)
    const healed = text?.replaceAll(/https?:\/\/[^\s"]+/g, (address) => {
      const bare = withoutCredentials(address)
      return bare === deps.url(rig) ? bare : address
    })
    if (healed !== undefined && healed !== text) writePassing(file, healed)
  }
}

/** Git notes where each worktree is, and each worktree where git's own folder of it is: both as they are now. */
function healMoved(town: string, rig: string): void {
  const { clone, polecats } = rigLayout(town, rig)
  const admins = join(clone, '.git/worktrees')
  for (const name of existsSync(admins) ? readdirSync(admins) : []) {
    const file = join(admins, name, 'gitdir')
    const noted = textOf(file)
    if (noted === undefined) continue
    const was = dirname(resolve(join(admins, name), noted.trim()))
    // Not moved, or of somebody who keeps his worktree elsewhere.
    if (existsSync(was) || basename(dirname(was)) !== 'polecats') continue
    const path = join(polecats, basename(was))
    const link = join(path, '.git')
    if (!lstatSync(link, { throwIfNoEntry: false })?.isFile()) continue
    if (basename(linkedFrom(path)) !== name) continue
    writePassing(file, `${link}\n`)
    writeGitFile(town, path, path, join(admins, name))
  }
}

/**
 * The Mayor's clone does not hold main checked out as a branch, so that main can follow origin. One that somebody works
 * in is left as it is.
 */
async function detachMain(deps: RigGit, rig: string): Promise<void> {
  const { clone } = rigLayout(deps.town, rig)
  const common = join(clone, '.git')
  const { branch, commit } = await readHead(common, common)
  if (branch !== deps.defaultBranch(rig) || commit === undefined) return
  const main = await knownMain(deps, rig)
  const at = worktreeAt(deps.town, rig, clone, common)
  if (main === undefined || !(await contains(cloneAt(deps.town, rig), commit, main))) return
  if ((await statusOf(at, 'no')).changed.length > 0) return
  writePassing(join(common, 'HEAD'), `${commit}\n`)
}

const excludesMaxBytes = 256 * 1024

/**
 * What is never anybody's work in a rig: the beads in the Mayor's clone, what is copied into places, and what the person
 * ignores everywhere.
 */
export async function excludesOf(town: string, rig: string): Promise<string> {
  const own = `${hiddenLinks(town, rig)}${hiddenIn(town, rig)}`
  const { stdout } = await git(overNetwork(town), ['config', '--global', '--type=path', '--get', 'core.excludesFile'], {
    okCodes: [0, 1, 128],
  })
  const home = homeOf(process.env)
  const config = process.env.XDG_CONFIG_HOME ?? (home === undefined ? undefined : join(home, '.config'))
  const file = stdout !== '' ? stdout : config === undefined ? undefined : join(config, 'git/ignore')
  if (file === undefined) return own
  try {
    return `${own}${textAt(file, excludesMaxBytes)}\n`
  } catch {
    // Not there, a folder, unreadable: git passes over it too.
    return own
  }
}
