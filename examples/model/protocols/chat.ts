// OpenAI's chat completions (`POST …/chat/completions`), which most agents can speak: OpenCode, Copilot, pi, aider.
// Never: counts tokens in a stream that was not asked to.
import { z } from 'zod'
import {
  type Answer,
  type Asked,
  type Call,
  event,
  fieldsOf,
  halves,
  newId,
  type Protocol,
  type Received,
  type Reply,
  textIn,
} from '../protocol.ts'
import { errorOf } from './openai.ts'

const Message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish(),
})
const Named = z.looseObject({ name: z.string() })
const Body = z.looseObject({
  model: z.string(),
  messages: z.array(Message).min(1),
  tools: z
    .array(
      z.union([
        z.looseObject({ type: z.literal('function'), function: Named }),
        z.looseObject({ type: z.literal('custom'), custom: Named }),
      ]),
    )
    .nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  prompt_cache_key: z.string().nullish(),
  response_format: z
    .looseObject({ json_schema: z.looseObject({ schema: z.unknown().optional() }).optional() })
    .nullish(),
})

const speakers = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'model',
  tool: 'tool',
  function: 'tool',
} as const

export const chat: Protocol = {
  name: 'chat',
  serves: (path) => path.endsWith('/chat/completions'),
  read,
  answer,
  error: errorOf,
  broken: (type) => event({ error: { type, code: type, message: 'The script breaks this stream.', param: null } }),
}

function read({ body, headers }: Received): Asked {
  const asked = Body.parse(body)
  const session = headers['x-session-id'] ?? headers['x-session-affinity'] ?? headers['session_id']
  return {
    session: asked.prompt_cache_key ?? session?.toString(),
    model: asked.model,
    turns: asked.messages.map(({ role, content }) => ({ who: speakers[role], text: textIn(content) })),
    tools: (asked.tools ?? []).map((tool) =>
      tool.type === 'custom'
        ? { name: tool.custom.name, fields: undefined }
        : { name: tool.function.name, fields: fieldsOf(tool.function['parameters']) },
    ),
    streams: asked.stream ?? false,
    schema: asked.response_format?.json_schema?.schema,
    ...(asked.stream_options?.include_usage ? { ends: 'with usage' as const } : {}),
  }
}

function answer({ model, streams, ends }: Asked, { thought, pieces, calls, usage }: Answer): Reply {
  const prompt_tokens = usage.input + usage.cached
  const counted = {
    prompt_tokens,
    completion_tokens: usage.output,
    total_tokens: prompt_tokens + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: 0 },
  }
  const base = { id: newId('chatcmpl-'), created: Math.floor(Date.now() / 1000), model }
  const finish_reason = calls.length > 0 ? 'tool_calls' : 'stop'
  const tool_calls = calls.map(toolCall)
  if (!streams) {
    const message = {
      role: 'assistant',
      content: pieces.length === 0 ? null : pieces.join(''),
      ...(thought === undefined ? {} : { reasoning_content: thought }),
      ...(calls.length === 0 ? {} : { tool_calls }),
    }
    const choices = [{ index: 0, message, finish_reason }]
    return { status: 200, body: { ...base, object: 'chat.completion', choices, usage: counted } }
  }
  const chunk = (choices: object[], more = {}) => ({ ...base, object: 'chat.completion.chunk', choices, ...more })
  const deltas = [
    { role: 'assistant', content: '' },
    ...(thought === undefined ? [] : [{ reasoning_content: thought }]),
    ...pieces.map((content) => ({ content })),
    ...tool_calls.flatMap(callDeltas).map((call) => ({ tool_calls: [call] })),
  ]
  const chunks = [
    ...deltas.map((delta) => chunk([{ index: 0, delta, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason }]),
    ...(ends === 'with usage' ? [chunk([], { usage: counted })] : []),
  ]
  return { status: 200, events: [...chunks.map((data) => event(data)), event('[DONE]')] }
}

const toolCall = ({ name, input }: Call) =>
  typeof input === 'string'
    ? { id: newId('call_'), type: 'custom' as const, custom: { name, input } }
    : { id: newId('call_'), type: 'function' as const, function: { name, arguments: JSON.stringify(input) } }

/** A call begins with its name; its input follows in pieces, told apart by the call's index. */
function callDeltas(call: ReturnType<typeof toolCall>, index: number): object[] {
  if (call.type === 'custom') {
    const begun = { index, ...call, custom: { ...call.custom, input: '' } }
    return [begun, ...halves(call.custom.input).map((input) => ({ index, custom: { input } }))]
  }
  const begun = { index, ...call, function: { ...call.function, arguments: '' } }
  return [begun, ...halves(call.function.arguments).map((args) => ({ index, function: { arguments: args } }))]
}
