// Claude Code: one long-lived process a session, spoken to in stream-json. Tried with 2.1.
// Never: types into a terminal; reads `subtype` of a result, which says "success" of failures too.
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../files.ts'
import type { Agent, Driver, Run } from './driver.ts'
import { type Fact, short } from './evidence.ts'
import { onWhat } from './on-what.ts'
import { preset } from './preset.ts'
import { speakWith } from './program.ts'

/** What it is asked to do, and not: it updates nothing, and retries within a minute rather than for ten. */
const variables = {
  CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_MAX_RETRIES: '4',
  DISABLE_AUTOUPDATER: '1',
}

const usage = z.looseObject({
  input_tokens: z.number().default(0),
  output_tokens: z.number().default(0),
  cache_read_input_tokens: z.number().default(0),
  cache_creation_input_tokens: z.number().default(0),
})
const block = z.looseObject({
  type: z.string(),
  id: z.string().default(''),
  name: z.string().default(''),
  text: z.string().default(''),
  input: z.unknown().optional(),
  tool_use_id: z.string().default(''),
})
const content = z.union([z.string().transform(() => []), z.array(block)])

/** What is understood of its words; all else is passed over. */
const words = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('system'),
    subtype: z.string(),
    session_id: z.string().default(''),
    model: z.string().default(''),
    claude_code_version: z.string().default(''),
    error_status: z.number().nullish(),
    error: z.string().nullish(),
    retry_delay_ms: z.number().default(0),
  }),
  z.looseObject({ type: z.literal('command_lifecycle'), command_uuid: z.string(), state: z.string() }),
  z.looseObject({
    type: z.literal('assistant'),
    message: z.looseObject({ id: z.string(), model: z.string().default(''), content, usage: usage.optional() }),
  }),
  z.looseObject({ type: z.literal('user'), message: z.looseObject({ content }) }),
  z.looseObject({
    type: z.literal('rate_limit_event'),
    rate_limit_info: z.looseObject({
      status: z.string(),
      resetsAt: z.number().nullish(),
      rateLimitType: z.string().nullish(),
    }),
  }),
  z.looseObject({
    type: z.literal('result'),
    uuid: z.string().default(''),
    is_error: z.boolean().default(false),
    terminal_reason: z.string().nullish(),
    api_error_status: z.number().nullish(),
    api_error: z.string().nullish(),
    result: z.string().nullish(),
    modelUsage: z.record(z.string(), z.looseObject({ contextWindow: z.number().nullish() })).default({}),
    model_usage_since_last_result: z
      .record(
        z.string(),
        z.looseObject({
          inputTokens: z.number().default(0),
          outputTokens: z.number().default(0),
          cacheReadInputTokens: z.number().default(0),
          cacheCreationInputTokens: z.number().default(0),
          costUSD: z.number().nullish(),
        }),
      )
      .optional(),
  }),
])
type Result = z.infer<typeof words> & { type: 'result' }

