// What a word of `gt` or a command of `bd` declares, and how what a person typed after it is read and explained.
// Never: does the work of one.
import { parseArgs } from 'node:util'
import type { Data, Params, RequestName } from './asking.ts'
import { UnknownFlag, Usage } from './errors.ts'
import { type Kind, placeholders, read, type Value, type Values } from './kinds.ts'
import { type Line, table } from './print.ts'

export interface Option extends Value {
  short?: string
  /** May be said more than once. */
  many?: boolean
  /** What it says where it stands alone: a value is only what follows its `=`. */
  alone?: string
  /** What it does, for help and the reference. */
  about: string
}
export interface Argument extends Value {
  optional?: boolean
  /** The last one only: all that are left. */
  many?: boolean
}
export type Options = Readonly<Record<string, Option>>
export type Arguments = Readonly<Record<string, Argument>>

type ValueOf<V extends Value> = V extends { choices: readonly (infer C)[] } ? C : Values[V['kind']]
export type FlagsOf<O extends Options> = {
  [N in keyof O]: O[N] extends { many: true }
    ? ValueOf<O[N]>[]
    : O[N]['kind'] extends 'flag'
      ? boolean
      : ValueOf<O[N]> | undefined
}
export type ArgsOf<A extends Arguments> = {
  [N in keyof A]: A[N] extends { many: true }
    ? ValueOf<A[N]>[]
    : A[N] extends { optional: true }
      ? ValueOf<A[N]> | undefined
      : ValueOf<A[N]>
}

export interface Asked {
  /** Hears what a stream tells before its answer. */
  event?: (event: unknown) => void
  /** A town that is not up is asked again, the same request, for so long (milliseconds). */
  patienceMs?: number
}

/** What the daemon begins with. */
export interface DaemonOptions {
  town: string
  env: Readonly<Record<string, string | undefined>>
  /** Scripts and Node that sessions get as `gt`, `bd` and for workers. */
  entry: { gt: string; bd: string; node: string }
  version: string
}

/** What a word is handed: what was typed, as declared, and the town. */
export interface Context<O extends Options = Options, A extends Arguments = Arguments> {
  flags: FlagsOf<O>
  args: ArgsOf<A>
  json: boolean
  /** The town's root; throws with words when there is none here. */
  town(): string
  /** The town's root, when there is one here. */
  townAround(): string | undefined
  ask<M extends RequestName>(name: M, params: Params<M>, asked?: Asked): Promise<Data<M>>
  /** Is the daemon of a town, until it goes down; the exit code. */
  beDaemon(options: DaemonOptions): Promise<number>
  /** Every word there is, under each of its names. */
  everyWord(): Promise<Word[]>
  /** Prints data as JSON with --json, else as the lines made of it: there every text in it is plain. */
  print<T>(data: T, lines: (data: T) => readonly Line[]): void
}

/** Under which heading the overview lists a word, in this order. */
export const groups = {
  town: 'the town and its rigs',
  work: 'work',
  look: 'what goes on',
  sessions: 'sessions',
  mail: 'mail',
  machines: 'lifecycles',
  other: 'other',
} as const

interface Declaration<O extends Options, A extends Arguments> {
  /** As it is said: `merge-queue list`. */
  name: string
  /** A shorter way to say it. */
  also?: string
  group: keyof typeof groups
  summary: string
  /** After the word: `<rig> <polecat>`. */
  usage: string
  examples: readonly string[]
  options?: O
  args?: A
  run(context: Context<O, A>): Promise<number | undefined> | number | undefined
}
export type Word = Declaration<Options, Arguments>

// biome-ignore lint/complexity/noBannedTypes: a word without options has none, rather than any.
export function declare<const O extends Options = {}, const A extends Arguments = {}>(
  declaration: Declaration<O, A>,
): Word {
  return declaration as unknown as Word
}

export const globalOptions = {
  json: { kind: 'flag', about: 'data as JSON' },
  help: { kind: 'flag', short: 'h', about: 'this text' },
  town: { kind: 'text', short: 'C', about: 'the town’s folder; else GT_TOWN, else the one around you' },
} as const satisfies Options

export interface Typed {
  flags: Record<string, unknown>
  args: Record<string, unknown>
}

/** What reading and explaining need of a word. */
export interface Declared {
  summary: string
  usage: string
  examples?: readonly string[]
  options?: Options
  args?: Arguments
}

