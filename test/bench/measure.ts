// What every benchmark shares: interleaved samples, medians, and a line a person can read.
// Never: asserts a time; a figure is reported beside its target, as a ratio within one run.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import process from 'node:process'

export interface Figure {
  name: string
  /** What was measured against the yardstick of the same run. */
  value: number
  unit: string
  /** `<= 1.5` and the like; null: reported without a target. */
  target: { most: number } | { least: number } | null
  detail: string
  /** A count, which no busy machine changes much: it judges: see run.ts. */
  counted?: true
}

/** A sentence: why nothing can be measured here. */
export type Benchmark = (size: 'full' | 'share') => Figure[] | Promise<Figure[] | string>

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5)
}

export function percentile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** In milliseconds. */
export interface Sampled {
  median: number
  least: number
  /** What the processor had to do for it in programs it ran, on average; 0 where the kernel does not say. */
  cpu: number
}

/** Each is taken in turns, so that a slow moment of the machine meets all of them. */
export async function sampled(
  rounds: number,
  subjects: Readonly<Record<string, () => unknown>>,
): Promise<Record<string, Sampled>> {
  const samples = Object.keys(subjects).map((name) => ({ name, times: [] as number[], cpu: 0 }))
  for (let round = 0; round < rounds; round++) {
    for (const sample of samples) {
      const [from, worked] = [process.hrtime.bigint(), childrenMs()]
      await subjects[sample.name]?.()
      sample.times.push(Number(process.hrtime.bigint() - from) / 1e6)
      sample.cpu += childrenMs() - worked
    }
  }
  return Object.fromEntries(
    samples.map(({ name, times, cpu }) => [
      name,
      { median: median(times), least: Math.min(...times), cpu: cpu / rounds },
    ]),
  )
}

/** Median milliseconds of each. */
export async function interleaved(
  rounds: number,
  subjects: Readonly<Record<string, () => unknown>>,
): Promise<Record<string, number>> {
  return Object.fromEntries(Object.entries(await sampled(rounds, subjects)).map(([name, { median }]) => [name, median]))
}

/** Of the processor, for all programs that have ended: user and system, in ticks of 10 ms. */
function childrenMs(): number {
  if (!existsSync('/proc/self/stat')) return 0
  const [, rest = ''] = /\) (.*)$/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? []
  const [user, system] = rest.split(' ').slice(13, 15).map(Number)
  return 10 * ((user ?? 0) + (system ?? 0))
}

/** Runs a program to its end; throws with its words when it fails. */
export function must(program: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], { encoding: 'utf8', ...options })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${error?.message ?? ''}${stderr}`)
  return String(stdout ?? '')
}

export const met = ({ value, target }: Figure) =>
  target === null || ('most' in target ? value <= target.most : value >= target.least)

export function lineOf(figure: Figure): string {
  const { name, value, unit, target, detail } = figure
  const wanted = target === null ? '' : 'most' in target ? `≤ ${target.most}${unit}` : `≥ ${target.least}${unit}`
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 0.1 ? 2 : 4
  return `${(target === null ? ' ' : met(figure) ? '✓' : '✗').padEnd(2)}${name.padEnd(46)}${`${value.toFixed(digits)}${unit}`.padStart(11)}  ${wanted.padEnd(9)}  ${detail}`
}
