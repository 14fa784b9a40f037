// Gits at work on this machine: who they are, in which repository, and for whom.
// Never: says of one it cannot see into that it is somewhere else.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'
import type { ProcessIdentity } from '../proc.ts'
import { endEach, identityIn, isAlive, startOf } from '../processes.ts'
import { isWithin, type Repository, repositoryNamed, repositoryOf } from './repository.ts'

export interface RunningGit extends ProcessIdentity {
  /** Undefined: it could be any. */
  repository: Repository | undefined
  cwd: string
  argv: readonly string[]
  /** The process of the town that started it, `pid:start`; undefined when another did. */
  owner: string | undefined
}

/** The mark of the town's own gits: who waits for them. One whose owner is gone is a leftover. */
export const ownerVariable = 'GT_GIT_OWNER'
let self: string | undefined
export const ownerOfMine = (): string => {
  self ??= `${process.pid}:${startOf(process.pid) ?? ''}`
  return self
}

/** Every git that runs. Where there is no /proc, where it works is not known of any. */
export function runningGits(): RunningGit[] {
  if (!existsSync('/proc/self/stat')) return gitsByPs()
  return readdirSync('/proc').flatMap((entry): RunningGit[] => {
    if (!/^\d+$/.test(entry)) return []
    const dir = join('/proc', entry)
    let pidStart = ''
    let argv: string[] = []
    try {
      const stat = readFileSync(join(dir, 'stat'), 'utf8')
      if (!isGit(stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')))) return []
      pidStart = startOf(Number(entry)) ?? ''
      if (pidStart === '') return []
      argv = readFileSync(join(dir, 'cmdline'), 'utf8').split('\0')
      const cwd = readlinkSync(join(dir, 'cwd'))
      // In another container's view of the disk its paths say nothing here.
      const isElsewhere = !existsSync(cwd) || readlinkSync(join(dir, 'ns/mnt')) !== readlinkSync('/proc/self/ns/mnt')
      const environment = readFileSync(join(dir, 'environ'), 'utf8').split('\0')
      const variable = (name: string) => environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1)
      const named = gitDirIn(argv) ?? variable('GIT_DIR')
      const repository = named === undefined ? repositoryOf(cwd) : repositoryNamed(resolve(cwd, named))
      return repository || isElsewhere
        ? [
            {
              pid: Number(entry),
              pidStart,
              cwd,
              argv,
              repository: isElsewhere ? undefined : repository,
              owner: variable(ownerVariable),
            },
          ]
        : []
    } catch (error) {
      if (
        ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '') &&
        startOf(Number(entry)) !== pidStart
      )
        return []
      return [{ pid: Number(entry), pidStart, cwd: '', argv, repository: undefined, owner: undefined }]
    }
  })
}

/** The same by `ps`, for macOS and BSD. */
export function gitsByPs(): RunningGit[] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,args='], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
  })
  return stdout.split('\n').flatMap((line) => {
    const [, pid, program = ''] = /^\s*(\d+)\s+(.+)$/.exec(line) ?? []
    const argv = program.split(' ')
    const pidStart = isGit(basename(argv[0] ?? '')) ? startOf(Number(pid)) : undefined
    return pidStart === undefined
      ? []
      : [{ pid: Number(pid), pidStart, cwd: '', argv, repository: undefined, owner: undefined }]
  })
}

const isGit = (program: string) => program === 'git' || program.startsWith('git-')

const withValue = ['-C', '-c', '--git-dir', '--work-tree', '--namespace', '--config-env', '--super-prefix']

/** The command of a git's arguments: `commit`, `worktree`. */
export function commandOf(argv: readonly string[]): string | undefined {
  for (let n = 1; n < argv.length; n++) {
    const word = argv[n] as string
    if (!word.startsWith('-')) return word
    if (withValue.includes(word)) n++
  }
  return undefined
}

function gitDirIn(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === '--git-dir' || word.startsWith('--git-dir='))
  const word = argv[at]
  return word === undefined ? undefined : word === '--git-dir' ? argv[at + 1] : word.slice('--git-dir='.length)
}

/**
 * Ends the gits of the town's processes that are gone, wherever in this town they work; each has `graceMs` to clean
 * up behind itself.
 */
export async function endLeftGits(town: string, graceMs = 2000): Promise<void> {
  await endEach(leftGits(town), graceMs)
}

/** Gits of this town whose daemon is gone. */
export const leftGits = (town: string): RunningGit[] =>
  runningGits().filter(({ cwd, owner }) => owner !== undefined && isWithin(cwd, town) && !isAlive(identityIn(owner)))
