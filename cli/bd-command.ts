// What a command of `bd` declares: its own flags, whether it writes, and what it does. One file each in bd/.
// Never: does the work of one.
import { readFileSync } from 'node:fs'
import { BeadsError, type Issue, type IssueFilter, sorts } from '../actors/beads/contract.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import type { StorePlace } from '../actors/beads/find.ts'
import { exactly, issueJson } from '../actors/beads/jsonl.ts'
import type { Listed } from '../actors/beads/queries.ts'
import { Usage } from './errors.ts'
import type { Line } from './print.ts'
import type { ArgsOf, Arguments, FlagsOf, Options } from './word.ts'
import type { Writer } from './writer.ts'

/** What a command is handed: what was typed, as declared, and the store. */
export interface Call<O extends Options = Options, A extends Arguments = Arguments> {
  flags: FlagsOf<O>
  args: ArgsOf<A>
  /** It is data that is to be printed. */
  isJson: boolean
  /**
   * The store that --db, the environment or the folder names, or, in a town, that of the issues that were named; opened
   * when it is first asked for.
   */
  beads: Beads
  /** That of one issue, for what may show those of several. */
  beadsOf(id: string): Beads
  /** Where that store is, or would be. */
  place(): StorePlace
  actor: string
  /** The same with the session that it is, where it is one: that holds what it claims. */
  writer: Writer
  /** JSON with --json, else the lines: nothing with --quiet when they only say that it was done. */
  print(json: () => unknown, lines: () => readonly Line[]): undefined
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
  writes: boolean | ((flags: FlagsOf<O>, args: ArgsOf<A>) => boolean)
  options?: O
  args?: A
  /** Not listed: what other versions need and this one has nothing to do for. */
  isHidden?: true
  examples?: readonly string[]
  /** Its exit code, where it is not 0. */
  run(call: Call<O, A>): number | undefined | Promise<number | undefined>
}
export type Command = Declaration<Options, Arguments>

// biome-ignore lint/complexity/noBannedTypes: a command without options has none, rather than any.
export function command<const O extends Options = {}, const A extends Arguments = {}>(
  declaration: Declaration<O, A>,
): Command {
  return declaration as unknown as Command
}

/** What is shown of a setting that is a secret. */
export const hidden = '(set)'
export const isSecret = (key: string): boolean => /token$/.test(key)

/** Kept among a store's settings, and none: whose it is, what `bd sync` and `bd github` remember. */
export const isOwnKey = (key: string): boolean =>
  ['identity', 'sync.base'].includes(key) || key.startsWith('github.link:')

/** Mail of a town, as it is named to whoever sends mail elsewhere. */
export const isGtMail = (program: string): boolean => /^(.*\/)?gt mail$/.test(program)

/** Every command takes these, before it or after it. */
export const globals = {
  json: { kind: 'flag', about: 'data as JSON' },
  help: { kind: 'flag', short: 'h', about: 'this text' },
  db: {
    kind: 'text',
    about: 'the database, or the folder it is in; else BEADS_DIR, BEADS_DB, or the .beads around you',
  },
  directory: { kind: 'text', short: 'C', about: 'as if it were said in this folder' },
  actor: { kind: 'text', about: 'who does it; else BD_ACTOR, BEADS_ACTOR or USER' },
  readonly: { kind: 'flag', about: 'refuse to write' },
  quiet: { kind: 'flag', short: 'q', about: 'say nothing of what went well' },
  // Other versions have a daemon and a file that follows the database; there is neither here to be told of.
  verbose: { kind: 'flag', short: 'v', about: 'nothing to do here: what there is to say is said' },
  'no-daemon': { kind: 'flag', about: 'nothing to do here: there is no daemon' },
  'no-db': { kind: 'flag', about: 'nothing to do here: the database is all there is' },
  sandbox: { kind: 'flag', about: 'nothing to do here' },
  'no-auto-flush': { kind: 'flag', about: 'nothing to do here: the database is all there is' },
  'no-auto-import': { kind: 'flag', about: 'nothing to do here' },
  'allow-stale': { kind: 'flag', about: 'nothing to do here' },
  'no-color': { kind: 'flag', about: 'nothing to do here: nothing is coloured' },
} as const satisfies Options

