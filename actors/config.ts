// The files a person configures: town.json, rigs.json, a rig's config.json. Parsed, checked, defaulted; unknown keys
// are kept. (spec: Configuration)
// Never: writes over a file it could not read.
import { createHash } from 'node:crypto'
import { isAbsolute, normalize } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { isMemberName, isRigName } from '../machines/address.ts'
import { type Command, CommandRefused, splitCommand } from './commands.ts'
import { homeOf } from './environment.ts'
import { textAt, writeWhole } from './files.ts'
import { withoutCredentials } from './git/credentials.ts'
import { shown } from './git/shown.ts'

export class ConfigUnusable extends Error {
  override name = 'ConfigUnusable'
  constructor(message: string) {
    super(shown(message))
  }
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

/** What a real `bd` takes for one. */
const realPrefix = z.string().regex(/^[A-Za-z0-9][\w-]{0,39}$/, 'a prefix is up to 40 letters, digits, "_" and "-"')
const wholePath = z.string().refine(isAbsolute, 'is no whole path')
/**
 * `bd`: a real `bd` keeps the issues, `program` or the first on the PATH, in the `.beads` folder `dir` or in one of the
 * town's own.
 */
const beadsConfig = z
  .looseObject({
    prefix: realPrefix,
    backend: z.enum(['embedded', 'bd']).default('embedded'),
    program: wholePath.optional(),
    dir: wholePath.optional(),
  })
  .refine(({ backend, prefix }) => backend === 'bd' || beadsPrefix.safeParse(prefix).success, {
    path: ['prefix'],
    error: 'a prefix is a lower-case letter followed by up to 11 lower-case letters or digits',
  })

const argv = z
  .array(z.string())
  .min(1)
  .refine((words) => words[0] !== '', 'names no program')
export const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'a variable’s name is letters, digits and _')
  .refine((name) => !name.startsWith('GT_'), 'variables that begin with GT_ are the town’s own')
export const variables = z.record(variable, z.string())

/**
 * `["npm", "test"]`, `{ "run": ["npm", "test"], "env": { "CI": "1" } }`, or as a person types it: `"CI=1 npm test"`.
 */
export const command = z
  .union([argv, z.strictObject({ run: z.union([argv, z.string()]), env: variables.default({}) }), z.string()])
  .transform((written, context): Command => {
    const { run, env } = typeof written === 'object' && 'run' in written ? written : { run: written, env: {} }
    if (typeof run !== 'string') return { argv: run, env }
    try {
      const typed = splitCommand(run, homeOf(process.env))
      return { argv: typed.argv, env: { ...typed.env, ...env } }
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      context.addIssue(error.message)
      return z.NEVER
    }
  })
const commands = z.record(z.string().regex(/^[\w-]{1,40}$/), command)

/** A path inside a repository, and inside for sure. */
const inside = z
  .string()
  .min(1)
  .refine(
    (path) => !isAbsolute(path) && !/^(\.|\.\.|\.git)(\/|$)/.test(normalize(path)),
    'is no path inside the repository',
  )
  .transform((path) => normalize(path).replace(/\/$/, ''))
const version = (newest: number) =>
  z.int().max(newest, `was written by a newer version of Gas Town (this one knows ${newest})`)

/** One of ours (`agents/presets.ts`), or of the town's own (`agents/own.ts`). */
export const presetName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'an agent preset’s name is a lower-case letter, then letters, digits and "-"')
/** Which agent works, and how; a level that is nearer to the work goes before (`agents/choice.ts`). */
const choice = {
  agent: presetName.optional(),
  /** As the agent's program names them; its own choice where there is none. */
  model: z.string().min(1).max(200).optional(),
  effort: z.string().min(1).max(40).optional(),
}
/** The roles that agents are run for. */
const roles = z
  .strictObject({ polecat: z.strictObject(choice) })
  .partial()
  .default({})

/** US dollars for a million tokens. */
const perMillion = z.number().min(0).max(1_000_000)

