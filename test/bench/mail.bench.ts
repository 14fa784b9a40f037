// An inbox with thousands of mails in it: what sending one costs, first and last, and what looking costs.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { openBeads } from '../../actors/beads/embedded.ts'
import { cleanEnv, gtScript, type RealTown, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, must, percentile } from './measure.ts'
import { rawRate } from './turns.bench.ts'

/** So many processes send at once; each waits until a mail is taken before it sends the next. */
const senders = 10

export const inbox: Benchmark = async (size) => {
  const count = size === 'full' ? 5000 : 200
  using town = realTown()
  town.ok('up')
  const { takenAt } = await sendAll(town, count)
  const sentMs = takenAt.at(-1) ?? Number.NaN
  const from = performance.now() - sentMs
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

/** Mail to many: how fast it is taken, and how long the slowest waits, against a commit of the same disk. */
export const mailboxes: Benchmark = async (size) => {
  const [count, many] = size === 'full' ? [1000, 50] : [200, 50]
  using town = realTown()
  town.ok('up')
  const { takenAt, tookMs } = await sendAll(town, count, many)
  const sentMs = takenAt.at(-1) ?? Number.NaN
  const commitMs = 1000 / rawRate(200)
  const slow = percentile(tookMs, 0.99)
  return [
    {
      name: `${count} mails to ${many} mailboxes, by ${senders} senders`,
      value: count / (sentMs / 1000),
      unit: '/s',
      target: { least: 1000 },
      detail: `${sentMs.toFixed(0)} ms in all; a raw commit takes ${commitMs.toFixed(2)} ms`,
    },
    {
      name: 'the slowest hundredth of them against a raw commit',
      value: slow / commitMs,
      unit: '×',
      target: { most: 10 },
      detail: `${slow.toFixed(1)} ms until it is taken; half of them ${percentile(tookMs, 0.5).toFixed(1)} ms`,
    },
  ]
}

/** Sends mails over the town's socket; when the first was begun and each was taken, in this order, and how long each took. */
async function sendAll({ layout }: RealTown, count: number, many = 0) {
  const argv = (n: number) => [join(import.meta.dirname, 'sender.ts'), layout.socket, String(n), String(many)]
  const all = Array.from({ length: senders }, () =>
    spawn(process.execPath, argv(count / senders), { env: cleanEnv(), stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const lines = all.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]())
  await Promise.all(lines.map((line) => line.next()))
  const from = performance.timeOrigin + performance.now()
  for (const { stdin } of all) stdin.end()
  const said = await Promise.all(lines.map(async (line) => JSON.parse(String((await line.next()).value)) as Said))
  const takenAt = [from, ...said.flatMap((each) => each.takenAt).sort((a, b) => a - b)].map((at) => at - from)
  return { takenAt, tookMs: said.flatMap((each) => each.tookMs) }
}
interface Said {
  takenAt: number[]
  tookMs: number[]
}