/** Flags that every word takes may also stand before it: `gt -C ~/gt status`. */
export function globalsBefore(
  argv: readonly string[],
  globals: Options = globalOptions,
): { before: string[]; rest: string[] } {
  const before: string[] = []
  const rest = [...argv]
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift() as string
    before.push(flag)
    const option = Object.entries(globals).find(
      ([name, { short }]) =>
        flag.split('=')[0] === `--${name}` || (short !== undefined && flag.startsWith(`-${short}`)),
    )
    if (!option && flag !== '--version')
      throw new Usage(
        `unknown option '${flag}'; before a word there can be ${Object.keys(globals)
          .map((name) => `--${name}`)
          .join(', ')}; \`help\` lists the words`,
      )
    const valued = option?.[1].kind === 'text' && (flag === `--${option[0]}` || flag === `-${option[1].short}`)
    if (valued && rest[0] !== undefined) before.push(rest.shift() as string)
  }
  return { before, rest }
}

/** Reads what was typed after a word; Usage with words when it is not as declared. */
export function parse(said: string, word: Declared, argv: readonly string[], globals: Options = globalOptions): Typed {
  const options: Options = { ...globals, ...word.options }
  const { values, positionals } = split(said, options, argv)
  const flags: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(options)) {
    const given = values[name]
    const one = (text: string) => read(`--${name}`, option, text, Date.now())
    if (option.many) flags[name] = ((given ?? []) as string[]).map(one)
    else if (option.kind === 'flag') flags[name] = given === true
    else flags[name] = given === undefined ? undefined : one(given as string)
  }
  return { flags, args: flags.help ? {} : argumentsIn(said, word, positionals) }
}

function split(said: string, options: Options, argv: readonly string[]) {
  try {
    return parseArgs({
      args: joined(argv, options),
      options: Object.fromEntries(
        Object.entries(options).map(([name, { kind, short, many }]) => [
          name,
          { type: typeOf(kind), ...(short ? { short } : {}), ...(many ? { multiple: true } : {}) },
        ]),
      ),
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    const words = `${error instanceof Error ? error.message.split('. ')[0] : error}`
    const unknown = /^Unknown option '(--[^']+)'/.exec(words)?.[1]
    const hint = `\`${said} --help\` lists what there is`
    if (unknown === undefined) throw new Usage(`${words}; ${hint}`)
    throw new UnknownFlag(
      `\`${said}\` has no ${unknown}; ${hint}`,
      unknown,
      Object.keys(options).map((name) => `--${name}`),
    )
  }
}

/** A value that stands by itself is put to its flag: it may begin with a hyphen, as a list in a text does. */
function joined(argv: readonly string[], options: Options): string[] {
  const found: string[] = []
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') return [...found, word, ...rest]
    const [name, option] =
      Object.entries(options).find(
        ([long, { short, kind }]) => kind !== 'flag' && (word === `--${long}` || (short && word === `-${short}`)),
      ) ?? []
    const value = name === undefined ? undefined : (option?.alone ?? rest.shift())
    found.push(value === undefined ? word : `--${name}=${value}`)
  }
  return found
}
const typeOf = (kind: Kind) => (kind === 'flag' ? 'boolean' : 'string')

function argumentsIn(said: string, { args = {}, usage }: Declared, positionals: readonly string[]) {
  const rest = [...positionals]
  const found: Record<string, unknown> = {}
  for (const [name, argument] of Object.entries(args)) {
    const one = (text: string) => read(`<${name}>`, argument, text, Date.now())
    if (argument.many) found[name] = rest.splice(0).map(one)
    else if (rest.length > 0) found[name] = one(rest.shift() as string)
    if ((found[name] as string[] | undefined)?.length === undefined && !argument.optional && found[name] === undefined)
      throw new Usage(`usage: ${said} ${usage}`)
  }
  if (rest.length > 0) throw new Usage(`usage: ${said} ${usage}`.trimEnd())
  return found
}

export function help(said: string, word: Declared, globals: Options = globalOptions): string[] {
  const { summary, usage, options, examples = [] } = word
  return [
    summary,
    '',
    `usage: ${said} ${usage}`.trimEnd(),
    '',
    'options:',
    ...optionLines({ ...options, ...globals }),
    ...(examples.length > 0 ? ['', 'examples:', ...examples.map((line) => `  ${line}`)] : []),
  ]
}

export function optionLines(options: Options): string[] {
  return table(
    Object.entries(options).map(([name, option]) => [
      `  ${option.short ? `-${option.short},` : '   '} --${name}${option.alone === undefined ? ` ${placeholders[option.kind]}` : `[=${placeholders[option.kind]}]`}`.trimEnd(),
      option.about,
    ]),
  )
}
