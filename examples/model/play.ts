// How a step reaches the agent: in time, in pieces, whole or broken off.
// Never: goes on talking to somebody who has hung up.
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerOf, troubleOf } from './answer.ts'
import type { Stepless } from './conversations.ts'
import type { Asked, Protocol, Reply } from './protocol.ts'
import type { Step } from './script.ts'

/** Plays one step, as slowly and as badly as it says. */
export async function play(
  response: ServerResponse,
  protocol: Protocol,
  asked: Asked,
  step: Step | Stepless,
  bytes: number,
  gone: AbortSignal,
): Promise<void> {
  if (typeof step === 'string') return send(response, protocol.answer(asked, answerOf(step, asked, bytes)), gone)
  const { does, delayMs, headers } = step
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: gone })
  if (does.kind === 'fails') {
    const reply = protocol.error(troubleOf(does.error, Date.now()), asked.streams)
    const body = does.error.body === undefined ? {} : { body: does.error.body }
    return send(response, { ...reply, ...body, headers: { ...reply.headers, ...headers } }, gone)
  }
  const reply = { ...protocol.answer(asked, answerOf(does, asked, bytes)), headers }
  if (does.breaks === undefined) return send(response, reply, gone, does.stream.pauseMs)
  await sendHalf(response, reply, gone, does.stream.pauseMs)
  if (does.breaks === 'hang') await over(gone)
  else if (does.breaks === 'cut') response.socket?.destroySoon()
  else if ('events' in reply) response.end(protocol.broken(does.breaks.error))
  else await send(response, protocol.error({ status: 500, type: does.breaks.error }, false), gone)
}

/** Says it whole, with a pause between its events. */
export async function send(response: ServerResponse, reply: Reply, gone: AbortSignal, pauseMs = 0): Promise<void> {
  if ('body' in reply) return json(response, reply.status, reply.body, reply.headers)
  begin(response, reply)
  await stream(response, reply.events, gone, pauseMs)
  response.end()
}

/** The first half of a stream; of an answer in one piece, nothing. */
async function sendHalf(response: ServerResponse, reply: Reply, gone: AbortSignal, pauseMs: number): Promise<void> {
  if ('body' in reply) return
  begin(response, reply)
  await stream(response, reply.events.slice(0, Math.ceil(reply.events.length / 2)), gone, pauseMs)
}

/** Until the agent hangs up. */
const over = (gone: AbortSignal) =>
  new Promise<void>((resolve) => (gone.aborted ? resolve() : gone.addEventListener('abort', () => resolve())))

const begin = (response: ServerResponse, { status, headers }: Reply) =>
  response.writeHead(status, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers })

async function stream(response: ServerResponse, events: readonly string[], gone: AbortSignal, pauseMs: number) {
  for (const [index, event] of events.entries()) {
    if (pauseMs > 0 && index > 0) await sleep(pauseMs, undefined, { signal: gone })
    if (gone.aborted) return
    response.write(event)
  }
}

function json(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
