// `gt account add`: an account of an agent's, as variables. Their values come from the caller's environment, a file or
// standard input, and go to a file that only its user reads.
// Never: takes a value as an argument, which every user of the machine could see; prints one, or sends it anywhere.
import process from 'node:process'
import { z } from 'zod'
import { answering } from '../asking.ts'
import { TownUnreachable, Usage } from '../errors.ts'
import { letGo } from '../held.ts'
import { declare } from '../word.ts'

export const word = declare({
  name: 'account add',
  group: 'sessions',
  summary: 'give an agent’s preset one more account, or another key for one it has',
  usage: '<preset>/<account> [--env <NAME>]… [--from <file>]',
  examples: [
    'gt account add claude/work --env ANTHROPIC_API_KEY      # as it is in your environment now',
    'CLAUDE_CONFIG_DIR=~/.claude-spare gt account add claude/spare --env CLAUDE_CONFIG_DIR',
    'gt account add codex/team --from team.env               # lines NAME=value; - is standard input',
  ],
  options: {
    env: { kind: 'text', many: true, about: 'a variable of it, by name; its value is that of your environment' },
    // Not --env-file: Node takes that for its own.
    from: { kind: 'text', about: 'a file with more of them, a line NAME=value each; -: standard input' },
  },
  args: { account: { kind: 'text' } },
  async run({ args: { account }, flags, town, ask, print }) {
    const root = town()
    const { accountsIn, keepAccount, partsOf } = await import('../../actors/accounts.ts')
    const { presetTrouble } = await import('../../actors/agents/own.ts')
    const { preset } = inWords(() => partsOf(account))
    const trouble = presetTrouble(root, preset)
    if (trouble !== undefined) throw new Usage(trouble)
    const env = { ...(await fromFile(flags.from)), ...fromEnvironment(flags.env) }
    const names = Object.keys(env)
    if (names.length === 0) throw new Usage('say which variables: --env <NAME>, or --from <file>')
    const was = accountsIn(root).includes(account)
    keepAccount(root, account, env)
    let up = true
    try {
      await ask('accountAdd', { account })
    } catch (error) {
      if (!(error instanceof TownUnreachable) || error.silent) throw error
      up = false
    }
    print({ account, variables: names, was, up }, () => [
      `${account} ${was ? 'is another one now' : 'is there'}: ${names.join(', ')}${up ? '' : ' (the town is down)'}`,
    ])
    return 0
  },
})

/** What is no account's name was said wrongly. */
function inWords<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error))
  }
}

function fromEnvironment(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      if (!/^[A-Za-z_]\w*$/.test(name.split('=')[0] ?? '') || name.startsWith('GT_'))
        throw new Usage(
          `"${name}" is no variable of an agent’s: a name has letters, digits and _, and GT_… are the town’s`,
        )
      if (name.includes('='))
        throw new Usage(
          'a value is no argument, for everybody on this machine can see those; say the name alone, with the value in your environment, or use --from',
        )
      const value = process.env[name]
      if (value === undefined || value === '') throw new Usage(`${name} is not set in your environment`)
      return [name, value]
    }),
  )
}

async function fromFile(path: string | undefined): Promise<Record<string, string>> {
  if (path === undefined) return {}
  const { readFileSync } = await import('node:fs')
  let text: string
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new Usage(`${path} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  const lines = text.split('\n')
  return Object.fromEntries(
    lines.flatMap((line, n) => {
      if (/^\s*(#.*)?$/.test(line)) return []
      const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? []
      if (name === undefined || value === undefined) throw new Usage(`line ${n + 1} of ${path} is no NAME=value`)
      return [[name, value.replace(/^(['"])(.*)\1$/, '$2')]]
    }),
  )
}

export const answers = {
  accountAdd: answering({
    word: 'account add',
    shape: z.object({ account: z.string() }),
    answer: ({ account }, asking): null => {
      asking.town.accountsChanged()
      // What was known of it is of its former key.
      letGo(asking, account)
      return null
    },
  }),
}

declare module '../asking.ts' {
  interface Requests extends Own<typeof answers> {}
}
