// What a real `bd` needs before it keeps a rig's issues: the program, looked at, and a store, made or found.
// Never: changes a repository, its hooks or its instructions for agents; begins anew where there is a store.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Environment } from '../../environment.ts'
import { BeadsError } from '../contract.ts'
import { openProgram, type Program, type Where } from './program.ts'
import { asShown } from './version.ts'
import { hasRealStore, programOf, storeNamed } from './where.ts'

export interface PreparedReal {
  /** For the rig's config.json. */
  config: { backend: 'bd'; dir?: string; program?: string }
  version: string
  /** The program. */
  path: string
  /** Of the ids in the store that is there already. */
  prefix: string | undefined
  /** Makes a store in this folder, and a home beside it. */
  make(folder: string, prefix: string): Promise<void>
}

interface Asked {
  /** A store that is there already, or the folder it is in. */
  dir: string | undefined
  program: string | undefined
  env: Environment
  ours: readonly string[]
}

/** In milliseconds: a new database takes its time. */
const initMs = 300_000

/** Throws a BeadsError with words when there is no such program or store. */
export async function prepareReal({ dir: named, program, env, ours }: Asked): Promise<PreparedReal> {
  const path = programOf({ program }, env.PATH ?? '', ours)
  const dir = named === undefined ? undefined : storeNamed(named)
  if (dir !== undefined && !hasRealStore(dir)) throw new BeadsError(`${dir} is no store of a bd: bd init makes one`)
  const home = mkdtempSync(join(tmpdir(), 'bd-home-'))
  try {
    const real = await openProgram({ path, dir: dir ?? join(home, '.beads'), home, env })
    const prefix = dir === undefined ? undefined : await prefixIn(real)
    real.close()
    return {
      config: { backend: 'bd', ...(dir === undefined ? {} : { dir }), ...(program === undefined ? {} : { program }) },
      ...{ version: real.version.text, path },
      prefix,
      make: (folder, prefix) =>
        makeStore({ dir: join(folder, '.beads'), home: join(folder, 'home'), path, env }, prefix),
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/**
 * Makes one for ids of this prefix: elsewhere first, for in a folder that is no store yet a `bd` goes by what is in
 * those above it.
 */
export async function makeStore(where: Where, prefix: string): Promise<void> {
  if (hasRealStore(where.dir)) throw new BeadsError(`${where.dir} is a store already`)
  const making = mkdtempSync(join(tmpdir(), 'bd-making-'))
  const dir = join(making, '.beads')
  mkdirSync(dir, { mode: 0o700 })
  const program = await openProgram({ ...where, dir })
  try {
    const quiet =
      program.version.family === 'dolt'
        ? ['--skip-agents', '--skip-hooks', '--non-interactive']
        : ['--skip-hooks', '--skip-merge-driver']
    const said = await program.inTurn((call) =>
      call(['init', `--prefix=${prefix}`, '--quiet', ...quiet], { limitMs: initMs }),
    )
    if (said.code !== 0 || !hasRealStore(dir))
      throw new BeadsError(`${where.path} did not make a store in ${dir}: ${asShown(said.err || said.out)}`)
    mkdirSync(dirname(where.dir), { recursive: true, mode: 0o700 })
    cpSync(dir, where.dir, { recursive: true })
  } finally {
    program.close()
    rmSync(making, { recursive: true, force: true })
  }
}

/** The prefix of the ids in a store that is there, as its bd says it. */
async function prefixIn(program: Program): Promise<string> {
  const said = await program.inTurn((call) => call(['config', 'get', 'issue_prefix', '--json']))
  const prefix = valueIn(said.out)
  if (said.code !== 0 || prefix === '')
    throw new BeadsError(`${program.dir} does not say its prefix: ${asShown(said.err || said.out)}`)
  return prefix
}

function valueIn(text: string): string {
  try {
    const { value } = JSON.parse(text) as { value?: unknown }
    return typeof value === 'string' ? value.replace(/-$/, '') : ''
  } catch {
    // No JSON, which its caller shows.
    return ''
  }
}