export const townConfig = z.looseObject({
  type: z.literal('town'),
  version: version(1),
  name: z.string().min(1),
  created_at: z.string(),
  /**
   * What models cost whose agents do not say it themselves, by the beginning of the model’s name; the longest that fits
   * counts. `cached`: tokens that were read from a cache.
   */
  prices: z
    .record(z.string().min(1), z.strictObject({ input: perMillion, output: perMillion, cached: perMillion }))
    .default({}),
  /** What counts in rigs that say nothing of it. */
  ...choice,
  roles,
  mail: z
    .strictObject({
      /** What was read is kept for so many days, and then in `daemon/mail/`. */
      keep_days: z.int().min(1).max(36_500).default(30),
      /** With so much unread, agents and plugins send no more to an inbox. */
      unread_max: z.int().min(10).max(1_000_000).default(1000),
    })
    .prefault({}),
})
export type TownConfig = z.output<typeof townConfig>
export const rigsConfig = z.looseObject({
  version: version(1),
  rigs: z.record(rigName, z.looseObject({ git_url: z.string(), added_at: z.string() })),
})
const amountHint = 'a budget looks like 20$, 5M tokens, or both: 20$ 5M tokens'
const money = /\$(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)(?:\$| dollars?)/
const tokenCount = /(\d+(?:\.\d+)?)([kM]?) tokens?/
const unitOf: Readonly<Record<string, number>> = { k: 1000, M: 1_000_000 }

/** What may be spent, in US dollars and in tokens of all kinds, cached ones too: `20$`, `5M tokens`, `20$ 5M tokens`. */
const amount = z.string(amountHint).transform((written, context): Amount => {
  const [, before, dollars = before] = money.exec(written) ?? []
  const [, count, unit = ''] = tokenCount.exec(written) ?? []
  const found = {
    ...(dollars === undefined ? {} : { dollars: Number(dollars) }),
    ...(count === undefined ? {} : { tokens: Math.round(Number(count) * (unitOf[unit] ?? 1)) }),
  }
  const isAll = written.replace(money, '').replace(tokenCount, '').replace(',', '').trim() === ''
  if (isAll && Object.keys(found).length > 0 && Object.values(found).every((value) => value > 0)) return found
  context.addIssue(amountHint)
  return z.NEVER
})
export interface Amount {
  dollars?: number
  tokens?: number
}

export const rigConfig = z
  .looseObject({
    type: z.literal('rig'),
    version: version(1),
    name: rigName,
    /** Without the password that an address may be written with (`git/credentials.ts`). */
    git_url: z.string().transform(withoutCredentials),
    default_branch: z.string().min(1),
    beads: beadsConfig,
    /** The branch of origin by which its issues are shared. */
    sync_branch: z.string().min(1).default('beads-sync'),
    /** How often they are shared; absent: when `bd sync` is said. */
    sync_every: z
      .string()
      .pipe(duration)
      .refine((every) => every >= 1000, 'is a second at least')
      .optional(),
    /** Which repository on GitHub its issues are shared with; absent: the one that origin is at github.com. */
    github: z
      .strictObject({
        repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'a repository on GitHub is owner/name'),
        /** Of Enterprise: `https://github.example.com/api/v3`. */
        url: z.url(),
      })
      .partial()
      .optional(),
    max_workers: z.int().min(1).max(200).default(4),
    worker_spawn_delay: z.string().default('0s').pipe(duration),
    /** Name → command, run in this order on every candidate. */
    gates: commands.default({}),
    /** Said explicitly: this rig lands without a gate. */
    no_gate: z.boolean().default(false),
    /** How an issue's work is put on main; `squash` and `rebase` keep main a line. */
    merge_style: z.enum(['merge', 'squash', 'rebase']).default('merge'),
    gate_timeout: z.string().default('10m').pipe(duration),
    /** Variables of the daemon that gates get, by name. */
    gate_env: z.array(variable).default([]),
    /**
     * `own`: a home that is empty at first and gone afterwards. `user`: the Overseer's; its git configuration never.
     */
    gate_home: z.enum(['own', 'user']).default('own'),
    /** false: no namespace of processes for gates, where `sudo` or `ssh` need to know other users. */
    gate_namespace: z.boolean().default(true),
    /** Name → command that makes a new worktree, or the place of a gate, ready to work in; in this order. */
    setup: commands.default({}),
    setup_timeout: z.string().default('10m').pipe(duration),
    /** Files that git does not know, copied from `mayor/rig` into worktrees and places of gates: `.env`. */
    copy: z.array(inside).default([]),
    ...choice,
    /** What goes before that for a role. */
    roles,
    /** What is run: the agent of `shell`; with another preset its program, with arguments of your own. */
    worker: command.optional(),
    /** Which accounts its agents may use, by name (`accounts.ts`); of a preset of which none is named, all. */
    accounts: z
      .array(
        z
          .string()
          .regex(/^([a-z][a-z0-9-]*\/)?[A-Za-z0-9][\w.-]{0,39}$/, 'an account is called <name>, or <preset>/<name>'),
      )
      .optional(),
    session: z.enum(['auto', 'tmux', 'process']).default('auto'),
    hang_after: z.string().default('30m').pipe(duration),
    /** From how much of its context, in percent, an agent is asked to begin a new conversation. */
    cycle_at: z.int().min(10).max(100).default(80),
    /** After how long, of time in which the town watched, it is asked to do so; absent: never for that. */
    cycle_after: z.string().pipe(duration).optional(),
    /** How often in one start an agent that stops without a handoff is told what is lacking. */
    reminders: z.int().min(0).max(100).default(3),
    /** How often the worker of one issue may begin a new conversation. */
    cycles: z.int().min(0).max(1000).default(10),
    session_tries: z.int().min(1).default(3),
    merge_tries: z.int().min(1).default(3),
    /** At each thing a retired worker leaves behind, before the Overseer is asked. */
    retire_tries: z.int().min(1).default(5),
    /** Variables of the daemon that sessions and gates get, by name; `env` gives values of its own. */
    extra_env: z.array(variable).default([]),
    env: variables.default({}),
    /**
     * true: workers' commits are signed as the Overseer's configuration says; a prompt for a key would wait for ever.
     */
    sign: z.boolean().default(false),
    /** What becomes of good work while main itself fails a gate. */
    red_main: z.enum(['wait', 'land']).default('wait'),
    /** Whether commits on main that this town did not test are told. */
    foreign_commits: z.enum(['tell', 'allow']).default('tell'),
    /** What an issue, all that is in an epic, the rig in all and the rig on one day may use before nothing starts. */
    budgets: z.strictObject({ issue: amount, epic: amount, rig: amount, day: amount }).partial().default({}),
  })
  .refine(
    (rig) => rig.no_gate || Object.keys(rig.gates).length > 0,
    'has no gates; add one under "gates", or say "no_gate": true',
  )

