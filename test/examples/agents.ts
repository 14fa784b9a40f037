// Agents as small as can be, one for each protocol: how a request is written in it, and how its answers are read.
// They know the wire formats by themselves, and nothing of the scripted model.
import assert from 'node:assert/strict'

// biome-ignore lint/suspicious/noExplicitAny: what a service answers, read as an agent would
type Json = any

/** A tool by its name, and the fields it takes; none is a tool that takes a text as it is. */
export type Offer = Readonly<Record<string, readonly string[] | undefined>>

export interface Question {
  /** What was said so far; tools' results are the user's. */
  said: readonly (readonly ['user' | 'model' | 'tool', string])[]
  system?: string
  offer?: Offer
  streams?: boolean
  session?: string
  schema?: object
}

export interface Understood {
  thought: string
  text: string
  calls: { name: string; input: unknown }[]
  end: string | undefined
  usage: { input: number; cached: number; output: number }
}

export interface Agent {
  path(question: Question): string
  headers(question: Question): Record<string, string>
  body(question: Question): object
  /** What a whole answer says, and what one in events does. */
  whole(body: Json): Understood
  events(events: readonly { event: string | undefined; data: Json }[]): Understood
}

/** The events of a stream, as its text has them. */
export function eventsIn(text: string): { event: string | undefined; data: Json }[] {
  const blocks = text.split('\n\n').filter(Boolean)
  return blocks.map((block) => {
    const event = /^event: (.*)$/m.exec(block)?.[1]
    const data = /^data: (.*)$/m.exec(block)?.[1] ?? assert.fail(`no data in ${block}`)
    return { event, data: data === '[DONE]' ? data : JSON.parse(data) }
  })
}

const offered = (offer: Offer = {}) => Object.entries(offer)
const schemaOf = (fields: readonly string[] = []) => ({
  type: 'object',
  properties: Object.fromEntries(fields.map((field) => [field, { type: 'string' }])),
})
const joined = (parts: readonly Json[], field: string) => parts.map((part) => part[field] ?? '').join('')

const anthropic: Agent = {
  path: () => '/v1/messages',
  headers: ({ session }) => (session ? { 'x-claude-code-session-id': session } : {}),
  body: ({ said, system, offer, streams, schema }) => ({
    model: 'claude-x',
    max_tokens: 1000,
    ...(system ? { system: [{ type: 'text', text: system }] } : {}),
    messages: said.map(([who, text]) =>
      who === 'tool'
        ? { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text }] }] }
        : { role: who === 'user' ? 'user' : 'assistant', content: text },
    ),
    tools: offered(offer).map(([name, fields]) => ({ name, input_schema: schemaOf(fields) })),
    ...(streams ? { stream: true } : {}),
    ...(schema ? { output_config: { format: { type: 'json_schema', schema } } } : {}),
  }),
  whole({ type, role, content, stop_reason, usage }) {
    assert.deepEqual({ type, role }, { type: 'message', role: 'assistant' })
    const of = (type: string) => content.filter((block: Json) => block.type === type)
    return {
      thought: joined(of('thinking'), 'thinking'),
      text: joined(of('text'), 'text'),
      calls: of('tool_use').map(({ name, input }: Json) => ({ name, input })),
      end: stop_reason,
      usage: {
        input: usage.input_tokens,
        cached: usage.cache_read_input_tokens,
        output: usage.output_tokens,
      },
    }
  },
  events(events) {
    const message = events[0]?.data.message
    for (const { event, data } of events) {
      assert.equal(event, data.type)
      const block = message.content[data.index]
      if (event === 'content_block_start') message.content[data.index] = { ...data.content_block, json: '' }
      if (event === 'content_block_delta') {
        const { type, thinking = '', text = '', partial_json = '' } = data.delta
        if (type === 'thinking_delta') block.thinking += thinking
        if (type === 'text_delta') block.text += text
        if (type === 'input_json_delta') block.json += partial_json
      }
      if (event === 'content_block_stop' && block.type === 'tool_use') block.input = JSON.parse(block.json)
      if (event === 'message_delta') {
        message.stop_reason = data.delta.stop_reason
        Object.assign(message.usage, data.usage)
      }
    }
    assert.equal(events.at(-1)?.event, 'message_stop')
    return anthropic.whole(message)
  },
}

