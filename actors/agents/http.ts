// A program's own HTTP server on loopback, as OpenCode has it: questions with a password, and the stream of what
// happens.
// Never: keeps more of an answer than its bound; believes an event that is no JSON.
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { linesWithin } from '../lines.ts'
import { short } from './evidence.ts'

const answerBytesMax = 32 * 1024 * 1024
const eventBytesMax = 16 * 1024 * 1024
const answerWithinMs = 120_000

export interface Server {
  /** What it answers; rejects with its words when it refuses. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>
  /** Resolves when the stream is open; `over` follows it. */
  listen(path: string, hear: (event: unknown) => void): Promise<{ over: Promise<void> }>
}

export function serverAt(url: string, authorization: string): Server {
  const send = async (method: string, path: string, body: object | undefined, signal?: AbortSignal) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const sent = request(`${url}${path}`, { method, headers, ...(signal ? { signal } : {}) })
    // What breaks before the answer is said by `once`, what breaks later by the answer itself.
    sent.on('error', () => undefined).end(text)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return response
  }
  return {
    async ask(method, path, body) {
      const response = await send(method, path, body, AbortSignal.timeout(answerWithinMs))
      const parts: Buffer[] = []
      let bytes = 0
      for await (const part of response as AsyncIterable<Buffer>) {
        bytes += part.length
        if (bytes > answerBytesMax) throw new Error(`its answer to ${method} ${path} is too long`)
        parts.push(part)
      }
      const text = Buffer.concat(parts).toString()
      const { statusCode = 0 } = response
      if (statusCode >= 300) throw new Error(`it answers ${method} ${path} with ${statusCode}: ${short(text, 300)}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    async listen(path, hear) {
      const response = await send('GET', path, undefined)
      if (response.statusCode !== 200) throw new Error(`it answers GET ${path} with ${response.statusCode}`)
      const lines = linesWithin(
        eventBytesMax,
        (line) => line.startsWith('data:') && hear(jsonIn(line.slice(5))),
        () => void response.destroy(),
      )
      response.on('data', lines.take)
      // What broke is followed by its end.
      response.on('error', () => undefined)
      return { over: new Promise((resolve) => response.once('close', resolve)) }
    },
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
