// The real agent CLIs: where each is, and what leads it to the scripted model instead of its vendor.
// Never: touches a person's own configuration; each has a HOME of its own.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { key, type Led, led } from '../../examples/model/led.ts'

/** Where `npm run test:agents` puts them. */
export const cache = process.env.GT_AGENTS_CACHE ?? join(import.meta.dirname, '../../node_modules/.agents')

export interface Cli {
  /** The preset that drives it. */
  preset: string
  /** The npm package it comes from, with the version that is tried; null: it comes from elsewhere. */
  package: string | null
  /** Its program below the cache. */
  program: string
  led: Led
  /** Variables by which it takes its account for a subscription, which alone says when an allowance is back. */
  subscribed?: Record<string, string>
  /** It waits by itself, in its turn, for an allowance that is back within so many seconds. */
  waitsItselfS?: number
  /** Arguments by which it makes its context shorter from 100,000 tokens on. */
  compacts?: readonly string[]
  /** What others can and it cannot, or does in a way of its own; the preset's `limits` say it to people. */
  lacks?: readonly Lack[]
}
export type Lack =
  /** Words in the middle of a turn are heard in it. */
  | 'steering'
  /** It says from the first time on that it tries again. */
  | 'first retries'
  /** It says at all that it tries again. */
  | 'retries'
  /** It gives up when its service does not answer. */
  | 'giving up'
  /** It says that its context is full. */
  | 'overlong'
  /** It says when an allowance is back; of Claude Code only a subscription does. */
  | 'reset times'
  /** A person joins its conversation while it goes on. */
  | 'joining'
  /** It runs commands; else it edits files by its model's words. */
  | 'tools'
  /** It tells the status of an error; else its service's words have to say what it is. */
  | 'statuses'
  /** It asks again for an answer that broke off. */
  | 'broken streams'

/** As npm's packages of one machine's programs end. */
const platform = `${process.platform}-${process.arch}`
const bin = (name: string) => join('node_modules/.bin', name)

export const clis: Readonly<Record<string, Cli>> = {
  claude: {
    preset: 'claude',
    // The program itself: what the package around it puts in its place is a script, which is not run.
    package: `@anthropic-ai/claude-code-${platform}@2.1.332`,
    lacks: ['joining', 'reset times'],
    program: join('node_modules/@anthropic-ai', `claude-code-${platform}`, 'claude'),
    led: led.claude,
    subscribed: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: key },
    compacts: ['--autocompact', '100000'],
  },
  'claude-tui': {
    preset: 'claude-tui',
    package: `@anthropic-ai/claude-code-${platform}@2.1.332`,
    lacks: ['steering', 'first retries', 'reset times', 'retries'],
    program: join('node_modules/@anthropic-ai', `claude-code-${platform}`, 'claude'),
    led: led['claude-tui'],
  },
  codex: {
    preset: 'codex',
    package: '@openai/codex@0.169.0',
    lacks: ['first retries'],
    compacts: ['-c', 'model_auto_compact_token_limit=100000'],
    program: bin('codex'),
    led: led.codex,
  },
  opencode: {
    preset: 'opencode',
    package: `opencode-${platform}@1.18.33`,
    program: join('node_modules', `opencode-${platform}`, 'bin/opencode'),
    lacks: ['giving up', 'overlong'],
    waitsItselfS: 60,
    led: led.opencode,
  },
  gemini: {
    preset: 'gemini',
    package: '@google/gemini-cli@0.61.0',
    lacks: ['steering', 'first retries', 'giving up', 'broken streams', 'joining', 'reset times'],
    program: bin('gemini'),
    led: led.gemini,
  },
  copilot: {
    preset: 'copilot',
    package: '@github/copilot@1.0.102',
    lacks: ['steering', 'first retries', 'joining', 'reset times'],
    program: bin('copilot'),
    led: led.copilot,
  },
  aider: {
    preset: 'aider',
    package: null,
    program: 'aider/bin/aider',
    lacks: ['tools', 'steering', 'first retries', 'giving up', 'broken streams', 'statuses', 'joining'],
    led: led.aider,
  },
  pi: {
    preset: 'pi',
    lacks: ['joining'],
    package: '@earendil-works/pi-coding-agent@0.87.1',
    program: bin('pi'),
    led: led.pi,
  },
}

export const pathOf = (cli: Cli): string => join(cache, cli.program)
/** Whether it is to be tried, and can be. */
export const isHere = (cli: Cli): boolean =>
  existsSync(pathOf(cli)) && (process.env.GT_AGENTS ?? cli.preset).split(' ').includes(cli.preset)
