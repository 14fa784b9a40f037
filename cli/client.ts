// The client: one request to the daemon over its socket, answers and events back. Imports next to nothing: every `gt`
// pays for it.
// Never: starts the daemon.
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import process from 'node:process'
import { strangeFolder } from '../actors/socket-folder.ts'
import type { Request, Response } from './api.ts'
import type { Data, Params, RequestName } from './asking.ts'
import { TownUnreachable, Usage } from './errors.ts'

/** How long a daemon may say nothing at all, not even that it is at work, in milliseconds. */
export const silentMs = 5000
/** How often a daemon at work says so, in milliseconds. */
export const beatMs = 1500

export function makeRequest<M extends RequestName>(method: M, params: Params<M>): Request {
  const { GT_ADDRESS: address, GT_EPOCH: epoch, GT_TOKEN: token } = process.env
  return {
    v: 1,
    id: freshId(),
    method,
    params,
    caller: address && token ? { address, epoch: Number(epoch), token } : null,
    pid: process.pid,
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
export function send<M extends RequestName>(
  socketPath: string,
  town: string,
  request: Request,
  event: (event: unknown) => void = () => {},
): Promise<Data<M>> {
  return new Promise((resolve, reject) => {
    const strange = strangeFolder(socketPath, town)
    if (strange !== undefined) throw new Error(strange)
    // Loaded here only: much of what `gt` does asks nobody, and node:net is slow to load.
    const socket = process.getBuiltinModule('node:net').connect(socketPath)
    open.add(socket)
    const unreachable = () =>
      reject(new TownUnreachable(`the town at ${town} is not up; start it with \`gt up\``, { town }))
    const silent = () => {
      reject(
        new TownUnreachable(
          `the town at ${town} does not answer: its daemon is there and has said nothing for ${silentMs / 1000} s (its number is in daemon/daemon.json, its log is daemon/daemon.log); it goes on by itself when it was only held up, and \`gt down\` ends it when it was not`,
          { town, silent: true },
        ),
      )
      socket.destroy()
    }
    socket.setEncoding('utf8')
    socket.setTimeout(silentMs, silent)
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      // So many wait to be heard already that no more can.
      if (code === 'EAGAIN') silent()
      else if (code === 'EACCES')
        reject(new Error(`the town at ${town} cannot be asked: ${message}; it is another user’s`))
      else unreachable()
    })
    socket.on('close', () => {
      open.delete(socket)
      unreachable()
    })
    socket.on(
      'data',
      linesOf((line) => {
        const response = JSON.parse(line) as Response
        if ('beat' in response) return
        if ('prove' in response) return show(socket, response.prove)
        if ('event' in response) return event(response.event)
        if (response.ok) resolve(response.data as Data<M>)
        else {
          const { code, message } = response.error
          reject(code === 'usage' ? new Usage(message) : new Error(message))
        }
        socket.destroy()
      }),
    )
  })
}

/** Takes a name that nobody else can give this process, and says so. */
function show(socket: Socket, name: string): void {
  try {
    writeFileSync('/proc/self/comm', name)
  } catch {
    // It cannot be shown: the daemon sees that it was not, and refuses in words.
  }
  socket.write(`{"proved":${JSON.stringify(name)}}\n`)
}

/** Hands on whole lines of a text that comes in pieces. */
function linesOf(each: (line: string) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) each(line)
  }
}
