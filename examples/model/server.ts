// The scripted model: a server on loopback that agents take for their model service, and that follows a script.
//
//   const model = await scriptedModel({ script: ['echo hi > greeting', { say: 'Done.' }] })
//   node examples/model/server.ts --script script.json --port 8123
//
// Never: listens beyond loopback; keeps more than its bounds; leaves an agent without an answer that it can read.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ZodError } from 'zod'
import { type Conversations, conversationsOver } from './conversations.ts'
import { type Heard, heardWithin } from './heard.ts'
import { play, send } from './play.ts'
import type { Asked, Protocol, Received, Reply } from './protocol.ts'
import { anthropic } from './protocols/anthropic.ts'
import { chat } from './protocols/chat.ts'
import { gemini } from './protocols/gemini.ts'
import { responses } from './protocols/responses.ts'
import { parseScript, problemsIn, type Script } from './script.ts'

export const bounds = {
  /** Of one request's body. */
  bodyBytesMax: 32 * 1024 * 1024,
  connectionsMax: 256,
  /** Of the requests that are kept for whoever asks what was said. */
  requestsMax: 1000,
  requestsCharsMax: 16 * 1024 * 1024,
} as const

const protocols: readonly Protocol[] = [anthropic, responses, chat, gemini]

export interface ScriptedModel {
  /** Where agents find it; they add `/v1/…` themselves or are told to. */
  url: string
  /** What was asked, oldest first, within bounds. */
  requests: readonly Heard[]
  /** Another script; every conversation is at its beginning. */
  setScript(script: Script): void
  /** Ends every answer that is still going on. */
  close(): Promise<void>
}

/** Opens one; port 0, or none, is any that is free. Throws ScriptUnusable, or what listening throws. */
export async function scriptedModel({ script, port = 0 }: { script: Script; port?: number }): Promise<ScriptedModel> {
  let conversations = conversationsOver(parseScript(script))
  const heard = heardWithin({ entriesMax: bounds.requestsMax, charsMax: bounds.requestsCharsMax })
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    serve(request, response, gone.signal, heard, conversations).catch((error: unknown) => {
      if (gone.signal.aborted) return
      if (response.headersSent) response.destroy()
      else void send(response, { status: 500, body: { error: { message: String(error) } } }, gone.signal)
    })
  })
  server.maxConnections = bounds.connectionsMax
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: heard.entries,
    setScript(next) {
      conversations = conversationsOver(parseScript(next))
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
  heard: ReturnType<typeof heardWithin>,
  conversations: Conversations,
): Promise<void> {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://loopback')
  const protocol = request.method === 'POST' ? protocols.find((known) => known.serves(path)) : undefined
  const { text, bytes } = await bodyOf(request)
  const at = performance.timeOrigin + performance.now()
  const entry = heard.add({ at, method: request.method ?? '', path, protocol: protocol?.name })
  response.on('close', () => {
    entry.status = response.headersSent ? response.statusCode : undefined
    entry.leftEarly = !response.writableFinished
  })
  if (!protocol) return send(response, beside(path, bytes), gone)
  const refuse = (status: number, message: string) => {
    entry.refused = message
    return send(response, protocol.error({ status, message }, false), gone)
  }
  if (text === undefined) return refuse(413, `a request has at most ${bounds.bodyBytesMax} bytes; this has more`)
  const asked = understood(protocol, { path, query, headers: request.headers, body: text })
  if (typeof asked === 'string') return refuse(400, asked)
  const { conversation, step } = conversations.take(asked)
  heard.tell(entry, asked, conversation, typeof step === 'string' ? step : step.name)
  await play(response, protocol, asked, step, bytes, gone)
}

/** Everything is read, so that the agent hears the answer; undefined where it is more than is kept. */
async function bodyOf(request: IncomingMessage): Promise<{ text: string | undefined; bytes: number }> {
  let parts: Buffer[] | undefined = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > bounds.bodyBytesMax) parts = undefined
    parts?.push(part)
  }
  return { text: parts && Buffer.concat(parts).toString(), bytes }
}

/** The request as its protocol reads it, or what is wrong with it. */
function understood(protocol: Protocol, received: Received & { body: string }): Asked | string {
  const encoding = received.headers['content-encoding']
  if (encoding && encoding !== 'identity') return `a body is read as it is, not as ${encoding}`
  try {
    return protocol.read({ ...received, body: JSON.parse(received.body) })
  } catch (error) {
    if (error instanceof ZodError) return problemsIn(error)
    if (error instanceof SyntaxError) return `the body is no JSON: ${error.message}`
    throw error
  }
}

/** What agents ask of a service beside answers: is it there, which models has it, how many tokens is this. */
function beside(path: string, bytes: number): Reply {
  const tokens = Math.ceil(bytes / 4)
  if (path === '/') return { status: 200, body: {} }
  if (path.endsWith('/count_tokens')) return { status: 200, body: { input_tokens: tokens } }
  if (path.endsWith(':countTokens')) return { status: 200, body: { totalTokens: tokens } }
  if (path.endsWith('/models')) {
    const model = { id: 'scripted', type: 'model', object: 'model', display_name: 'Scripted' }
    return { status: 200, body: { object: 'list', data: [model], has_more: false, models: [] } }
  }
  const message = `the scripted model has nothing at ${path}`
  return { status: 404, body: { error: { type: 'not_found_error', message } } }
}

/** Run by itself: opens one for a script in a file, and says where it is. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { script: { type: 'string' }, port: { type: 'string', default: '0' } } })
  if (values.script === undefined)
    throw new Error('which script? node examples/model/server.ts --script FILE [--port N]')
  const model = await scriptedModel({ script: scriptIn(values.script), port: Number(values.port) })
  console.log(`scripted model at ${model.url}`)
}

function scriptIn(file: string): Script {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file} is no script: ${(error as Error).message}`)
  }
}

if (import.meta.main)
  await main().catch((error: unknown) => {
    console.error(`scripted model: ${(error as Error).message}`)
    process.exitCode = 1
  })
