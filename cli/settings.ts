// A rig's settings as people say them: `max_workers=6`, `gate.test='npm test'`, `env.CI=`. What the schema of
// config.json takes decides; this file only knows how a line is written, and when a change counts.
// Never: writes a configuration that the schema would refuse.
import process from 'node:process'
import { closest } from 'fastest-levenshtein'
import { z } from 'zod'
import { asWritten, CommandRefused, splitCommand } from '../actors/commands.ts'
import { readConfig, rigConfig, writeConfig } from '../actors/config.ts'
import { homeOf } from '../actors/environment.ts'
import { textAt } from '../actors/files.ts'
import { didYouMean } from '../actors/nearest.ts'
import { Usage } from './errors.ts'

/** When a changed setting counts in a town that is up. */
export type Counts = 'at once' | 'next session' | 'next gt up' | 'fixed'

interface Setting {
  counts: Counts
  about: string
}

/** Every key of a rig's config.json; one that is missing here does not compile. */
const every = {
  type: { counts: 'fixed', about: 'what kind of file this is' },
  version: { counts: 'fixed', about: 'of the file’s form' },
  name: { counts: 'fixed', about: 'of the rig, and of its folder' },
  git_url: { counts: 'fixed', about: 'origin; another repository is another rig' },
  beads: {
    counts: 'fixed',
    about: 'the prefix of its issues, and who keeps them: `backend` `bd` is a real bd, with its `program` and `dir`',
  },
  sync_branch: { counts: 'at once', about: 'the branch of origin by which its issues are shared (`bd sync`)' },
  sync_every: {
    counts: 'at once',
    about: 'how often the town shares its issues by itself: `5m`; only when you say `bd sync` without',
  },
  github: {
    counts: 'at once',
    about: 'whom `bd github` shares its issues with (`github.repository=acme/wyvern`, `github.url=` of Enterprise)',
  },
  default_branch: { counts: 'at once', about: 'where work lands' },
  max_workers: { counts: 'at once', about: 'polecats at work at once' },
  worker_spawn_delay: { counts: 'at once', about: 'pause between starts' },
  gates: { counts: 'at once', about: 'what runs on every candidate before it lands' },
  no_gate: { counts: 'at once', about: 'it lands untested' },
  merge_style: { counts: 'at once', about: 'merge, squash or rebase: how work is put on main' },
  red_main: { counts: 'at once', about: 'wait or land: what becomes of good work while main itself is red' },
  foreign_commits: { counts: 'at once', about: 'tell or allow: commits on main that this town did not test' },
  gate_timeout: { counts: 'at once', about: 'how long a gate may take' },
  gate_env: { counts: 'next gt up', about: 'variables handed on to setups and gates, and not to sessions, by name' },
  gate_home: { counts: 'at once', about: 'own: gates have an empty home; user: yours' },
  gate_namespace: { counts: 'at once', about: 'gates run in a namespace of processes' },
  setup: { counts: 'at once', about: 'what makes a worktree, and the place of each gate run, ready to work in' },
  setup_timeout: { counts: 'at once', about: 'how long a setup may take' },
  copy: { counts: 'at once', about: 'files git does not know, copied into worktrees and places of gates' },
  agent: { counts: 'next session', about: 'preset that drives the agent; the town’s without, or `shell`' },
  worker: { counts: 'next session', about: 'the agent: a program with its arguments' },
  accounts: { counts: 'at once', about: 'which accounts its agents may use (`gt account list`); all without' },
  model: { counts: 'next session', about: 'the model the agent is to use; its own choice without' },
  effort: { counts: 'next session', about: 'how hard the agent is to think, where it knows that' },
  roles: {
    counts: 'next session',
    about: 'agent, model and effort of a role, before those of the rig (`role.polecat.agent=codex`)',
  },
  session: { counts: 'next session', about: 'auto, tmux or process' },
  env: { counts: 'next session', about: 'variables of sessions and gates' },
  extra_env: { counts: 'next gt up', about: 'variables handed on to sessions, setups and gates, by name' },
  sign: { counts: 'next session', about: 'workers’ commits are signed' },
  hang_after: { counts: 'next session', about: 'how long a session may be silent' },
  reminders: {
    counts: 'next session',
    about: 'how often an agent that stops without a handoff is told what is lacking',
  },
  cycles: { counts: 'next session', about: 'how often the worker of one issue may begin a new conversation' },
  cycle_at: {
    counts: 'at once',
    about: 'percent of its context from which an agent is asked to begin a new conversation',
  },
  cycle_after: {
    counts: 'at once',
    about: 'how long a conversation may go on before its agent is asked to begin a new one: `4h`; for ever without',
  },
  session_tries: { counts: 'next session', about: 'how often an agent is started for one issue' },
  merge_tries: {
    counts: 'at once',
    about: 'how often an issue comes back before you are asked; what a moved main sends back has 20 tries',
  },
  budgets: {
    counts: 'at once',
    about:
      "of an issue, an epic, the rig or a day (`budget.day=20$`, `budget.epic='5M tokens'`): what may be used before nothing more starts",
  },
  retire_tries: { counts: 'at once', about: 'how often each part of tidying up is tried before you are asked' },
} as const satisfies Readonly<Record<keyof typeof rigConfig.shape, Setting>>
export const settings: Readonly<Record<string, Setting>> = every