const drive: Driver = (run, tell): Agent => {
  const program = speakWith({ cwd: run.cwd, argv: argvOf(run), env: { ...run.env, ...variables } }, hear, tell)
  let turns = 0
  /** What its messages have used since the last result, which tells the sums. */
  const used = new Map<string, { model: string; usage: z.infer<typeof usage> }>()
  // Nobody sums up a turn that was cut short.
  void program.over.then(() => {
    for (const [id, { model, usage }] of used) tell({ what: 'usage', id, model, ...tokensOf(usage), cost: null })
  })
  /** The words that were said, and whether its model has had them. */
  const hadBy = new Map<string, boolean>()

  function hear(message: Record<string, unknown>): void {
    const { data } = words.safeParse(message)
    if (!data) return
    if (data.type === 'system') heardSystem(data)
    if (data.type === 'command_lifecycle') {
      const state = states[data.state]
      // What its model has had before it stays in the conversation, also when its turn is cancelled.
      const isKept = state === 'dropped' && hadBy.get(data.command_uuid) === true
      if (state === 'delivered' && hadBy.has(data.command_uuid)) hadBy.set(data.command_uuid, true)
      if (state && !isKept) tell({ what: 'message', id: data.command_uuid, state })
    }
    if (data.type === 'rate_limit_event' && data.rate_limit_info.status === 'rejected') {
      const { resetsAt, rateLimitType } = data.rate_limit_info
      tell({ what: 'limited', until: resetsAt ? resetsAt * 1000 : null, window: rateLimitType ?? '' })
    }
    if (data.type === 'assistant') heardAssistant(data.message)
    if (data.type === 'user')
      for (const { type, tool_use_id } of data.message.content)
        if (type === 'tool_result') tell({ what: 'tool_over', id: tool_use_id })
    if (data.type === 'result') heardResult(data)
  }
  return {
    say(id, text) {
      hadBy.set(id, false)
      program.send({ type: 'user', uuid: id, message: { role: 'user', content: text }, session_id: run.conversation })
    },
    interrupt: () =>
      program.send({ type: 'control_request', request_id: `interrupt-${turns}`, request: { subtype: 'interrupt' } }),
    async end(graceMs) {
      program.hangUp()
      program.signal('SIGTERM')
      await program.within(graceMs)
    },
    over: program.over,
  }

  function heardSystem(said: z.infer<typeof words> & { type: 'system' }): void {
    if (said.subtype === 'init' && turns === 0)
      tell({
        what: 'started',
        conversation: said.session_id,
        version: short(said.claude_code_version),
        model: short(said.model),
      })
    if (said.subtype === 'init') {
      turns++
      tell({ what: 'turn_began' })
    }
    if (said.subtype === 'api_retry')
      tell({
        what: 'retrying',
        status: said.error_status ?? null,
        inMs: said.retry_delay_ms,
        why: short(said.error ?? ''),
      })
    if (said.subtype === 'compact_boundary') tell({ what: 'compacted' })
  }

  function heardAssistant(said: {
    id: string
    model: string
    content: z.infer<typeof content>
    usage?: z.infer<typeof usage> | undefined
  }): void {
    if (said.usage) used.set(said.id, { model: said.model, usage: said.usage })
    const [first] = used.keys()
    if (used.size > usedMax && first !== undefined) used.delete(first)
    for (const one of said.content) {
      if (one.type === 'text' && one.text.trim()) tell({ what: 'said', text: short(one.text) })
      if (one.type === 'tool_use')
        tell({ what: 'tool_began', id: one.id, name: short(one.name, 100), on: onWhat(one.input) })
    }
  }

  function heardResult(said: Result): void {
    heardContext(said)
    used.clear()
    for (const [model, used] of Object.entries(said.model_usage_since_last_result ?? {}))
      tell({
        what: 'usage',
        // Turns are counted from one again when the conversation goes on.
        id: `${said.uuid || `${run.conversation}/${turns}`}/${model}`,
        model,
        input: used.inputTokens + used.cacheCreationInputTokens,
        output: used.outputTokens,
        cached: used.cacheReadInputTokens,
        cost: used.costUSD ?? null,
      })
    tell({ what: 'turn_over', end: endOf(said), why: short(said.result ?? said.terminal_reason ?? '') })
  }

  /** Its context holds what its last message was made from, and that message. */
  function heardContext({ modelUsage }: Result): void {
    const last = [...used.values()].at(-1)
    const window = last && modelUsage[last.model]?.contextWindow
    if (!last || !window) return
    const { input, output, cached } = tokensOf(last.usage)
    tell({ what: 'context', used: input + output + cached, window })
  }
}

/** Of a turn that was cut short, the tokens of so many messages are known: the last. */
const usedMax = 1000

/** What is read anew and what comes from a cache are told apart. */
const tokensOf = (of: z.infer<typeof usage>) => ({
  input: of.input_tokens + of.cache_creation_input_tokens,
  output: of.output_tokens,
  cached: of.cache_read_input_tokens,
})

const states: Readonly<Record<string, (Fact & { what: 'message' })['state']>> = {
  queued: 'taken',
  started: 'delivered',
  completed: 'answered',
  cancelled: 'dropped',
}

function endOf(said: Result): (Fact & { what: 'turn_over' })['end'] {
  const reason = said.terminal_reason ?? ''
  if (reason === 'prompt_too_long') return 'overlong'
  if (reason === 'interrupted' || reason.startsWith('aborted')) return 'interrupted'
  if (!said.is_error) return 'done'
  if (said.api_error_status === 429 || said.api_error === 'usage_limit_reached') return 'limited'
  if ([401, 402, 403, 404].includes(said.api_error_status ?? 0)) return 'refused'
  return 'failed'
}

const talk = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']

/** Its command line: `own` is the way in which it is spoken to, `settings` what counts besides. */
export function argvOf(run: Run, own: readonly string[] = talk, settings: object = {}): string[] {
  const file = join(run.dir, 'claude-settings.json')
  const said = { skipDangerousModePermissionPrompt: true, claudeMdExcludes: run.notForIt, ...settings }
  writeWhole(file, JSON.stringify(said))
  return [
    ...run.argv,
    ...own,
    '--dangerously-skip-permissions',
    ...['--settings', file],
    ...(run.role ? ['--append-system-prompt', run.role] : []),
    ...(run.model ? ['--model', run.model] : []),
    ...(run.effort ? ['--effort', run.effort] : []),
    ...(run.resumed ? ['--resume', run.conversation] : ['--session-id', run.conversation]),
  ]
}

export default preset({
  name: 'claude',
  about: 'Claude Code, one process a session',
  program: 'claude',
  from: 'npm install --global @anthropic-ai/claude-code',
  tried: { from: '2.1', below: '2.2' },
  keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
  passes: [
    ...['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    ...['ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL', 'CLAUDE_CONFIG_DIR', 'IS_SANDBOX'],
  ],
  launch: ({ worker }) => ({ argv: worker ?? ['claude'] }),
  drive,
  resumeByHand: (conversation) => ['--resume', conversation],
})
