// `gt` itself: finds the word, loads its file and nothing else, runs it, turns what goes wrong into words and an exit
// code.
// Never: imports a word that was not said. Exit codes: 0 ok, 1 failed, 2 usage, 3 town not reachable.
import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { townAround, townLost } from './around.ts'
import type { Data, Params, RequestName } from './asking.ts'
import { hangUp, makeRequest, send } from './client.ts'
import { TownUnreachable, UnknownFlag, Usage } from './errors.ts'
import { complain, type Line, plainly, raw, say, tell, json as written } from './print.ts'
import { rightOf } from './rights.ts'
import { type Asked, type Context, globalsBefore, groups, help, parse, type Typed } from './word.ts'
import { words } from './words.ts'

export async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2))
  hangUp()
}

async function run(argv: readonly string[]): Promise<number> {
  let json = argv.includes('--json')
  try {
    const { before, rest } = globalsBefore(argv)
    const [first, second] = rest
    if (first === 'help' && second !== undefined) return await run([...before, ...rest.slice(1), '--help'])
    if (first === undefined || first === 'help')
      return before.includes('--version') ? await run(['version']) : said(overview())
    const name = second !== undefined && `${first} ${second}` in words ? `${first} ${second}` : first
    const entry = Object.hasOwn(words, name) ? words[name] : undefined
    if (!entry) throw new Usage(await unknown(rest))
    const word = await entry.load()
    const typed = parse(`gt ${name}`, word, [...before, ...rest.slice(name.split(' ').length)])
    if (typed.flags.help) return said(help(`gt ${word.name}`, word))
    json = typed.flags.json === true
    await allowed(word.name, findTown(typed.flags.town as string | undefined))
    return (await word.run(contextOf(typed))) ?? 0
  } catch (error) {
    if (!(error instanceof UnknownFlag)) return failed(await withLastWords(error), json)
    const { didYouMean } = await import('../actors/nearest.ts')
    return failed(new Usage(`${error.message}${didYouMean(error.flag, error.known)}`), json)
  }
}

/** What is the Overseer's alone is refused to what the town runs, whether there is a daemon to ask or not. */
async function allowed(word: string, town: string | undefined): Promise<void> {
  if (town === undefined || rightOf(word) !== 'overseer') return
  const { refusedHere } = await import('./here.ts')
  const why = refusedHere(word, town)
  if (why !== undefined) throw new Error(why)
}

function contextOf({ flags, args }: Typed): Context {
  const json = flags.json === true
  const given = flags.town as string | undefined
  const town = () => {
    const found = findTown(given)
    if (found !== undefined) return found
    const lost = townLost(resolve(given ?? process.env.GT_TOWN ?? process.cwd()))
    if (lost !== undefined)
      throw new Error(`${lost}/mayor/town.json is gone, by which this is a town; put it back from a copy of your own`)
    throw new Error(
      given === undefined
        ? `${process.cwd()} is not in a town; change into one, give --town, or make one with \`gt install <path>\``
        : `${given} is not a town; \`gt install ${given}\` makes one`,
    )
  }
  return {
    json,
    flags: flags as Context['flags'],
    args: args as Context['args'],
    town,
    townAround: () => findTown(given),
    async ask<M extends RequestName>(
      method: M,
      params: Params<M>,
      { event, patienceMs = 0 }: Asked = {},
    ): Promise<Data<M>> {
      const root = town()
      const { townLayout } = await import('../actors/layout.ts')
      const { socket, workSocket } = townLayout(root)
      const path = process.env['GT_ADDRESS'] && existsSync(workSocket) ? workSocket : socket
      const request = makeRequest(method, params)
      for (const until = Date.now() + patienceMs; ; await pause(200)) {
        try {
          const hear = event && !json ? (what: unknown) => event(plainly(what) as never) : event
          const data = await send<M>(path, root, request, hear)
          return json ? data : plainly(data)
        } catch (error) {
          if (!(error instanceof TownUnreachable) || Date.now() >= until) throw error
        }
      }
    },
    beDaemon: async (options) => (await import('./daemon.ts')).runDaemon(options),
    everyWord: () => Promise.all(Object.entries(words).map(async ([name, { load }]) => ({ ...(await load()), name }))),
    print: (data, lines) => (json ? raw(`${written(data, 2)}\n`) : say(lines(plainly(data)))),
  }
}

/** The town that is given, or that GT_TOWN or the working directory lies in. */
function findTown(given: string | undefined): string | undefined {
  const from = resolve(given ?? process.env.GT_TOWN ?? process.cwd())
  const found = townAround(from)
  return found === undefined || (given !== undefined && found !== from) ? undefined : realpathSync(found)
}

function said(lines: readonly Line[]): number {
  say(lines)
  return 0
}

/** Nobody answers: perhaps because the town went down by itself. */
async function withLastWords(error: unknown): Promise<unknown> {
  if (!(error instanceof TownUnreachable) || error.silent) return error
  const { lastWords } = await import('./last-words.ts')
  const words = lastWords(error.town)
  if (words !== '') error.message += `. ${words}`
  return error
}

function failed(error: unknown, json: boolean): number {
  const code = error instanceof Usage ? 2 : error instanceof TownUnreachable ? 3 : 1
  const message = error instanceof Error ? error.message : String(error)
  if (json) tell(written({ error: { code, message } }))
  else complain('gt', message)
  return code
}

function overview(): string[] {
  const all = Object.entries(words)
  const width = Math.max(...all.map(([name]) => name.length))
  const group = (name: string) =>
    all
      .filter(([, entry]) => entry.group === name)
      .map(([said, { summary }]) => `  gt ${said.padEnd(width)}  ${summary}`)
  return [
    'Gas Town: AI coding agents at work on your repositories.',
    ...Object.entries(groups).flatMap(([name, title]) => ['', `${title}:`, ...group(name)]),
    '',
    '`gt help <word>` explains one. --json, --town <folder> (-C) and --help go with every word.',
  ]
}

/** What a person may have meant: a word that begins so, one that means the same, or the nearest spelling. */
async function unknown(rest: readonly string[]): Promise<string> {
  const typed = rest.slice(0, 2).filter((part) => !part.startsWith('-'))
  const [first = ''] = typed
  const group = Object.keys(words).filter((word) => word.startsWith(`${first} `))
  if (group.length > 0 && typed.length === 1) return `which one? ${quoted(group).join(', ')}`
  const { meant } = await import('./meant.ts')
  const found = meant(typed, Object.keys(words))
  const hint = found.length > 0 ? `; did you mean ${quoted(found).join(' or ')}?` : ';'
  return `"${typed.join(' ')}" is no gt command${hint} \`gt help\` lists all`
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const quoted = (all: readonly string[]) => all.map((word) => `\`gt ${word}\``)
