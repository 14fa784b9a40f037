// The live page's server: loopback only, one random token, one page, one stream of committed turns.
// Never: listens elsewhere, writes, or answers without the token.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { openRecords } from '../actors/records.ts'
import type { Chart } from '../proof/chart.ts'
import { readActors, statePath } from '../runtime/open.ts'
import type { LogEntry } from './api.ts'
import { json, plainly } from './print.ts'

export interface Live {
  url: string
  /** Sends turns to every page that is open, and to those that open later. */
  tell(entries: readonly LogEntry[]): void
  close(): void
}

/** Roles that had no turn lately, each as a turn that changes nothing, so that a page shows them too. */
export function asTheyAre(town: string, lately: readonly LogEntry[]): LogEntry[] {
  const store = openRecords(town, { readOnly: true })
  try {
    return readActors(store)
      .filter(({ address }) => !lately.some((entry) => entry.address === address))
      .map(({ address, incarnation, revision, value, updatedAt: at }) => {
        const state = statePath(value)
        return {
          seq: 0,
          at,
          address,
          incarnation,
          revision,
          mailId: '',
          mailType: '',
          from: address,
          causeId: null,
          before: state,
          after: state,
          notes: [],
          promised: [],
        }
      })
  } finally {
    store.close()
  }
}

/** Turns a page that opens later is told of. */
const keptMax = 2000

/** `machineOf` gives the name of the chart that an address is drawn by. */
export async function serveLive(
  charts: readonly { name: string; chart: Chart }[],
  machineOf: (address: string) => string,
  port = 0,
): Promise<Live> {
  const { livePage } = await import('./page.ts')
  const token = randomBytes(24).toString('base64url')
  const listeners = new Set<ServerResponse>()
  const kept: LogEntry[] = []
  const line = (entries: readonly LogEntry[]) =>
    `data: ${json(plainly(entries).map((entry) => ({ ...entry, machine: machineOf(entry.address) })))}\n\n`
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const own = /^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? '')
    if (!own || !same(url.searchParams.get('token') ?? '', token))
      return void response
        .writeHead(403, { 'content-type': 'text/plain' })
        .end('The address that `gt viz --live` printed has the token.\n')
    if (request.method !== 'GET') return void response.writeHead(405).end()
    if (url.pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(line(kept))
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      return
    }
    if (url.pathname !== '/') return void response.writeHead(404).end()
    const nonce = randomBytes(12).toString('base64')
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    })
    void livePage(charts, nonce).then((page) => response.end(page))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} is taken; leave --port out to be given a free one`)
          : error,
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: bound } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${bound}/?token=${token}`,
    tell(entries) {
      kept.push(...entries)
      kept.splice(0, kept.length - keptMax)
      for (const listener of listeners) listener.write(line(entries))
    },
    close() {
      for (const listener of listeners) listener.end()
      server.close()
      server.closeAllConnections()
    },
  }
}

function same(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
