// The real agent CLIs: where each is, and what leads it to the scripted model instead of its vendor.
// Never: touches a person's own configuration; each has a HOME of its own.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** Where `npm run test:agents` puts them. */
export const cache = process.env.GT_AGENTS_CACHE ?? join(import.meta.dirname, '../../node_modules/.agents')

export interface Cli {
  /** The preset that drives it. */
  preset: string
  /** Where it comes from, with the version that is tried. */
  package: string
  /** Its program below the cache. */
  program: string
  /** Variables, and files of its HOME, that lead it to the model at this address. */
  led(url: string, home: string): { env: Record<string, string>; files?: Record<string, string> }
}

const bin = (name: string) => join('node_modules/.bin', name)
/** Long enough that an agent which masks it in its output masks nothing else. */
const key = 'sk-scripted-0123456789abcdef'

export const clis: Readonly<Record<string, Cli>> = {
  claude: {
    preset: 'claude',
    package: '@anthropic-ai/claude-code@2.1.332',
    program: bin('claude'),
    led: (url) => ({ env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key, IS_SANDBOX: '1' } }),
  },
}

export const pathOf = (cli: Cli): string => join(cache, cli.program)
/** Whether it is to be tried, and can be. */
export const isHere = (cli: Cli): boolean =>
  existsSync(pathOf(cli)) && (process.env.GT_AGENTS ?? cli.preset).split(' ').includes(cli.preset)
