// The rigs' configuration as the daemon goes by it: read at the start, and again whenever a config.json changes.
// Never: goes by a file that is not as it should be; what was read before stays, and what is wrong is said.
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { chosen } from '../actors/agents/choice.ts'
import { ownPresetFile, ownPresets, presetTrouble } from '../actors/agents/own.ts'
import { archivesOf } from '../actors/beads/archive.ts'
import {
  ConfigUnusable,
  type RigConfig,
  readConfig,
  rigsConfig,
  type TownConfig,
  writeConfig,
} from '../actors/config.ts'
import { freeIn } from '../actors/copies.ts'
import { readTown, rigIn, usableRigs } from '../actors/facts.ts'
import { forgetCredentials, keepWritten } from '../actors/git/credentials.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import { writableByAll } from '../actors/umask.ts'

export interface Rigs {
  all(): ReadonlyMap<string, RigConfig>
  get(name: string): RigConfig
  /** What the town itself says. */
  ofTown(): TownConfig
  /** What is wrong with configuration files, in words. */
  problems(): readonly string[]
  readAgain(): void
  /** From now on also this rig, which is on disk. */
  add(name: string): void
  /** No more this rig; its folder is moved aside. Says where it is. */
  remove(name: string): string
  watch(): void
  close(): Promise<void>
}

export interface Hears {
  /** A rig's configuration is another one now. */
  changed(name: string): void
  /** A file is wrong that was not before. */
  wrong(problem: string): void
  /** Somebody wrote to a file, perhaps to the town's own. */
  read(): void
}

/** Several writes of one change are read once, in milliseconds. */
const gatherMs = 100

/** Throws ConfigUnusable when a rig's configuration cannot be used. */
export function openRigs(root: string, hears: Hears): Rigs {
  const rigs = new Map(usableRigs(root))
  let agents = agentsOf(root)
  let ofTown = readTown(root).config
  let problems: readonly string[] = problemsOf(root)
  let watcher: FSWatcher | undefined
  let gathering: NodeJS.Timeout | undefined

  const takeIn = () => {
    const { rigs: read, config } = readTown(root)
    ofTown = config
    const changed = new Set<string>()
    for (const [name, config] of read) {
      const before = rigs.get(name)
      if (!before || JSON.stringify(before) === JSON.stringify(config)) continue
      rigs.set(name, config)
      changed.add(name)
    }
    const agentsNow = agentsOf(root)
    // A rig that waits for its agent to be put right goes on.
    for (const [name, agent] of agentsNow) if (agents.has(name) && agents.get(name) !== agent) changed.add(name)
    agents = agentsNow
    for (const name of changed) hears.changed(name)
    return problemsOf(root)
  }
  const readAgain = () => {
    const now = unlessUnusable(takeIn)
    for (const problem of now) if (!problems.includes(problem)) hears.wrong(problem)
    problems = now
    hears.read()
  }
  const soon = () => {
    clearTimeout(gathering)
    gathering = setTimeout(readAgain, gatherMs)
  }

  return {
    all: () => rigs,
    get: (name) => rigIn(root, rigs, name),
    ofTown: () => ofTown,
    problems: () => problems,
    readAgain,
    add(name) {
      rigs.set(name, rigIn(root, readTown(root).rigs, name))
      watcher?.add(rigLayout(root, name).config)
      problems = problemsOf(root)
    },
    remove(name) {
      rigs.delete(name)
      forgetCredentials(root, name)
      watcher?.unwatch(rigLayout(root, name).config)
      const moved = moveAside(root, name)
      problems = problemsOf(root)
      return moved
    },
    watch() {
      const { townJson, agentPresets } = townLayout(root)
      // What is not there yet cannot be watched.
      mkdirSync(agentPresets, { recursive: true })
      const paths = [...[...rigs.keys()].map((name) => rigLayout(root, name).config), townJson, agentPresets]
      watcher = watch(paths, { ignoreInitial: true }).on('all', soon)
    },
    async close() {
      clearTimeout(gathering)
      await watcher?.close()
    },
  }
}

/** What it finds wrong; a town's own file that cannot be read is that alone. */
function unlessUnusable(look: () => readonly string[]): readonly string[] {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof ConfigUnusable)) throw error
    return [`${error.message} (${goesBy})`]
  }
}

const goesBy = 'the town goes by what it was'

/** By rig: whose its polecats' agent is, and which the town's own file of it is: one that was wrong for a moment too. */
function agentsOf(root: string): ReadonlyMap<string, string> {
  const { config, rigs } = readTown(root)
  const fileOf = (agent: string) => statSync(ownPresetFile(root, agent), { throwIfNoEntry: false })
  return new Map(
    [...rigs].map(([name, rig]) => {
      const { by: _, ...choice } = chosen('polecat', [], rig, config)
      const file = fileOf(choice.agent)
      return [name, JSON.stringify([choice, file?.ino, file?.mtimeMs, file?.size])]
    }),
  )
}

/** What is wrong; a password that somebody wrote into an address is kept where it belongs, and told. */
function problemsOf(root: string): string[] {
  const { config: ofTown, rigs, unusable, unread } = readTown(root)
  const broken = ownPresets(root).broken
  const agents = [...rigs].flatMap(([name, config]) => {
    const { agent } = chosen('polecat', [], config, ofTown)
    const why = broken.has(agent) ? undefined : presetTrouble(root, agent)
    return why === undefined ? [] : [`${name}: ${why}`]
  })
  const inAddress = [...rigs.keys()]
    .filter((rig) => keepWritten(root, rig))
    .map((rig) => {
      const { config, credentials } = rigLayout(root, rig)
      return `git_url in ${config} has a user or password in it; it is kept in ${credentials} by now: take it out there`
    })
  const open = [root, ...[...rigs.keys()].map((rig) => rigLayout(root, rig)).flatMap((rig) => [rig.root, rig.config])]
    .filter((path) => (statSync(path).mode & writableByAll) !== 0)
    .map((path) => `${path} can be written by every user here, and says what the town runs: chmod -R o-rwx ${root}`)
  const wrong = [...unusable.values()].map((why) => `${why} (${goesBy})`)
  return [...wrong, ...broken.values(), ...agents, ...unread, ...inAddress, ...open]
}

/** First out of the registry, then out of the way: a folder nobody knows of harms less than a rig without one. */
function moveAside(root: string, name: string): string {
  const { rigsJson, removed } = townLayout(root)
  const registry = readConfig(rigsJson, rigsConfig)
  const { [name]: _, ...rest } = registry.rigs
  writeConfig(rigsJson, { ...registry, rigs: rest })
  const to = freeIn(removed, name)
  // Somebody may have removed it by hand; its issues go along all the same.
  if (existsSync(join(root, name))) renameSync(join(root, name), to)
  else mkdirSync(to)
  takeStoreAlong(root, name, to)
  return to
}

/** Its issues, their copies and its old mail go with it, where its links were. */
function takeStoreAlong(root: string, name: string, to: string): void {
  const { root: was, beads, cloneBeads, store, copies } = rigLayout(root, name)
  for (const link of [beads, cloneBeads].map((path) => join(to, relative(was, path))))
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link)
  for (const [from, name] of [
    [store, '.beads'],
    [copies, 'copies'],
  ] as const)
    if (existsSync(from)) renameSync(from, join(to, name))
  for (const path of archivesOf(root, name)) {
    mkdirSync(join(to, 'mail'), { recursive: true, mode: 0o700 })
    renameSync(path, join(to, 'mail', basename(path)))
  }
}
