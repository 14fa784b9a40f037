// The daemon's end of its socket: requests in as lines of JSON, events and answers out, all of it within bounds.
// Never: keeps what somebody sends without end, or what nobody reads; lets one connection take the others' room.
import { chmodSync, existsSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { ConfigUnusable } from '../actors/config.ts'
import { linesWithin } from '../actors/lines.ts'
import { isPassing, Refusal, StoreUnusable } from '../runtime/open.ts'
import type { Response } from './api.ts'
import { beatMs } from './client.ts'
import type { Door } from './door.ts'
import { Usage } from './errors.ts'
import { type Proves, peerOf } from './peer.ts'

export const bounds = {
  /** Of one request, with its end of line. */
  requestBytesMax: 1024 * 1024,
  /** Of requests that are not whole yet, of all connections. */
  heldBytesMax: 32 * 1024 * 1024,
  connectionsMax: 512,
  /** Requests of one connection that are being worked on; who follows the log has one. */
  requestsMax: 16,
  /** Of what one connection has not read yet, before it is told more. */
  unreadBytesMax: 1024 * 1024,
  /** Of what all of them have not read yet. */
  unreadBytesOfAllMax: 32 * 1024 * 1024,
  /** A connection that asks nothing is cut after so long, in milliseconds; so is one that is slow to ask. */
  askWithinMs: 10_000,
  /** Whoever is cut has so long to read why, in milliseconds, and may send so much more meanwhile. */
  partingMs: 2000,
  partingBytesMax: 4 * 1024 * 1024,
} as const

export interface Serving {
  path: string
  /** Nobody can reach it: its socket is gone, or could not be made again. */
  isDeaf(): boolean
  /** Listens anew where somebody took its socket away; who is connected stays so. */
  again(): Promise<void>
  /** Takes nobody in any more, and ends every connection once it has read what it was answered. */
  close(): void
}

/** Serves at a path where nothing is. `wrong` hears of trouble that is no asker's. Rejects when it cannot listen. */
export async function serveAt(path: string, answer: Door, wrong: (error: unknown) => void): Promise<Serving> {
  const open = new Map<Socket, Connection>()
  const opened = (socket: Socket) => {
    // An error of a socket is the end of it, which is heard below.
    socket.on('error', () => undefined)
    if (open.size >= bounds.connectionsMax) {
      const { connectionsMax: max } = bounds
      return void part(socket, `this town answers ${max} connections at once, and has as many; end some, or ask later`)
    }
    const connection = connect(socket, answer, wrong, open)
    open.set(socket, connection)
    socket.on('close', () => open.delete(socket))
  }
  let server = createServer(opened)
  await listen(server, path)
  return {
    path,
    isDeaf: () => !server.listening || !existsSync(path),
    async again() {
      server.close()
      server = createServer(opened)
      await listen(server, path)
    },
    close() {
      server.close()
      for (const socket of open.keys()) end(socket)
    },
  }
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  chmodSync(path, 0o600)
}

interface Connection {
  held(): number
}

function connect(
  socket: Socket,
  answer: Door,
  wrong: (error: unknown) => void,
  all: ReadonlyMap<Socket, Connection>,
): Connection {
  const gone = new AbortController()
  let requests = 0
  let isCut = false
  const cut = (why: string) => {
    if (isCut) return
    isCut = true
    gone.abort()
    part(socket, why)
  }
  const send = (response: Response) => {
    if (isCut || socket.destroyed) return
    if (readsTooLittle(socket, all)) cut('what this town says is not read; this connection is cut')
    else socket.write(`${JSON.stringify(response)}\n`)
  }
  const peer = peerOf(send, gone.signal)
  const slow = `a connection asks within ${bounds.askWithinMs / 1000} s; this one is cut`
  let patience = setTimeout(cut, bounds.askWithinMs, slow)
  const lines = linesWithin(
    bounds.requestBytesMax,
    async (line) => {
      if (peer.answered(line)) return
      if (requests >= bounds.requestsMax)
        return cut(`this town works on ${bounds.requestsMax} requests of one connection at once; this one is cut`)
      clearTimeout(patience)
      requests++
      // Whoever waits is to know that there is somebody, however long it takes.
      const beat = setInterval(() => send({ beat: true }), beatMs)
      try {
        send(await answered(line, { answer, proves: peer.proves }, send, gone.signal, wrong))
      } finally {
        clearInterval(beat)
        requests--
        if (requests === 0) patience = setTimeout(cut, bounds.askWithinMs, slow)
        if (socket.destroyed) clearTimeout(patience)
      }
    },
    () => cut(`a request is at most ${bounds.requestBytesMax} bytes long; this one was not read`),
  )
  socket.on('data', (chunk: Buffer) => {
    if (isCut) return
    lines.take(chunk)
    if (lines.held() > 0 && sum([...all.values()].map((each) => each.held())) > bounds.heldBytesMax)
      cut('too many long requests at once; ask again later')
  })
  socket.on('close', () => {
    clearTimeout(patience)
    gone.abort()
  })
  return lines
}

async function answered(
  line: string,
  { answer, proves }: { answer: Door; proves: Proves },
  send: (response: Response) => void,
  gone: AbortSignal,
  wrong: (error: unknown) => void,
): Promise<Response> {
  try {
    const data = await answer(parse(line), (event) => send({ event }), gone, proves)
    return { ok: true, data: data ?? null }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof Usage) return { ok: false, error: { code: 'usage', message } }
    if (error instanceof Refusal || error instanceof StoreUnusable || error instanceof ConfigUnusable)
      return { ok: false, error: { code: 'refused', message } }
    if (isPassing(error))
      return { ok: false, error: { code: 'refused', message: `${message}; make room on the disk, then try again` } }
    wrong(error)
    return { ok: false, error: { code: 'internal', message } }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Usage(`not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** Little enough is never counted. */
function readsTooLittle(socket: Socket, all: ReadonlyMap<Socket, Connection>): boolean {
  const unread = socket.writableLength
  if (unread <= bounds.unreadBytesMax / 16) return false
  return (
    unread > bounds.unreadBytesMax ||
    sum([...all.keys()].map((each) => each.writableLength)) > bounds.unreadBytesOfAllMax
  )
}

/** The last that is said to a connection; what it still sends is heard by nobody. */
function part(socket: Socket, why: string): void {
  const last: Response = { ok: false, error: { code: 'refused', message: why } }
  socket.write(`${JSON.stringify(last)}\n`)
  end(socket)
}

function end(socket: Socket): void {
  socket.end()
  let heardBytes = 0
  // What is not read at all would take the last words from whoever still sends.
  socket.on('data', (chunk: Buffer) => {
    heardBytes += chunk.length
    if (heardBytes > bounds.partingBytesMax) socket.destroy()
  })
  setTimeout(() => socket.destroy(), bounds.partingMs).unref()
}

const sum = (all: readonly number[]) => all.reduce((one, other) => one + other, 0)
