// The daemon: one a town. Opens the town, answers on its socket, ends on a signal or when told to.
// Never: listens to anything but a unix socket of mode 0600.
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { destination, pino } from 'pino'
import { ConfigUnusable, writeConfig } from '../actors/config.ts'
import { gitsApart } from '../actors/git/apart.ts'
import { startGitsBy } from '../actors/git/run.ts'
import { townLayout } from '../actors/layout.ts'
import { makeSocketFolder } from '../actors/socket-folder.ts'
import { closeToOthers } from '../actors/umask.ts'
import { Refusal, StoreUnusable } from '../runtime/open.ts'
import type { Response } from './api.ts'
import { beatMs } from './client.ts'
import { type Door, openDoor } from './door.ts'
import { Usage } from './errors.ts'
import { peerOf } from './peer.ts'
import { safeJson, tell } from './print.ts'
import { openTown } from './town.ts'
import type { DaemonOptions } from './word.ts'

/** Runs until the town goes down; resolves with the exit code. Trouble at the start is printed in words. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const layout = townLayout(options.town)
  closeToOthers()
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: safeJson } },
    destination({ dest: 1, sync: true }),
  )
  let end: (code: number) => void = () => {}
  const ended = new Promise<number>((resolve) => {
    end = resolve
  })
  const onFatal = (error: unknown) => {
    log.fatal(error)
    end(1)
  }
  // Bundled only; from its sources a daemon starts gits itself.
  const gits = join(dirname(options.entry.gt), 'gits.cjs')
  if (existsSync(gits)) startGitsBy(gitsApart(options.entry.node, gits))
  let town: Awaited<ReturnType<typeof openTown>>
  try {
    const strange = makeSocketFolder(layout.socket, options.town)
    if (strange !== undefined) throw new Refusal(strange)
    town = await openTown({
      ...options,
      pid: process.pid,
      onFatal,
      report: (error) => log.error(error),
      warn: (problem) => log.warn(problem),
      goDown: () => setImmediate(() => end(0)),
    })
  } catch (error) {
    if (error instanceof Refusal || error instanceof StoreUnusable || error instanceof ConfigUnusable) {
      tell(...error.message.split('\n'))
      return 1
    }
    throw error
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0))
  const answer = openDoor(town.behind)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    serve(socket, answer, (error) => log.error(error))
    socket.on('close', () => sockets.delete(socket))
  })
  // The lease is ours: a socket file that is still here is a dead daemon's.
  rmSync(layout.socket, { force: true })
  // Whoever is answered can also read who answered.
  writeConfig(layout.daemonJson, {
    pid: process.pid,
    socket: layout.socket,
    version: options.version,
    started_at: new Date().toISOString(),
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(layout.socket, resolve))
  chmodSync(layout.socket, 0o600)
  await town.begin()
  log.info(`${options.town} is up`)
  flushCompileCache()

  const code = await ended
  server.close()
  for (const socket of sockets) socket.end()
  await town.close()
  rmSync(layout.socket, { force: true })
  rmSync(layout.daemonJson, { force: true })
  log.info(`${options.town} is down`)
  return code
}

function serve(socket: Socket, answer: Door, report: (error: unknown) => void): void {
  const gone = new AbortController()
  const send = (response: Response) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(response)}\n`)
  }
  socket.on('close', () => gone.abort())
  socket.on('error', () => gone.abort())
  // readline tells the socket's errors again; they are heard above.
  const peer = peerOf(send, gone.signal)
  const lines = createInterface({ input: socket }).on('error', () => gone.abort())
  lines.on('line', (line) => {
    if (peer.answered(line)) return
    const work = async () => {
      // Whoever waits is to know that there is somebody, however long it takes.
      const beat = setInterval(() => send({ beat: true }), beatMs)
      try {
        const data = await answer(parse(line), (event) => send({ event }), gone.signal, peer.proves)
        send({ ok: true, data: data ?? null })
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        if (error instanceof Usage) send({ ok: false, error: { code: 'usage', message } })
        else if (error instanceof Refusal || error instanceof StoreUnusable || error instanceof ConfigUnusable)
          send({ ok: false, error: { code: 'refused', message } })
        else {
          report(error)
          send({ ok: false, error: { code: 'internal', message } })
        }
      } finally {
        clearInterval(beat)
      }
    }
    void work()
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Usage(`not JSON: ${error instanceof Error ? error.message : error}`)
  }
}
