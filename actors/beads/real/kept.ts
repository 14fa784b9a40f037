// The real store of a rig as the daemon keeps it: its program is found and asked for its version first, and again as
// long as that cannot be.
// Never: takes another store for the one it mirrors; lets what the mirror's own issues were be lost.
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../../environment.ts'
import { jsonAt } from '../../files.ts'
import { BeadsError, type TownIssues } from '../contract.ts'
import type { Beads } from '../embedded.ts'
import { townsMail } from './mirror.ts'
import { openProgram } from './program.ts'
import { openReal, type RealStore } from './real.ts'
import { type Backed, hasRealStore, programOf } from './where.ts'

export interface KeptReal {
  /** Finds the program and reads all there is; its path. Throws a BeadsError with words when that cannot be. */
  begin(): Promise<string>
  issues: TownIssues
  fresh(): Promise<void>
  /** What is wrong now, in words. */
  problems(): string[]
  watch(changed: () => void): void
  close(): void
}

export interface KeepingReal {
  rig: string
  backed: Backed
  mirror(): Beads
  env: Environment
  /** The town's own commands, which are not meant. */
  ours: readonly string[]
  report(error: unknown): void
}

/** How long a town waits for the first reading before it comes up, in milliseconds. */
const beginMs = 10_000
/** All that is asked of the store itself. Mail is the town's own. */
const passed = Object.keys({
  ...{ get: 0, labels: 0, parentOf: 0, lineage: 0, next: 0, inHands: 0, unfinished: 0, progress: 0, parts: 0 },
  ...{ openEpics: 0, blockers: 0, waitsFor: 0, closedBy: 0, claim: 0, update: 0, addDep: 0, addLabel: 0 },
  ...{ closeIssue: 0, dataVersion: 0 },
} satisfies Record<
  Exclude<keyof TownIssues, keyof ReturnType<typeof townsMail> | 'heartbeat'>,
  0
>) as (keyof TownIssues)[]
/** What the mirror is one of, in its own configuration. */
const storeKey = 'bd.store'

export function keepReal({ rig, backed, mirror, env, ours, report }: KeepingReal): KeptReal {
  const { dir, home, names } = backed
  let opening: Promise<RealStore> | undefined
  let store: RealStore | undefined
  let trouble: string | undefined
  let heard: (() => void) | undefined
  let isClosed = false

  const opened = async (): Promise<RealStore> => {
    try {
      opening ??= found()
      store = await opening
      trouble = undefined
      return store
    } catch (error) {
      opening = undefined
      if (error instanceof BeadsError) trouble = `the issues of ${rig} cannot be used: ${error.message}`
      throw error
    }
  }
  const found = async () => {
    const wrong = hasRealStore(dir) ? whyNotMirror(mirror(), dir) : `${dir} has no store of a bd`
    if (wrong !== undefined) throw new BeadsError(wrong)
    const program = await openProgram({ path: programOf(backed, env.PATH ?? '', ours), dir, home, env })
    mirror().setConfig(storeKey, nameOf(dir))
    const real = openReal({ mirror, program, names, below: `${rig}/polecats/`, report })
    if (isClosed) real.close()
    else if (heard) real.watch(heard)
    return real
  }
  const passedOn = <K extends keyof TownIssues>(name: K) =>
    (async (...args: unknown[]) =>
      ((await opened()).issues[name] as (...args: unknown[]) => unknown)(...args)) as unknown as TownIssues[K]
  return {
    async begin() {
      const real = await opened()
      const reading = real.fresh()
      await Promise.race([reading, sleep(beginMs, undefined, { ref: false })])
      // One that takes longer is told, and waited for by whoever asks.
      reading.catch(() => undefined)
      return real.path
    },
    issues: {
      ...(Object.fromEntries(passed.map((name) => [name, passedOn(name)])) as unknown as TownIssues),
      ...townsMail(mirror),
    },
    fresh: async () => (await opened()).fresh(),
    problems: () => [...(trouble === undefined ? [] : [trouble]), ...(store?.problems() ?? [])],
    watch(changed) {
      heard = changed
      store?.watch(changed)
    },
    close() {
      isClosed = true
      store?.close()
    },
  }
}

/** In words, why this store of ours cannot be the mirror of what is in that folder. */
function whyNotMirror(mirror: Beads, dir: string): string | undefined {
  const of = mirror.config(storeKey)
  if (of === nameOf(dir)) return undefined
  if (of !== undefined) return `${mirror.path} mirrors another store than the one in ${dir} (${of})`
  const own = mirror.count({ all: true }).reduce((sum, { count }) => sum + count, 0)
  return own === 0
    ? undefined
    : `${mirror.path} has ${own} issues of its own, which the bd in ${dir} would take the place of; bring them along: bd --db ${mirror.path} export -o all.jsonl, import them there, then add the rig anew`
}

/** What a store is known by, wherever it is moved to; of one that does not say it, its place. */
function nameOf(dir: string): string {
  const { project_id: project } = jsonAt(join(dir, 'metadata.json'))
  if (typeof project === 'string') return project
  try {
    return realpathSync(dir)
  } catch {
    // Not there, which is told when it is read.
    return dir
  }
}
