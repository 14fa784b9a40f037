// Which plugins the Overseer lets run, and what was in their folders then. Whoever can write a folder of plugins does
// not yet make the town run a program. (spec: Plugins)
// Never: lets one run that is another than was enabled; looks at what a plugin keeps for itself (`kept`).
import { createHash } from 'node:crypto'
import { existsSync, lstatSync } from 'node:fs'
import { readdir, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isMemberName } from '../../machines/address.ts'
import { ConfigUnusable, readConfig, writeConfig } from '../config.ts'
import { foldersIn, openPlain } from '../files.ts'
import { rigLayout, townLayout } from '../layout.ts'

/** What a plugin's folder may change in itself: its clone, its mail, its state. */
const kept = ['rig', 'mail', 'state.json', 'state.json.part']
const filesMax = 10_000
const sizeMaxMb = 100
const sizeBytesMax = sizeMaxMb * 1024 * 1024

const record = z.object({
  version: z.literal(1),
  plugins: z.record(z.string(), z.object({ hash: z.string(), enabled_at: z.string() })),
})

/** A plugin's folder as it is now. */
export interface Looked {
  hash: string
  /** All that was looked at, by its path in the folder. */
  files: string[]
}

export type PluginState = 'enabled' | 'changed' | 'not enabled'

export interface Plugins {
  /** Whether it was enabled, and its folder is there; it may have changed. */
  has(rig: string, name: string): boolean
  state(rig: string, name: string): Promise<PluginState>
  /** Why it does not run, in words that say what next; undefined: it may run. */
  trouble(rig: string, name: string): Promise<string | undefined>
  enabledAt(rig: string, name: string): string | undefined
  enable(rig: string, name: string, looked: Looked, at: Date): void
  /** false: it was not enabled. */
  disable(rig: string, name: string): boolean
}

/** Throws ConfigUnusable when what was recorded cannot be read. */
export function openPlugins(town: string): Plugins {
  const { enabledPlugins } = townLayout(town)
  const plugins = existsSync(enabledPlugins) ? { ...readConfig(enabledPlugins, record).plugins } : {}
  const write = () => writeConfig(enabledPlugins, { version: 1, plugins }, 0o600)
  const key = (rig: string, name: string) => `${rig}/${name}`
  const has = (rig: string, name: string) =>
    plugins[key(rig, name)] !== undefined && isFolder(rigLayout(town, rig).plugin(name))
  const state = async (rig: string, name: string): Promise<PluginState> => {
    if (!has(rig, name)) return 'not enabled'
    try {
      const { hash } = await lookAt(rigLayout(town, rig).plugin(name))
      return plugins[key(rig, name)]?.hash === hash ? 'enabled' : 'changed'
    } catch (error) {
      // It cannot be told to be the same, or is being changed just now.
      if (error instanceof ConfigUnusable || (error as NodeJS.ErrnoException).code !== undefined) return 'changed'
      throw error
    }
  }
  return {
    has,
    state,
    async trouble(rig, name) {
      const next = `\`gt plugin status ${rig}/${name}\` shows it, \`gt plugin enable ${rig}/${name}\` lets it run`
      const now = await state(rig, name)
      if (now === 'not enabled') return `${rig}/plugins/${name} is not enabled by the Overseer; ${next}`
      return now === 'changed' ? `${rig}/plugins/${name} has changed since it was enabled; ${next}` : undefined
    },
    enabledAt: (rig, name) => plugins[key(rig, name)]?.enabled_at,
    enable(rig, name, { hash }, at) {
      plugins[key(rig, name)] = { hash, enabled_at: at.toISOString() }
      write()
    },
    disable(rig, name) {
      const was = plugins[key(rig, name)] !== undefined
      delete plugins[key(rig, name)]
      if (was) write()
      return was
    },
  }
}

/** Every folder of a rig that may be a plugin's. */
export const pluginsIn = (town: string, rig: string): string[] =>
  foldersIn(rigLayout(town, rig).plugins).filter(isMemberName)

const actorFiles = ['actor.mjs', 'actor.js', 'actor.ts']

/** The file with a plugin's own machine; undefined: it has none. */
export const actorFileOf = (town: string, rig: string, name: string): string | undefined =>
  actorFiles.map((each) => join(rigLayout(town, rig).plugin(name), each)).find(existsSync)

/** A folder with all its files, as one hash; ConfigUnusable, in words, for one that cannot be told from another. */
export async function lookAt(dir: string): Promise<Looked> {
  if (!isFolder(dir)) throw new ConfigUnusable(`${dir} is no folder`)
  const hash = createHash('sha256')
  const files: string[] = []
  const root = await realpath(dir)
  let sizeBytes = 0
  const look = async (under: string): Promise<void> => {
    const entries = await readdir(join(dir, under), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(under, entry.name)
      if (kept.includes(path)) continue
      if (entry.isDirectory()) {
        await look(path)
        continue
      }
      files.push(path)
      const [kind, bytes] = entry.isSymbolicLink() ? ['link', await linkIn(root, path)] : await fileAt(join(dir, path))
      sizeBytes += bytes.length
      if (files.length > filesMax || sizeBytes > sizeBytesMax)
        throw new ConfigUnusable(
          `${dir} is too large to be looked at before each run: it may have ${filesMax} files and ${sizeMaxMb} MB, beside ${kept.slice(0, 3).join(', ')}`,
        )
      hash.update(`${JSON.stringify([path, kind, bytes.length])}\n`).update(bytes)
    }
  }
  await look('')
  return { hash: hash.digest('hex'), files }
}

async function fileAt(path: string): Promise<[kind: string, bytes: Buffer]> {
  // Whatever somebody puts there instead is not followed, nor waited for.
  const file = await openPlain(path)
  if (!file) throw new ConfigUnusable(`${path} is no plain file; a plugin's folder has nothing else`)
  try {
    const stat = await file.stat()
    if (stat.size > sizeBytesMax) throw new ConfigUnusable(`${path} is too large for a plugin`)
    return [stat.mode & 0o111 ? 'program' : 'file', await file.readFile()]
  } finally {
    await file.close()
  }
}

/** Where a link leads; it stays in its folder. */
async function linkIn(root: string, path: string): Promise<Buffer> {
  const at = join(root, path)
  const end = await realpath(at).catch(() => undefined)
  if (end === undefined || !end.startsWith(`${root}/`))
    throw new ConfigUnusable(`${at} leads out of its folder; what a plugin runs is in the plugin's own folder`)
  return Buffer.from(await readlink(at))
}

const isFolder = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
