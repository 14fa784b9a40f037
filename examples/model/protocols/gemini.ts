// Gemini's `models/<model>:generateContent` and `:streamGenerateContent`: Gemini CLI.
// Never: says an event that the service does not.
import { z } from 'zod'
import {
  type Answer,
  type Asked,
  event,
  fieldsOf,
  newId,
  type Protocol,
  type Received,
  type Reply,
  type Trouble,
  type Turn,
  textIn,
} from '../protocol.ts'

const Parts = z.array(z.looseObject({}))
const Body = z.looseObject({
  contents: z.array(z.looseObject({ role: z.string().default('user'), parts: Parts })).min(1),
  systemInstruction: z.looseObject({ parts: Parts }).nullish(),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
  generationConfig: z
    .looseObject({ responseJsonSchema: z.unknown().optional(), responseSchema: z.unknown().optional() })
    .nullish(),
})
const place = /\/models\/(?<model>[^/:]+):(?<method>generateContent|streamGenerateContent)$/

export const gemini: Protocol = {
  name: 'gemini',
  serves: (path) => place.test(path),
  read,
  answer,
  error,
  broken: (status) => event({ error: { code: 503, message: 'The script breaks this stream.', status } }),
}

function read({ path, query, body }: Received): Asked {
  const { contents, systemInstruction, tools, generationConfig } = Body.parse(body)
  const { model = '', method } = place.exec(path)?.groups ?? {}
  const streams = method === 'streamGenerateContent'
  return {
    // It sends no name for its conversation.
    session: undefined,
    model,
    turns: [
      ...(systemInstruction ? [{ who: 'system' as const, text: textIn(systemInstruction.parts) }] : []),
      ...contents.flatMap(turnsOf),
    ],
    tools: tools
      .flatMap((tool) => tool.functionDeclarations)
      .map((declared) => ({
        name: declared.name,
        fields: fieldsOf(declared['parametersJsonSchema'] ?? declared['parameters']),
      })),
    streams,
    schema: generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema,
    ...(streams && query.get('alt') !== 'sse' ? { ends: 'as an array' as const } : {}),
  }
}

/** The results of tools come as parts of the user's contents. */
const turnsOf = ({ role, parts }: z.output<typeof Body>['contents'][number]): Turn[] =>
  role === 'model' ? [{ who: 'model', text: textIn(parts) }] : parts.map(turnOf)

function turnOf(part: Record<string, unknown>): Turn {
  const result = part['functionResponse'] as { response?: { output?: unknown } } | undefined
  const output = result?.response?.output
  if (typeof output === 'string') return { who: 'tool', text: output }
  return result
    ? { who: 'tool', text: JSON.stringify(result.response ?? null) }
    : { who: 'user', text: textIn(part).replaceAll(passing, '') }
}

/** Gemini CLI begins with the date and what is in its folder, anew at each start: a resumed conversation is the same. */
const passing = /^Today's date is .*$|^- \*\*Directory Structure:\*\*[\s\S]*?(?=<\/session_context>)/gm

function answer({ model, streams, ends }: Asked, { thought, pieces, calls, usage }: Answer): Reply {
  const promptTokenCount = usage.input + usage.cached
  const usageMetadata = {
    promptTokenCount,
    candidatesTokenCount: usage.output,
    totalTokenCount: promptTokenCount + usage.output,
    cachedContentTokenCount: usage.cached,
  }
  const base = { modelVersion: model, responseId: newId('') }
  const candidate = (parts: object[], more = {}) => ({ index: 0, content: { role: 'model', parts }, ...more })
  const done = { finishReason: 'STOP' }
  const thoughts = thought === undefined ? [] : [{ text: thought, thought: true }]
  const functionCalls = calls.map(({ name, input }) => ({
    functionCall: { id: newId(''), name, args: input },
    thoughtSignature: 'c2NyaXB0ZWQ=',
  }))
  if (!streams) {
    const parts = [...thoughts, ...(pieces.length > 0 ? [{ text: pieces.join('') }] : []), ...functionCalls]
    return { status: 200, body: { ...base, candidates: [candidate(parts, done)], usageMetadata } }
  }
  const said = [...thoughts, ...pieces.map((text) => ({ text }))].map((part) => [part])
  const chunks = [
    ...[...said, ...(functionCalls.length > 0 ? [functionCalls] : [])].map((parts) => ({
      ...base,
      candidates: [candidate(parts)],
    })),
    { ...base, candidates: [candidate([{ text: '' }], done)], usageMetadata },
  ]
  return ends === 'as an array'
    ? { status: 200, body: chunks }
    : { status: 200, events: chunks.map((chunk) => event(chunk)) }
}

const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

function error({ status, reason, message, type, resets }: Trouble): Reply {
  const words = {
    usage_limit: 'You exceeded your current quota, please check your plan and billing details.',
    prompt_too_long: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  }
  const error = {
    code: status,
    message: message ?? (reason ? words[reason] : 'The script says so.'),
    status: type ?? statuses[status] ?? 'UNKNOWN',
    ...(resets ? { details: quota(resets.inS) } : {}),
  }
  return { status, body: { error } }
}

/** The quota of a day is used up. */
const quota = (resetsInS: number) => [
  {
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }],
  },
  { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${resetsInS}s` },
]
