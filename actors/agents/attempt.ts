// One real turn of an agent, in a scratch repository that nobody else sees: does it hear, use its tools, and say so?
// Never: works in a town's places; leaves anything of it running.
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textOf } from '../files.ts'
import { endAll, markOf } from '../processes.ts'
import type { Fact } from './evidence.ts'
import type { AgentPreset } from './preset.ts'

export interface Attempt {
  /** `worked`: it did with its own tools what it was asked for, and said that its turn is over. */
  verdict: 'worked' | 'refused' | 'limited' | 'failed' | 'silent'
  /** One sentence for people. */
  why: string
  seconds: number
  model: string
}

export interface AttemptOptions {
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  model: string | null
  /** After so many milliseconds without an end it counts as silent. */
  withinMs: number
  signal: AbortSignal
  heard(fact: Fact): void
}

const graceMs = 5000
/** A file of a folder that is new: whoever wrote it did so just now. */
const sign = 'gt-was-here.txt'

/** Tries one whose preset has a driver. */
export async function attempt(preset: AgentPreset, options: AttemptOptions): Promise<Attempt> {
  if (!preset.drive)
    throw new Error(`nobody speaks with an agent of the preset "${preset.name}"; there is nothing to try`)
  const dir = mkdtempSync(join(tmpdir(), 'gt-try-'))
  const [cwd, own] = [join(dir, 'worktree'), join(dir, 'own')]
  for (const folder of [cwd, own]) mkdirSync(folder, { mode: 0o700 })
  const mark = markOf('GT_RUN', dir)
  const { promise: over, resolve } = Promise.withResolvers<Pick<Attempt, 'verdict' | 'why'>>()
  let model = ''
  const begun = performance.now()
  const tell = (fact: Fact) => {
    options.heard(fact)
    if (fact.what === 'started') model = fact.model
    if (fact.what === 'turn_over') resolve(judged(fact, textOf(join(cwd, sign)) ?? ''))
    if (fact.what === 'gone') resolve({ verdict: 'failed', why: `its program ended: ${fact.tail || fact.exitCode}` })
  }
  const limit = setTimeout(resolve, options.withinMs, {
    verdict: 'silent',
    why: `its turn was not over after ${options.withinMs / 1000} s`,
  })
  options.signal.addEventListener('abort', () => resolve({ verdict: 'failed', why: 'it was called off' }))
  const agent = preset.drive(
    {
      argv: options.argv,
      cwd,
      env: { ...options.env, GT_RUN: dir },
      dir: own,
      conversation: randomUUID(),
      resumed: false,
      role: 'You are being tried out. Do just what you are asked for.',
      notForIt: [],
      model: options.model,
      effort: null,
    },
    tell,
  )
  try {
    agent.say(randomUUID(), `Run this command with your shell tool, then say that you are done: echo here > ${sign}`)
    const { verdict, why } = await over
    return { verdict, why, seconds: Math.round((performance.now() - begun) / 100) / 10, model }
  } finally {
    clearTimeout(limit)
    await agent.end(graceMs)
    await endAll({ mark }, graceMs)
    rmSync(dir, { recursive: true, force: true })
  }
}

function judged({ end, why }: Fact & { what: 'turn_over' }, written: string): Pick<Attempt, 'verdict' | 'why'> {
  if (end === 'refused') return { verdict: 'refused', why: why || 'its service refused it' }
  if (end === 'limited') return { verdict: 'limited', why: why || 'its allowance is used up' }
  if (end !== 'done') return { verdict: 'failed', why: `its turn ended ${end}: ${why}` }
  if (written.trim() !== 'here')
    return { verdict: 'failed', why: 'it says that it is done, but the command was not run in its folder' }
  return { verdict: 'worked', why: 'it ran a command with its own tool and said that it was done' }
}
