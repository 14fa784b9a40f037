// The bounds of the daemon's socket, met on a real one: what is too long, too much, too slow or no request.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linesWithin } from '../../actors/lines.ts'
import { bounds, type Serving, serveAt } from '../../cli/serve.ts'

let dir: string
let path: string
let serving: Serving | undefined
const sockets: Socket[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'serve-'))
  path = join(dir, 's.sock')
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  serving?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** A connection, and all that it was told once it is over. */
function dial(): { socket: Socket; first: Promise<string>; all: Promise<string> } {
  const socket = connect(path)
  sockets.push(socket)
  let text = ''
  socket.setEncoding('utf8').on('data', (more: string) => (text += more))
  socket.on('error', () => undefined)
  return {
    socket,
    first: new Promise((resolve) => socket.on('data', () => text.includes('\n') && resolve(text.split('\n')[0] ?? ''))),
    all: new Promise((resolve) => socket.on('close', () => resolve(text))),
  }
}
const wrong: unknown[] = []
const serve = async (answer: Parameters<typeof serveAt>[1] = async (raw) => raw) => {
  serving = await serveAt(path, answer, (error) => wrong.push(error))
}

test('each whole line is handed on, in however many pieces it came; a long one is told of once', () => {
  const heard: string[] = []
  const lines = linesWithin(
    10,
    (line) => heard.push(line),
    () => heard.push('too long'),
  )
  for (const piece of ['on', 'e\ntw', 'o\nthr', 'é', 'e\n', '0123456789\n', '01234567890', '\nnot heard\n'])
    lines.take(Buffer.from(piece))
  expect(heard).toEqual(['one', 'two', 'thrée', '0123456789', 'too long'])
  expect(lines.held()).toBe(0)
})

test('what is no request is answered with an error, and the next one is heard', async () => {
  await serve(async (raw) => {
    if (raw === null) throw new Error('nothing')
    return raw
  })
  const { socket, all } = dial()
  socket.write('nonsense\nnull\n{"a":1}\n')
  await expect.poll(() => socket.bytesRead).toBeGreaterThan(150)
  socket.end()
  const answers = (await all)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { ok: boolean; error?: { code: string } })
  expect(answers.map(({ ok, error }) => error?.code ?? ok)).toEqual(expect.arrayContaining(['usage', 'internal', true]))
})

test('a line without end is cut with words, and takes no memory', async () => {
  await serve()
  const before = process.memoryUsage().rss
  const { socket, first, all } = dial()
  const piece = Buffer.alloc(1024 * 1024, 'x')
  let sent = 0
  const more = () => {
    while (!socket.destroyed && sent < 300) {
      sent++
      if (!socket.write(piece)) return void socket.once('drain', more)
    }
  }
  more()
  expect(JSON.parse(await first)).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('at most 1048576 bytes') },
  })
  await all
  expect(sent).toBeLessThan(300)
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
})

test('a request as long as it may be is heard', async () => {
  await serve(async (raw) => (raw as string).length)
  const { socket, first } = dial()
  socket.write(`"${'x'.repeat(bounds.requestBytesMax - 2)}"\n`)
  expect(JSON.parse(await first)).toEqual({ ok: true, data: bounds.requestBytesMax - 2 })
})

test('who does not read is cut, and its stream ends', async () => {
  let ended = false
  let told = 0
  await serve(async (_, emit, gone) => {
    const event = 'x'.repeat(64 * 1024)
    while (!gone.aborted) {
      emit(event)
      told++
      await new Promise((resolve) => setImmediate(resolve))
    }
    ended = true
  })
  const slow = connect(path)
  sockets.push(slow)
  slow.on('error', () => undefined)
  slow.write('{}\n')
  slow.pause()
  await expect.poll(() => ended, { timeout: 10_000 }).toBe(true)
  // Its own memory, and what the system keeps between the two.
  expect(told * 64 * 1024).toBeLessThan(4 * bounds.unreadBytesMax)
})

test('one connection has so many requests at once, and all of them are so many', async () => {
  await serve((_, __, gone) => new Promise((resolve) => gone.addEventListener('abort', resolve)))
  const greedy = dial()
  greedy.socket.write('{}\n'.repeat(bounds.requestsMax + 1))
  expect(await greedy.first).toContain(`${bounds.requestsMax} requests of one connection`)
  await greedy.all
  const others = Array.from({ length: bounds.connectionsMax }, dial)
  for (const { socket } of others) socket.write('{}\n')
  await Promise.all(others.map(({ socket }) => expect.poll(() => socket.readyState).toBe('open')))
  expect(await dial().first).toContain(`${bounds.connectionsMax} connections at once`)
  // One that goes makes room.
  others[0]?.socket.destroy()
  await expect
    .poll(async () => {
      const one = dial()
      one.socket.write('nonsense\n')
      return JSON.parse(await one.first).error.code
    })
    .toBe('usage')
})
