// The files a person configures: town.json, rigs.json, a rig's config.json. Parsed, checked, defaulted; unknown keys
// are kept. (spec: Configuration)
// Never: writes over a file it could not read.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { isMemberName, isRigName } from '../machines/address.ts'
import { presets } from './agents/presets.ts'

export class ConfigUnusable extends Error {
  override name = 'ConfigUnusable'
}

/** `500ms`, `5s`, `2m`, `1h` as milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'a duration looks like 500ms, 5s, 2m or 1h')
  .transform(
    (text) =>
      Number.parseInt(text, 10) *
      { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[text.replace(/^\d+/, '') as 'ms' | 's' | 'm' | 'h'],
  )

export const rigName = z
  .string()
  .refine(isMemberName, {
    error: 'a rig name is a letter followed by up to 39 letters, digits, "-" or "_"',
    abort: true,
  })
  .refine(isRigName, 'this name is taken by the town itself')

export const beadsPrefix = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,11}$/, 'a prefix is a lower-case letter followed by up to 11 lower-case letters or digits')

const argv = z.array(z.string().min(1)).min(1)
const version = (newest: number) =>
  z.int().max(newest, `was written by a newer version of Gas Town (this one knows ${newest})`)

export const townConfig = z.looseObject({
  type: z.literal('town'),
  version: version(1),
  name: z.string().min(1),
  created_at: z.string(),
})
export const rigsConfig = z.looseObject({
  version: version(1),
  rigs: z.record(rigName, z.looseObject({ git_url: z.string(), added_at: z.string() })),
})
export const rigConfig = z
  .looseObject({
    type: z.literal('rig'),
    version: version(1),
    name: rigName,
    git_url: z.string(),
    default_branch: z.string().min(1),
    beads: z.looseObject({ prefix: beadsPrefix }),
    max_workers: z.int().min(1).max(200).default(4),
    worker_spawn_delay: z.string().default('0s').pipe(duration),
    /** Name → program and arguments, run in this order. */
    gates: z.record(z.string().regex(/^[\w-]{1,40}$/), argv).default({}),
    /** Said explicitly: this rig lands without a gate. */
    no_gate: z.boolean().default(false),
    /** How an issue's work is put on main; `squash` and `rebase` keep main a line. */
    merge_style: z.enum(['merge', 'squash', 'rebase']).default('merge'),
    gate_timeout: z.string().default('10m').pipe(duration),
    agent: z
      .string()
      .refine((name) => name in presets, `is no agent preset; there is ${Object.keys(presets).join(', ')}`)
      .default('shell'),
    worker: argv.optional(),
    session: z.enum(['auto', 'tmux', 'process']).default('auto'),
    hang_after: z.string().default('30m').pipe(duration),
    session_tries: z.int().min(1).default(3),
    merge_tries: z.int().min(1).default(3),
    /** At each thing a retired worker leaves behind, before the Overseer is asked. */
    retire_tries: z.int().min(1).default(5),
    extra_env: z.array(z.string()).default([]),
    /** What becomes of good work while main itself fails a gate. */
    red_main: z.enum(['wait', 'land']).default('wait'),
    /** Whether commits on main that this town did not test are told. */
    foreign_commits: z.enum(['tell', 'allow']).default('tell'),
  })
  .refine(
    (rig) => rig.no_gate || Object.keys(rig.gates).length > 0,
    'has no gates; add one under "gates", or say "no_gate": true',
  )

export type RigConfig = z.output<typeof rigConfig>

/** What a rig's roles begin with. */
export const limitsOf = (rig: RigConfig) => ({
  maxWorkers: rig.max_workers,
  spawnDelayMs: rig.worker_spawn_delay,
  sessionTries: rig.session_tries,
  mergeTries: rig.merge_tries,
  retireTries: rig.retire_tries,
  gated: !rig.no_gate,
  redMain: rig.red_main,
  tellForeign: rig.foreign_commits === 'tell',
})

/** Reads one configuration file; ConfigUnusable with the file, what is wrong, and what to do. */
export function readConfig<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigUnusable(
      `${path} cannot be read: ${error instanceof Error ? error.message : error}. It was left as it is; mend it, then run the command again`,
    )
  }
  const result = schema.safeParse(raw)
  if (!result.success)
    throw new ConfigUnusable(
      `${path} is not as it should be: ${z.prettifyError(result.error).replaceAll('\n', ' ')}. It was left as it is; mend it, then run the command again`,
    )
  return result.data
}

/** Writes a file whole or not at all; on disk when this returns. */
export function writeWhole(path: string, text: string, mode = 0o644): void {
  const part = `${path}.part`
  const fd = openSync(part, 'w', mode)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(part, path)
}

export function writeConfig(path: string, value: unknown): void {
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** Writes what is missing; what a person may have changed stays. */
export function writeIfMissing(path: string, text: string, mode?: number): void {
  if (!existsSync(path)) writeWhole(path, text, mode)
}

/**
 * A gate as a person types it, as program and arguments. Quotes are respected; anything a shell would do is refused.
 */
export function splitCommand(text: string): string[] {
  if (/[|&;<>`$(){}\n]/.test(text))
    throw new ConfigUnusable(
      `"${text}" needs a shell; put it into a script of the repository and give that as the gate`,
    )
  const parts = text.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []
  return parts.map((part) => part.replace(/^(["'])(.*)\1$/, '$2'))
}
