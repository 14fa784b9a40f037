// The client: one request to the daemon over its socket, answers and events back. Imports next to nothing: every `gt`
// pays for it.
// Never: starts the daemon.
import { connect, type Socket } from 'node:net'
import process from 'node:process'
import type { Methods, Request, Response } from './api.ts'

/** Nobody answers on the town's socket. Exit code 3. */
export class TownUnreachable extends Error {
  override name = 'TownUnreachable'
}
/** The daemon said no, in words. Exit code 1, or 2 for a wrong call. */
export class Denied extends Error {
  override name = 'Denied'
  readonly usage: boolean
  constructor(message: string, usage: boolean) {
    super(message)
    this.usage = usage
  }
}

export function makeRequest<M extends keyof Methods>(method: M, params: Methods[M]['params']): Request {
  const { GT_ADDRESS: address, GT_EPOCH: epoch, GT_TOKEN: token } = process.env
  return {
    v: 1,
    id: freshId(),
    method,
    params,
    caller: address && token ? { address, epoch: Number(epoch), token } : null,
    cwd: process.cwd(),
  }
}

/**
 * Unique enough to tell a repeated request; made without node:crypto, which costs more than the rest of a short
 * command.
 */
function freshId(): string {
  const chance = () => Math.random().toString(36).slice(2)
  return `${process.pid.toString(36)}-${Date.now().toString(36)}-${chance()}${chance()}`
}

const open = new Set<Socket>()

/** Ends streams that are still followed: they would keep the process. */
export function hangUp(): void {
  for (const socket of open) socket.destroy()
}

/** Sends a request; resolves with its answer. `event` hears what a stream tells before it. */
export function send<M extends keyof Methods>(
  socketPath: string,
  town: string,
  request: Request,
  event: (event: unknown) => void = () => {},
): Promise<Methods[M]['data']> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    open.add(socket)
    let rest = ''
    const unreachable = () => reject(new TownUnreachable(`the town at ${town} is not up; start it with \`gt up\``))
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('error', unreachable)
    socket.on('close', () => {
      open.delete(socket)
      unreachable()
    })
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const response = JSON.parse(line) as Response
        if ('event' in response) event(response.event)
        else {
          if (response.ok) resolve(response.data as Methods[M]['data'])
          else reject(new Denied(response.error.message, response.error.code === 'usage'))
          socket.destroy()
        }
      }
    })
  })
}
