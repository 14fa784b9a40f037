// Which branch of which remote issues are shared by, and whether it may be.
// Never: a branch that somebody works on.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { textOf } from '../../files.ts'
import { type Repository, repositoryOf } from '../../git/repository.ts'
import { BeadsError } from '../contract.ts'
import type { Beads } from '../embedded.ts'

export interface Names {
  branch: string
  /** A remote's name, or an address. */
  remote: string
  /** Where the branch's name comes from, for words. */
  said: string
}

const usualBranch = 'beads-sync'

/** BEADS_SYNC_BRANCH, else config.yaml beside the store, else its own settings. Throws a BeadsError for no name. */
export function namesOf(beads: Beads, env: Readonly<Record<string, string | undefined>>): Names {
  const file = join(dirname(beads.path), 'config.yaml')
  const yaml = textOf(file) ?? ''
  const lookUp = (what: 'branch' | 'remote', variable: string): [string, string] | undefined => {
    const set = [`sync.${what}`, `sync-${what}`, `sync_${what}`]
    const written = new RegExp(`^sync[-_.]${what}:[ \\t]*(?:"([^"]*)"|'([^']*)'|([^#\\n]*))`, 'm').exec(yaml)
    const ways = [
      [variable, env[variable]],
      [file, written?.slice(1).find((each) => each !== undefined)],
      ...set.map((key) => [`bd config get ${key}`, beads.config(key)]),
    ] as [string, string | undefined][]
    const found = ways.find(([, value]) => value !== undefined && value.trim() !== '')
    return found && [found[0], (found[1] as string).trim()]
  }
  const [said, branch] = lookUp('branch', 'BEADS_SYNC_BRANCH') ?? ['the usual', usualBranch]
  checkBranch(branch, said)
  return { branch, said, remote: lookUp('remote', 'BEADS_SYNC_REMOTE')?.[1] ?? 'origin' }
}

const advice = 'give issues a branch of their own: bd config set sync.branch beads-sync'

/** Throws a BeadsError for what git takes for no branch, and for the usual names of branches of code. */
export function checkBranch(name: string, said: string): void {
  const isName =
    /^[a-zA-Z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9])?$/.test(name) &&
    !/\.\.|\/\/|\/\.|\.lock(\/|$)|\/-|^HEAD$|^refs\//.test(name) &&
    name.length <= 200
  if (!isName) throw new BeadsError(`"${name}" (${said}) cannot be a branch; ${advice}`)
  if (['main', 'master', 'trunk', 'develop'].includes(name))
    throw new BeadsError(`"${name}" (${said}) is a branch of code, and issues are not put there; ${advice}`)
}

/** The repository that the store is in; undefined when it is in none. */
export const repositoryAround = (beads: Beads): Repository | undefined => repositoryOf(dirname(beads.path))

/** Throws a BeadsError when somebody has the branch checked out; the worktrees of other versions of `bd` are nobody's. */
export function checkNobodyIsOn({ branch, said }: Names, { common }: Repository): void {
  const trees = join(common, 'worktrees')
  const owns = existsSync(trees) ? readdirSync(trees).map((name) => join(trees, name)) : []
  for (const own of [common, ...owns]) {
    if ((textOf(join(own, 'gitdir')) ?? '').includes('/beads-worktrees/')) continue
    if (textOf(join(own, 'HEAD'))?.trim() === `ref: refs/heads/${branch}`)
      throw new BeadsError(
        `"${branch}" (${said}) is checked out in ${own === common ? dirname(common) : dirname((textOf(join(own, 'gitdir')) ?? own).trim())}, and issues are not put where somebody works; ${advice}`,
      )
  }
}