type Raw = Record<string, unknown>

/** A configuration with these assignments made; Usage says which one cannot be, and the whole is as it was. */
export function assigned(config: Raw, assignments: readonly string[]): Raw {
  return assignments.reduce(assign, config)
}

function assign(config: Raw, assignment: string): Raw {
  const at = assignment.indexOf('=')
  if (at < 1) throw new Usage(`a setting is key=value, not "${assignment}"; \`key=\` takes it away`)
  const [path, text] = [assignment.slice(0, at), assignment.slice(at + 1)]
  const { key, name } = found(path)
  if (settings[key]?.counts === 'fixed')
    throw new Usage(`${key} is fixed when the rig is made; \`gt rig remove\` it and add it anew for another one`)
  const names = name === undefined ? [] : name.split('.')
  const value = text === '' ? undefined : valueFor(key, path, text, names)
  if (name === undefined) return { ...config, [key]: value }
  return { ...config, [key]: placed((config[key] as Raw | undefined) ?? {}, names, value, path) }
}

/** The table with this value in it, or in one of its tables (`role.polecat.agent`); without it where there is none. */
function placed(table: Raw, [name = '', ...deeper]: readonly string[], value: unknown, path: string): Raw {
  if (deeper.length > 0)
    return { ...table, [name]: placed((table[name] as Raw | undefined) ?? {}, deeper, value, path) }
  if (value !== undefined) return { ...table, [name]: value }
  const { [name]: was, ...rest } = table
  if (was === undefined) throw new Usage(`there is no ${path} to take away${didYouMean(name, Object.keys(table))}`)
  return rest
}

/**
 * Makes these assignments in a rig's config.json: all of them, or none and the file as it was. ConfigUnusable or Usage
 * say what is wrong.
 */
export function configure(path: string, assignments: readonly string[]): void {
  readConfig(path, rigConfig)
  const changed = assigned(JSON.parse(textAt(path)) as Raw, assignments)
  const result = rigConfig.safeParse(changed)
  if (!result.success)
    throw new Usage(`nothing was changed, for the rig would then be wrong: ${z.prettifyError(result.error)}`)
  if (result.data.no_gate && Object.keys(result.data.gates).length > 0)
    throw new Usage('nothing was changed: a rig has gates or says no_gate; `no_gate=` or `gate.<name>=` takes one away')
  writeConfig(path, changed)
}

/** `gate.test` is `test` in `gates`. */
function found(path: string): { key: string; name: string | undefined } {
  const known = Object.keys(rigConfig.shape)
  const [first = '', ...rest] = path.split('.')
  const plural = `${first}s`
  const key = !known.includes(first) && known.includes(plural) && isRecord(plural) ? plural : first
  if (!known.includes(key))
    throw new Usage(
      `a rig has no setting "${first}"; did you mean ${closest(first, known)}? \`gt rig show\` lists them`,
    )
  const named = rest.length === 0 ? undefined : rest.join('.')
  if (named === undefined && isRecord(key))
    throw new Usage(`${key} are set one by one: ${key === 'gates' ? 'gate' : key}.<name>=…`)
  return { key, name: named }
}

const isRecord = (key: string) => schemaOf(key).safeParse({}).success && !schemaOf(key).safeParse([]).success

const schemaOf = (key: string) => rigConfig.shape[key as keyof typeof rigConfig.shape]

/** The first form of what was typed that the schema takes. */
function valueFor(key: string, path: string, text: string, names: readonly string[]): unknown {
  const wrapped = (value: unknown) => names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)
  const schema = schemaOf(key)
  const forms = formsOf(text)
  const fits = forms.find((form) => schema.safeParse(wrapped(form)).success)
  if (fits !== undefined) return fits
  const issues = forms.map((form) => schema.safeParse(wrapped(form)).error?.issues ?? [])
  // What a form of the right type is told is worth more than that another was of the wrong one.
  const told = issues.flat().find(({ code }) => code !== 'invalid_type' && code !== 'invalid_union')
  throw new Usage(`${path}=${text} cannot be: ${told?.message ?? issues[0]?.[0]?.message ?? 'no value of this kind'}`)
}

/** As number, truth, list, command, and as the text it is. */
function formsOf(text: string): unknown[] {
  const number = /^-?\d+$/.test(text) ? [Number(text)] : []
  const truth = text === 'true' || text === 'false' ? [text === 'true'] : []
  const list = /^[^\s'"]+(,[^\s'"]+)+$/.test(text) ? [text.split(',')] : []
  return [...number, ...truth, ...list, ...commandIn(text), text]
}

function commandIn(text: string): unknown[] {
  try {
    return [asWritten(splitCommand(text, homeOf(process.env)))]
  } catch (error) {
    // No command, then; where one is needed, the schema says why.
    if (error instanceof CommandRefused) return []
    throw error
  }
}
