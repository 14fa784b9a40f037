// The composition root: store, clock, chance, hands and roles put together into one running town.
// Never: decides anything; it connects.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Beads, openBeads } from '../actors/beads/embedded.ts'
import { beadsHands, survey } from '../actors/beads/hands.ts'
import { watchBeads } from '../actors/beads/watch.ts'
import { bind, handlersOf } from '../actors/binding.ts'
import { limitsOf, type RigConfig, readConfig, rigConfig, rigsConfig, townConfig } from '../actors/config.ts'
import { endLeftover, gateHands, pruneLogs } from '../actors/gates/hands.ts'
import { gitHands } from '../actors/git/hands.ts'
import { preservedOf, prunePins } from '../actors/git/pin.ts'
import { prepareGit } from '../actors/git/prepare.ts'
import type { RigGit } from '../actors/git/rig.ts'
import { endRunning } from '../actors/git/run.ts'
import { emptyTrash } from '../actors/git/staging.ts'
import { rigLayout, townLayout } from '../actors/layout.ts'
import { foldersIn, pluginRolesOf } from '../actors/plugins/actors.ts'
import { pluginHands } from '../actors/plugins/hands.ts'
import { identityIn, isAlive, startOf } from '../actors/processes.ts'
import { startProjections } from '../actors/projections.ts'
import { sessionHands } from '../actors/sessions/hands.ts'
import { allowedEnv, tokenValid, writeShims } from '../actors/sessions/identity.ts'
import { processBackend } from '../actors/sessions/process.ts'
import { aliveIn, endSession, pruneRuns } from '../actors/sessions/session.ts'
import { tmuxBackend, tmuxOn } from '../actors/sessions/tmux.ts'
import { rigOf, witnessOf } from '../machines/address.ts'
import { type Host, openDriver, openHost, openSqliteStore, systemClock, systemRandom } from '../runtime/contract.ts'
import { mailHash, type TownBehind } from './door.ts'
import { witnessContext } from './status.ts'

/** How long the journal, outputs of sessions, logs of gates, and pins of work that is on main are kept. */
const keepDays = 30
const dayMs = 86_400_000

export interface TownOptions {
  town: string
  env: NodeJS.ProcessEnv
  pid: number
  version: string
  /** Scripts and Node that sessions get as `gt`, `bd` and for workers. */
  entry: { gt: string; bd: string; node: string }
  onFatal(error: unknown): void
  /** Trouble that the town goes on with. */
  report(error: unknown): void
  goDown(): void
}

export interface Town {
  behind: TownBehind
  host: Host
  /** Starts the roles' work and watches the rigs' beads. */
  begin(): Promise<void>
  close(): Promise<void>
}

