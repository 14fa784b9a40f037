// The paths by which everybody knows a store: links to where it is kept, made again when a `git clean` or a person took
// them.
// Never: removes anything but a link; makes one where the project has a `.beads` of its own.
import { type FSWatcher, lstatSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { watchFolder } from '../files.ts'
import { rigLayout } from '../layout.ts'
import { linksOf, storeOf, type Tier } from './tiers.ts'

export interface Mended {
  /** Links that were made or made right, by their paths. */
  made: string[]
  /** What is in the way of one, in words. */
  wrong: string[]
}

/** Makes the links of a tier that are missing or lead elsewhere. Safe to repeat. */
export function mendLinks(tier: Tier): Mended {
  const found: Mended = { made: [], wrong: [] }
  for (const path of linksOf(tier)) {
    const there = lstatSync(path, { throwIfNoEntry: false })
    // A clone that is gone, or being made anew, is not ours to begin.
    if (!lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) continue
    const text = linkText(tier, path)
    if (there?.isSymbolicLink() && readlinkSync(path) === text) continue
    if (there && !there.isSymbolicLink()) {
      if (!isOwn(tier, path)) found.wrong.push(`${path} should be a link to ${storeOf(tier)}; move what is there away`)
      continue
    }
    if (there) rmSync(path)
    symlinkSync(text, path)
    found.made.push(path)
  }
  return found
}

/** Relative, so that a town can be moved. */
export const linkText = (tier: Tier, path: string) => relative(dirname(path), storeOf(tier))

/** A folder in the Mayor's clone is the project's own. */
const isOwn = ({ town, rig }: Tier, path: string) => rig !== undefined && path === rigLayout(town, rig).cloneBeads

/** What git is not to show of the links: nothing where the project has a folder of that name itself. */
export function hiddenLinks(town: string, rig: string): string {
  const there = lstatSync(rigLayout(town, rig).cloneBeads, { throwIfNoEntry: false })
  return there?.isDirectory() ? '' : '/.beads\n'
}

/** Several changes of one `git clean` are looked at once, in milliseconds. */
const gatherMs = 100

/** Calls `changed` when one of the links may have. Returns how to stop. */
export function watchLinks(tier: Tier, changed: () => void, trouble: (error: unknown) => void): () => void {
  let gathering: NodeJS.Timeout | undefined
  const watchers: (FSWatcher | undefined)[] = []
  for (const path of linksOf(tier)) {
    if (!lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) continue
    const heard = (name: string | null) => {
      if (name !== null && name !== basename(path)) return
      clearTimeout(gathering)
      gathering = setTimeout(changed, gatherMs)
    }
    // Without a watch they are made again once a day, and by `gt up`.
    watchers.push(watchFolder(dirname(path), heard, trouble))
  }
  return () => {
    clearTimeout(gathering)
    for (const watcher of watchers) watcher?.close()
  }
}
