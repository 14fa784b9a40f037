// Why a gate's program cannot be started: it is not on this machine, or the change itself took it away.
// Never: runs it.
import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { delimiter, isAbsolute, relative, resolve } from 'node:path'
import { firstBytes } from '../files.ts'
import { git } from '../git/git.ts'

export interface Missing {
  why: string
  /** The commit that would land, or one of its own, took it away: the work is at fault. */
  byTheChange: boolean
}

export interface Where {
  place: string
  /** The gate's PATH. */
  path: string
  history: History | undefined
}

/** To tell whether a change took a program away. */
export interface History {
  /** Has the commit and main, and no gate can write there. */
  repository: string
  commit: string
  /** What main is there, by its full name. */
  main: string
}

/** undefined: it can be started. */
export async function missingProgram(program: string, where: Where): Promise<Missing | undefined> {
  const { place, path } = where
  const file = fileOf(program, place, path)
  if (file === undefined) return { why: `there is no program ${program} on the PATH (${path})`, byTheChange: false }
  const why = troubleOf(file, program) ?? interpreterMissing(file, path)
  if (why === undefined) return undefined
  const inside = relative(place, file)
  const isInside = !inside.startsWith('..') && !isAbsolute(inside)
  return { why, byTheChange: isInside && where.history !== undefined && (await tookAway(where.history, inside)) }
}

/** Where it would be started from; undefined: nowhere on the PATH. */
function fileOf(program: string, place: string, path: string): string | undefined {
  if (program.includes('/')) return resolve(place, program)
  return path
    .split(delimiter)
    .map((dir) => resolve(place, dir, program))
    .find((file) => troubleOf(file, program) === undefined)
}

function troubleOf(file: string, program: string): string | undefined {
  let stat: Stats | undefined
  try {
    stat = statSync(file, { throwIfNoEntry: false })
  } catch (error) {
    // As a folder on the PATH that is another user's.
    return `${program} cannot be reached: ${(error as Error).message}`
  }
  if (!stat) return `${program} is not there`
  if (!stat.isFile()) return `${program} is no file`
  try {
    accessSync(file, constants.X_OK)
    return undefined
  } catch {
    return `${program} is not executable`
  }
}

/** The program that a script names in its first line. */
function interpreterMissing(file: string, path: string): string | undefined {
  const line = /^#!\s*(.*)/.exec(firstBytes(file, 256).toString('latin1'))?.[1]
  const [interpreter, ...args] = line?.trim().split(/\s+/) ?? []
  if (interpreter === undefined || interpreter === '') return undefined
  const said = `its first line names ${interpreter}, which`
  if (!isAbsolute(interpreter)) return undefined
  const trouble = troubleOf(interpreter, interpreter)
  if (trouble !== undefined) return `${said} is not there`
  const named = interpreter.endsWith('/env')
    ? args.find((word) => !word.startsWith('-') && !word.includes('='))
    : undefined
  return named !== undefined && !named.includes('/') && fileOf(named, '/', path) === undefined
    ? `its first line names ${named}, which is not on the PATH (${path})`
    : undefined
}

/** Whether what would land, beside main as it is, changed or removed this file. */
async function tookAway({ repository, commit, main }: History, file: string): Promise<boolean> {
  const args = ['diff-tree', '-r', '--no-renames', '--diff-filter=MDT', '--name-only', main, commit, '--', file]
  const { stdout, exitCode } = await git(repository, args, {
    okCodes: [0, 128],
    env: { GIT_LITERAL_PATHSPECS: '1' },
  })
  return exitCode === 0 && stdout !== ''
}
