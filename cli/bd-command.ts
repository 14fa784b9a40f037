// What a command of `bd` declares: its own flags, whether it writes, and what it does. One file each in bd/.
// Never: does the work of one.
import { BeadsError, type Issue } from '../actors/beads/contract.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import type { StorePlace } from '../actors/beads/find.ts'
import { issueJson } from '../actors/beads/jsonl.ts'
import { Usage } from './errors.ts'
import type { Line } from './print.ts'
import type { ArgsOf, Arguments, FlagsOf, Options } from './word.ts'

/** What a command is handed: what was typed, as declared, and the store. */
export interface Call<O extends Options = Options, A extends Arguments = Arguments> {
  flags: FlagsOf<O>
  args: ArgsOf<A>
  /** The store that --db, the environment or the folder names; opened when it is first asked for. */
  beads: Beads
  /** Where that store is, or would be. */
  place(): StorePlace
  actor: string
  /** JSON with --json, else the lines: nothing with --quiet when they only say that it was done. */
  print(json: () => unknown, lines: () => readonly Line[]): void
}

interface Declaration<O extends Options, A extends Arguments> {
  /** As it is said: `dep add`. */
  name: string
  /** Other names for it. */
  also?: readonly string[]
  summary: string
  /** After the command: `<id> …`. */
  usage: string
  /** Whether it changes a store: refused with --readonly. */
  writes: boolean | ((flags: FlagsOf<O>) => boolean)
  options?: O
  args?: A
  run(call: Call<O, A>): void
}
export type Command = Declaration<Options, Arguments>

// biome-ignore lint/complexity/noBannedTypes: a command without options has none, rather than any.
export function command<const O extends Options = {}, const A extends Arguments = {}>(
  declaration: Declaration<O, A>,
): Command {
  return declaration as unknown as Command
}

/** Every command takes these, before it or after it. */
export const globals = {
  json: { kind: 'flag', about: 'data as JSON' },
  help: { kind: 'flag', short: 'h', about: 'this text' },
  db: {
    kind: 'text',
    about: 'the database, or the folder it is in; else BEADS_DIR, BEADS_DB, or the .beads around you',
  },
  actor: { kind: 'text', about: 'who does it; else BD_ACTOR, BEADS_ACTOR or USER' },
  readonly: { kind: 'flag', about: 'refuse to write' },
  quiet: { kind: 'flag', short: 'q', about: 'say nothing of what went well' },
  // Other versions have a daemon and a file that follows the database; there is neither here to be told of.
  'no-daemon': { kind: 'flag', about: 'nothing to do here: there is no daemon' },
  sandbox: { kind: 'flag', about: 'nothing to do here' },
  'no-auto-flush': { kind: 'flag', about: 'nothing to do here: the database is all there is' },
  'no-auto-import': { kind: 'flag', about: 'nothing to do here' },
  'allow-stale': { kind: 'flag', about: 'nothing to do here' },
} as const satisfies Options

/** What an issue says: for `create` and `update`. */
export const texts = {
  title: { kind: 'text', about: 'its title, one line' },
  type: { kind: 'text', short: 't', about: 'task, bug, feature, chore, epic, decision, …' },
  priority: { kind: 'text', short: 'p', about: '0 (most urgent) to 4, also P0 to P4; 2 if left out' },
  description: { kind: 'text', short: 'd', about: 'what it is about' },
  body: { kind: 'text', about: 'the same as --description' },
  design: { kind: 'text', about: 'how it is to be done' },
  acceptance: { kind: 'text', about: 'when it is done' },
  notes: { kind: 'text', about: 'what else there is to know' },
  assignee: { kind: 'text', short: 'a', about: 'who has it' },
} as const satisfies Options

/** Which issues: for `list` and `ready`. */
export const filters = {
  type: { kind: 'text', short: 't', about: 'of this type only' },
  assignee: { kind: 'text', short: 'a', about: 'of this assignee only' },
  priority: { kind: 'text', short: 'p', about: 'of this priority only' },
  labels: { kind: 'text', many: true, short: 'l', about: 'with all of these labels, by comma' },
  label: { kind: 'text', many: true, about: 'the same as --labels' },
  parent: { kind: 'text', about: 'under this issue only, all levels' },
} as const satisfies Options

export const ids = { ids: { kind: 'text', many: true } } as const satisfies Arguments

/** The fields that flags of `texts` name, as far as they were given. */
export function fieldsOf(flags: FlagsOf<typeof texts>): Partial<Issue> {
  if (flags.description !== undefined && flags.body !== undefined)
    throw new Usage('--body is --description; say one of them')
  return defined({
    title: flags.title,
    issue_type: flags.type,
    priority: priorityOf(flags.priority),
    description: flags.description ?? flags.body,
    design: flags.design,
    acceptance_criteria: flags.acceptance,
    notes: flags.notes,
    assignee: flags.assignee,
  })
}

export function filterOf(beads: Beads, flags: FlagsOf<typeof filters>) {
  return defined({
    type: flags.type,
    assignee: flags.assignee,
    priority: priorityOf(flags.priority),
    labels: split([...flags.labels, ...flags.label]),
    parent: flags.parent === undefined ? undefined : beads.resolve(flags.parent),
  })
}

/** Every issue that is meant, each once; all of them are there before anything is done with one. */
export function resolved(beads: Beads, given: readonly string[], usage: string): string[] {
  if (given.length === 0) throw new Usage(`usage: bd ${usage}`)
  return [...new Set(given.map((id) => beads.resolve(id)))]
}

export function parentOf(beads: Beads, given: string): string {
  try {
    return beads.resolve(given)
  } catch (error) {
    if (error instanceof BeadsError) throw new BeadsError(`parent issue ${given} not found`)
    throw error
  }
}

function priorityOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^[Pp]?[0-4]$/.test(given))
    throw new BeadsError(`invalid priority "${given}" (expected 0-4 or P0-P4, not words like high/medium/low)`)
  return Number(given.replace(/^[Pp]/, ''))
}

/** What is given by comma or by saying a flag again. */
export const split = (given: readonly string[]): string[] =>
  given
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter(Boolean)

export const line = ({ id, priority, issue_type, status, assignee, title }: Issue): string =>
  `${id} [P${priority}] [${issue_type}] ${status}${assignee ? ` @${assignee}` : ''} - ${title}`

export const jsonOf = (beads: Beads, issues: readonly Issue[]) => issues.map((issue) => issueJson(beads, issue))

export const defined = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
