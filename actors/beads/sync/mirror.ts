// A bare repository beside the store, of its own: the branch that issues are shared by is fetched into it, commits for
// that branch are made in it, and pushed from it. Nothing of the repository around it is touched but that its remote's
// address is read: no index, no worktree, no ref, no hook.
// Never: pushes with force; asks a person anything; shows a password.
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writePassing } from '../../files.ts'
import { type At, configured, overNetwork, plainly, pushRemote } from '../../git/at.ts'
import { contains, GitFailed, git } from '../../git/git.ts'
import type { Repository } from '../../git/repository.ts'
import { shown } from '../../git/shown.ts'
import { troubleOf } from '../../git/words.ts'
import { BeadsError } from '../contract.ts'
import { checkBranch, type Names } from './names.ts'

/** Where the branch has its issues, as other versions have them too; `beads.jsonl` is what it was called before. */
const folder = '.beads'
const file = 'issues.jsonl'
const formerFile = 'beads.jsonl'

const fetched = 'refs/sync/fetched'
/** How long a remote may say nothing, in milliseconds. */
const silentMs = 60_000
/** How long somebody else's sync of this store is waited for, in milliseconds. */
const turnMaxMs = 120_000
/** So many files in one of the 256 folders of loose objects are packed. */
const looseMax = 8

/** Where the issues of a store are shared (`way.ts`). */
export interface Way {
  names: Names
  remote: Remote
  /** How it stores things, the mirror does too. */
  repository: Repository
  /** The folder of this repository. */
  mirror: string
  /** What git is told besides when it talks to the remote. */
  asking(at: At): At
}

export interface Remote {
  url: string
  pushUrl: string
}

export type Mirror = ReturnType<typeof mirrorAt>

/** The address of a remote; undefined when there is none of this name. */
export async function remoteOf(names: Names, { common }: Repository): Promise<Remote | undefined> {
  const config = join(common, 'config')
  const lookUp = async (key: string) => {
    const { stdout, exitCode } = await git(plainly(common), ['config', '--file', config, '--get-all', key], {
      okCodes: [0, 1],
    })
    return exitCode === 0 ? stdout.split('\n')[0] : undefined
  }
  const isAddress = /[/:]/.test(names.remote)
  const url = isAddress ? names.remote : await lookUp(`remote.${names.remote}.url`)
  if (url === undefined || url === '') return undefined
  const pushUrl = isAddress ? undefined : await lookUp(`remote.${names.remote}.pushurl`)
  // A path is meant from the top of the worktree.
  const whole = (address: string) =>
    isAbsolute(address) || /^[a-z][a-z0-9+.-]*:\/\/|^[^/]+:/i.test(address)
      ? address
      : resolve(dirname(common), address)
  return { url: whole(url), pushUrl: whole(pushUrl ?? url) }
}

/** Makes the repository in `dir` when it is not there. */
export async function makeMirror(dir: string, { common }: Repository): Promise<void> {
  if (!existsSync(dir)) mkdirSync(dir, { recursive: true, mode: 0o700 })
  writePassing(join(dir, '.gitignore'), '*\n')
  if (['HEAD', 'config', 'objects'].every((name) => existsSync(join(dir, name)))) return
  const { stdout } = await git(
    plainly(common),
    ['config', '--file', join(common, 'config'), '--get', 'extensions.objectformat'],
    { okCodes: [0, 1] },
  )
  await git(plainly(dir), ['init', '--bare', '--quiet', '--template=', `--object-format=${stdout || 'sha1'}`, dir])
}

/** Waits for its turn: one sync of a store at a time. The turn ends with the process, however that ends. */
export function takeTurn(dir: string): () => void {
  const lock = new DatabaseSync(join(dir, 'turn.sqlite'), { timeout: turnMaxMs })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (((error as { errcode?: number }).errcode ?? 0) !== 5) throw error
    throw new BeadsError('another bd sync of these issues is at work and does not end; nothing was done')
  }
  return () => lock.close()
}

