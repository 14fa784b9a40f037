// Makes the two clones of a new rig. The Refinery's has everything that origin has. The Mayor's, beside it, sees the
// same objects and stands on main without having that branch checked out.
// Never: asks for a password, runs a hook, takes an address for an option, or begins an empty history beside a real
// one.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { type SimpleGitProgressEvent, simpleGit } from 'simple-git'
import { type At, overNetwork, plainly } from './at.ts'
import { GitFailed, git, longMs } from './git.ts'
import { alternates, formatOf } from './lens.ts'
import { mainAtFirst, readRef, refsUnder, wordIn } from './refs.ts'
import { shown } from './shown.ts'
import { quoted } from './submodules.ts'

export type CloneProgress = Pick<SimpleGitProgressEvent, 'stage' | 'progress'>

/** Which branch is to be built on cannot be told, or cannot be built on here; says why. */
export class NoBranch extends Error {
  override name = 'NoBranch'
  constructor(message: string) {
    super(shown(message))
  }
}

/** Ends a clone that has said nothing for so long, in milliseconds. */
const silentMaxMs = 300_000

interface Asked {
  branch?: string
  /** What git is told besides, to reach this origin. */
  asking(at: At): At
  progress?: (event: CloneProgress) => void
}

/** Makes both clones below `rig`. Throws GitFailed with git's own words, or NoBranch. */
export async function makeClones(
  rig: string,
  url: string,
  asked: Asked,
): Promise<{ branch: string; warnings: string[] }> {
  const refinery = join(rig, 'refinery/rig')
  await clone(url, refinery, asked)
  const branch = await branchOf(refinery, url, asked.branch)
  const main = await readRef(join(refinery, '.git'), `refs/remotes/origin/${branch}`)
  const warnings = main === undefined ? [] : await strangeIn(refinery, url, main)
  await makeMayors(join(rig, 'mayor/rig'), refinery, { url, branch, main })
  if (main !== undefined) await git(refinery, ['update-ref', mainAtFirst, main])
  return { branch, warnings }
}

/** What the list for an origin says on purpose; the library would take it for an attack. */
const meant = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeEditor: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafePager: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
}

