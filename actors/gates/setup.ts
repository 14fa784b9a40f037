// Makes a new worktree, or the place of a gate, ready to work in: copies files that git does not know, and runs the
// rig's setup.
// Never: follows a link, or copies anything out of its tree; overwrites what is there; runs what an agent configured.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { RigConfig } from '../config.ts'
import { copyPlain } from '../files.ts'
import type { At } from '../git/at.ts'
import { git } from '../git/git.ts'
import { hide } from '../git/hidden.ts'
import { writeRecord } from '../git/place.ts'
import type { RigGit } from '../git/rig.ts'
import { statusOf } from '../git/status.ts'
import { type ProvenPlace, prove } from '../git/worktree.ts'
import { rigLayout } from '../layout.ts'
import { asThePerson } from '../umask.ts'
import { endWords, runStep, type Step, type Surroundings } from './step.ts'

/** The rig's setup; what it downloads is kept from run to run in `cache`. */
export function setupSteps(rig: RigConfig, cache: string): Step[] {
  const caches = { npm_config_cache: join(cache, 'npm'), XDG_CACHE_HOME: join(cache, 'xdg') }
  return Object.entries(rig.setup).map(([name, { argv, env }]) => ({
    name: `setup/${name}`,
    command: { argv, env: { ...caches, ...rig.env, ...env } },
    limitMs: rig.setup_timeout,
  }))
}

/** Copies the rig's `copy` from the Mayor's clone; throws, in words, when one is not there. */
export async function copyFiles(town: string, rig: RigConfig, place: string): Promise<void> {
  const { clone } = rigLayout(town, rig.name)
  for (const path of rig.copy) {
    const stat = await plain(clone, path)
    if (!stat) throw new Error(`${path}, which "copy" names, is no file or folder in ${clone}: put it there`)
    await copyOne(clone, place, path)
  }
}

/** A file or folder to which no link leads; undefined: there is none. */
async function plain(root: string, path: string) {
  for (let dir = dirname(path); dir !== '.'; dir = dirname(dir))
    if (!lstatSync(join(root, dir), { throwIfNoEntry: false })?.isDirectory()) return undefined
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false })
  return stat?.isFile() || stat?.isDirectory() ? stat : undefined
}

async function copyOne(from: string, to: string, path: string): Promise<void> {
  const stat = await lstat(join(from, path))
  if (stat.isDirectory()) {
    if (!makeFolder(to, path)) return
    for (const name of await readdir(join(from, path))) await copyOne(from, to, join(path, name))
    return
  }
  if (!stat.isFile() || !makeFolder(to, dirname(path))) return
  try {
    await copyPlain(from, path, join(to, path))
  } catch (error) {
    // What the commit brings itself stays as it is.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** false: the repository has something else there, a link perhaps. */
function makeFolder(root: string, path: string): boolean {
  let dir = root
  for (const name of path === '.' ? [] : path.split('/')) {
    dir = join(dir, name)
    const stat = lstatSync(dir, { throwIfNoEntry: false })
    if (stat && !stat.isDirectory()) return false
    if (!stat) asThePerson(() => mkdirSync(dir))
  }
  return true
}

/** What is copied is no work of the worker's, and no business of `git add --all`. */
async function hideCopied(town: string, rig: RigConfig, { at, own }: ProvenPlace): Promise<void> {
  const hidden: string[] = []
  for (const path of rig.copy) {
    const tracked = await git(at, ['ls-files', '--', path], { env: { GIT_LITERAL_PATHSPECS: '1' } })
    if (tracked.stdout === '') hidden.push(`/${path.replaceAll(/[\\*?[]/g, '\\$&')}`)
  }
  hide(town, rig.name, own, hidden)
}

/**
 * The effect: a worker's worktree, once for each setup. `logOf` names the log of a step, `report` hears what is said
 * once in words.
 */
export async function setUpWorktree(
  { town, rig, at, logOf, report }: SetUp,
  place: EffectInput<'setUpWorktree'>,
  signal: AbortSignal,
): Promise<EffectOutput<'setUpWorktree'>> {
  const proven = await prove(gitOf(town, rig), place)
  const { incarnation: _, ...record } = proven.record
  await hideCopied(town, rig, proven)
  // Done again it would meet a worker's half-done work, and take away what was installed.
  if (record.setup === hashOf(rig)) return { kind: 'ready' }
  const before = await untracked(proven.at)
  try {
    await copyFiles(town, rig, proven.path)
  } catch (error) {
    return { kind: 'failed', why: (error as Error).message, tail: '' }
  }
  for (const step of setupSteps(rig, rigLayout(town, rig.name).gateCache)) {
    const done = await runStep(step, at, logOf(step.name), signal)
    const said = `${step.name} (${step.command.argv.join(' ')})`
    if (done.kind === 'broken') return { kind: 'failed', why: `${said} cannot run: ${done.why}`, tail: '' }
    if (done.kind === 'failed') return { kind: 'failed', why: `${said} ${endWords(step, done)}`, tail: done.tail }
  }
  await writeRecord(town, place, { ...record, setup: hashOf(rig) })
  const left = (await untracked(proven.at)).filter((file) => !before.includes(file))
  if (left.length > 0)
    report(
      `the setup of ${rig.name} leaves files in ${place.polecat}’s worktree that git does not ignore (${left.slice(0, 5).join(', ')}): they count as its work; put them into .gitignore`,
    )
  return { kind: 'ready' }
}

/** What git's rooms are told of a rig. */
export const gitOf = (town: string, rig: RigConfig): RigGit => ({
  town,
  defaultBranch: () => rig.default_branch,
  url: () => rig.git_url,
})

interface SetUp {
  town: string
  rig: RigConfig
  at: Surroundings
  logOf(step: string): string
  report(words: string): void
}

/** Of what the rig wants done in a new worktree, and of nothing else. */
const hashOf = ({ setup, copy }: RigConfig) =>
  createHash('sha256')
    .update(JSON.stringify([setup, copy]))
    .digest('hex')

/** Files that git shows: changed, or new and not ignored. */
const untracked = async (at: At) => (await statusOf(at, 'all')).changed.map(({ path }) => path)
