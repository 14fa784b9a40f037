// Which agents' programs this machine has, and whether they are such as their presets were tried with.
// Never: starts an agent; asking a program for its version is all.
import { accessSync, constants, statSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import type { Environment } from '../environment.ts'
import { markOf } from '../processes.ts'
import { runProgram } from '../programs.ts'
import type { AgentPreset, Versions } from './preset.ts'

export interface Installed {
  /** Where its program is; null: nowhere on the PATH. */
  path: string | null
  /** null: it does not say, or is not there. */
  version: string | null
  /** Whether the preset was tried with such a version; null where nobody can say. */
  tried: boolean | null
  /** The variable that holds its key; null: none is set, and it has to have logged in otherwise. */
  key: string | null
}

/** A program that has not said its version by then says none, in milliseconds. */
const versionWithinMs = 20_000
const versionCharsMax = 4096

export async function installed(preset: AgentPreset, env: Environment): Promise<Installed> {
  const path = preset.program === undefined ? null : found(preset.program, env)
  const version = path === null ? null : await versionOf(path, env)
  const tried = version === null || !preset.tried ? null : isWithin(version, preset.tried)
  return { path, version, tried, key: preset.keys?.find((name) => env[name]) ?? null }
}

/** Why an agent's program cannot be started, in words; undefined: it can. */
export function lacking(
  { name, program, from }: AgentPreset,
  [first = '']: readonly string[],
  path: string,
): string | undefined {
  if (first.includes('/') ? isProgram(first) : onPath(first, path) !== null) return undefined
  const how = first === program && from !== undefined ? `; install it: ${from}` : ''
  const trouble = first.includes('/') ? 'is no program that can be run' : 'is not on the PATH'
  return `${first}, which drives an agent of the preset "${name}", ${trouble}${how}`
}

/** What may keep an agent that is there from working, a sentence each: a version nobody has tried, no key. */
export async function doubts(
  preset: AgentPreset,
  [first = '']: readonly string[],
  env: Environment,
): Promise<string[]> {
  const { name, program, tried, keys = [] } = preset
  const path = [first, basename(first)].includes(program ?? '') ? found(first, env) : null
  const version = path === null ? null : await versionOf(path, env)
  return [
    ...(version === null || !tried || isWithin(version, tried)
      ? []
      : [`${name} ${version} is not what was tried here, from ${tried.from} and below ${tried.below}`]),
    ...(keys.length === 0 || keys.some((key) => env[key])
      ? []
      : [`no key for ${name} is set (${keys.join(', ')}): it has to have logged in by itself`]),
  ]
}

/** The program of this name, or at this path. */
const found = (program: string, env: Environment) =>
  program.includes('/') ? (isProgram(program) ? program : null) : onPath(program, env.PATH ?? '')

/** The first program of this name that can be run. */
export function onPath(program: string, path: string): string | null {
  for (const dir of path.split(delimiter)) {
    if (dir === '') continue
    const file = join(dir, program)
    if (isProgram(file)) return file
  }
  return null
}

/** A file that can be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

async function versionOf(path: string, env: Environment): Promise<string | null> {
  let said = ''
  const run = `version-${process.pid}-${Math.random().toString(36).slice(2)}`
  const ended = await runProgram({
    argv: [path, '--version'],
    cwd: '/',
    env: { ...(env as Record<string, string>), GT_RUN: run },
    mark: markOf('GT_RUN', run),
    limitMs: versionWithinMs,
    signal: new AbortController().signal,
    onOutput: (chunk) => {
      if (said.length < versionCharsMax) said += chunk.toString()
    },
  })
  return 'why' in ended ? null : (/\d+(\.\d+)+/.exec(said.slice(0, versionCharsMax))?.[0] ?? null)
}

/** Compared number by number; what is missing counts as nothing. */
export function isWithin(version: string, { from, below }: Versions): boolean {
  return compared(version, from) >= 0 && compared(version, below) < 0
}

function compared(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split('.').map(Number)) as [number[], number[]]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