export async function openTown(options: TownOptions): Promise<Town> {
  const { town } = options
  const layout = townLayout(town)
  const { name } = readConfig(layout.townJson, townConfig)
  let configs = readRigs(town)
  const rig = (rigName: string): RigConfig => {
    const config = configs.get(rigName)
    if (!config) throw new Error(`no rig "${rigName}" in ${town}`)
    return config
  }
  const facts = {
    rigs: () => [...configs.keys()],
    rig: (rigName: string) => limitsOf(rig(rigName)),
    hasPlugin: (rigName: string, plugin: string) => existsSync(rigLayout(town, rigName).plugin(plugin)),
    hasCrew: (rigName: string, member: string) => existsSync(join(rigLayout(town, rigName).crew, member)),
  }
  const prefixOf = (rigName: string | undefined) => (rigName === undefined ? 'gm' : rig(rigName).beads.prefix)
  const binding = bind({ facts, prefixOf })
  /** Asked in order; plugins that bring a machine come first, also those of a rig added later. */
  const roles = [...binding.roles]
  const readPlugins = async (rigName: string) => {
    roles.unshift(...(await pluginRolesOf(town, rigName)))
  }
  for (const rigName of configs.keys()) await readPlugins(rigName)
  const host: Host = openHost({
    store: openSqliteStore(layout.db),
    clock: systemClock,
    random: systemRandom,
    holder: `${options.pid}:${startOf(options.pid)}:${randomUUID()}`,
    holderGone,
    ...binding,
    roles,
  })

  const secret = readFileSync(layout.secret, 'utf8').trim()
  writeShims(layout.shims, options.entry.node, { gt: options.entry.gt, bd: options.entry.bd })
  const bare = { ...allowedEnv(options.env), PATH: options.env.PATH ?? '/usr/local/bin:/usr/bin:/bin' }
  const tmux = tmuxBackend(layout.tmuxSocket, bare)
  const hasTmux = tmuxOn(bare.PATH)
  const backend = (wanted: 'auto' | 'tmux' | 'process') =>
    wanted === 'process' || (wanted === 'auto' && !hasTmux) ? processBackend : tmux
  const stores = new Map<string, Beads>()
  const watches: (() => Promise<void>)[] = []
  const beadsOf = (rigName: string | undefined): Beads => {
    const key = rigName ?? ''
    const open = stores.get(key) ?? openBeads(rigName === undefined ? layout.beads : rigLayout(town, rigName).beads)
    stores.set(key, open)
    return open
  }
  const gitDeps: RigGit = {
    town,
    defaultBranch: (rigName) => rig(rigName).default_branch,
    url: (rigName) => rig(rigName).git_url,
    mergeStyle: (rigName) => rig(rigName).merge_style,
    branchRenamed: () => {
      configs = readRigs(town)
    },
    report: options.report,
  }
  const driver = openDriver({
    host,
    clock: systemClock,
    onFatal: options.onFatal,
    handlers: handlersOf({
      ...beadsHands({ of: beadsOf, preservedOf: (rigName, issue) => preservedOf(gitDeps, rigName, issue) }),
      ...gitHands(gitDeps),
      ...gateHands({ town, rig, env: bare }),
      ...sessionHands({ town, rig, backend, secret, env: options.env, node: options.entry.node, now: systemClock.now }),
      ...pluginHands({ town, env: bare }),
    }),
  })
  const watchRig = (rigName: string) => {
    const changed = () => {
      host.post({ from: 'daemon', to: witnessOf(rigName), type: 'issues.changed', body: {} })
      driver.poke()
    }
    watches.push(watchBeads(rigLayout(town, rigName).beads, beadsOf(rigName), changed))
    // Somebody may have written while nobody watched.
    changed()
  }

  let projections: ReturnType<typeof startProjections> | undefined
  let pruning: NodeJS.Timeout | undefined
  const pruneOld = () => {
    const before = systemClock.now() - keepDays * dayMs
    try {
      host.prune(before)
      pruneRuns(layout.sessions, before)
      pruneLogs(layout.gateLogs, before)
      for (const rigName of configs.keys()) {
        emptyTrash(rigLayout(town, rigName).trash).catch(options.report)
        prunePins(gitDeps, rigName, before).catch(options.report)
      }
    } catch (error) {
      // What was not removed today is removed tomorrow.
      options.report(error)
    }
  }

  const behind: TownBehind = {
    root: town,
    name,
    version: options.version,
    pid: options.pid,
    startedAt: systemClock.now(),
    host,
    poke: () => driver.poke(),
    issues: {
      issue: async (rigName, id) => {
        const issue = beadsOf(rigName).get(id)
        return (
          issue && { id, title: issue.title, status: issue.status, type: issue.issue_type, assignee: issue.assignee }
        )
      },
      children: async (rigName, id) =>
        beadsOf(rigName)
          .children(id)
          .filter((issue) => issue.issue_type !== 'epic')
          .map(({ id: child, title, status }) => ({ id: child, title, status })),
      waiting: async (rigName, epics, issues) => (await survey(beadsOf(rigName), epics, issues)).waiting,
    },
    rigs: facts.rigs,
    rigOfIssue: (id) => [...configs].find(([, config]) => id.startsWith(`${config.beads.prefix}-`))?.[0],
    rig: (rigName) => {
      const { beads, gates, no_gate, max_workers, worker_spawn_delay } = rig(rigName)
      return {
        prefix: beads.prefix,
        gates: Object.keys(gates),
        gated: !no_gate,
        maxWorkers: max_workers,
        spawnDelayMs: worker_spawn_delay,
      }
    },
    hasPlugin: facts.hasPlugin,
    members: (rigName) => ({
      plugins: foldersIn(rigLayout(town, rigName).plugins),
      crew: foldersIn(rigLayout(town, rigName).crew),
    }),
    tokenValid: (address, epoch, token) => tokenValid(secret, address, epoch, token),
    endSessions: async (rigName) => {
      const live = aliveIn(layout.sessions).filter(
        (session) => rigName === null || session.id.startsWith(`gt-${rigName}-`),
      )
      await Promise.all(live.map((session) => endSession(session, 2000, new AbortController().signal)))
      return live.map((session) => session.id)
    },
    rigAdded: async (rigName) => {
      configs = readRigs(town)
      rig(rigName)
      await readPlugins(rigName)
      watchRig(rigName)
    },
    newMailId: (to, seed) => `${prefixOf(rigOf(to))}-${mailHash(seed)}`,
    goDown: options.goDown,
    now: systemClock.now,
  }
  return {
    behind,
    host,
    async begin() {
      // What a killed daemon started has nobody who waits for it, and would work beside what is started anew.
      await Promise.all([
        prepareGit(gitDeps, [...configs.keys()]),
        ...[...configs.keys()].map((rigName) => endLeftover(town, rigName)),
      ])
      for (const rigName of configs.keys()) {
        const { maxWorkers, spawnDelayMs } = facts.rig(rigName)
        const heard = witnessContext(host, rigName)
        // Changed while the town was down.
        if (heard && (heard.maxWorkers !== maxWorkers || heard.spawnDelayMs !== spawnDelayMs))
          host.post({
            from: 'daemon',
            to: witnessOf(rigName),
            type: 'rig.configured',
            body: { maxWorkers, spawnDelayMs },
          })
      }
      driver.start()
      projections = startProjections(town, host, facts.rigs, options.report)
      pruneOld()
      pruning = setInterval(pruneOld, dayMs)
      pruning.unref()
      for (const rigName of configs.keys()) watchRig(rigName)
    },
    async close() {
      await driver.stop(3000)
      // One that hangs at origin would outlive the town.
      endRunning()
      clearInterval(pruning)
      projections?.stop()
      await Promise.all(watches.map((stop) => stop()))
      for (const store of stores.values()) store.close()
      host.close()
    },
  }
}

/** A holder is `pid:start time:uuid`; it is gone when that very process is. */
const holderGone = (holder: string) => !isAlive(identityIn(holder))

function readRigs(town: string): Map<string, RigConfig> {
  const { rigs } = readConfig(townLayout(town).rigsJson, rigsConfig)
  return new Map(Object.keys(rigs).map((name) => [name, readConfig(rigLayout(town, name).config, rigConfig)]))
}
