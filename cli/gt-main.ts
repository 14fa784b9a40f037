// `gt` itself: finds the word, loads its file and nothing else, runs it, turns what goes wrong into words and an exit
// code.
// Never: imports a word that was not said. Exit codes: 0 ok, 1 failed, 2 usage, 3 town not reachable.
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import type { Data, Params, RequestName } from './asking.ts'
import { hangUp, makeRequest, send } from './client.ts'
import { TownUnreachable, Usage } from './errors.ts'
import { plain, plainly } from './print.ts'
import { type Asked, type Context, globalOptions, groups, help, parse, type Typed } from './word.ts'
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
      return before.includes('--version') ? await run(['version']) : say(overview())
    const said = second !== undefined && `${first} ${second}` in words ? `${first} ${second}` : first
    const entry = Object.hasOwn(words, said) ? words[said] : undefined
    if (!entry) throw new Usage(await unknown(rest))
    const word = await entry.load()
    const typed = parse(`gt ${said}`, word, [...before, ...rest.slice(said.split(' ').length)])
    if (typed.flags.help) return say(help(word))
    json = typed.flags.json === true
    return (await word.run(contextOf(typed))) ?? 0
  } catch (error) {
    return complain(await withLastWords(error), json)
  }
}

/** Flags that every word takes may also stand before it: `gt -C ~/gt status`. */
function globalsBefore(argv: readonly string[]): { before: string[]; rest: string[] } {
  const before: string[] = []
  const rest = [...argv]
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift() as string
    before.push(flag)
    const option = Object.entries(globalOptions).find(
      ([name, each]) => flag.split('=')[0] === `--${name}` || ('short' in each && flag.startsWith(`-${each.short}`)),
    )
    if (!option && flag !== '--version')
      throw new Usage(
        `unknown option '${flag}'; before a word there can be ${Object.keys(globalOptions)
          .map((name) => `--${name}`)
          .join(', ')} and -C; \`gt help\` lists the words`,
      )
    const valued = option?.[1].kind === 'text' && (flag === `--${option[0]}` || flag === `-${option[1].short}`)
    if (valued && rest[0] !== undefined) before.push(rest.shift() as string)
  }
  return { before, rest }
}

function contextOf({ flags, args }: Typed): Context {
  const json = flags.json === true
  const given = flags.town as string | undefined
  const town = () => {
    const found = findTown(given)
    if (found !== undefined) return found
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
      const request = makeRequest(method, params)
      for (const until = Date.now() + patienceMs; ; await pause(200)) {
        try {
          const hear = event && !json ? (what: unknown) => event(plainly(what) as never) : event
          const data = await send<M>(townLayout(root).socket, root, request, hear)
          return json ? data : plainly(data)
        } catch (error) {
          if (!(error instanceof TownUnreachable) || Date.now() >= until) throw error
        }
      }
    },
    beDaemon: async (options) => (await import('./daemon.ts')).runDaemon(options),
    everyWord: () => Promise.all(Object.entries(words).map(async ([name, { load }]) => ({ ...(await load()), name }))),
    print: (data, lines) => void say(json ? JSON.stringify(data, null, 2) : lines(plainly(data)).join('\n')),
  }
}

/** The town that is given, or that GT_TOWN or the working directory lies in. */
function findTown(given: string | undefined): string | undefined {
  for (let dir = resolve(given ?? process.env.GT_TOWN ?? process.cwd()); ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'mayor/town.json'))) return realpathSync(dir)
    if (given !== undefined || dir === dirname(dir)) return undefined
  }
}

function say(text: string): number {
  if (text !== '') process.stdout.write(`${text}\n`)
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

function complain(error: unknown, json: boolean): number {
  const code = error instanceof Usage ? 2 : error instanceof TownUnreachable ? 3 : 1
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `gt: ${plain(message)}\n`)
  return code
}

function overview(): string {
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
  ].join('\n')
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
