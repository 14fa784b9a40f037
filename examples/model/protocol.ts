// What a protocol of model services is here: how a request reads in it, and how answers and errors are said.
// One file in `protocols/` is one protocol.
// Never: knows of a script, or of sockets.
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface Protocol {
  name: 'anthropic' | 'responses' | 'chat' | 'gemini'
  /** Whether a POST to this path is a request for an answer. */
  serves(path: string): boolean
  /** Throws a ZodError where the body is none of this protocol's. */
  read(request: Received): Asked
  answer(asked: Asked, answer: Answer): Reply
  error(trouble: Trouble, streams: boolean): Reply
  /** The event that says in the middle of a stream that it has failed. */
  broken(type: string): string
}

export interface Received {
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: unknown
}

/** A request, in words that all protocols share. */
export interface Asked {
  /** The agent's own name for the conversation, where it sends one. */
  session: string | undefined
  model: string
  turns: readonly Turn[]
  tools: readonly Tool[]
  /** The answer is wanted in pieces, as server-sent events. */
  streams: boolean
  /** The JSON schema that the answer's text is to follow, where there is one. */
  schema?: unknown
  /** How a stream differs from what is usual: a count of tokens at its end (chat), one JSON array (Gemini). */
  ends?: 'with usage' | 'as an array'
}

/** One thing that was said in a conversation. */
export interface Turn {
  who: 'system' | 'user' | 'model' | 'tool'
  text: string
}

export interface Tool {
  name: string
  /** The names in its input; undefined for a tool that takes a text as it is. */
  fields: readonly string[] | undefined
}

/** A call of a tool; its input is a text where the tool takes one as it is. */
export interface Call {
  name: string
  input: Readonly<Record<string, unknown>> | string
}

export interface Answer {
  thought: string | undefined
  /** What is said, in the pieces in which it is streamed; none where nothing is said. */
  pieces: readonly string[]
  calls: readonly Call[]
  /** In tokens. `input` is what did not come from a cache. */
  usage: { input: number; cached: number; output: number }
}

export interface Trouble {
  status: number
  /** Trouble that each protocol tells in a way of its own. */
  reason?: 'usage_limit' | 'prompt_too_long' | undefined
  message?: string | undefined
  type?: string | undefined
  code?: string | undefined
  /** When a usage limit is lifted, in seconds since 1970, and in how many seconds that is. */
  resets?: { at: number; inS: number } | undefined
}

/** What goes out: a body of JSON, or a stream of events that are encoded already. */
export type Reply = { status: number; headers?: Record<string, string> } & ({ body: unknown } | { events: string[] })

/** A server-sent event. */
export const event = (data: unknown, name?: string) =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

/** A new id, as services give them: a prefix and letters. */
export const newId = (prefix: string) => `${prefix}${randomUUID().replaceAll('-', '').slice(0, 24)}`

/** The names in a tool's input, from its JSON schema. */
export function fieldsOf(schema: unknown): string[] {
  const properties = (schema as { properties?: object } | null | undefined)?.properties
  return properties ? Object.keys(properties) : []
}

/** All text in a message's content: a string, or parts with texts or further contents in them. */
export function textIn(content: unknown): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map(textIn).filter(Boolean).join('\n')
  if (typeof content !== 'object' || content === null) return ''
  const { text, content: inner } = content as { text?: unknown; content?: unknown }
  return typeof text === 'string' ? text : textIn(inner)
}

/** The text in two halves, as a stream has it: what breaks off can do so inside it. */
export const halves = (text: string): string[] =>
  text.length < 2 ? [text] : [text.slice(0, text.length / 2), text.slice(text.length / 2)]
