// The town's own record of what the Refinery made for main, written before anything is pushed: every commit, and whose
// work each commit brings. A commit of main that is not in it came another way.
// Never: grows without bound; goes by what a commit's message says.
import { rename, stat, writeFile } from 'node:fs/promises'
import { appendBeside, textAt } from '../files.ts'
import { rigLayout } from '../layout.ts'
import type { At } from './at.ts'
import { git, longMs } from './git.ts'

/** Notes commits as built here. */
export const noteBuilt = (town: string, rig: string, commits: readonly string[]): Promise<void> =>
  add(rigLayout(town, rig).built, commits)

export const wasBuilt = async (town: string, rig: string, commit: string): Promise<boolean> =>
  (await read(rigLayout(town, rig).built)).has(commit)

/** Notes that this commit, once it is on main, brings all of the work that ends with the commit `work`. */
export const noteBrought = (town: string, rig: string, work: string, commit: string): Promise<void> =>
  add(rigLayout(town, rig).brought, [`${work} ${commit}`])

/** The commits that were made to bring each work, oldest first. Which of them is on main is for git to say. */
export async function broughtAs(town: string, rig: string): Promise<Map<string, string[]>> {
  const all = new Map<string, string[]>()
  for (const line of await read(rigLayout(town, rig).brought)) {
    const [, work, commit] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64})$/.exec(line) ?? []
    if (work !== undefined && commit !== undefined) all.set(work, [...(all.get(work) ?? []), commit])
  }
  return all
}

/** Those of these commits that are in the history of any of the tips. */
export async function reachedFrom(
  at: At | string,
  tips: readonly string[],
  commits: readonly string[],
): Promise<Set<string>> {
  if (commits.length === 0 || tips.length === 0) return new Set()
  // Somebody may have cleaned the repository of what was never pushed.
  const known = await git(at, ['cat-file', '--batch-check=%(objectname)'], { input: `${commits.join('\n')}\n` })
  const there = known.stdout.split('\n').filter((line) => line !== '' && !line.includes(' '))
  const input = `${[...there, ...tips.map((tip) => `^${tip}`)].join('\n')}\n`
  const { stdout } = await git(at, ['rev-list', '--stdin'], { input, mostMs: longMs })
  const beyond = new Set(stdout.split('\n'))
  return new Set(there.filter((commit) => !beyond.has(commit)))
}

const bases = new Map<string, string>()
const basesMax = 1000

/** Remembers, while this daemon lives, on which main a candidate was built, and whether its attributes are main's. */
export function noteCandidate(commit: string, base: string, hasAttributesOf: boolean): void {
  for (const all of [bases, unchanged]) if (all.size >= basesMax) all.clear()
  bases.set(commit, base)
  if (hasAttributesOf) unchanged.set(commit, base)
}
const unchanged = new Map<string, string>()

export const wasBuiltOn = (commit: string, base: string): boolean => bases.get(commit) === base
/** The main that has the same `.gitattributes` as this commit, when it was built here. */
export const attributesBefore = (commit: string): string | undefined => unchanged.get(commit)

const sizeMaxBytes = 2 * 1024 * 1024
const known = new Map<string, { mark: string; lines: Set<string> }>()

async function add(path: string, lines: readonly string[]): Promise<void> {
  const all = await read(path)
  const fresh = lines.filter((line) => !all.has(line))
  if (fresh.length === 0) return
  // On disk before a push; the line before may be half of one, of a daemon that was killed.
  await appendBeside(path, `\n${fresh.join('\n')}\n`)
  for (const line of fresh) all.add(line)
  if ((await stat(path)).size > sizeMaxBytes) await keepNewerHalf(path, all)
  known.set(path, { mark: await markOf(path), lines: all })
}

/** The lines of such a file; read again when it is another one, as of a rig that was removed and added again. */
async function read(path: string): Promise<Set<string>> {
  const mark = await markOf(path)
  const seen = known.get(path)
  if (seen?.mark === mark) return seen.lines
  const text = mark === '' ? '' : textAt(path, 2 * sizeMaxBytes)
  const lines = new Set(text.split('\n').filter(Boolean))
  known.set(path, { mark, lines })
  return lines
}

async function markOf(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return found === undefined ? '' : `${found.ino}:${found.mtimeMs}:${found.size}`
}

async function keepNewerHalf(path: string, lines: Set<string>): Promise<void> {
  const gone = [...lines].slice(0, lines.size / 2)
  for (const line of gone) lines.delete(line)
  await writeFile(`${path}.part`, `${[...lines].join('\n')}\n`, { flush: true })
  await rename(`${path}.part`, path)
}