/** What an issue says: for `create` and `update`. */
export const texts = {
  title: { kind: 'text', about: 'its title, one line' },
  type: { kind: 'text', short: 't', about: 'task, bug, feature, chore, epic, decision, …' },
  priority: { kind: 'text', short: 'p', about: '0 (most urgent) to 4, also P0 to P4; 2 if left out' },
  description: { kind: 'text', short: 'd', about: 'what it is about' },
  body: { kind: 'text', about: 'the same as --description' },
  'body-file': { kind: 'text', about: 'a file with what it is about; - is the standard input' },
  'description-file': { kind: 'text', about: 'the same as --body-file' },
  stdin: { kind: 'flag', about: 'what it is about comes from the standard input' },
  design: { kind: 'text', about: 'how it is to be done' },
  'design-file': { kind: 'text', about: 'a file with how it is to be done' },
  acceptance: { kind: 'text', about: 'when it is done' },
  'acceptance-criteria': { kind: 'text', about: 'the same as --acceptance' },
  notes: { kind: 'text', about: 'what else there is to know' },
  assignee: { kind: 'text', short: 'a', about: 'who has it; empty: nobody' },
  'external-ref': { kind: 'text', about: 'what it is called elsewhere: gh-9' },
  estimate: { kind: 'number', short: 'e', about: 'how many minutes it will take' },
  due: { kind: 'text', about: 'until when: a date, a time, +2d' },
  defer: { kind: 'text', about: 'from when on it may be begun; empty: now' },
  metadata: { kind: 'text', about: 'a JSON object; @file reads one' },
  ephemeral: { kind: 'flag', about: 'kept for a while only, and nothing to work on' },
} as const satisfies Options

/** Which issues: for `list`, `ready`, `search`, `count` and the like. */
export const filters = {
  type: { kind: 'text', many: true, short: 't', about: 'of these types only, by comma' },
  'exclude-type': { kind: 'text', many: true, about: 'not of these types, by comma' },
  assignee: { kind: 'text', short: 'a', about: 'of this assignee only' },
  unassigned: { kind: 'flag', short: 'u', about: 'what is nobody’s only' },
  'no-assignee': { kind: 'flag', about: 'the same as --unassigned' },
  priority: { kind: 'text', short: 'p', about: 'of this priority only' },
  'priority-min': { kind: 'text', about: 'of this priority or less urgent' },
  'priority-max': { kind: 'text', about: 'of this priority or more urgent' },
  labels: { kind: 'text', many: true, short: 'l', about: 'with all of these labels, by comma' },
  label: { kind: 'text', many: true, about: 'the same as --labels' },
  'label-any': { kind: 'text', many: true, about: 'with one of these labels at least, by comma' },
  'exclude-label': { kind: 'text', many: true, about: 'with none of these labels, by comma' },
  'no-labels': { kind: 'flag', about: 'without any label' },
  'metadata-field': { kind: 'text', many: true, about: 'whose metadata have this: key=value' },
} as const satisfies Options

/** More of them, for what looks at all issues and not only at those that are ready. */
export const moreFilters = {
  status: { kind: 'text', many: true, short: 's', about: 'of these statuses only, by comma' },
  id: { kind: 'id', many: true, about: 'these only, by comma' },
  'no-parent': { kind: 'flag', about: 'that are a part of nothing' },
  title: { kind: 'text', about: 'with this in the title' },
  'title-contains': { kind: 'text', about: 'with this in the title' },
  'desc-contains': { kind: 'text', about: 'with this in the description' },
  'notes-contains': { kind: 'text', about: 'with this in the notes' },
  'empty-description': { kind: 'flag', about: 'without a description' },
  'created-after': { kind: 'text', about: 'made after this date' },
  'created-before': { kind: 'text', about: 'made before this date' },
  'updated-after': { kind: 'text', about: 'changed after this date' },
  'updated-before': { kind: 'text', about: 'changed before this date' },
  'closed-after': { kind: 'text', about: 'closed after this date' },
  'closed-before': { kind: 'text', about: 'closed before this date' },
  pinned: { kind: 'flag', about: 'pinned ones only' },
  'no-pinned': { kind: 'flag', about: 'without pinned ones' },
} as const satisfies Options

