// Finds a commit's submodules and what their own origins have, and fills a place with them. What was fetched is kept
// under the Refinery, in one bare repository for each address.
// Never: takes an address from anywhere but `.gitmodules` at the commit, or a local one for a project that is not local
// itself; runs in a submodule's own repository once an agent had it.
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { writePassing } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { asThePerson } from '../umask.ts'
import { type At, overNetwork, plainly } from './at.ts'
import { asking } from './credentials.ts'
import { GitFailed, git, longMs } from './git.ts'
import { formatOf } from './lens.ts'
import { realOf } from './repository.ts'
import { type RigGit, silentMaxMs } from './rig.ts'
import { shown } from './shown.ts'

export interface Submodule {
  name: string
  path: string
  /** Where its own origin is; undefined when that address is not to be asked. */
  url: string | undefined
  /** The commit that the project names. */
  pointer: string
}

/** Its origin gave no answer, or does not have the commit. */
export class SubmoduleMissing extends Error {
  override name = 'SubmoduleMissing'
  readonly isAway: boolean
  constructor(message: string, isAway: boolean) {
    super(shown(message))
    this.isAway = isAway
  }
}

const depthMax = 5

export const hasSubmodules = (place: string): boolean =>
  lstatSync(join(place, '.gitmodules'), { throwIfNoEntry: false })?.isFile() ?? false

type Put = (from: string, pointer: string, folder: string, submodule: Submodule) => Promise<void>

/** Gets every submodule of the commit, and of those in turn; `put` writes one into its folder. */
export async function fillSubmodules(
  deps: RigGit,
  rig: string,
  of: { repository: At | string; commit: string; place: string; parentUrl?: string },
  put: Put,
  depth = 1,
): Promise<void> {
  const parentUrl = of.parentUrl ?? deps.url(rig)
  for (const submodule of await submodulesOf(of.repository, of.commit, parentUrl)) {
    const cache = await fetched(deps, rig, submodule)
    const folder = join(of.place, submodule.path)
    await put(cache, submodule.pointer, folder, submodule)
    if (!hasSubmodules(folder) || depth === depthMax) continue
    const inner = { repository: cache, commit: submodule.pointer, place: folder, parentUrl: submodule.url ?? '' }
    await fillSubmodules(deps, rig, inner, put, depth + 1)
  }
}

/** The submodules that `.gitmodules` of a commit and the commit itself name. */
export async function submodulesOf(at: At | string, commit: string, parentUrl: string): Promise<Submodule[]> {
  const { stdout, exitCode } = await git(at, ['config', '--blob', `${commit}:.gitmodules`, '--null', '--list'], {
    okCodes: [0, 1, 128],
  })
  if (exitCode !== 0) return []
  const named = new Map<string, Map<string, string>>()
  for (const entry of stdout.split('\0')) {
    const [key = '', ...value] = entry.split('\n')
    const [, name, setting] = /^submodule\.(.+)\.([a-z]+)$/.exec(key) ?? []
    if (name === undefined || setting === undefined) continue
    named.set(name, (named.get(name) ?? new Map()).set(setting, value.join('\n')))
  }
  const wanted = [...named].flatMap(([name, settings]) => {
    const path = settings.get('path')
    const isPlain = path !== undefined && [name, path].every(isInside)
    return isPlain && settings.get('update') !== 'none' ? [{ name, path, url: settings.get('url') ?? '' }] : []
  })
  const pointers = await pointersAt(
    at,
    commit,
    wanted.map(({ path }) => path),
  )
  return wanted.flatMap(({ name, path, url }) => {
    const pointer = pointers.get(path)
    return pointer === undefined ? [] : [{ name, path, url: addressOf(url, parentUrl), pointer }]
  })
}

const isInside = (path: string) =>
  path !== '' && !isAbsolute(path) && path.split('/').every((part) => part !== '..' && part.toLowerCase() !== '.git')

async function pointersAt(at: At | string, commit: string, paths: readonly string[]): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map()
  const { stdout } = await git(at, ['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', ...paths])
  const found = stdout.split('\0').flatMap((line) => {
    const [, sha = '', path = ''] = /^160000 commit ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
    return sha === '' ? [] : [[path, sha] as const]
  })
  return new Map(found)
}

