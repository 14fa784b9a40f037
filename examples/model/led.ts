// What leads each agent to the scripted model instead of its vendor's service.
// Never: touches a person's own configuration; files are for a HOME of the agent's own.

/** Variables, and files of its HOME, that lead an agent to the model at this address. */
export type Led = (url: string) => { env: Record<string, string>; files?: Record<string, string> }

/** Long enough that an agent which masks it in its output masks nothing else. */
export const key = 'sk-scripted-0123456789abcdef'

const all = {
  claude: (url) => ({ env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key, IS_SANDBOX: '1' } }),
  // As a person leaves it who has answered what it asks at its first start.
  'claude-tui': (url) => ({
    env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key, IS_SANDBOX: '1' },
    files: {
      '.claude.json': JSON.stringify({
        hasCompletedOnboarding: true,
        customApiKeyResponses: { approved: [key.slice(-20)] },
      }),
    },
  }),
  codex: (url) => ({
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
  opencode: (url) => ({
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
  gemini: (url) => ({
    env: { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url, GEMINI_MODEL: 'gemini-2.5-pro' },
    files: { '.gemini/settings.json': JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }) },
  }),
  copilot: (url) => ({
    env: {
      ...{ COPILOT_OFFLINE: 'true', COPILOT_MODEL: 'scripted' },
      ...{ COPILOT_PROVIDER_BASE_URL: `${url}/v1`, COPILOT_PROVIDER_API_KEY: key },
    },
  }),
  aider: (url) => ({
    env: {
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: key,
      AIDER_MODEL: 'openai/scripted',
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    },
  }),
  pi: (url) => ({
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
} satisfies Readonly<Record<string, Led>>

/** By the preset's name. */
export const led: Readonly<Record<keyof typeof all, Led>> = all
