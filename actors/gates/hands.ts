// The hands of gates: what a commit must pass before it lands, and what makes a worktree ready to work in.
// Never: runs a gate in a place that is not exactly that commit; leaves a process or a place behind; remembers a
// verdict.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Hands } from '../binding.ts'
import type { RigConfig } from '../config.ts'
import type { Environment } from '../environment.ts'
import { noteAt, writePassing } from '../files.ts'
import { emptyTrash, setAside } from '../git/staging.ts'
import { rigLayout, townLayout } from '../layout.ts'
import type { ProcessIdentity } from '../proc.ts'
import { endAll, type Mark } from '../processes.ts'
import { gitConfigOf } from '../sessions/variables.ts'
import { namespaceWords } from './namespace.ts'
import { logOf, newPlace } from './places.ts'
import { setUpWorktree } from './setup.ts'
import { stepEnv } from './step.ts'
import { runAll } from './verdict.ts'

export interface GateDeps {
  town: string
  rig(name: string): RigConfig
  /** The daemon's environment; gates get the allowed part. */
  env: Environment
  /** Told once what a person should know and nothing waits for. */
  report?(words: string): void
  /** Absent: what this machine allows. */
  namespace?: readonly string[]
}

export function gateHands(deps: GateDeps): Pick<Hands, 'runGates' | 'setUpWorktree'> {
  const cleared = new Map<string, Promise<void>>()
  let found: Promise<readonly string[]> | undefined
  const namespace = (rig: RigConfig) => {
    if (!rig.gate_namespace) return Promise.resolve([])
    found ??= deps.namespace ? Promise.resolve(deps.namespace) : namespaceWords(deps.env.PATH ?? '')
    return found
  }
  /** Once for each daemon: what its killed forerunner had no time to end or to note. */
  const begin = (rig: string) => {
    mkdirSync(townLayout(deps.town).gateLogs, { recursive: true, mode: 0o700 })
    const clearing = cleared.get(rig) ?? clearPool(deps.town, rig)
    cleared.set(rig, clearing)
    return clearing
  }
  return {
    async runGates({ rig: name, commit }, call) {
      const rig = deps.rig(name)
      if (rig.no_gate) return { kind: 'green', gates: [], flaky: [] }
      await begin(name)
      const started = (gate: ProcessIdentity) => writePassing(runningFile(deps.town, name), JSON.stringify(gate), 0o600)
      try {
        return await runAll({ ...deps, rig, commit, namespace: await namespace(rig), started, signal: call.signal })
      } finally {
        rmSync(runningFile(deps.town, name), { force: true })
      }
    },

    async setUpWorktree(input, call) {
      const rig = deps.rig(input.rig)
      if (Object.keys(rig.setup).length === 0 && rig.copy.length === 0) return { kind: 'ready' }
      await begin(input.rig)
      const { gatePool, gateCache } = rigLayout(deps.town, input.rig)
      const home = `${newPlace(gatePool, `${input.polecat}-${input.incarnation}`)}.home`
      mkdirSync(gateCache, { recursive: true })
      mkdirSync(home, { recursive: true, mode: 0o700 })
      const { worktree } = input
      // The same setup of the same place, by a daemon that was killed.
      await endAll({ mark: { variable: 'GT_GATE', holds: (place) => place === worktree } }, 0)
      const { GIT_CONFIG_NOSYSTEM: _, ...env } = stepEnv(deps.env, rig, {
        place: worktree,
        home,
        cache: gateCache,
        own: false,
      })
      try {
        return await setUpWorktree(
          {
            town: deps.town,
            rig,
            at: {
              place: worktree,
              home,
              env: { ...env, GIT_CONFIG_GLOBAL: gitConfigOf(home, deps.env) },
              namespace: await namespace(rig),
            },
            logOf: (step) => logOf(deps.town, `${input.rig}-${input.polecat}-${input.incarnation}-${step}`),
            report: (words) => deps.report?.(words),
          },
          input,
          call.signal,
        )
      } finally {
        await rm(home, { recursive: true, force: true })
      }
    },
  }
}

async function clearPool(town: string, rig: string): Promise<void> {
  const { gatePool } = rigLayout(town, rig)
  await endLeftover(town, rig)
  if (!existsSync(gatePool)) return
  const trash = join(gatePool, '.trash')
  for (const name of readdirSync(gatePool)) if (name !== '.trash') setAside(join(gatePool, name), trash)
  await emptyTrash(trash)
}

const leftover = z.object({ pid: z.int().min(2), pidStart: z.string() })
const runningFile = (town: string, rig: string) => join(townLayout(town).gateLogs, `running-${rig}.json`)

/** Ends what a killed daemon left running of a rig's gates and setups: by its record, and by their mark. */
export async function endLeftover(town: string, rig: string): Promise<void> {
  const path = runningFile(town, rig)
  const noted = noteAt(path, leftover)
  const { root } = rigLayout(town, rig)
  const mark: Mark = { variable: 'GT_GATE', holds: (place) => place.startsWith(`${root}/`) }
  await endAll(noted ? { noted, mark } : { mark }, 0)
  rmSync(path, { force: true })
}

/** Removes logs that were written before this moment, in milliseconds since the epoch. */
export function pruneLogs(dir: string, before: number): void {
  if (!existsSync(dir)) return
  for (const file of readdirSync(dir).filter((each) => each.endsWith('.log')))
    if (statSync(join(dir, file)).mtimeMs < before) rmSync(join(dir, file))
}
