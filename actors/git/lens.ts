// A lens: a folder the town writes that shows another repository's objects and refs, with configuration, hooks and
// excludes of its own. Git takes it for the common folder (GIT_COMMON_DIR), so that nothing an agent writes into the
// configuration or the hooks of a repository is read, let alone run.
// Never: shows `config`, `hooks` or `info` of what it looks at; is written by anybody but the town.
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { hiddenLinks } from '../beads/links.ts'
import { textOf, writePassing } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { type At, plainly } from './at.ts'
import { realOf } from './repository.ts'

/** What a lens shows of the repository: what git keeps there for all its worktrees, but how it is to behave. */
const shown = ['objects', 'refs', 'packed-refs', 'logs', 'worktrees', 'shallow']

/** Of the Mayor's clone, without a worktree: for refs and objects. */
export function cloneAt(town: string, rig: string): At {
  return through(lensOf(town, rig), undefined, rigLayout(town, rig).lens)
}

/** Of a worktree of the Mayor's clone, by its own folder in the clone, which need not say so itself. */
export function worktreeAt(town: string, rig: string, worktree: string, admin: string): At {
  return through(lensOf(town, rig), { worktree, gitDir: admin }, worktree)
}

/** Git that sees `lens` as the common folder. */
export function through(lens: string, of: { worktree: string; gitDir: string } | undefined, cwd: string): At {
  const plain = plainly(cwd)
  return {
    ...plain,
    env: {
      ...plain.env,
      GIT_DIR: of?.gitDir ?? lens,
      GIT_COMMON_DIR: lens,
      ...(of ? { GIT_WORK_TREE: of.worktree } : {}),
    },
  }
}

/** The lens on a rig's Mayor's clone; made when it is not there, or not all of it. */
export function lensOf(town: string, rig: string): string {
  const { lens } = rigLayout(town, rig)
  mustHaveRepositories(town, rig)
  if (!isFilled(alternatesIn(town, rig))) shareObjects(town, rig)
  if (!isWhole(lens)) makeLens(town, rig, textOf(join(lens, excluded)) || hiddenLinks(town, rig))
  return lens
}

/** From the objects of the Mayor's clone to those of the Refinery's, which never deletes any. */
export const alternates = '../../../../refinery/rig/.git/objects\n'
const alternatesIn = (town: string, rig: string) => join(rigLayout(town, rig).clone, '.git/objects/info/alternates')

/** Clones made before they shared objects, and agents, may lack the way to the Refinery's. */
export function shareObjects(town: string, rig: string): void {
  const file = alternatesIn(town, rig)
  const known = textOf(file) ?? ''
  if (known.split('\n').includes(alternates.trim())) return
  mkdirSync(dirname(file), { recursive: true })
  writePassing(file, `${alternates}${known}`)
}

/**
 * Throws in words where a rig's clones are gone: nothing is to be begun anew in their place. The Refinery's HEAD alone
 * is made again: git sees no repository without one, and nothing there goes by it.
 */
export function mustHaveRepositories(town: string, rig: string): void {
  const { clone, refineryClone } = rigLayout(town, rig)
  for (const path of [clone, refineryClone])
    if (!existsSync(join(path, '.git/objects')))
      throw new Error(
        `${path} has no repository of its own any more (.git): put it back from a copy of your own, or clone origin there (git clone <git_url> ${path})`,
      )
  const head = join(refineryClone, '.git/HEAD')
  if (!isFilled(head)) writePassing(head, nowhere)
}

/** Makes the lens of a rig anew; `excludes` are the files that are nobody's work, as `.gitignore` has them. */
export function makeLens(town: string, rig: string, excludes = ''): void {
  const { lens, clone, refineryClone } = rigLayout(town, rig)
  const common = join(clone, '.git')
  for (const dir of ['logs/refs/heads', 'worktrees', 'refs/heads', 'refs/tags', 'refs/gt'])
    mkdirSync(join(common, dir), { recursive: true })
  writeLens(lens, common, formatOf(refineryClone), excludes)
}

/** Writes a lens at `lens` on the repository whose common folder is `common`. */
export function writeLens(lens: string, common: string, format: string, exclude = ''): void {
  mkdirSync(join(lens, 'info'), { recursive: true, mode: 0o700 })
  for (const name of shown) link(join(lens, name), join(common, name))
  writePassing(join(lens, 'HEAD'), nowhere)
  writePassing(join(lens, excluded), exclude)
  writePassing(join(lens, 'config'), format)
}

const excluded = 'info/exclude'
const nowhere = 'ref: refs/heads/nothing\n'

const isFilled = (path: string) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0

/** Git that finds a part of it missing says only that this is no repository. */
const isWhole = (lens: string) =>
  ['HEAD', 'config'].every((name) => isFilled(join(lens, name))) &&
  [...shown, excluded].every((name) => lstatSync(join(lens, name), { throwIfNoEntry: false }))

/** A link to `target`, relative where both are of one town, so that a town can be moved. */
export function link(path: string, target: string): void {
  const text = relative(realOf(dirname(path)), join(realOf(dirname(target)), target.slice(dirname(target).length + 1)))
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there?.isSymbolicLink() && readlinkSync(path) === text) return
  if (there) rmSync(path, { recursive: true })
  symlinkSync(text, path)
}

const kept = ['ignorecase', 'precomposeunicode', 'symlinks', 'filemode', 'protecthfs', 'protectntfs']

/**
 * How a repository stores things, told by the configuration git wrote when it made it: what a lens must repeat, and
 * nothing else.
 */
export function formatOf(repository: string): string {
  const path = [join(repository, '.git/config'), join(repository, 'config')].find((each) => existsSync(each))
  const text = (path === undefined ? undefined : textOf(path)) ?? ''
  const core = kept.flatMap((name) => {
    const value = new RegExp(`^\\s*${name}\\s*=\\s*(true|false)\\s*$`, 'im').exec(text)?.[1]
    return value === undefined ? [] : [`\t${name} = ${value}`]
  })
  const isSha256 = /^\s*objectformat\s*=\s*sha256\s*$/im.test(text)
  return [
    '[core]',
    `\trepositoryformatversion = ${isSha256 ? 1 : 0}`,
    '\tbare = false',
    '\tlogallrefupdates = true',
    ...core,
    ...(isSha256 ? ['[extensions]', '\tobjectformat = sha256'] : []),
    '',
  ].join('\n')
}