export const ids = { ids: { kind: 'id', many: true } } as const satisfies Arguments

/** The fields that flags of `texts` name, as far as they were given. */
export function fieldsOf(flags: FlagsOf<typeof texts>): Partial<Issue> {
  const { 'body-file': file, 'description-file': alsoFile } = flags
  const description = only('what it is about', {
    '--description': flags.description,
    '--body': flags.body,
    '--body-file': file === undefined ? undefined : contentOf(file),
    '--description-file': alsoFile === undefined ? undefined : contentOf(alsoFile),
    '--stdin': flags.stdin ? contentOf('-') : undefined,
  })
  const design = only('the design', {
    '--design': flags.design,
    '--design-file': flags['design-file'] === undefined ? undefined : contentOf(flags['design-file']),
  })
  const done = { '--acceptance': flags.acceptance, '--acceptance-criteria': flags['acceptance-criteria'] }
  return defined({
    title: flags.title,
    issue_type: flags.type,
    priority: priorityOf(flags.priority),
    description,
    design,
    acceptance_criteria: only('the acceptance criteria', done),
    notes: flags.notes,
    assignee: flags.assignee,
    external_ref: flags['external-ref'],
    estimated_minutes: flags.estimate,
    due_at: flags.due === undefined ? undefined : whenOrNever('--due', flags.due),
    defer_until: flags.defer === undefined ? undefined : whenOrNever('--defer', flags.defer),
    metadata: flags.metadata === undefined ? undefined : metadataOf(flags.metadata),
    ephemeral: flags.ephemeral ? 1 : undefined,
  } as const)
}

/** What was said in one of several ways; Usage when in two. */
function only(what: string, ways: Readonly<Record<string, string | undefined>>): string | undefined {
  const said = Object.entries(ways).filter(([, value]) => value !== undefined)
  if (said.length > 1) throw new Usage(`${said.map(([flag]) => flag).join(' and ')} are both ${what}; say one of them`)
  return said[0]?.[1]
}

