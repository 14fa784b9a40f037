// Whether a real store may have been written to since: found by looking at its files, without asking its program.
// Never: opens a database of another program's; takes "read" for "written".
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { textOf } from '../../files.ts'
import { hasRealStore } from './where.ts'

/** Where nothing can be told from files (a database server), it may have changed in so many milliseconds. */
const unknownMs = 10_000

/**
 * Another one after each write. Dolt appends to a file and names the newest state in another; both are touched by
 * reading too, so that their times say nothing. A classic `bd` writes its lines anew after each change.
 */
export function stampOf(dir: string, now: () => number = Date.now): string {
  const embedded = join(dir, 'embeddeddolt')
  const databases = foldersOf(embedded).flatMap((name) => doltStamp(join(embedded, name, '.dolt/noms')))
  if (databases.length > 0) return JSON.stringify(databases)
  const lines = ['issues.jsonl', 'beads.jsonl'].flatMap((name) => {
    const stat = statSync(join(dir, name), { throwIfNoEntry: false })
    return stat ? [[name, stat.ino, stat.size, stat.mtimeMs]] : []
  })
  if (lines.length > 0) return JSON.stringify(lines)
  return hasRealStore(dir) ? `since ${Math.floor(now() / unknownMs)}` : 'gone'
}

function doltStamp(noms: string): unknown[] {
  if (!existsSync(noms)) return []
  const sizes = readdirSync(noms)
    .filter((name) => !['LOCK', 'journal.idx', 'manifest'].includes(name))
    .sort()
    .map((name) => [name, statSync(join(noms, name), { throwIfNoEntry: false })?.size])
  return [textOf(join(noms, 'manifest')), sizes]
}

const foldersOf = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((each) => each.isDirectory())
        .map(({ name }) => name)
        .sort()
    : []
