// Whether a real `bd` keeps a rig's issues, as the rig's configuration says: which program, in which folder, and what
// the town's workers are called there.
// Never: imports anything slow, for every `bd` asks; runs the program.
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { jsonAt } from '../../files.ts'
import { realHomeIn, realStoreIn, rigLayout, townLayout } from '../../layout.ts'
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

/** Undefined: our own store keeps them. Read leniently; what is wrong with the file is told by the daemon. */
export function backedBy(town: string, rig: string): Backed | undefined {
  const { beads } = jsonAt(rigLayout(town, rig).config) as { beads?: Record<string, unknown> }
  if (beads?.backend !== 'bd') return undefined
  const { dir, program } = beads
  return {
    dir: typeof dir === 'string' ? dir : realStoreIn(town, rig),
    program: typeof program === 'string' ? program : undefined,
    home: realHomeIn(town, rig),
    names: namesIn(town),
  }
}

export function namesIn(town: string): Names {
  const { name, created_at: since } = jsonAt(townLayout(town).townJson)
  return namesOf({ name: String(name), since: String(since) })
}

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

/** The `.beads` folder that somebody means who names it, or the folder that holds it. */
export function storeNamed(path: string): string {
  const beads = join(path, '.beads')
  return resolve(statSync(beads, { throwIfNoEntry: false })?.isDirectory() ? beads : path)
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
