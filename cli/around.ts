// The town around a folder.
// Never: reads more of it than that it is one; every `gt` asks.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The town that this folder, or one above it, is; undefined: none. */
export function townAround(folder: string): string | undefined {
  for (let dir = folder; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'mayor/town.json'))) return dir
    if (dir === dirname(dir)) return undefined
  }
}
