// A command as a person types it, as program, arguments and environment: no shell is ever between the town and a
// program.
// Never: guesses what a shell would have done; that is refused, with the form that works.
import { parse } from 'shell-quote'

export interface Command {
  argv: string[]
  /** What stood in front of the program: `CI=1 npm test`. */
  env: Record<string, string>
}

export class CommandRefused extends Error {
  override name = 'CommandRefused'
}

/**
 * Splits a command. Quotes are respected, `NAME=value` in front of the program becomes its environment, and `~` and
 * `$HOME` are the person's own home, here and now; what needs a shell is refused.
 */
export function splitCommand(text: string, known: string | undefined): Command {
  refuseWhatNeedsAShell(text)
  const home = () => {
    if (known !== undefined) return known
    throw new CommandRefused(`"${text}" names a home folder, and there is none here: set HOME, or give the whole path`)
  }
  const words = parse(text, (name) => (name === 'HOME' ? home() : { op: `$${name}` })).map((word) => {
    if (typeof word === 'string') return word === '~' || word.startsWith('~/') ? `${home()}${word.slice(1)}` : word
    throw refusal(text, 'comment' in word ? 'a # comment' : 'pattern' in word ? `the pattern ${word.pattern}` : word.op)
  })
  const program = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word))
  if (shellWords.has(words[program] ?? '')) throw refusal(text, words[program] as string)
  if (program < 0 || words[program] === '') throw new CommandRefused(`"${text}" names no program`)
  const env = words.slice(0, program).map((word) => [word.slice(0, word.indexOf('=')), homeIn(word, home)] as const)
  return { argv: words.slice(program), env: Object.fromEntries(env) }
}

/** They look like programs, and only a shell knows them. */
const shellWords = new Set(
  '! . : { [[ case cd eval exec exit export for if set source trap ulimit umask until while'.split(' '),
)

const homeIn = (word: string, home: () => string) => word.slice(word.indexOf('=') + 1).replace(/^~(?=\/|$)/, home)

/** As it is written into a configuration file: words alone where there is no environment. */
export type Written = string[] | { run: string[]; env: Record<string, string> }
export const asWritten = ({ argv, env }: Command): Written =>
  Object.keys(env).length === 0 ? argv : { run: argv, env }

/** What the library takes silently, and a shell would not take as it is. */
function refuseWhatNeedsAShell(text: string): void {
  // Between double quotes a shell still runs what stands in backquotes.
  const bare = text.replace(/'[^']*'|"((?:[^"\\]|\\.)*)"|\\./gs, (_, inside: string | undefined) =>
    inside?.replace(/\\./gs, '').includes('`') ? '`' : '_',
  )
  if (/['"]/.test(bare)) throw new CommandRefused(`"${text}" has a quote that is never closed`)
  if (bare.includes('`')) throw refusal(text, '`…`')
  if (bare.includes('\n')) throw refusal(text, 'several lines')
  const [braces] = /\{[^\s{}]*(?:,|\.\.)[^\s{}]*\}/.exec(bare) ?? []
  if (braces !== undefined) throw refusal(text, braces)
  const [tilde] = /(?<=^|\s)~[^\s/]\S*/.exec(bare) ?? []
  if (tilde !== undefined) throw refusal(text, tilde)
}

function refusal(text: string, what: string): CommandRefused {
  const inQuotes = text.replaceAll("'", `'\\''`)
  return new CommandRefused(
    `"${text}" needs a shell (${what}); put it into a script of the repository and give that, or give it to a shell in words: sh -c '${inQuotes}'`,
  )
}
