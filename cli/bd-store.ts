// Which store `bd` works on.
// Never: opens it.
import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import { textOf } from '../actors/files.ts'
import type { StorePlace } from './bd-command.ts'

/** The one that --db names, else BEADS_DIR or BEADS_DB; undefined when nothing does. */
export function namedStore(db: string | undefined): StorePlace | undefined {
  const { BEADS_DIR, BEADS_DB } = process.env
  if (db) return at(db)
  if (BEADS_DIR) return { dir: follow(BEADS_DIR) }
  return BEADS_DB ? at(BEADS_DB) : undefined
}

/** The one that is named, else `.beads` here or above; a `redirect` file leads on, once. */
export function findStore(db: string | undefined): StorePlace {
  const named = namedStore(db)
  if (named) return named
  for (let dir = process.cwd(); ; dir = dirname(dir)) {
    // In a polecat's place the project may have beads of its own; the rig's are meant.
    if (existsSync(join(dir, '.beads/beads.db')) || existsSync(join(dir, '.beads/redirect')))
      return { dir: follow(join(dir, '.beads')) }
    if (dir === dirname(dir))
      throw new BeadsError('no beads database found\nHint: run `bd init --prefix <prefix>` here, or change into a rig')
  }
}

/** A folder that holds a store, or the very database. */
const at = (path: string): StorePlace =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? { dir: follow(path) }
    : { dir: dirname(resolve(path)), file: resolve(path) }

const follow = (dir: string) => {
  const to = textOf(join(dir, 'redirect'))?.trim()
  return to ? resolve(dir, to) : dir
}
