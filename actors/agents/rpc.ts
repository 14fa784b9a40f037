// Requests and notifications over a WebSocket on a unix socket, as Codex's app-server takes them: JSON-RPC without
// its version.
// Never: keeps a request waiting once the other side is gone; answers one that it is asked but with a refusal.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type WebSocket from 'ws'
import { z } from 'zod'

/** Of one message; what is longer ends the connection. */
const messageBytesMax = 64 * 1024 * 1024
/** How often it is looked whether the socket is there, in milliseconds. */
const lookMs = 5

const answer = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})
const asked = z.object({ id: z.union([z.number(), z.string()]), method: z.string() })

export interface Line {
  /** The answer's result; rejects with its words when it is an error, or when the other side is gone. */
  ask(method: string, params: object): Promise<unknown>
  notify(method: string): void
  hangUp(): void
  /** Nothing is heard any more. */
  readonly over: Promise<void>
}

/** Waits until the socket takes calls; rejects when `gone` does first. `hear` has each notification. */
export async function lineTo(socket: string, gone: AbortSignal, hear: (notification: unknown) => void): Promise<Line> {
  const web = await opened(socket, gone)
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  let last = 0
  web.on('message', (data) => {
    const message = objectIn(String(data))
    const reply = answer.safeParse(message).data
    const question = asked.safeParse(message).data
    if (question) web.send(JSON.stringify({ id: question.id, error: refusal }))
    else if (!reply) hear(message)
    else {
      const { resolve, reject } = waiting.get(reply.id) ?? {}
      waiting.delete(reply.id)
      if (reply.error) reject?.(new Error(reply.error.message))
      else resolve?.(reply.result)
    }
  })
  // What broke is followed by its end.
  web.on('error', () => undefined)
  const over = new Promise((resolve) => web.once('close', resolve)).then(() => {
    for (const { reject } of waiting.values()) reject(new Error('it hung up'))
    waiting.clear()
  })
  return {
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        if (web.readyState !== web.OPEN) return reject(new Error('it hung up'))
        const id = ++last
        waiting.set(id, { resolve, reject })
        web.send(JSON.stringify({ id, method, params }))
      }),
    notify: (method) => web.send(JSON.stringify({ method })),
    hangUp: () => web.terminate(),
    over,
  }
}

/** JSON-RPC's "there is no such method". */
const refusal = { code: -32601, message: 'nobody is here to be asked' }

async function opened(socket: string, gone: AbortSignal): Promise<WebSocket> {
  // Loaded here only: most agents are spoken to in another way.
  const { WebSocket: Web } = await import('ws')
  for (;;) {
    gone.throwIfAborted()
    if (existsSync(socket)) {
      const web = new Web(`ws+unix://${socket}:/`, { maxPayload: messageBytesMax, perMessageDeflate: false })
      const isOpen = await once(web, 'open').then(
        () => true,
        () => false,
      )
      if (isOpen) return web
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

function objectIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
