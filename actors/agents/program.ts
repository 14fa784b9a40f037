// An agent's program as a supervisor has it: a child that is spoken to in lines, and whatever it prints is bounded.
// Never: believes a line to be JSON; waits for output that a grandchild holds open.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { textOf } from '../files.ts'
import { linesWithin } from '../lines.ts'
import type { Run } from './driver.ts'
import { type Fact, short } from './evidence.ts'

/** Bytes of a line; one that is longer is no word of any protocol. */
const lineBytesMax = 8 * 1024 * 1024
const tailBytesMax = 1500

export interface Spoken {
  /** A line to its standard input; nothing when it is gone. */
  send(line: unknown): void
  signal(signal: NodeJS.Signals): void
  /** Closes its standard input. */
  hangUp(): void
  /** Closes its input, sends a signal where that has not ended it in half of the time, and waits for it so long. */
  end(graceMs: number): Promise<void>
  readonly over: Promise<void>
  /** Resolves when it is over, or after so many milliseconds. */
  within(ms: number): Promise<void>
}

/** What is asked of an agent, one after the other, beginning with this. */
export function inOrder(first: Promise<unknown>): (step: () => Promise<unknown>) => void {
  let asked = first
  return (step) => {
    asked = asked.then(step)
  }
}

/**
 * Starts it. `hear` has each line that is a JSON object, and `isWord` says of any other whether it is one of its words;
 * all else it prints is told as noise, a little of it.
 */
export function speakWith(
  run: Pick<Run, 'cwd'> & { argv: readonly string[]; env: Readonly<Record<string, string>> },
  hear: (message: Record<string, unknown>) => void,
  tell: (fact: Fact) => void,
  isWord: (line: string) => boolean = () => false,
): Spoken {
  const [program = '', ...args] = run.argv
  const child = spawn(program, args, { cwd: run.cwd, env: run.env, stdio: ['pipe', 'pipe', 'pipe'] })
  let tail = ''
  let noises = 0
  const noise = (text: string) => {
    if (isWord(text)) return
    tail = `${tail}${text}\n`.slice(-tailBytesMax)
    if (noises++ < noisesMax) tell({ what: 'noise', text: short(stripVTControlCharacters(text)) })
  }
  const heard = (text: string) => {
    const message = objectIn(text)
    if (message) hear(message)
    else if (text.trim() !== '') noise(text)
  }
  const out = linesWithin(lineBytesMax, heard, () =>
    noise('a line of its output is too long; nothing after it is heard'),
  )
  const err = linesWithin(lineBytesMax, noise, () => noise('a line of its errors is too long'))
  child.stdout.on('data', out.take)
  child.stderr.on('data', err.take)
  // What it is told as it goes is told to nobody.
  child.stdin.on('error', () => undefined)
  const over = new Promise<void>((resolve) => {
    let isOver = false
    const ended = (exitCode: number | null, signal: string | null, words: string) => {
      if (isOver) return
      isOver = true
      // Its last words are told, however much went before.
      if (noises > noisesMax) tell({ what: 'noise', text: stripVTControlCharacters(words.slice(-lastCharsMax)).trim() })
      tell({ what: 'gone', exitCode, signal, tail: short(stripVTControlCharacters(words).trim()) })
      resolve()
    }
    child.once('error', ({ message }) => ended(null, null, message))
    // Its output may be held open by what it has left; a moment is enough for what it said itself.
    child.once('exit', (code, signal) => setTimeout(() => ended(code, signal, tail), 100))
  })
  const within = (ms: number) => Promise.race([over, new Promise<void>((resolve) => setTimeout(resolve, ms).unref())])
  return {
    async end(graceMs) {
      child.stdin.end()
      await within(graceMs / 2)
      child.kill('SIGTERM')
      await within(graceMs / 2)
    },
    send: (line) => void (child.stdin.writable && child.stdin.write(`${JSON.stringify(line)}\n`)),
    signal: (signal) => void child.kill(signal),
    hangUp: () => child.stdin.end(),
    over,
    within,
  }
}

const noisesMax = 200
const lastCharsMax = 900

function objectIn(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The version of the package that has this program; for those whose protocol does not tell it. Empty: of none. */
export function versionOf({ argv: [program = ''], env }: Pick<Run, 'argv' | 'env'>): string {
  const folders = program.includes('/') ? [''] : (env.PATH ?? '').split(':').map((folder) => `${folder}/`)
  const path = folders.map((folder) => `${folder}${program}`).find((candidate) => existsSync(candidate))
  if (path === undefined) return ''
  const real = realpathSync(path)
  for (let at = dirname(real); at !== dirname(at); at = dirname(at)) {
    const { data } = packaged.safeParse(objectIn(textOf(join(at, 'package.json')) ?? ''))
    const { bin = {}, version = '' } = data ?? {}
    const programs = typeof bin === 'string' ? [bin] : Object.values(bin)
    if (programs.some((one) => join(at, one) === real)) return short(version, 100)
  }
  return ''
}

const packaged = z.looseObject({ version: z.string(), bin: z.union([z.string(), z.record(z.string(), z.string())]) })
