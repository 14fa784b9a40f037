// The supervisor of a session: a small process between the session's launcher and the agent. It has the agent's program
// driven in its own way, hands over the words that lie in the session's folder, and writes down what it sees.
// It goes on when the daemon is gone, and a new daemon finds all that was written.
// Never: decides what is said, begins an agent anew, or says the same words twice.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { noteAt, textOf, writeWhole } from '../files.ts'
import { plain } from '../plain.ts'
import type { Agent } from './driver.ts'
import { boundOutput, evidenceFrom, evidenceIn, type Fact, short, shown } from './evidence.ts'
import type { AgentPreset } from './preset.ts'

/** What a supervisor is to drive: `run.json` of the session's folder. */
const runFile = z.object({
  preset: z.string(),
  /** As the town's own file has it; null: it is one of ours. */
  own: z.unknown().default(null),
  argv: z.array(z.string()).min(1),
  /** A uuid for one that begins; for one that goes on, what its agent told of it. */
  conversation: z.string().min(1).max(200),
  resumed: z.boolean(),
  role: z.string(),
  notForIt: z.array(z.string()),
  model: z.string().nullable(),
  effort: z.string().nullable(),
  /** Under which account; empty: what the environment says. */
  account: z.string().default(''),
  /** What goes before the rig's `hang_after` and `cycle_at`. */
  hangAfterMs: z.number().nullable().default(null),
  cycleAtPercent: z.number().nullable().default(null),
})
export type RunFile = z.input<typeof runFile>

const runOf = (dir: string) => join(dir, 'run.json')
const wordsDir = (dir: string) => join(dir, 'words')

/** Words for the agent, one file each, in the order of their names. */
const wordsFile = z.object({ id: z.string().min(1).max(200), text: z.string() })
type Words = z.infer<typeof wordsFile>
const wordsBytesMax = 256 * 1024
/** It is to end, politely. */
const endFile = 'end'

/** Somebody speaks with the agent of the session in this folder. */
export const isSpoken = (dir: string): boolean => existsSync(runOf(dir))

/** It goes on with a conversation, and did not begin one. */
export const isResumed = (dir: string): boolean => noteAt(runOf(dir), runFile)?.resumed === true

/** The name of the preset that drives the session in this folder; undefined: nobody speaks with it. */
export const presetOfRun = (dir: string): string | undefined => noteAt(runOf(dir), runFile)?.preset

/** What its preset says of how long it may be silent, and how full its context may be. */
export function thresholdsOf(dir: string): Pick<RunFile, 'hangAfterMs' | 'cycleAtPercent'> {
  const { hangAfterMs = null, cycleAtPercent = null } = noteAt(runOf(dir), runFile) ?? {}
  return { hangAfterMs, cycleAtPercent }
}

export function describeRun(dir: string, run: RunFile): void {
  writeWhole(runOf(dir), JSON.stringify(run))
}

/** Lays words down for the supervisor of this session. `place` orders them; the same words twice are said once. */
export function layDown(dir: string, place: number, words: Words): void {
  mkdirSync(wordsDir(dir), { recursive: true, mode: 0o700 })
  writeWhole(join(wordsDir(dir), `${String(place).padStart(8, '0')}-${uuidOf(words.id)}.json`), JSON.stringify(words))
}

/** Asks the supervisor of this session to end its agent by the agent's own protocol. */
export const askToEnd = (dir: string): void => {
  mkdirSync(wordsDir(dir), { recursive: true, mode: 0o700 })
  writeWhole(join(wordsDir(dir), endFile), '')
}

/** What agents' programs know words by: always the same for the same id, so that none says them twice. */
export function uuidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** How many words still lie there. */
export const wordsLeft = (dir: string): number =>
  existsSync(wordsDir(dir)) ? readdirSync(wordsDir(dir)).filter(isWords).length : 0

const isWords = (name: string) => name.endsWith('.json')

