// `bd`: the issue command of agents and people, on the embedded store. Finds the command, loads its file and nothing
// else, and turns what goes wrong into words. Called all day, so nothing slow is imported.
// Never: asks the daemon; the town notices by itself. Exit codes: 0 ok, 1 failed, 2 usage.
import { isAscii } from 'node:buffer'
import { dirname } from 'node:path'
import process from 'node:process'
import { BeadsError } from '../actors/beads/contract.ts'
import type { Beads } from '../actors/beads/embedded.ts'
import { openFound, placeToMake, tierOf, type Whence } from '../actors/beads/find.ts'
import { mustBeKept, type Routes, routesFrom } from '../actors/beads/routes.ts'
import { JsonBytes } from '../actors/beads/row-json.ts'
import { type Call, type Command, globals, split } from './bd-command.ts'
import { aliases, commands } from './bd-commands.ts'
import { isOfTown, realMeant } from './bd-whose.ts'
import { Mismatch, UnknownFlag, Usage } from './errors.ts'
import { body, complain, raw, safeJson, say, tell, json as written } from './print.ts'
import { type Arguments, type FlagsOf, globalsBefore, help, type Options, parse, type Typed } from './word.ts'
import { type Writer, writerIn } from './writer.ts'

/**
 * Ends without taking Node apart or closing the store: what was said is said and what was written is on disk, and
 * closing would write the store's log into its file, which waits for the disk twice more.
 */
export async function main(): Promise<void> {
  process.exit(await run(process.argv.slice(2)))
}

/** Its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const meant = realMeant(argv)
    if (meant && !isOfTown(meant, argv)) return await (await import('./bd-real.ts')).runReal(meant, argv)
    if (argv.some((word) => ['--version', '-V'].includes(word)) && argv[0]?.startsWith('-'))
      return said([versionLine(await theVersion())])
    const { before, rest } = globalsBefore(argv, globals)
    const [first, second] = rest
    if (first === 'help' && second !== undefined) return await run([...before, ...rest.slice(1), '--help'])
    if (first === undefined || first === 'help') return said(await overview())
    if (first === 'version') return await toldVersion(rest.includes('--json') || before.includes('--json'))
    const word = [`${first} ${second}`, first].find((each) => isCommand(each))
    if (word === 'mail' && second !== undefined && !second.startsWith('-'))
      return (await import('./bd-mail.ts')).passedOn(openFound(whenceOf(undefined)), [...rest.slice(1), ...before])
    if (word === undefined) throw new Usage(await unknown(rest))
    const command = await loaded(aliases[word] ?? word)
    const typed = parse(`bd ${word}`, command, [...before, ...rest.slice(word.split(' ').length)], globals)
    if (typed.flags.help) return said(help(`bd ${word}`, command, globals))
    return (await perform(command, typed, meant !== undefined)) ?? 0
  } catch (error) {
    return failed(error instanceof UnknownFlag ? await withNearest(error) : error, argv.includes('--json'))
  }
}

const isCommand = (word: string) => Object.hasOwn(commands, word) || Object.hasOwn(aliases, word)

async function loaded(name: string): Promise<Command> {
  const load = commands[name]
  if (load === undefined) throw new Error(`${name} is no command`)
  return (await load()).default
}

/** `isTownsOwn`: the town does it itself, where a real `bd` keeps the issues. */
async function perform(command: Command, { flags, args }: Typed, isTownsOwn: boolean): Promise<number | undefined> {
  const given = flags as FlagsOf<typeof globals>
  const isWriting = typeof command.writes === 'boolean' ? command.writes : command.writes(given, args as Call['args'])
  if (given.readonly && isWriting)
    throw new BeadsError(`operation '${command.name}' is not allowed in read-only mode; nothing was written`)
  if (given.directory !== undefined) process.chdir(given.directory)
  const whence = whenceOf(given.db)
  const how = { readonly: given.readonly }
  let found: { home: Beads; routes: Routes | undefined } | undefined
  let beads: Beads | undefined
  // A store that was named is meant for all of it.
  const opened = () => {
    if (found) return found
    const home = openFound(whence, how)
    if (isWriting && !isTownsOwn) mustBeKept(tierOf(dirname(home.path)))
    found = { home, routes: given.db === undefined ? routesFrom(home, { ...how, writes: isWriting }) : undefined }
    return found
  }
  let writer: Writer | undefined
  const call: Call = {
    flags: given as Call['flags'],
    args: args as Call['args'],
    isJson: given.json,
    get beads() {
      if (beads) return beads
      const { home, routes } = opened()
      beads = routes?.ofAll(idsIn(command, { flags, args })) ?? home
      return beads
    },
    beadsOf: (id) => opened().routes?.of(id) ?? opened().home,
    place: () => placeToMake(whence),
    // Found out by those that write.
    get actor() {
      return call.writer.actor
    },
    get writer() {
      writer ??= writerIn(dirname(call.beads.path), given.actor)
      return writer
    },
    print(json, lines) {
      if (given.json) printJson(json())
      else if (!given.quiet || !isWriting) say(lines())
      return undefined
    },
  }
  const code = await command.run(call)
  if (isWriting) beads?.settle()
  return code
}

