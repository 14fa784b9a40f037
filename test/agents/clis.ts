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
  /** The npm package it comes from, with the version that is tried; null: it comes from elsewhere. */
  package: string | null
  /** Its program below the cache. */
  program: string
  /** Variables, and files of its HOME, that lead it to the model at this address. */
  led(url: string, home: string): { env: Record<string, string>; files?: Record<string, string> }
  /** Variables by which it takes its account for a subscription, which alone says when an allowance is back. */
  subscribed?: Record<string, string>
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

const bin = (name: string) => join('node_modules/.bin', name)
/** Long enough that an agent which masks it in its output masks nothing else. */
const key = 'sk-scripted-0123456789abcdef'

export const clis: Readonly<Record<string, Cli>> = {
  claude: {
    preset: 'claude',
    package: '@anthropic-ai/claude-code@2.1.332',
    lacks: ['joining', 'reset times'],
    program: bin('claude'),
    led: (url) => ({ env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key, IS_SANDBOX: '1' } }),
    subscribed: { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: key },
  },
  codex: {
    preset: 'codex',
    package: '@openai/codex@0.169.0',
    lacks: ['first retries'],
    program: bin('codex'),
    led: (url) => ({
      env: { OPENAI_API_KEY: key },
      files: {
        '.codex/config.toml': [
          'model = "scripted"',
          'model_provider = "scripted"',
          '[model_providers.scripted]',
          'name = "Scripted"',
          `base_url = "${url}/v1"`,
          'wire_api = "responses"',
          'env_key = "OPENAI_API_KEY"',
          '',
        ].join('\n'),
      },
    }),
  },
  opencode: {
    preset: 'opencode',
    package: 'opencode-ai@1.18.33',
    // Its launcher is put in place by a script of its package, which is not run.
    program: join('node_modules', `opencode-${process.platform}-${process.arch}`, 'bin/opencode'),
    lacks: ['giving up', 'overlong'],
    led: (url) => ({
      env: { OPENCODE_DISABLE_MODELS_FETCH: '1' },
      files: {
        '.config/opencode/opencode.json': JSON.stringify({
          model: 'scripted/scripted',
          small_model: 'scripted/scripted',
          provider: {
            scripted: {
              npm: '@ai-sdk/openai-compatible',
              options: { baseURL: `${url}/v1`, apiKey: key },
              models: { scripted: { limit: { context: 200_000, output: 8000 } } },
            },
          },
        }),
      },
    }),
  },
  gemini: {
    preset: 'gemini',
    package: '@google/gemini-cli@0.61.0',
    lacks: ['steering', 'first retries', 'giving up', 'broken streams', 'joining', 'reset times'],
    program: bin('gemini'),
    led: (url) => ({
      env: { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url, GEMINI_MODEL: 'gemini-2.5-pro' },
      files: { '.gemini/settings.json': JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }) },
    }),
  },
  copilot: {
    preset: 'copilot',
    package: '@github/copilot@1.0.102',
    lacks: ['steering', 'first retries', 'joining', 'reset times'],
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
    package: null,
    program: 'aider/bin/aider',
    lacks: ['tools', 'steering', 'first retries', 'giving up', 'broken streams', 'statuses', 'joining'],
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
    lacks: ['joining'],
    package: '@earendil-works/pi-coding-agent@0.87.1',
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
/** Whether it is to be tried, and can be. */
export const isHere = (cli: Cli): boolean =>
  existsSync(pathOf(cli)) && (process.env.GT_AGENTS ?? cli.preset).split(' ').includes(cli.preset)