export type RigConfig = z.output<typeof rigConfig>

/** A mark of the gates and of what they run with; another one when any of it is another. */
const judgedBy = ({ gates, gate_env, gate_home, setup, copy, env, extra_env }: RigConfig): string =>
  createHash('sha256')
    .update(JSON.stringify([gates, gate_env, gate_home, setup, copy, env, extra_env]))
    .digest('hex')
    .slice(0, 16)

/** What a rig's roles begin with. */
export const limitsOf = (rig: RigConfig) => ({
  maxWorkers: rig.max_workers,
  spawnDelayMs: rig.worker_spawn_delay,
  sessionTries: rig.session_tries,
  reminders: rig.reminders,
  cycles: rig.cycles,
  mergeTries: rig.merge_tries,
  retireTries: rig.retire_tries,
  gated: !rig.no_gate,
  redMain: rig.red_main,
  tellForeign: rig.foreign_commits === 'tell',
  judgedBy: judgedBy(rig),
  budgets: budgetWords(rig.budgets),
})

/** An amount as a person writes it. */
export const amountWords = ({ dollars, tokens }: Amount): string =>
  [...(dollars === undefined ? [] : [`${dollars}$`]), ...(tokens === undefined ? [] : [tokenWords(tokens)])].join(' ')

function tokenWords(tokens: number): string {
  const unit = ['M', 'k'].find((each) => tokens % ((unitOf[each] as number) / 10) === 0)
  return `${unit === undefined ? tokens : tokens / (unitOf[unit] as number)}${unit ?? ''} tokens`
}

const budgetWords = (budgets: RigConfig['budgets']): Partial<Record<keyof RigConfig['budgets'], string>> =>
  Object.fromEntries(
    Object.entries(budgets).flatMap(([which, amount]) => (amount ? [[which, amountWords(amount)]] : [])),
  )

/** Reads one configuration file; ConfigUnusable with the file, what is wrong, and what to do. */
export function readConfig<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  let raw: unknown
  try {
    raw = JSON.parse(textAt(path))
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

export function writeConfig(path: string, value: unknown, mode?: number): void {
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`, mode)
}
