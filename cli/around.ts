// The town around a folder.
// Never: reads more of it than that it is one; every `gt` asks.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The town that this folder, or one above it, is; undefined: none. */
export const townAround = (folder: string): string | undefined => around(folder, 'mayor/town.json')

/** The same of a folder that has a town's records, but no longer the file by which it would be a town. */
export const townLost = (folder: string): string | undefined => around(folder, 'daemon/town.db')

function around(folder: string, file: string): string | undefined {
  for (let dir = folder; ; dir = dirname(dir)) {
    if (existsSync(join(dir, file))) return dir
    if (dir === dirname(dir)) return undefined
  }
}
