// OpenAI's responses (`POST …/responses`): Codex, and others that can be told to speak it.
// Never: says an event that the service does not.
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
  type Tool,
  type Trouble,
  type Turn,
  textIn,
} from '../protocol.ts'
import { errorOf } from './openai.ts'

const Offer = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  /** Tools may come in groups. */
  get tools() {
    return z.array(Offer).optional()
  },
})
const InputItem = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  /** Codex offers its tools here for newer models, rather than beside the input. */
  tools: z.array(Offer).optional(),
})
const Body = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(InputItem)]),
  instructions: z.string().nullish(),
  tools: z.array(Offer).default([]),
  stream: z.boolean().nullish(),
  prompt_cache_key: z.string().nullish(),
  text: z.looseObject({ format: z.looseObject({ schema: z.unknown().optional() }).nullish() }).nullish(),
})

export const responses: Protocol = {
  name: 'responses',
  serves: (path) => path.endsWith('/responses'),
  read,
  answer,
  error,
  broken: (code) => failed(code, 'The script breaks this stream.'),
}

function read({ body, headers }: Received): Asked {
  const asked = Body.parse(body)
  const only = (content: string) => [InputItem.parse({ role: 'user', content })]
  const items = typeof asked.input === 'string' ? only(asked.input) : asked.input
  return {
    session: asked.prompt_cache_key ?? (headers['session_id'] ?? headers['session-id'])?.toString(),
    model: asked.model,
    turns: [
      ...(asked.instructions ? [{ who: 'system' as const, text: asked.instructions }] : []),
      ...items.map(turnOf),
    ],
    tools: [...asked.tools, ...items.flatMap(({ tools = [] }) => tools)].flatMap(toolsIn),
    streams: asked.stream ?? false,
    schema: asked.text?.format?.schema,
  }
}

function toolsIn({ type, name, tools, parameters }: z.output<typeof Offer>): Tool[] {
  if (tools) return tools.flatMap(toolsIn)
  return [{ name: name ?? type, fields: type === 'custom' ? undefined : fieldsOf(parameters) }]
}

function turnOf(item: z.output<typeof InputItem>): Turn {
  if (item.type.endsWith('_output')) return { who: 'tool', text: textIn(item['output']) }
  if (item.role === 'user') return { who: 'user', text: textIn(item['content']) }
  if (item.role === 'system' || item.role === 'developer') return { who: 'system', text: textIn(item['content']) }
  return { who: 'model', text: textIn(item['content']) }
}

function answer({ model, streams }: Asked, { thought, pieces, calls, usage }: Answer): Reply {
  const text = pieces.join('')
  const output = [
    ...(thought === undefined ? [] : [reasoning(thought)]),
    ...(pieces.length === 0 ? [] : [message(text)]),
    ...calls.map(callItem),
  ]
  const input_tokens = usage.input + usage.cached
  const counted = {
    input_tokens,
    input_tokens_details: { cached_tokens: usage.cached },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + usage.output,
  }
  const base = { id: newId('resp_'), object: 'response', created_at: Math.floor(Date.now() / 1000), model, error: null }
  const whole = { ...base, status: 'completed', output, usage: counted }
  if (!streams) return { status: 200, body: whole }
  const begun = { ...base, status: 'in_progress', output: [], usage: null }
  return {
    status: 200,
    events: [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      ...output.flatMap((item, output_index) =>
        itemEvents(item, pieces).map((data) => ({ ...data, output_index, ...(data.item ? {} : { item_id: item.id }) })),
      ),
      { type: 'response.completed', response: whole },
    ].map((data, sequence_number) => event({ ...data, sequence_number }, data.type)),
  }
}

type Item = ReturnType<typeof reasoning> | ReturnType<typeof message> | ReturnType<typeof callItem>

const reasoning = (text: string) => ({
  id: newId('rs_'),
  type: 'reasoning' as const,
  summary: [{ type: 'summary_text', text }],
})

const message = (text: string) => ({
  id: newId('msg_'),
  type: 'message' as const,
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
})

const callItem = ({ name, input }: Call) =>
  typeof input === 'string'
    ? { id: newId('ctc_'), type: 'custom_tool_call' as const, call_id: newId('call_'), name, input }
    : {
        id: newId('fc_'),
        type: 'function_call' as const,
        status: 'completed',
        call_id: newId('call_'),
        name,
        arguments: JSON.stringify(input),
      }

interface ItemEvent {
  type: string
  item?: object
  [field: string]: unknown
}

/** An item is added as it begins, filled, and done whole. */
function itemEvents(item: Item, pieces: readonly string[]): ItemEvent[] {
  const { empty, filling } = parts(item, pieces)
  return [
    { type: 'response.output_item.added', item: { ...item, ...empty } },
    ...filling,
    { type: 'response.output_item.done', item },
  ]
}

function parts(item: Item, pieces: readonly string[]): { empty: object; filling: ItemEvent[] } {
  if (item.type === 'reasoning') return { empty: { summary: [] }, filling: summaryEvents(item.summary[0]?.text ?? '') }
  if (item.type === 'message')
    return { empty: { status: 'in_progress', content: [] }, filling: textEvents(item.content[0]?.text ?? '', pieces) }
  if (item.type === 'custom_tool_call') {
    const type = 'response.custom_tool_call_input'
    const deltas = halves(item.input).map((delta) => ({ type: `${type}.delta`, delta }))
    return { empty: { input: '' }, filling: [...deltas, { type: `${type}.done`, input: item.input }] }
  }
  const type = 'response.function_call_arguments'
  const deltas = halves(item.arguments).map((delta) => ({ type: `${type}.delta`, delta }))
  return {
    empty: { status: 'in_progress', arguments: '' },
    filling: [...deltas, { type: `${type}.done`, arguments: item.arguments }],
  }
}

const summaryEvents = (text: string): ItemEvent[] =>
  [
    { type: 'part.added', part: { type: 'summary_text', text: '' } },
    { type: 'text.delta', delta: text },
    { type: 'text.done', text },
    { type: 'part.done', part: { type: 'summary_text', text } },
  ].map((data) => ({ ...data, type: `response.reasoning_summary_${data.type}`, summary_index: 0 }))

const textEvents = (text: string, pieces: readonly string[]): ItemEvent[] =>
  [
    { type: 'content_part.added', part: { type: 'output_text', text: '', annotations: [] } },
    ...pieces.map((delta) => ({ type: 'output_text.delta', delta })),
    { type: 'output_text.done', text },
    { type: 'content_part.done', part: { type: 'output_text', text, annotations: [] } },
  ].map((data) => ({ ...data, type: `response.${data.type}`, content_index: 0 }))

/** A context that is full is told within the stream, which is where Codex looks for it. */
function error(trouble: Trouble, streams: boolean): Reply {
  const said = errorOf(trouble)
  if (trouble.reason !== 'prompt_too_long' || !streams) return said
  return { status: 200, events: [failed('context_length_exceeded', said.body.error.message)] }
}

const failed = (code: string, message: string) =>
  event(
    { type: 'response.failed', response: { id: newId('resp_'), status: 'failed', error: { code, message } } },
    'response.failed',
  )
