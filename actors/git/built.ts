// What the Refinery built: every commit it made for main, written down before anybody could push it. A commit on main
// that is not among them came another way.
// Never: grows without bound.
import { appendFile, open, rename, stat, writeFile } from 'node:fs/promises'
import { rigLayout } from '../layout.ts'

const sizeMaxBytes = 2 * 1024 * 1024
const known = new Map<string, Set<string>>()

/** Notes commits as built here. */
export async function noteBuilt(town: string, rig: string, commits: readonly string[]): Promise<void> {
  const { built } = rigLayout(town, rig)
  const all = await read(built)
  const fresh = commits.filter((commit) => !all.has(commit))
  if (fresh.length === 0) return
  await appendFile(built, fresh.map((commit) => `${commit}\n`).join(''))
  for (const commit of fresh) all.add(commit)
  if ((await stat(built)).size > sizeMaxBytes) await cut(built, all)
}

export const wasBuilt = async (town: string, rig: string, commit: string): Promise<boolean> =>
  (await read(rigLayout(town, rig).built)).has(commit)

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

async function read(path: string): Promise<Set<string>> {
  const seen = known.get(path)
  if (seen) return seen
  const all = new Set<string>()
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file) for await (const line of file.readLines()) all.add(line)
  known.set(path, all)
  return all
}

/** Keeps the newer half. */
async function cut(path: string, all: Set<string>): Promise<void> {
  const kept = [...all].slice(all.size / 2)
  await writeFile(`${path}.part`, kept.map((commit) => `${commit}\n`).join(''))
  await rename(`${path}.part`, path)
  known.set(path, new Set(kept))
}