/** The issues that were named, as they were typed. */
function idsIn({ options, args }: Command, typed: Typed): string[] {
  const of = (declared: Options | Arguments = {}, values: Readonly<Record<string, unknown>>) =>
    Object.keys(declared)
      .filter((name) => declared[name]?.kind === 'id')
      .flatMap((name) => (values[name] ?? []) as string | string[])
  return split([...of(options, typed.flags), ...of(args, typed.args)])
}

const whenceOf = (named: string | undefined): Whence => ({
  named,
  dir: process.env['BEADS_DIR'],
  db: process.env['BEADS_DB'],
  cwd: process.cwd(),
})

/** A script may ask for it with the version of the shapes around it. */
function printJson(data: unknown): void {
  const isAsked = process.env.BD_JSON_ENVELOPE === '1'
  if (data instanceof JsonBytes) raw(isAsked ? around(textOf(data)) : isHarmless(data) ? data.bytes : textOf(data))
  else raw(written(isAsked ? { schema_version: 1, data } : data, 2))
  raw('\n')
}
const around = (text: string) => `{\n  "schema_version": 1,\n  "data": ${text.replaceAll('\n', '\n  ')}\n}`
const textOf = ({ bytes }: JsonBytes) => safeJson(new TextDecoder().decode(bytes))
/** Nothing in it can steer a terminal, so that megabytes go out as they are. */
const isHarmless = ({ bytes }: JsonBytes) => isAscii(bytes) && !bytes.includes(0x7f)

function said(lines: readonly string[]): number {
  say(lines)
  return 0
}

function failed(thrown: unknown, isJson = false): number {
  const error = isOfWorld(thrown) ? new BeadsError(`${wordsOf(thrown)}; nothing was written`) : thrown
  if (isJson && error instanceof Error && !(error instanceof Usage))
    raw(
      `${written(error instanceof Mismatch ? { error: error.message, failed: [{ id: error.id, error: error.message, guard_mismatch: true }] } : { error: error.message }, 2)}\n`,
      'stderr',
    )
  else complain('Error', error instanceof Error ? error.message : String(error))
  if (error instanceof Usage) return 2
  if (error instanceof Mismatch) return 13
  if (!(error instanceof BeadsError) && error instanceof Error) tell(body(error.stack ?? ''))
  return 1
}

/** SQLite's numbers for what the world does to it: a lock, no right to write, a disk that fails or is full, damage. */
const worldly = [5, 6, 8, 10, 11, 13, 14, 26]
/** The system's words for the same. */
const worldlyCodes: readonly unknown[] = ['EROFS', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ENOSPC', 'EDQUOT', 'EIO']

const wordsOf = (error: Error & { errcode?: number }) =>
  `${error.errcode === 8 ? 'the issues are where nothing can be written: ' : ''}${error.message}`

const isOfWorld = (error: unknown): error is Error =>
  error instanceof Error &&
  !(error instanceof BeadsError) &&
  (worldly.includes(((error as { errcode?: number }).errcode ?? 0) & 0xff) ||
    worldlyCodes.includes((error as { code?: unknown }).code))

async function withNearest({ message, flag, known }: UnknownFlag): Promise<Usage> {
  const { didYouMean } = await import('../actors/nearest.ts')
  return new Usage(`${message}${didYouMean(flag, known)}`)
}

async function unknown(rest: readonly string[]): Promise<string> {
  const [first = ''] = rest
  const { instead } = await import('./bd-elsewhere.ts')
  if (Object.hasOwn(instead, first)) return `there is no "bd ${first}" here; instead: ${instead[first]}`
  const { nearest } = await import('../actors/nearest.ts')
  const known = [...Object.keys(commands), ...Object.keys(aliases)]
  const said = rest.slice(0, known.some((name) => name.startsWith(`${first} `)) ? 2 : 1).join(' ')
  const found = nearest(said, known)
  return `unknown command "${said}"${found === undefined ? '' : `; did you mean \`bd ${found}\`?`}; \`bd help\` lists them`
}

const theVersion = async () => (await import('./version.ts')).version
async function toldVersion(isJson: boolean): Promise<number> {
  const version = await theVersion()
  if (!isJson) return said([versionLine(version)])
  raw(`${written({ version, build: 'gastown' }, 2)}\n`)
  return 0
}
const versionLine = (version: string) => `bd version ${version} (gastown, profile 0.30)`

async function overview(): Promise<string[]> {
  const all = (await Promise.all(Object.keys(commands).map(loaded))).filter(({ isHidden }) => !isHidden)
  const width = Math.max(...all.map(({ name, usage }) => `${name} ${usage}`.length))
  return [
    'bd: issues of this rig.',
    '',
    ...all.map(({ name, usage, summary }) => `  bd ${`${name} ${usage}`.padEnd(Math.min(width, 60))}  ${summary}`),
    '',
    `\`bd help <command>\` explains one. Every command takes ${Object.keys(globals)
      .slice(0, 6)
      .map((name) => `--${name}`)
      .join(', ')}, before it or after it.`,
  ]
}