const responses: Agent = {
  path: () => '/v1/responses',
  headers: () => ({}),
  body: ({ said, system, offer, streams, session, schema }) => ({
    model: 'codex-x',
    ...(system ? { instructions: system } : {}),
    input: said.map(([who, text]) => {
      if (who === 'tool') return { type: 'function_call_output', call_id: 'c', output: text }
      const type = who === 'user' ? 'input_text' : 'output_text'
      return { type: 'message', role: who === 'user' ? 'user' : 'assistant', content: [{ type, text }] }
    }),
    tools: offered(offer).map(([name, fields]) =>
      fields ? { type: 'function', name, parameters: schemaOf(fields) } : { type: 'custom', name },
    ),
    ...(streams ? { stream: true } : {}),
    ...(session ? { prompt_cache_key: session } : {}),
    ...(schema ? { text: { format: { type: 'json_schema', name: 'x', schema } } } : {}),
  }),
  whole({ object, status, output, usage }) {
    assert.equal(object, 'response')
    const of = (type: string) => output.filter((item: Json) => item.type === type)
    return {
      thought: joined(
        of('reasoning').flatMap((item: Json) => item.summary),
        'text',
      ),
      text: joined(
        of('message').flatMap((item: Json) => item.content),
        'text',
      ),
      calls: output.flatMap(({ type, name, arguments: json, input }: Json) => {
        if (type === 'custom_tool_call') return [{ name, input }]
        return type === 'function_call' ? [{ name, input: JSON.parse(json) }] : []
      }),
      end: status,
      usage: {
        input: usage.input_tokens - usage.input_tokens_details.cached_tokens,
        cached: usage.input_tokens_details.cached_tokens,
        output: usage.output_tokens,
      },
    }
  },
  events(events) {
    const output: Json[] = []
    let filled = ''
    for (const [number, { event, data }] of events.entries()) {
      assert.equal(event, data.type)
      assert.equal(data.sequence_number, number)
      if (event === 'response.output_item.added') filled = ''
      if (event?.endsWith('.delta')) filled += data.delta
      if (event?.endsWith('.done') && !/item|part/.test(event))
        assert.equal(filled, data.text ?? data.arguments ?? data.input)
      if (event === 'response.output_item.done') output[data.output_index] = data.item
    }
    const { response } = events.at(-1)?.data ?? {}
    assert.deepEqual(response.output, output)
    return responses.whole(response)
  },
}

const chat: Agent = {
  path: () => '/v1/chat/completions',
  headers: ({ session }) => (session ? { 'x-session-id': session } : {}),
  body: ({ said, system, offer, streams, schema }) => ({
    model: 'chat-x',
    messages: [
      ...(system ? [{ role: 'system', content: system }] : []),
      ...said.map(([who, content]) =>
        who === 'tool'
          ? { role: 'tool', tool_call_id: 'c', content }
          : { role: who === 'user' ? 'user' : 'assistant', content },
      ),
    ],
    tools: offered(offer).map(([name, fields]) =>
      fields
        ? { type: 'function', function: { name, parameters: schemaOf(fields) } }
        : { type: 'custom', custom: { name } },
    ),
    ...(streams ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...(schema ? { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } } : {}),
  }),
  whole({ choices: [{ message, finish_reason }], usage }) {
    assert.equal(message.role, 'assistant')
    return {
      thought: message.reasoning_content ?? '',
      text: message.content ?? '',
      calls: (message.tool_calls ?? []).map(({ type, function: called, custom }: Json) =>
        type === 'custom' ? custom : { name: called.name, input: JSON.parse(called.arguments) },
      ),
      end: finish_reason,
      usage: {
        input: usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens,
        cached: usage.prompt_tokens_details.cached_tokens,
        output: usage.completion_tokens,
      },
    }
  },
  events(events) {
    assert.equal(events.at(-1)?.data, '[DONE]')
    const message: Json = { role: 'assistant', content: '', reasoning_content: '', tool_calls: [] }
    let end: string | undefined
    let usage: object | undefined
    for (const { data } of events.slice(0, -1)) {
      assert.equal(data.object, 'chat.completion.chunk')
      usage = data.usage
      const [{ delta = {}, finish_reason = null } = {}] = data.choices
      message.content += delta.content ?? ''
      message.reasoning_content += delta.reasoning_content ?? ''
      for (const { index, ...part } of delta.tool_calls ?? []) {
        const call = message.tool_calls[index]
        if (!call) message.tool_calls[index] = part
        else if (part.custom) call.custom.input += part.custom.input
        else call.function.arguments += part.function.arguments
      }
      end = finish_reason ?? end
    }
    return chat.whole({ choices: [{ message, finish_reason: end }], usage })
  },
}

const gemini: Agent = {
  path: ({ streams }) => `/v1beta/models/gemini-x:${streams ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  headers: () => ({}),
  body: ({ said, system, offer, schema }) => ({
    ...(system ? { systemInstruction: { role: 'user', parts: [{ text: system }] } } : {}),
    contents: said.map(([who, text]) =>
      who === 'tool'
        ? { role: 'user', parts: [{ functionResponse: { name: 't', response: { output: text } } }] }
        : { role: who, parts: [{ text }] },
    ),
    tools: [
      {
        functionDeclarations: offered(offer).map(([name, fields]) => ({
          name,
          parametersJsonSchema: schemaOf(fields),
        })),
      },
    ],
    ...(schema ? { generationConfig: { responseJsonSchema: schema } } : {}),
  }),
  whole: (body) => gemini.events([{ event: undefined, data: body }]),
  events(events) {
    const parts = events.flatMap(({ data }) => data.candidates[0].content.parts)
    const last = events.at(-1)?.data
    return {
      thought: joined(
        parts.filter((part) => part.thought),
        'text',
      ),
      text: joined(
        parts.filter((part) => !part.thought),
        'text',
      ),
      calls: parts.flatMap(({ functionCall }) =>
        functionCall ? [{ name: functionCall.name, input: functionCall.args }] : [],
      ),
      end: last.candidates[0].finishReason,
      usage: {
        input: last.usageMetadata.promptTokenCount - last.usageMetadata.cachedContentTokenCount,
        cached: last.usageMetadata.cachedContentTokenCount,
        output: last.usageMetadata.candidatesTokenCount,
      },
    }
  },
}

export const agents = { anthropic, responses, chat, gemini }
