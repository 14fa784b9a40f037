// The supervisor of a session: a small process between the session's launcher and the agent. It has the agent's program
// driven in its own way, hands over the words that lie in the session's folder, and writes down what it sees.
// It goes on when the daemon is gone, and a new daemon finds all that was written.
// Never: decides what is said, begins an agent anew, or says the same words twice.
import { mkdirSync, readdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { textOf, writeWhole } from '../files.ts'
import type { Agent } from './driver.ts'
import { evidenceFrom, evidenceIn, type Fact, short, shown } from './evidence.ts'
import { presetOf } from './presets.ts'

/** What a supervisor is to drive: `run.json` of the session's folder. */
export const runFile = z.object({
  preset: z.string(),
  argv: z.array(z.string()).min(1),
  /** A uuid for one that begins; for one that goes on, what its agent told of it. */
  conversation: z.string().min(1).max(200),
  resumed: z.boolean(),
  role: z.string(),
  notForIt: z.array(z.string()),
  model: z.string().nullable(),
  effort: z.string().nullable(),
})
export type RunFile = z.infer<typeof runFile>

const runOf = (dir: string) => join(dir, 'run.json')
const wordsDir = (dir: string) => join(dir, 'words')

/** Words for the agent, one file each, in the order of their names. `id`: a uuid. */
const wordsFile = z.object({ id: z.uuid(), text: z.string() })
const wordsBytesMax = 256 * 1024

export function describeRun(dir: string, run: RunFile): void {
  writeWhole(runOf(dir), JSON.stringify(run))
}

/** Lays words down for the supervisor of this session. `place` orders them; the same words twice are said once. */
export function layDown(dir: string, place: number, words: z.infer<typeof wordsFile>): void {
  mkdirSync(wordsDir(dir), { recursive: true, mode: 0o700 })
  writeWhole(join(wordsDir(dir), `${String(place).padStart(8, '0')}-${words.id}.json`), JSON.stringify(words))
}

/** Drives the agent of the session in this folder to its end; resolves with the exit code of this process. */
export async function supervise(dir: string, now: () => number): Promise<number> {
  const run = runFile.parse(JSON.parse(textOf(runOf(dir)) ?? 'null'))
  const { drive } = await presetOf(run.preset)
  if (!drive) throw new Error(`nobody can speak with an agent of the preset "${run.preset}"`)
  const write = evidenceIn(dir, now)
  let exitCode: number | null = null
  const tell = (fact: Fact) => {
    write(fact)
    if (shown(fact)) process.stdout.write(`${shown(fact)}\n`)
    if (fact.what === 'gone') exitCode = fact.exitCode
  }
  const env = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== undefined))
  const place = { cwd: process.cwd(), env: env as Record<string, string>, dir }
  const agent = drive({ ...run, ...place }, tell)
  const stop = handOver(dir, agent, tell)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void agent.end(graceMs))
  await agent.over
  stop()
  return exitCode ?? 1
}

/** How long an agent has to end by itself, in milliseconds. */
const graceMs = 4000
/** The folder is looked at so often even where nothing tells of changes, in milliseconds. */
const lookMs = 20_000

/** Says what lies in the folder, and what comes. Returns how to stop. */
function handOver(dir: string, agent: Agent, tell: (fact: Fact) => void): () => void {
  mkdirSync(wordsDir(dir), { recursive: true, mode: 0o700 })
  const said = new Set(evidenceFrom(dir, 0).facts.flatMap((one) => (one.what === 'message' ? [one.id] : [])))
  const look = () => {
    for (const name of readdirSync(wordsDir(dir)).sort()) {
      if (!name.endsWith('.json')) continue
      const path = join(wordsDir(dir), name)
      const words = wordsIn(path)
      rmSync(path, { force: true })
      if (!words) tell({ what: 'noise', text: short(`${name} holds no words`) })
      else if (!said.has(words.id)) {
        said.add(words.id)
        agent.say(words.id, words.text)
      }
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

function wordsIn(path: string): z.infer<typeof wordsFile> | undefined {
  const text = textOf(path, wordsBytesMax)
  if (text === undefined) return undefined
  try {
    return wordsFile.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
