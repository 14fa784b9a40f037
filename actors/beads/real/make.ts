// Makes a store that a real `bd` keeps, or finds out what one that is there holds.
// Never: changes a repository, its hooks or its instructions for agents; begins anew where there is a store.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { BeadsError } from '../contract.ts'
import { openProgram, type Program, type Where } from './program.ts'
import { asShown } from './version.ts'

/** In milliseconds: a new database takes its time. */
const initMs = 300_000

/** In this `.beads` folder is a store of another bd's. */
export const hasRealStore = (dir: string): boolean =>
  ['metadata.json', 'embeddeddolt', 'dolt', 'beads.db', 'issues.jsonl'].some((name) => existsSync(join(dir, name)))

/** Makes one for ids of this prefix. */
export async function makeStore(where: Where, prefix: string): Promise<void> {
  mkdirSync(where.dir, { recursive: true, mode: 0o700 })
  const program = await openProgram(where)
  try {
    const quiet =
      program.version.family === 'dolt'
        ? ['--skip-agents', '--skip-hooks', '--non-interactive']
        : ['--skip-hooks', '--skip-merge-driver']
    const said = await program.inTurn((call) =>
      call(['init', `--prefix=${prefix}`, '--quiet', ...quiet], { limitMs: initMs }),
    )
    if (said.code !== 0 || !hasRealStore(where.dir))
      throw new BeadsError(`${where.path} did not make a store in ${where.dir}: ${asShown(said.err || said.out)}`)
  } finally {
    program.close()
  }
}

/** The prefix of the ids in a store that is there, as its bd says it. */
export async function prefixIn(program: Program): Promise<string> {
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
    return ''
  }
}