/** The one git that a person waits for at a terminal, with its progress told. */
async function clone(url: string, path: string, { progress, asking }: Asked): Promise<void> {
  if (url.startsWith('-')) throw new GitFailed(`"${url}" is not a repository's address`, '', undefined)
  mkdirSync(dirname(path), { recursive: true })
  const { env, flags } = asking(overNetwork(dirname(path)))
  const called = new AbortController()
  const stop = () => called.abort()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, stop)
  try {
    await simpleGit({
      baseDir: dirname(path),
      config: flags.filter((flag) => flag !== '-c'),
      // What is on the list for an origin is meant to reach it.
      allowEnvironment: [...Object.keys(env), 'GIT_TEMPLATE_DIR'],
      unsafe: meant,
      timeout: { block: silentMaxMs },
      // Who holds its pipes after its end is not waited for.
      completion: { onClose: true, onExit: 500 },
      abort: called.signal,
      ...(progress ? { progress } : {}),
    })
      .env({ ...env, GIT_TEMPLATE_DIR: '' })
      .clone(url, path, ['--no-checkout', '--origin', 'origin'])
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new GitFailed(`git clone failed: ${words}`, words, undefined)
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

/** The branch asked for, or the one origin's HEAD names; of several others none is guessed. */
async function branchOf(refinery: string, url: string, asked: string | undefined): Promise<string> {
  const common = join(refinery, '.git')
  const refs = await refsUnder(common, 'refs/remotes/origin/')
  const branches = [...new Set(refs.map((ref) => ref.replace('refs/remotes/origin/', '')))].filter(
    (name) => name !== 'HEAD',
  )
  const has = branches.slice(0, 8).join(', ')
  if (asked !== undefined) {
    if (branches.includes(asked) || branches.length === 0) return asked
    throw new NoBranch(`${url} has no branch ${asked}; it has ${has}`)
  }
  const head = wordIn(join(common, 'refs/remotes/origin/HEAD'))?.replace('ref: refs/remotes/origin/', '')
  if (head !== undefined && branches.includes(head)) return head
  const unborn = wordIn(join(common, 'HEAD'))?.replace('ref: refs/heads/', '') ?? 'main'
  if (branches.length === 0) return unborn
  const [only] = branches
  if (branches.length === 1 && only !== undefined) return only
  throw new NoBranch(`the HEAD of ${url} names no branch it has; say which one to build on with --branch (${has})`)
}

/** What of the repository is refused, or to be said, before anybody works in it. */
async function strangeIn(refinery: string, url: string, main: string): Promise<string[]> {
  const { stdout } = await git(
    refinery,
    ['grep', '-h', '-I', '-E', '(filter|merge)=', main, '--', ':(glob)**/.gitattributes'],
    { okCodes: [0, 1], mostMs: longMs },
  )
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.trimStart().startsWith('#'))
  const lfs = lines.find((line) => /\sfilter=lfs\b/.test(line))
  if (lfs !== undefined)
    throw new NoBranch(
      `${url} keeps files in Git LFS (.gitattributes: “${lfs.trim()}”). Gas Town does not bring their objects to origin, so nobody could check out what lands`,
    )
  const named = (what: string, gitsOwn: readonly string[]) => [
    ...new Set(
      lines
        .flatMap((line) => [...line.matchAll(new RegExp(`\\s${what}=(\\S+)`, 'g'))].map(([, name = '']) => name))
        .filter((name) => !gitsOwn.includes(name)),
    ),
  ]
  const filters = named('filter', [])
  const drivers = named('merge', ['text', 'binary', 'union'])
  return [
    ...(filters.length === 0
      ? []
      : [`.gitattributes names the filter ${filters.join(', ')}: it is not run here, files are as git keeps them`]),
    ...(drivers.length === 0
      ? []
      : [
          `.gitattributes names the merge driver ${drivers.join(', ')}: it is not run here, its files conflict instead`,
        ]),
  ]
}

/** A repository that sees the Refinery's objects, with origin's branches as they are now. */
async function makeMayors(
  path: string,
  refinery: string,
  { url, branch, main }: { url: string; branch: string; main: string | undefined },
): Promise<void> {
  const common = join(path, '.git')
  for (const dir of ['objects/info', 'refs/heads', 'refs/tags', 'info', 'hooks', 'logs', 'worktrees'])
    mkdirSync(join(common, dir), { recursive: true })
  writeFileSync(join(common, 'objects/info/alternates'), alternates)
  await git(refinery, ['pack-refs', '--all'])
  await copyFile(join(refinery, '.git/packed-refs'), join(common, 'packed-refs'))
  if (existsSync(join(refinery, '.git/shallow')))
    await copyFile(join(refinery, '.git/shallow'), join(common, 'shallow'))
  writeFileSync(join(common, 'config'), configFor(formatOf(refinery), url))
  writeFileSync(join(common, 'HEAD'), main === undefined ? `ref: refs/heads/${branch}\n` : `${main}\n`)
  if (main === undefined) return
  mkdirSync(dirname(join(common, 'refs/heads', branch)), { recursive: true })
  writeFileSync(join(common, 'refs/heads', branch), `${main}\n`)
  mkdirSync(join(common, 'refs/remotes/origin'), { recursive: true })
  writeFileSync(join(common, 'refs/remotes/origin/HEAD'), `ref: refs/remotes/origin/${branch}\n`)
  await git(plainly(path), ['read-tree', '--reset', '-u', main], { mostMs: longMs })
}

const configFor = (format: string, url: string) => `${format}[gc]
\tauto = 0
\tpruneExpire = never
[maintenance]
\tauto = false
[remote "origin"]
\turl = ${quoted(url)}
\tfetch = +refs/heads/*:refs/remotes/origin/*
`
