// What a town is, as its folder says: its rigs with their configuration, or what is wrong with it, as data. For the
// daemon, for commands that work without one, and for whoever looks after the town.
// Never: changes a file; asks the daemon.
import { existsSync, readdirSync } from 'node:fs'
import { mayor, overseer, pluginOf, polecatOf, refineryOf, witnessOf } from '../machines/address.ts'
import { entitlementOf } from './accounts.ts'
import type { TownChoice } from './agents/choice.ts'
import { spokenIn } from './agents/own.ts'
import {
  ConfigUnusable,
  limitsOf,
  type RigConfig,
  readConfig,
  rigConfig,
  rigsConfig,
  type TownConfig,
  townConfig,
} from './config.ts'
import { jsonAt, textAt } from './files.ts'
import { rigLayout, townLayout } from './layout.ts'
import { didYouMean } from './nearest.ts'
import { actorFileOf, type Plugins } from './plugins/enabled.ts'
import type { TownFacts } from './roles/role.ts'

export interface TownRead {
  root: string
  name: string
  config: TownConfig
  /** Those whose configuration can be used. */
  rigs: ReadonlyMap<string, RigConfig>
  /** Why a rig cannot be used, by its name; the file, what is wrong, what next. */
  unusable: ReadonlyMap<string, string>
  /** Keys in configuration files that nothing reads, in words. They are kept. */
  unread: readonly string[]
}

/** Reads town.json, rigs.json and every rig's config.json; throws ConfigUnusable for the first two only. */
export function readTown(root: string): TownRead {
  const layout = townLayout(root)
  const config = readConfig(layout.townJson, townConfig)
  const rigs = new Map<string, RigConfig>()
  const unusable = new Map<string, string>()
  const unread: string[] = []
  for (const rig of Object.keys(readConfig(layout.rigsJson, rigsConfig).rigs)) {
    const path = rigLayout(root, rig).config
    try {
      rigs.set(rig, readConfig(path, rigConfig))
      const raw = JSON.parse(textAt(path)) as object
      unread.push(...unreadKeys(raw).map((words) => `${path} says ${words}`))
    } catch (error) {
      if (!(error instanceof ConfigUnusable)) throw error
      unusable.set(rig, error.message)
    }
  }
  return { root, name: config.name, config, rigs, unusable, unread }
}

/** Every rig's configuration; throws ConfigUnusable when one of them cannot be used. */
export function usableRigs(root: string): ReadonlyMap<string, RigConfig> {
  const { rigs, unusable } = readTown(root)
  if (unusable.size > 0) throw new ConfigUnusable([...unusable.values()].join('\n'))
  return rigs
}

/** Keys of a rig's config.json that nothing reads, each with the one that was probably meant, in words. */
export function unreadKeys(raw: object): string[] {
  const known = Object.keys(rigConfig.shape)
  return Object.keys(raw)
    .filter((key) => !known.includes(key))
    .map((key) => `"${key}", which nothing reads${didYouMean(key, known)}`)
}

/** What roles ask about their town, by the configuration as it is when they ask. */
export function factsOf(
  root: string,
  rigs: () => ReadonlyMap<string, RigConfig>,
  plugins: Pick<Plugins, 'has'>,
  ofTown: () => TownChoice,
): TownFacts {
  return {
    rigs: () => [...rigs().keys()],
    rig: (name) => ({ ...limitsOf(rigIn(root, rigs(), name)), ...entitlementOf(root, rigs(), name, ofTown()) }),
    // One with a machine of its own is played by that, or by nobody.
    hasPlugin: (rig, name) => plugins.has(rig, name) && actorFileOf(root, rig, name) === undefined,
  }
}

export function rigIn(root: string, rigs: ReadonlyMap<string, RigConfig>, name: string): RigConfig {
  const found = rigs.get(name)
  if (!found)
    throw new Error(`no rig "${name}" in ${root}; rigs: ${[...rigs.keys()].join(', ') || 'none yet (`gt rig add`)'}`)
  return found
}

/** Throws with words when there is no rig of this name; one that cannot be used is there. */
export function knownIn({ root, rigs, unusable }: TownRead, name: string): void {
  const names = [...rigs.keys(), ...unusable.keys()]
  if (!names.includes(name))
    throw new Error(
      `no rig "${name}" in ${root}; rigs: ${names.join(', ') || 'none yet (`gt rig add`)'}${didYouMean(name, names)}`,
    )
}

/** The rig whose issues carry this id's prefix. */
export const rigOfIssue = (rigs: ReadonlyMap<string, RigConfig>, id: string): string | undefined =>
  [...rigs]
    .filter(([, config]) => id.startsWith(`${config.beads.prefix}-`))
    // A real bd's prefix may begin with another's.
    .sort(([, a], [, b]) => b.beads.prefix.length - a.beads.prefix.length)[0]?.[0]

/** Addresses that can be told from disk, for when there is no daemon to ask; whether anybody is alive is not known. */
export function addressesIn(root: string): string[] {
  return [mayor, overseer, ...[...readTown(root).rigs.keys()].flatMap((rig) => addressesOf(root, rig))]
}

function addressesOf(root: string, rig: string): string[] {
  const layout = rigLayout(root, rig)
  return [
    witnessOf(rig),
    refineryOf(rig),
    ...namesIn(layout.polecats).map((name) => polecatOf(rig, name)),
    ...namesIn(layout.plugins).map((name) => pluginOf(rig, name)),
    ...namesIn(layout.crew).map((name) => `${rig}/crew/${name}`),
  ]
}

const namesIn = (path: string) => (existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : [])

/**
 * Names that the rigs want handed on of the environment their daemon is started in. Read leniently and without the
 * schema: a file that is not as it should be is told of by the daemon, and adds nothing here.
 */
export async function namesHandedOn(root: string): Promise<string[]> {
  const rigs = Object.keys((jsonAt(townLayout(root).rigsJson).rigs as object | undefined) ?? {})
  const ofTown = jsonAt(townLayout(root).townJson)
  const each = rigs.map(async (rig) => {
    const config = jsonAt(rigLayout(root, rig).config)
    // An issue may ask for another agent than its rig's.
    const isSpoken = [config, ofTown].some(namesAgent)
    const passes = isSpoken ? (await spokenIn(root)).flatMap((preset) => preset.passes ?? []) : []
    return [config.extra_env, config.gate_env, passes].flat().filter((name) => typeof name === 'string')
  })
  return (await Promise.all(each)).flat()
}

/** Somewhere in it stands which agent is spoken to. */
const namesAgent = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([key, one]) => {
    if (key === 'agent') return one !== 'shell'
    return ['roles', 'polecat'].includes(key) && namesAgent(one)
  })
