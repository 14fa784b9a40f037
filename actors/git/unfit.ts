// Finds what stands against putting an issue's work on main: files that others could not check out, commits of other
// repositories that no origin has, and files that git could only merge with a program that is not here.
// Never: runs any of those programs.
import { rigLayout } from '../layout.ts'
import { type Attributes, attributeOf } from './attributes.ts'
import { git, longMs } from './git.ts'
import type { Member, RigGit } from './rig.ts'
import { fetched, SubmoduleMissing, submodulesOf } from './submodules.ts'

/** Why work cannot be put on main as it is. */
export interface Unfit {
  kind: 'unfit'
  as: 'conflict' | 'unmergeable'
  why: string
  files: string[]
}

export const unfit = (as: 'conflict' | 'unmergeable', why: string, files: string[] = []): Unfit => ({
  kind: 'unfit',
  as,
  why,
  files,
})

export interface Change {
  path: string
  mode: string
  status: string
}

/** What the work changes since it left the other one. */
export async function changesOf(repository: string, onto: string, sha: string): Promise<Change[] | 'unrelated'> {
  const diff = (from: string[]) =>
    git(repository, ['diff-tree', '-r', '-z', '--raw', '--no-renames', ...from, sha], {
      okCodes: [0, 128, 129],
      mostMs: longMs,
    })
  let answer = await diff(['--merge-base', onto])
  if (answer.exitCode !== 0) {
    // None, or several; or a git that does not know the question.
    const { stdout, exitCode } = await git(repository, ['merge-base', '--all', onto, sha], { okCodes: [0, 1] })
    if (exitCode !== 0) return 'unrelated'
    answer = await diff([stdout.split('\n')[0] ?? onto])
  }
  const fields = answer.stdout.split('\0')
  const changes: Change[] = []
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const [, mode = '', , , status = ''] = (fields[n] ?? '').split(' ')
    changes.push({ path: fields[n + 1] ?? '', mode, status })
  }
  return changes
}

export const isAttributes = (path: string) => /(^|\/)\.gitattributes$/.test(path)
const withAttributes = new Set<string>()
const withAttributesMax = 10_000
export function noteAttributes(sha: string): void {
  if (withAttributes.size >= withAttributesMax) withAttributes.delete(String(withAttributes.values().next().value))
  withAttributes.add(sha)
}
/** Whether work that was put on something changes what attributes say. */
export const changesAttributes = (sha: string): boolean => withAttributes.has(sha)

/** What of the work others could not check out, or git could only merge with a program it does not have here. */
export async function wrongWith(
  deps: RigGit,
  rig: string,
  { sha }: Member,
  { onto, attributes }: { onto: string; attributes: Attributes },
  changes: readonly Change[],
): Promise<Unfit | undefined> {
  const { refineryClone: repository } = rigLayout(deps.town, rig)
  const there = changes.filter(({ status }) => status !== 'D')
  for (const { path } of there.filter((each) => isAttributes(each.path))) {
    const { stdout } = await git(repository, ['cat-file', 'blob', `${sha}:${path}`], { okCodes: [0, 128] })
    if (/\sfilter=lfs\b/.test(stdout) && !attributes.hasLfs)
      return unfit('unmergeable', `${path} gives files to Git LFS, whose objects Gas Town does not bring to origin`, [
        path,
      ])
  }
  if (attributes.hasLfs) {
    const filters = await attributeOf(
      attributes,
      'filter',
      there.map(({ path }) => path),
    )
    const files = [...filters].flatMap(([path, filter]) => (filter === 'lfs' ? [path] : []))
    if (files.length > 0)
      return unfit(
        'unmergeable',
        `${files[0]} is kept by Git LFS, whose objects Gas Town does not bring to origin`,
        files,
      )
  }
  if (there.some(({ mode }) => mode === '160000')) {
    const missing = await missingPointers(deps, rig, sha, there)
    if (missing) return missing
  }
  if (attributes.drivers.size === 0) return undefined
  const theirs = await changesOf(repository, sha, onto)
  const both = new Set(theirs === 'unrelated' ? [] : theirs.map(({ path }) => path))
  const met = changes.map(({ path }) => path).filter((path) => both.has(path))
  for (const [path, driver] of await attributeOf(attributes, 'merge', met))
    if (attributes.drivers.has(driver))
      return unfit(
        'conflict',
        `${path} is to be merged by the driver “${driver}” (.gitattributes), which is not run here`,
        [path],
      )
  return undefined
}

async function missingPointers(
  deps: RigGit,
  rig: string,
  sha: string,
  changes: readonly Change[],
): Promise<Unfit | undefined> {
  const { refineryClone: repository } = rigLayout(deps.town, rig)
  const submodules = await submodulesOf(repository, sha, deps.url(rig))
  for (const { path } of changes.filter(({ mode }) => mode === '160000')) {
    const submodule = submodules.find((each) => each.path === path)
    if (!submodule)
      return unfit('unmergeable', `${path} is a commit of another repository, and .gitmodules does not say of which`, [
        path,
      ])
    try {
      await fetched(deps, rig, submodule)
    } catch (error) {
      if (!(error instanceof SubmoduleMissing) || error.isAway) throw error
      return unfit('unmergeable', error.message, [path])
    }
  }
  return undefined
}
