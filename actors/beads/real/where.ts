// Whether a real `bd` keeps a rig's issues, as the rig's configuration says: which program, in which folder, and what
// the town's workers are called there.
// Never: imports anything slow, for every `bd` asks; runs the program.
import { accessSync, constants, existsSync, realpathSync, rmSync, statSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { jsonAt, textOf, writePassing } from '../../files.ts'
import { realIn, rigLayout, storeIn, townLayout } from '../../layout.ts'
import { BeadsError } from '../contract.ts'
import { type Names, namesOf } from './names.ts'

export interface Backed {
  /** The `.beads` folder. */
  dir: string
  /** What the configuration names; else it is looked for. */
  program: string | undefined
  home: string
  names: Names
}

/**
 * As the rig is kept now: from when the town came up, or the rig was added, and whatever its configuration says since.
 * Undefined: our own store keeps its issues.
 */
export function backedBy(town: string, rig: string): Backed | undefined {
  const path = notePath(town, rig)
  return existsSync(path) ? backedAs(town, rig, jsonAt(path)) : undefined
}

/** As its configuration says. Read leniently; what is wrong with that is told by the daemon. */
export function backedByConfig(town: string, rig: string): Backed | undefined {
  const { beads } = jsonAt(rigLayout(town, rig).config) as { beads?: Record<string, unknown> }
  return beads?.backend === 'bd' ? backedAs(town, rig, beads) : undefined
}

/** From now on a rig is kept as its configuration says, by this program, for every `bd` and session. */
export function noteBacked(town: string, rig: string, program: string | undefined): void {
  const backed = backedByConfig(town, rig)
  const path = notePath(town, rig)
  if (!backed) rmSync(path, { force: true })
  else writePassing(path, `${JSON.stringify({ dir: backed.dir, program })}\n`, 0o600)
}

const notePath = (town: string, rig: string) => join(storeIn(town, rig), 'real.json')

const backedAs = (town: string, rig: string, { dir, program }: Record<string, unknown>): Backed => ({
  dir: typeof dir === 'string' ? dir : join(realIn(town, rig), '.beads'),
  program: typeof program === 'string' ? program : undefined,
  home: join(realIn(town, rig), 'home'),
  names: namesIn(town),
})

function namesIn(town: string): Names {
  const { name, created_at: since } = jsonAt(townLayout(town).townJson)
  return namesOf({ name: String(name), since: String(since) })
}

/** What is the town's own, and no real `bd`: the commands of its sessions, and what lies beside this very script. */
export const ownCommands = (town: string, script: string): string[] =>
  [townLayout(town).shims, script].flatMap((path) => [path, join(dirname(path), 'bd.cjs')])

/**
 * The program: the one that is named, else the first `bd` on this path that is none of the town's (`ours`: files, and
 * folders of such). Throws a BeadsError with words when there is none.
 */
export function programOf({ program }: Pick<Backed, 'program'>, path: string, ours: readonly string[]): string {
  if (program !== undefined) {
    if (isProgram(program)) return program
    throw new BeadsError(`${program}, which is to keep the issues, is no program that can be run`)
  }
  const own = new Set(ours.map(real))
  const folders = path.split(delimiter).filter((dir) => dir !== '' && !own.has(real(dir)))
  const found = folders.map((dir) => join(dir, 'bd')).find((file) => isProgram(file) && !own.has(real(file)))
  if (found !== undefined) return found
  throw new BeadsError(
    `there is no bd on the PATH but the town's own (${path}); install one, or name it in the rig's config.json: "beads": {"backend": "bd", "program": "/path/to/bd", …}`,
  )
}

/**
 * Which store, under whose name, directly, with a journal of who did what, and nothing sent anywhere: for every call,
 * an agent's too.
 */
export const storeVariables = (dir: string, actor: string): Record<string, string> => ({
  BEADS_DIR: dir,
  BD_ACTOR: actor,
  BEADS_ACTOR: actor,
  BD_NO_DAEMON: 'true',
  BEADS_NO_DAEMON: '1',
  BEADS_AUTO_START_DAEMON: 'false',
  BD_NON_INTERACTIVE: '1',
  BD_EVENTS_JOURNAL: '1',
  DO_NOT_TRACK: '1',
  BD_DISABLE_METRICS: '1',
  NO_COLOR: '1',
})

/**
 * Whether in this `.beads` folder is a store of another `bd`'s: where none is, that goes by what it finds in the
 * folders above.
 */
export const hasRealStore = (dir: string): boolean =>
  ['metadata.json', 'embeddeddolt', 'dolt', 'beads.db', 'issues.jsonl'].some((name) => existsSync(join(dir, name)))

/** The `.beads` folder that somebody means who names it, or the folder that holds it; a redirect in it leads on, once. */
export function storeNamed(path: string): string {
  const beads = join(path, '.beads')
  const dir = resolve(statSync(beads, { throwIfNoEntry: false })?.isDirectory() ? beads : path)
  const leads = textOf(join(dir, 'redirect'))
    ?.split('\n')
    .find((line) => line.trim() !== '' && !line.startsWith('#'))
  // Relative to the folder that holds `.beads`.
  return leads === undefined ? dir : resolve(dirname(dir), leads.trim())
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    // Not there, or not for us: either way it cannot be run.
    return false
  }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // A folder of the PATH that is not there is nobody's.
    return path
  }
}