/** A submodule's address; a relative one is told from its project's. */
function addressOf(url: string, parentUrl: string): string | undefined {
  const isLocal = (address: string) => /^(\/|\.|file:)/.test(address)
  if (url.startsWith('-') || /^[a-z]+::/i.test(url)) return undefined
  if (!/^\.\.?\//.test(url)) return isLocal(url) && !isLocal(parentUrl) ? undefined : url
  let base = parentUrl.replace(/\/+$/, '')
  let rest = url
  for (;;) {
    if (rest.startsWith('./')) rest = rest.slice(2)
    else if (rest.startsWith('../')) {
      rest = rest.slice(3)
      const cut = Math.max(base.lastIndexOf('/'), base.includes('://') ? -1 : base.lastIndexOf(':'))
      if (cut <= 0) return undefined
      base = base.slice(0, base[cut] === ':' ? cut + 1 : cut)
    } else return base.endsWith(':') ? `${base}${rest}` : `${base}/${rest}`
  }
}

/** The repository under the Refinery that has the submodule's commit; asks its origin only when it must. */
export async function fetched(deps: RigGit, rig: string, submodule: Submodule): Promise<string> {
  const { url, path, pointer } = submodule
  if (url === undefined)
    throw new SubmoduleMissing(`the submodule ${path} has an address that Gas Town does not ask`, false)
  const cache = join(rigLayout(deps.town, rig).modules, createHash('sha256').update(url).digest('hex').slice(0, 16))
  if (!existsSync(join(cache, 'HEAD'))) {
    await mkdir(cache, { recursive: true })
    await git(plainly(dirname(cache)), ['init', '--quiet', '--bare', '--template=', cache])
  }
  if (await has(cache, pointer)) return cache
  const silentMs = silentMaxMs(deps)
  const at = asking(overNetwork(cache), deps.town, rig, deps.url(rig))
  const ask = (...wanted: string[]) =>
    git(at, ['fetch', '--progress', '--no-tags', '--no-write-fetch-head', url, ...wanted], { silentMs })
  try {
    await ask('+refs/heads/*:refs/remotes/origin/*')
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error
    throw new SubmoduleMissing(`the submodule ${path} cannot be fetched from ${url}: ${error.message}`, true)
  }
  if (await has(cache, pointer)) return cache
  try {
    await ask(pointer)
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error
  }
  if (await has(cache, pointer)) return cache
  throw new SubmoduleMissing(
    `the submodule ${path} names ${pointer.slice(0, 12)}, which its origin ${url} does not have; push it there first`,
    false,
  )
}

const has = async (repository: string, commit: string) =>
  (await git(repository, ['cat-file', '-e', `${commit}^{commit}`], { okCodes: [0, 1, 128] })).exitCode === 0

/** Writes a submodule into its folder of a worker's place, as git itself would keep it: its repository in `modules`. */
export async function putIntoPlace(admin: string, from: string, pointer: string, folder: string, of: Submodule) {
  const dir = join(admin, 'modules', of.name)
  for (const each of ['objects/info', 'refs/heads', 'refs/tags', 'info'])
    await mkdir(join(dir, each), { recursive: true })
  asThePerson(() => mkdirSync(folder, { recursive: true }))
  writePassing(
    join(dir, 'objects/info/alternates'),
    `${relative(realOf(join(dir, 'objects')), realOf(join(from, 'objects')))}\n`,
  )
  const { stdout: refs } = await git(from, [
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/remotes/origin/',
  ])
  writePassing(join(dir, 'packed-refs'), refs === '' ? '' : `${refs}\n`)
  if (existsSync(join(from, 'shallow'))) await copyFile(join(from, 'shallow'), join(dir, 'shallow'))
  writePassing(join(dir, 'HEAD'), `${pointer}\n`)
  writePassing(join(dir, 'config'), moduleConfig(formatOf(from), of.url ?? ''))
  const at = plainly(folder)
  await git(
    { ...at, env: { ...at.env, GIT_DIR: dir, GIT_COMMON_DIR: dir, GIT_WORK_TREE: folder } },
    ['read-tree', '--reset', '-u', pointer],
    { mostMs: longMs },
  )
}

const moduleConfig = (format: string, url: string) => `${format}[remote "origin"]
\turl = ${quoted(url)}
\tfetch = +refs/heads/*:refs/remotes/origin/*
[gc]
\tauto = 0
\tpruneExpire = never
`

/** A value as git's configuration files have it. */
export const quoted = (value: string) => `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
