// How a story is told: its towns, its time, whether it is told here, and what is shown when it ends wrong.
import process from 'node:process'
import { test } from 'vitest'
import { Stranger, type StrangerOptions } from './town.ts'

interface Beginning extends StrangerOptions {
  /** What `gt rig add` is given; absent: the path of the bare origin. */
  url?: (t: Stranger) => string
  /** Once origin is there, before the town is. */
  before?: (t: Stranger) => void
  /** How far to go: the folder and origin alone, with the rig, or until the town is up. */
  until?: 'origin' | 'rig' | 'up'
}

const open: Stranger[] = []

/** The story's folder, origin and town, as far as it is to go before the story itself begins. */
export function stranger({ url, before, until = 'up', ...options }: Beginning = {}): Stranger {
  const t = new Stranger(options)
  open.push(t)
  before?.(t)
  t.url = url?.(t) ?? t.url
  if (until === 'origin') return t
  const added = t.rig()
  if (added.status !== 0) throw new Error(`gt rig add ended with ${added.status}: ${added.stderr}${added.stdout}`)
  if (options.settings) t.set(options.settings)
  if (until === 'up') t.up()
  return t
}

/** Waits for a fact of the world, at most so long; says what did not come. */
export function until(fact: () => unknown, what: string, seconds = 15): void {
  const from = performance.now()
  while (!fact()) {
    if (performance.now() - from > seconds * 1000) throw new Error(`${what}: not within ${seconds} s`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
}

export interface StoryOptions {
  /** Also told with the other tests of the project: quick, and one of each kind. */
  share?: true
  /** What is known to be weak: the story may end wrong, and is then shown with these words. */
  expected?: string
  /** Seconds that the whole story may take. */
  limit?: number
  /** Says why this machine cannot tell it. */
  unless?: string | false
}

/** One story of one town (or two). All are told with STRANGERS=all, those that are shared always. */
export function story(title: string, options: StoryOptions, tell: () => unknown): void {
  if (process.env['STRANGERS'] !== 'all' && !options.share) return
  test(title, { timeout: (options.limit ?? 90) * 1000 }, async (context) => {
    if (options.unless) return context.skip(options.unless)
    try {
      await tell()
    } catch (error) {
      if (error instanceof Error) error.message += `\n${open.map((t) => t.evidenceText()).join('\n')}`
      if (!options.expected) throw error
      context.task.meta.known = options.expected
    } finally {
      for (const t of open.splice(0)) t.dispose()
    }
  })
}

declare module 'vitest' {
  interface TaskMeta {
    known?: string
  }
}