export function mirrorAt({ mirror: dir, remote, names: { branch, said }, asking }: Omit<Way, 'repository'>) {
  const own = (at: At): At => ({ ...at, env: { ...at.env, GIT_DIR: dir } })
  const here = own(plainly(dir))
  const there = asking(
    configured(own(overNetwork(dir)), {
      [`remote.${pushRemote}.url`]: [remote.url],
      [`remote.${pushRemote}.pushurl`]: [remote.pushUrl],
    }),
  )
  const ref = `refs/heads/${branch}`
  const ask = async (args: readonly string[]) => {
    try {
      return await git(there, args, { silentMs })
    } catch (error) {
      throw inWords(error, shown(remote.url))
    }
  }
  const print = async (args: readonly string[], input?: string) =>
    (await git(here, args, input === undefined ? {} : { input })).stdout
  const entries = async (tree: string): Promise<Entry[]> =>
    (await print(['ls-tree', '-z', tree]))
      .split('\0')
      .filter(Boolean)
      .map((line) => {
        const [, mode = '', type = '', id = '', name = ''] = /^(\d+) (\w+) (\w+)\t(.*)$/s.exec(line) ?? []
        return { mode, type, id, name }
      })
  const made = (all: readonly Entry[]) =>
    print(
      ['mktree', '-z', '--missing'],
      all.map(({ mode, type, id, name }) => `${mode} ${type} ${id}\t${name}\0`).join(''),
    )
  const has = async (id: string) =>
    (await git(here, ['cat-file', '-e', `${id}^{commit}`], { okCodes: [0, 1, 128] })).exitCode === 0

  return {
    /** Asks where the branch is, and fetches it; undefined when there is none. */
    async fetch(): Promise<string | undefined> {
      const { stdout } = await ask(['ls-remote', '--symref', pushRemote, 'HEAD', ref])
      const lines = stdout.split('\n').map((line) => line.split('\t'))
      if (lines.some(([what, name]) => name === 'HEAD' && what === `ref: ${ref}`))
        throw new BeadsError(
          `"${branch}" (${said}) is the main branch of ${shown(remote.url)}, and issues are not put there; give them a branch of their own: bd config set sync.branch beads-sync`,
        )
      const tip = lines.find(([, name]) => name === ref)?.[0]
      if (tip === undefined) return undefined
      if (!(await has(tip)))
        await ask(['fetch', '--progress', '--no-tags', '--no-write-fetch-head', pushRemote, `+${ref}:${fetched}`])
      if (await has(tip)) return tip
      // It moved while it was fetched.
      return print(['rev-parse', '--verify', fetched])
    },
    /** The commit that a commit (where it is known here) and the branch both come from. */
    async common(known: string, tip: string): Promise<string | undefined> {
      if (known === tip) return tip
      if (!(await has(known))) return undefined
      const { stdout, exitCode } = await git(here, ['merge-base', known, tip], { okCodes: [0, 1] })
      return exitCode === 0 ? stdout.split('\n')[0] : undefined
    },
    contains: async (ancestor: string, tip: string) => (await has(ancestor)) && contains(here, ancestor, tip),
    /** The issues of a commit. Throws a BeadsError for one of a branch that never had any, and has other things. */
    async lines(commit: string): Promise<string> {
      const all = await entries(commit)
      const inside = all.find(({ name, type }) => name === folder && type === 'tree')
      const files = inside ? await entries(inside.id) : []
      const found = files.find(({ name }) => name === file) ?? files.find(({ name }) => name === formerFile)
      if (found) return (await git(here, ['cat-file', 'blob', found.id])).bytes.toString('utf8')
      if (all.some(({ name }) => name !== folder))
        throw new BeadsError(
          `"${branch}" (${said}) has no issues on ${shown(remote.url)} and other files, so that it is a branch of code; give issues one of their own: bd config set sync.branch beads-sync`,
        )
      return ''
    },
    /** A commit of these issues on top of another; what else that has stays. */
    async commit(lines: string, parent: string | undefined, message: string, who: string): Promise<string> {
      const root = parent === undefined ? [] : await entries(parent)
      const inside = root.find(({ name, type }) => name === folder && type === 'tree')
      const files = inside ? await entries(inside.id) : []
      const blob = await print(['hash-object', '-w', '--stdin'], lines)
      const within = await made([
        ...files.filter(({ name }) => ![file, formerFile].includes(name)),
        { mode: '100644', type: 'blob', id: blob, name: file },
      ])
      const tree = await made([
        ...root.filter(({ name }) => name !== folder),
        { mode: '040000', type: 'tree', id: within, name: folder },
      ])
      const name = who.replaceAll(/[<>\p{Cc}]/gu, ' ').trim() || 'bd'
      const identity = { NAME: name, EMAIL: 'bd@gastown.invalid' }
      const env = Object.fromEntries(
        Object.entries(identity).flatMap(([key, value]) => [
          [`GIT_AUTHOR_${key}`, value],
          [`GIT_COMMITTER_${key}`, value],
        ]),
      )
      const parents = parent === undefined ? [] : ['-p', parent]
      const done = await git(here, ['commit-tree', tree, ...parents, '-F', '-'], { input: message, env })
      return done.stdout
    },
    /** False: somebody was first. */
    async push(commit: string): Promise<boolean> {
      checkBranch(branch, said)
      try {
        await git(there, ['push', '--no-verify', '--porcelain', '--progress', pushRemote, `${commit}:${ref}`], {
          silentMs,
        })
        return true
      } catch (error) {
        if (error instanceof GitFailed && wasSlower.test(error.output)) return false
        throw inWords(error, shown(remote.pushUrl))
      }
    },
    /** Puts what was made one by one together, now and then. */
    async tidy(tip: string): Promise<void> {
      await print(['update-ref', fetched, tip])
      const loose = join(dir, 'objects/17')
      if (!existsSync(loose) || readdirSync(loose).length < looseMax) return
      await print(['repack', '-a', '-d', '-q'])
      await print(['prune', '--expire=now'])
    },
  }
}

interface Entry {
  mode: string
  type: string
  id: string
  name: string
}

/** Of a push that was refused because the branch is not where it was. */
const wasSlower =
  /\[rejected\]|\[remote rejected\].*(failed to update ref|cannot lock ref|reference already exists|incorrect old value|failed to lock)/

function inWords(error: unknown, where: string): unknown {
  if (!(error instanceof GitFailed) || error.killed) return error
  const { kind, why } = troubleOf(error)
  return new BeadsError(
    `${where} ${kind === 'denied' ? 'does not let us in' : 'cannot be synced with'}: ${why}. Your issues are here and nothing is lost; bd sync goes on from where it is`,
  )
}
