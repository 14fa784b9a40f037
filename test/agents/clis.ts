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
  /** Its program below the cache. */
  program: string
  /** Variables, and files of its HOME, that lead it to the model at this address. */
  led(url: string, home: string): { env: Record<string, string>; files?: Record<string, string> }
  /** What others can and it cannot, or does in a way of its own; the preset's `limits` say it to people. */
  lacks?: readonly Lack[]
}
export type Lack =
  /** Words in the middle of a turn are heard in it. */
  | 'steering'
  /** It says from the first time on that it tries again. */
  | 'first retries'
  /** It gives up when its service does not answer. */
  | 'giving up'
  /** It says that its context is full. */
  | 'overlong'
  /** It runs commands; else it edits files by its model's words. */
  | 'tools'
  /** It tells the status of an error; else its service's words have to say what it is. */
  | 'statuses'
  /** It asks again for an answer that broke off. */
  | 'broken streams'

const bin = (name: string) => join('node_modules/.bin', name)
/** Long enough that an agent which masks it in its output masks nothing else. */
const key = 'sk-scripted-0123456789abcdef'

export const clis: Readonly<Record<string, Cli>> = {
  claude: {
    preset: 'claude',
    program: bin('claude'),
    led: (url) => ({ env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key, IS_SANDBOX: '1' } }),
  },
  gemini: {
    preset: 'gemini',
    lacks: ['steering', 'first retries', 'giving up', 'broken streams'],
    program: bin('gemini'),
    led: (url) => ({
      env: { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url, GEMINI_MODEL: 'gemini-2.5-pro' },
      files: { '.gemini/settings.json': JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }) },
    }),
  },
  copilot: {
    preset: 'copilot',
    lacks: ['steering', 'first retries'],
    program: bin('copilot'),
    led: (url) => ({
      env: {
        ...{ COPILOT_OFFLINE: 'true', COPILOT_MODEL: 'scripted' },
        ...{ COPILOT_PROVIDER_BASE_URL: `${url}/v1`, COPILOT_PROVIDER_API_KEY: key },
      },
    }),
  },
  aider: {
    preset: 'aider',
    program: 'aider/bin/aider',
    lacks: ['tools', 'steering', 'first retries', 'giving up', 'broken streams', 'statuses'],
    led: (url) => ({
      env: {
        OPENAI_API_BASE: `${url}/v1`,
        OPENAI_API_KEY: key,
        AIDER_MODEL: 'openai/scripted',
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      },
    }),
  },
  pi: {
    preset: 'pi',
    program: bin('pi'),
    led: (url) => ({
      env: { PI_OFFLINE: '1' },
      files: {
        '.pi/agent/settings.json': JSON.stringify({ defaultProvider: 'scripted', defaultModel: 'scripted' }),
        '.pi/agent/models.json': JSON.stringify({
          providers: {
            scripted: {
              ...{ baseUrl: `${url}/v1`, api: 'openai-completions', apiKey: key },
              models: [{ id: 'scripted', contextWindow: 200_000 }],
            },
          },
        }),
      },
    }),
  },
}

export const pathOf = (cli: Cli): string => join(cache, cli.program)
export const isHere = (cli: Cli): boolean => existsSync(pathOf(cli))
