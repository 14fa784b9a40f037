// Shares the issues of rigs through their origins as often as their configuration says (`sync_every`), each by a
// process of its own. What cannot be done is tried again when it is due again.
// Never: holds anything up; tells the same trouble twice in a row.
import process from 'node:process'
import { type Told, told } from '../actors/beads/sync/rig.ts'
import type { RigConfig } from '../actors/config.ts'
import { originVariables } from '../actors/environment.ts'
import { markOf } from '../actors/processes.ts'
import { runProgram } from '../actors/programs.ts'
import { systemClock } from '../runtime/open.ts'

export interface Syncing {
  /** In words, which rigs' issues could not be shared when it was last tried. */
  problems(): string[]
  /** Ends what is under way; what it had not committed it has not done. */
  close(): Promise<void>
}

/** How often it is looked what is due, in milliseconds. */
const lookMs = 1000
/** A git that says nothing ends earlier, by itself. */
const limitMs = 15 * 60_000
const answerBytesMax = 64 * 1024

export function startSyncing(
  { town, node, script }: { town: string; node: string; script: string },
  rigs: () => ReadonlyMap<string, RigConfig>,
  hears: { warn(words: string): void; report(error: unknown): void },
): Syncing {
  const ending = new AbortController()
  const underway = new Map<string, Promise<void>>()
  const endedAt = new Map<string, number>()
  const troubles = new Map<string, string>()

  const syncOne = async (rig: string) => {
    const why = await whyNotSynced(rig)
    if (ending.signal.aborted) return
    if (why === undefined) troubles.delete(rig)
    else {
      if (troubles.get(rig) !== why) hears.warn(wordsOf(rig, why))
      troubles.set(rig, why)
    }
  }
  const whyNotSynced = async (rig: string): Promise<string | undefined> => {
    const run = `${town}/${rig}#sync`
    const said = { answer: '', errors: '' }
    const keep = (what: keyof typeof said) => (piece: Buffer) => {
      said[what] = (said[what] + piece).slice(-answerBytesMax)
    }
    const done = await runProgram({
      argv: [node, script, town, rig],
      cwd: town,
      env: { ...picked(['PATH', 'TMPDIR', ...originVariables]), GT_RUN: run },
      mark: markOf('GT_RUN', run),
      limitMs,
      signal: ending.signal,
      onOutput: keep('answer'),
      onErrors: keep('errors'),
    })
    if ('why' in done) return done.why
    if (done.exitCode !== 0)
      return said.errors.trim() || `the process that does it ended with ${done.exitCode ?? done.endedBy}`
    const found = answered(said.answer)
    return 'why' in found ? found.why : undefined
  }
  const look = () => {
    for (const [rig, { sync_every: every }] of rigs()) {
      const isDue =
        every !== undefined && systemClock.watched() - (endedAt.get(rig) ?? Number.NEGATIVE_INFINITY) >= every
      if (every === undefined) troubles.delete(rig)
      if (!isDue || underway.has(rig)) continue
      const one = syncOne(rig)
        .catch(hears.report)
        .finally(() => {
          endedAt.set(rig, systemClock.watched())
          underway.delete(rig)
        })
      underway.set(rig, one)
    }
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  look()
  return {
    problems: () => [...troubles].filter(([rig]) => rigs().has(rig)).map(([rig, why]) => wordsOf(rig, why)),
    async close() {
      clearInterval(timer)
      ending.abort()
      await Promise.all(underway.values())
    },
  }
}

function answered(text: string): Told {
  try {
    return told.parse(JSON.parse(text))
  } catch {
    return { why: `the process that does it answered ${JSON.stringify(text.slice(0, 200))}` }
  }
}

const wordsOf = (rig: string, why: string) =>
  `the issues of ${rig} are not shared: ${why}. It is tried again when it is due (gt rig show ${rig}: sync_every)`

const picked = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
