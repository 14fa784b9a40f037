// `gt` itself: finds the word, loads its file and nothing else, runs it, turns what goes wrong into words and an exit
// code.
// Never: imports a command that was not asked for. Exit codes: 0 ok, 1 failed, 2 usage, 3 town not reachable.
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { Denied, hangUp, makeRequest, send, TownUnreachable } from './client.ts'
import { type Command, type Context, help, parse, Usage } from './command.ts'
import { words } from './words.ts'

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
  hangUp()
})

async function main(argv: string[]): Promise<number> {
  const [first] = argv
  let json = argv.includes('--json')
  try {
    if (first === 'help' && argv[1] !== undefined) return await main([...argv.slice(1), '--help'])
    if (first === undefined || first === 'help' || first === '--help' || first === '-h') return await overview()
    if (first === '--version') return main(['version'])
    const word = argv[1] !== undefined && `${first} ${argv[1]}` in words ? `${first} ${argv[1]}` : first
    const load = words[word]
    if (!load) throw new Usage(await unknown(argv))
    const { default: declaration } = await load()
    const { flags, args } = parse(word, declaration, argv.slice(word.split(' ').length))
    if (flags.help) return say(help(word, declaration))
    json = flags.json === true
    return (await declaration.run(contextOf(flags, args))) ?? 0
  } catch (error) {
    return complain(error, json)
  }
}

function contextOf(flags: Context['flags'], args: string[]): Context {
  const json = flags.json === true
  const town = () => {
    const found = findTown(typeof flags.town === 'string' ? flags.town : undefined)
    if (found === undefined)
      throw new Error(
        `${process.cwd()} is not in a town; change into one, give --town, or make one with \`gt install <path>\``,
      )
    return found
  }
  return {
    json,
    flags,
    args,
    town,
    ask: async (method, params, event, patienceMs = 0) => {
      const root = town()
      const { townLayout } = await import('../actors/layout.ts')
      const request = makeRequest(method, params)
      for (let leftMs = patienceMs; ; leftMs -= 200) {
        try {
          return await send(townLayout(root).socket, root, request, event)
        } catch (error) {
          if (!(error instanceof TownUnreachable) || leftMs <= 0) throw error
          await new Promise((resolve) => setTimeout(resolve, 200))
        }
      }
    },
    print: (data, lines) => void say(json ? JSON.stringify(data, null, 2) : lines().join('\n')),
  }
}

function findTown(given: string | undefined): string | undefined {
  const start = given ?? process.env.GT_TOWN ?? process.cwd()
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'mayor/town.json'))) return realpathSync(dir)
    if (given !== undefined || dir === dirname(dir)) return undefined
  }
}

function say(text: string): number {
  if (text !== '') process.stdout.write(`${text}\n`)
  return 0
}

function complain(error: unknown, json: boolean): number {
  const code =
    error instanceof Usage || (error instanceof Denied && error.usage) ? 2 : error instanceof TownUnreachable ? 3 : 1
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `gt: ${message}\n`)
  return code
}

async function overview(): Promise<number> {
  const all: [string, Command][] = await Promise.all(
    Object.entries(words).map(async ([name, load]) => [name, (await load()).default] as [string, Command]),
  )
  const width = Math.max(...all.map(([name]) => name.length))
  return say(
    [
      'Gas Town: AI coding agents at work on your repositories.',
      '',
      ...all.map(([name, { summary }]) => `  gt ${name.padEnd(width)}  ${summary}`),
      '',
      '`gt help <word>` explains one.',
    ].join('\n'),
  )
}

async function unknown(argv: string[]): Promise<string> {
  const group = Object.keys(words).filter((word) => word.startsWith(`${argv[0]} `))
  if (group.length > 0 && (argv[1] === undefined || argv[1].startsWith('-')))
    return `which one? ${group.map((word) => `\`gt ${word}\``).join(', ')}`
  const { closest } = await import('fastest-levenshtein')
  const asked = argv
    .slice(0, 2)
    .filter((part) => !part.startsWith('-'))
    .join(' ')
  return `"${asked}" is no gt command; did you mean \`gt ${closest(asked, Object.keys(words))}\`? \`gt help\` lists all`
}