/** Drives the agent of the session in this folder to its end; resolves with the exit code of this process. */
export async function supervise(dir: string, now: () => number, print: (text: string) => void): Promise<number> {
  const run = runFile.parse(JSON.parse(textOf(runOf(dir)) ?? 'null'))
  const { drive } = await presetOfFile(run)
  if (!drive) throw new Error(`nobody can speak with an agent of the preset "${run.preset}"`)
  const write = evidenceIn(dir, now)
  let exitCode: number | null = null
  let printed = 0
  const show = (text: string) => {
    print(`${text}\n`)
    printed += text.length
    // Nobody else does, while the town is down.
    if (printed > shownBetween) boundOutput(dir)
    if (printed > shownBetween) printed = 0
  }
  const { promise: tooMuch, resolve: isTooMuch } = Promise.withResolvers<void>()
  const known = new Known(evidenceFrom(dir, 0).facts)
  const tell = (told: Fact) => {
    const fact = known.hears(told)
    if (!write(fact)) return isTooMuch()
    if (shown(fact)) show(plain(shown(fact)))
    if (fact.what === 'gone') exitCode = fact.exitCode
  }
  const env = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined))
  const place = { cwd: process.cwd(), env: env as Record<string, string>, dir }
  const agent = drive({ ...run, ...place }, tell)
  const stop = handOver(dir, agent, known, tell)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void agent.end(graceMs))
  const talksOn = tooMuch.then(() => {
    show('· its program has told more than an agent can have to tell, and is ended')
    return agent.end(graceMs)
  })
  await Promise.race([agent.over, talksOn])
  stop()
  return exitCode ?? 1
}

async function presetOfFile({ preset, own }: RunFile): Promise<AgentPreset> {
  if ((own ?? null) === null) return (await import('./presets.ts')).presetOf(preset)
  return (await import('./own.ts')).presetFrom(preset, own)
}

/** After so many characters it is seen to that what is shown is not too much. */
const shownBetween = 1024 * 1024
/** How long an agent has to end by itself, in milliseconds. */
const graceMs = 4000
/** The folder is looked at so often even where nothing tells of changes, in milliseconds. */
const lookMs = 20_000

/** What was said to the agent, and what of that is to be said again. */
class Known {
  private readonly said = new Set<string>()
  /** By what the agent's program knows them. */
  private readonly ids = new Map<string, Words>()
  private dropped: Words[] = []

  constructor(facts: readonly Fact[]) {
    for (const fact of facts) if (fact.what === 'message' && fact.state !== 'dropped') this.said.add(fact.id)
  }

  /** A fact as it is written down: words by their own id. */
  hears(fact: Fact): Fact {
    if (fact.what !== 'message') return fact
    const words = this.ids.get(fact.id)
    if (words && fact.state === 'dropped') this.dropped.push(words)
    return { ...fact, id: words?.id ?? fact.id }
  }

  /** What is to be said now: these words, if they are new, and before them what was dropped. */
  next(words: Words): Words[] {
    if (this.said.has(words.id)) return []
    this.said.add(words.id)
    this.ids.set(uuidOf(words.id), words)
    const all = [...this.dropped, words]
    this.dropped = []
    return all
  }
}

/** Says what lies in the folder, and what comes. Returns how to stop. */
function handOver(dir: string, agent: Agent, known: Known, tell: (fact: Fact) => void): () => void {
  mkdirSync(wordsDir(dir), { recursive: true, mode: 0o700 })
  const look = () => {
    for (const name of readdirSync(wordsDir(dir)).sort()) {
      if (name === endFile) void agent.end(graceMs)
      if (!isWords(name)) continue
      const path = join(wordsDir(dir), name)
      const words = wordsIn(path)
      // Whatever it is: an agent can write here.
      rmSync(path, { recursive: true, force: true })
      if (!words) tell({ what: 'noise', text: short(`${name} holds no words`) })
      else for (const { id, text } of known.next(words)) agent.say(uuidOf(id), text)
    }
  }
  const watcher = watch(wordsDir(dir), look)
  const timer = setInterval(look, lookMs)
  look()
  return () => {
    watcher.close()
    clearInterval(timer)
  }
}

function wordsIn(path: string): Words | undefined {
  const text = textOf(path, wordsBytesMax)
  if (text === undefined) return undefined
  try {
    return wordsFile.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