/** A file that was named, or the standard input. */
export function contentOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new BeadsError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}; nothing was written`,
    )
  }
}

function metadataOf(given: string): string {
  const text = given.startsWith('@') ? contentOf(given.slice(1)) : given
  try {
    const value = exactly(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value)
  } catch {
    // Said below.
  }
  throw new BeadsError(`--metadata is a JSON object, such as '{"key":"value"}', not ${text.slice(0, 100)}`)
}

const whenOrNever = (name: string, text: string) => (text === '' ? null : when(name, text))

const spans: Readonly<Record<string, number>> = {
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  m: 2_592_000_000,
  y: 31_536_000_000,
}
/** A date, a time, `+2d`, `tomorrow`; in UTC as the store keeps it. */
export function when(name: string, text: string, now = new Date()): string {
  const word = text.trim().toLowerCase()
  const [, sign, count, unit] = /^([+-]?)(\d+)\s*([hdwmy])$/.exec(word) ?? []
  if (count !== undefined && unit !== undefined)
    return new Date(now.getTime() + (sign === '-' ? -1 : 1) * Number(count) * (spans[unit] as number)).toISOString()
  const days = { yesterday: -1, today: 0, tomorrow: 1, 'next week': 7 }[word]
  // A bare date is a day here, and not one in Greenwich.
  const at =
    days !== undefined
      ? new Date(now.getFullYear(), now.getMonth(), now.getDate() + days)
      : new Date(/^\d{4}-\d\d-\d\d$/.test(word) ? `${word}T00:00:00` : text)
  if (Number.isNaN(at.getTime()) || /^\d+$/.test(word))
    throw new BeadsError(`${name} is a date such as 2030-01-31, a time, +2d or tomorrow, not "${text}"`)
  return at.toISOString()
}

export function filterOf(flags: FlagsOf<typeof filters>): IssueFilter {
  const types = split(flags.type)
  const notTypes = split(flags['exclude-type'])
  const fields = flags['metadata-field'].map((each) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(each) ?? []
    if (key === undefined || value === undefined) throw new Usage(`--metadata-field is key=value, not "${each}"`)
    return [key, value] as const
  })
  return defined({
    types: types.length > 0 ? types : undefined,
    notTypes: notTypes.length > 0 ? notTypes : undefined,
    assignee: flags.assignee,
    unassigned: flags.unassigned || flags['no-assignee'] || undefined,
    priority: priorityOf(flags.priority),
    priorityMin: priorityOf(flags['priority-min']),
    priorityMax: priorityOf(flags['priority-max']),
    labels: split([...flags.labels, ...flags.label]),
    labelsAny: split(flags['label-any']),
    notLabels: split(flags['exclude-label']),
    noLabels: flags['no-labels'],
    metadata: fields.length > 0 ? Object.fromEntries(fields) : undefined,
  })
}

export function moreOf(beads: Beads, flags: FlagsOf<typeof moreFilters>): IssueFilter {
  const status = split(flags.status)
  const given = flags.id.length === 0 ? undefined : split(flags.id)
  const date = (
    name: 'created-after' | 'created-before' | 'updated-after' | 'updated-before' | 'closed-after' | 'closed-before',
  ) => (flags[name] === undefined ? undefined : when(`--${name}`, flags[name]))
  return defined({
    status: flags.pinned ? ['pinned'] : status.length > 0 && !status.includes('all') ? status : undefined,
    all: status.includes('all') || undefined,
    ids: given?.map((id) => beads.resolve(id)),
    noParent: flags['no-parent'],
    title: flags.title,
    titleContains: flags['title-contains'],
    descriptionContains: flags['desc-contains'],
    notesContains: flags['notes-contains'],
    emptyDescription: flags['empty-description'],
    notStatus: flags['no-pinned'] ? ['pinned'] : undefined,
    createdAfter: date('created-after'),
    createdBefore: date('created-before'),
    updatedAfter: date('updated-after'),
    updatedBefore: date('updated-before'),
    closedAfter: date('closed-after'),
    closedBefore: date('closed-before'),
  })
}

/** How a list is cut and turned. */
export const ordering = {
  limit: { kind: 'number', range: [0, 1_000_000], short: 'n', about: 'so many at most; 0: all' },
  sort: { kind: 'text', choices: sorts, about: 'by priority, created, updated, status, id, title, …' },
  reverse: { kind: 'flag', short: 'r', about: 'the other way round' },
} as const satisfies Options

/** Said by what a town runs, and not by its Overseer: an address has a slash, and a person's name has none. */
export const isAgents = ({ beads, actor }: Pick<Call, 'beads' | 'actor'>): boolean =>
  beads.isTowns() && actor.includes('/')

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

export function priorityOf(given: string | undefined): number | undefined {
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

export const line = (
  { id, priority, issue_type, status, assignee, title }: Omit<Listed, 'labels'>,
  labels: readonly string[] = [],
): string =>
  `${id} [P${priority}] [${issue_type}] ${status}${assignee ? ` @${assignee}` : ''}${labels.length > 0 ? ` [${labels.join(' ')}]` : ''} - ${title}`
/** Of a list, with its labels. */
export const listedLine = (issue: Listed): string => line(issue, JSON.parse(issue.labels ?? '[]') as string[])

export const jsonOf = (beads: Beads, issues: readonly Issue[]) => issues.map((issue) => issueJson(beads, issue))

export const defined = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
