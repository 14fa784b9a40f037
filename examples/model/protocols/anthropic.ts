// Anthropic's messages (`POST /v1/messages`): Claude Code, and others that can be told to speak it.
// Never: says an event that the service does not.
import { z } from 'zod'
import {
  type Answer,
  type Asked,
  event,
  fieldsOf,
  halves,
  newId,
  type Protocol,
  type Received,
  type Reply,
  type Trouble,
  type Turn,
  textIn,
} from '../protocol.ts'

const Content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))])
const Body = z.looseObject({
  model: z.string(),
  max_tokens: z.int().positive(),
  messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: Content })).min(1),
  system: Content.optional(),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  stream: z.boolean().default(false),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  output_config: z.looseObject({ format: z.looseObject({ schema: z.unknown().optional() }).nullish() }).nullish(),
})

export const anthropic: Protocol = {
  name: 'anthropic',
  serves: (path) => path.endsWith('/v1/messages'),
  read,
  answer,
  error,
  broken: (type) => event({ type: 'error', error: { type, message: 'The script breaks this stream.' } }, 'error'),
}

function read({ body, headers }: Received): Asked {
  const asked = Body.parse(body)
  return {
    session: headers['x-claude-code-session-id']?.toString() ?? sessionIn(asked.metadata?.user_id),
    model: asked.model,
    turns: [
      ...(asked.system === undefined ? [] : [{ who: 'system' as const, text: textIn(asked.system) }]),
      ...asked.messages.flatMap(turnsOf),
    ],
    tools: asked.tools.map((tool) => ({ name: tool.name, fields: fieldsOf(tool['input_schema']) })),
    streams: asked.stream,
    schema: asked.output_config?.format?.schema,
  }
}

/** The results of tools come in messages of the user, beside what the user says. */
function turnsOf({ role, content }: z.output<typeof Body>['messages'][number]): Turn[] {
  if (role !== 'user') return [{ who: role === 'system' ? role : 'model', text: textIn(content) }]
  if (typeof content === 'string') return [{ who: 'user', text: content }]
  return content.map((part) => ({ who: part.type === 'tool_result' ? 'tool' : 'user', text: textIn(part) }))
}

/** Claude Code names its session in the id of the user, as JSON. */
function sessionIn(user: string | null | undefined): string | undefined {
  if (!user) return undefined
  try {
    return z.looseObject({ session_id: z.string() }).parse(JSON.parse(user)).session_id
  } catch {
    return user
  }
}

function answer({ model, streams }: Asked, { thought, pieces, calls, usage }: Answer): Reply {
  const blocks = [
    ...(thought === undefined ? [] : [{ type: 'thinking', thinking: thought, signature: 'c2NyaXB0ZWQ=' }]),
    ...(pieces.length === 0 ? [] : [{ type: 'text', text: pieces.join('') }]),
    ...calls.map(({ name, input }) => ({ type: 'tool_use', id: newId('toolu_'), name, input })),
  ]
  const stop_reason = calls.length > 0 ? 'tool_use' : 'end_turn'
  const counted = {
    input_tokens: usage.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: usage.output,
  }
  const message = { id: newId('msg_'), type: 'message', role: 'assistant', model, content: blocks, stop_sequence: null }
  if (!streams) return { status: 200, body: { ...message, stop_reason, usage: counted } }
  const begun = { ...message, content: [], stop_reason: null, usage: { ...counted, output_tokens: 1 } }
  return {
    status: 200,
    events: [
      { type: 'message_start', message: begun },
      ...blocks.flatMap((block, index) => blockEvents(block, index, pieces)),
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: usage.output } },
      { type: 'message_stop' },
    ].map((data) => event(data, data.type)),
  }
}

/** A block of the answer begins empty, is filled, and stops. */
function blockEvents(block: { type: string; [field: string]: unknown }, index: number, pieces: readonly string[]) {
  const { empty, deltas } = filled(block, pieces)
  return [
    { type: 'content_block_start', index, content_block: { ...block, ...empty } },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function filled(block: { type: string; [field: string]: unknown }, pieces: readonly string[]) {
  if (block.type === 'text')
    return { empty: { text: '' }, deltas: pieces.map((text) => ({ type: 'text_delta', text })) }
  if (block.type === 'tool_use') {
    const json = halves(JSON.stringify(block['input']))
    return { empty: { input: {} }, deltas: json.map((partial_json) => ({ type: 'input_json_delta', partial_json })) }
  }
  const { thinking, signature } = block
  return {
    empty: { thinking: '', signature: '' },
    deltas: [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature },
    ],
  }
}

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

function error({ status, reason, message, type, resets }: Trouble): Reply {
  const words = {
    usage_limit: 'This request would exceed your account’s rate limit. Please try again later.',
    prompt_too_long: 'prompt is too long: 210000 tokens > 200000 maximum',
  }
  const error = {
    type: type ?? types[status] ?? 'api_error',
    message: message ?? (reason ? words[reason] : 'The script says so.'),
  }
  const headers = resets ? limitHeaders(resets) : {}
  return { status, headers, body: { type: 'error', error, request_id: newId('req_') } }
}

/** How a subscription says that its five hours are used up. */
function limitHeaders({ at, inS }: { at: number; inS: number }) {
  const unified = {
    status: 'rejected',
    reset: `${at}`,
    'representative-claim': 'five_hour',
    '5h-status': 'rejected',
    '5h-reset': `${at}`,
    '5h-utilization': '1',
  }
  const named = Object.entries(unified).map(([name, value]) => [`anthropic-ratelimit-unified-${name}`, value])
  return { ...Object.fromEntries(named), 'retry-after': `${inS}` } as Record<string, string>
}
