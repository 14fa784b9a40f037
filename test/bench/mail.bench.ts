// An inbox with thousands of mails in it: what sending one costs, first and last, and what looking costs.
import { connect } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { openBeads } from '../../actors/beads/embedded.ts'
import { gtScript, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, must } from './measure.ts'
import { rawRate } from './turns.bench.ts'

/** So many people and agents send at once; each waits until a mail is taken before it sends the next. */
const senders = 50

export const inbox: Benchmark = async (size) => {
  const count = size === 'full' ? 5000 : 200
  using town = realTown()
  town.ok('up')
  const from = performance.now()
  const takenAt = await sendAll(town.layout.socket, count, town.dir)
  const sentMs = performance.now() - from
  const beads = openBeads(join(town.town, '.beads'))
  while (beads.inboxLength('overseer') < count) await new Promise((resolve) => setTimeout(resolve, 5))
  const filedMs = performance.now() - from
  beads.close()
  const tenth = count / 10
  const spent = (first: number, last: number) => (takenAt[last] ?? 0) - (takenAt[first] ?? 0)
  const call =
    (...args: string[]) =>
    () =>
      must(process.execPath, [gtScript, 'mail', 'inbox', ...args], {
        cwd: town.town,
        env: town.env,
        maxBuffer: 2 ** 28,
      })
  const subjects = { bare: () => must(process.execPath, ['-e', '0']), look: call(), whole: call('--json') }
  await interleaved(1, subjects)
  const { bare = 1, look = 0, whole = 0 } = await interleaved(size === 'full' ? 31 : 2, subjects)
  const commits = rawRate(200)
  return [
    {
      name: `${count} mails to one inbox, by ${senders} senders`,
      value: sentMs / 1000,
      unit: ' s',
      target: { most: 5 },
      detail: `in their beads after ${(filedMs / 1000).toFixed(2)} s; ${count} raw commits take ${(count / commits).toFixed(2)} s`,
    },
    {
      name: 'the last tenth of them against the second',
      value: spent(count - tenth, count - 1) / spent(tenth, 2 * tenth - 1),
      unit: '×',
      target: { most: 1.5 },
      detail: `${spent(tenth, 2 * tenth - 1).toFixed(0)} ms, then ${spent(count - tenth, count - 1).toFixed(0)} ms`,
    },
    {
      name: `gt mail inbox with ${count} mails in it`,
      value: look / bare,
      unit: '×',
      target: { most: 2 },
      detail: `${look.toFixed(1)} ms; node -e 0 takes ${bare.toFixed(1)} ms; all of them as JSON ${(whole / bare).toFixed(2)}×`,
    },
  ]
}

/** Sends mails over the town's socket; when each was taken, in the order they were. */
async function sendAll(socket: string, count: number, cwd: string): Promise<number[]> {
  const takenAt: number[] = []
  let next = 0
  const sender = () =>
    new Promise<void>((resolve, reject) => {
      const line = connect(socket).setEncoding('utf8').once('error', reject)
      let rest = ''
      const say = () => {
        if (next >= count) return void line.end(resolve)
        const n = next++
        const params = { to: 'overseer', subject: `Mail ${n}`, body: 'A line of text.\n'.repeat(10) }
        line.write(`${JSON.stringify({ v: 1, id: `bench-${n}`, method: 'send', params, caller: null, cwd })}\n`)
      }
      line.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const answer of lines.map((each) => JSON.parse(each) as { ok?: boolean; beat?: true })) {
          if (answer.beat) continue
          if (!answer.ok) return reject(new Error(`refused: ${JSON.stringify(answer)}`))
          takenAt.push(performance.now())
          say()
        }
      })
      say()
    })
  await Promise.all(Array.from({ length: Math.min(senders, count) }, sender))
  return takenAt
}
