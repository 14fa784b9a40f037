// Files that were copied into workers' places: git shows them to nobody, neither the worker nor the town.
// Never: says a line twice; touches what else is in a file of excludes.
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hiddenLinks } from '../beads/links.ts'
import { textOf, writeWhole } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { lensOf } from './lens.ts'

/** Excludes of every place of a rig, one a line: what the town's own view of the clone is made with. */
export const hiddenIn = (town: string, rig: string): string => textOf(keptIn(town, rig)) ?? ''
const keptIn = (town: string, rig: string) => join(rigLayout(town, rig).lens, 'info/hidden')

/** Hides files, as `.gitignore` has them, from the town's git and from the worker's whose folder of git's this is. */
export function hide(town: string, rig: string, own: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  const common = join(own, 'common')
  // Places that older versions made have no common folder of their own.
  const workers = existsSync(common) ? common : join(rigLayout(town, rig).clone, '.git')
  for (const file of [keptIn(town, rig), join(lensOf(town, rig), 'info/exclude'), join(workers, 'info/exclude')])
    addLines(file, lines)
}

/** Hides the links to the rig's issues from whoever uses git in the Mayor's clone. */
export const hideFromClone = (town: string, rig: string): void =>
  addLines(join(rigLayout(town, rig).clone, '.git/info/exclude'), hiddenLinks(town, rig).split('\n').filter(Boolean))

function addLines(path: string, lines: readonly string[]): void {
  const text = textOf(path) ?? ''
  const known = text.split('\n')
  const fresh = lines.filter((line) => !known.includes(line))
  if (fresh.length === 0) return
  mkdirSync(dirname(path), { recursive: true })
  writeWhole(path, `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${fresh.join('\n')}\n`)
}
