// Durable turns of the kernel against the raw rate of one-row FULL commits on the same disk; ten thousand resident
// actors.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteStore } from '../../runtime/open.ts'
import { world } from '../runtime/counter.ts'
import { type Benchmark, median, percentile } from './measure.ts'

const ms = (from: bigint) => Number(process.hrtime.bigint() - from) / 1e6

/** Commits a second of one row each, WAL and FULL as the store's own. */
export function rawRate(commits: number): number {
  const dir = mkdtempSync(join(tmpdir(), 'raw-'))
  const db = new DatabaseSync(join(dir, 'raw.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)')
  const insert = db.prepare('INSERT INTO t (text) VALUES (?)')
  const from = process.hrtime.bigint()
  for (let n = 0; n < commits; n++) insert.run('one row, one commit')
  const rate = (commits / ms(from)) * 1000
  db.close()
  rmSync(dir, { recursive: true })
  return rate
}

/** Turns a second: `group` of them to a commit, of mails that wait already. */
function turnRate(turns: number, group: number): number {
  const w = world()
  const store = openSqliteStore(w.path)
  const host = w.open({ store })
  store.transaction(() => {
    for (let n = 0; n < turns; n++) host.post({ from: 'bench', to: `c/${n % 40}`, type: 'add', body: { n: 1 } })
  })
  while (host.depth().mail > turns - 40) host.run(1)
  const from = process.hrtime.bigint()
  let handled = 0
  for (let more = host.run(group); more > 0; more = host.run(group)) handled += more
  const rate = (handled / ms(from)) * 1000
  host.close()
  w.dispose()
  return rate
}

export const turns: Benchmark = (size) => {
  const rounds = size === 'full' ? 5 : 1
  const count = size === 'full' ? 1500 : 100
  const samples = { raw: [] as number[], single: [] as number[], grouped: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    samples.raw.push(rawRate(count))
    samples.single.push(turnRate(count, 1))
    samples.grouped.push(turnRate(count, 64))
  }
  const [raw, single, grouped] = [median(samples.raw), median(samples.single), median(samples.grouped)]
  const detail = (rate: number) => `${rate.toFixed(0)} turns/s; raw commits ${raw.toFixed(0)}/s`
  return [
    {
      name: 'durable turns, one to a commit',
      value: single / raw,
      unit: '×',
      target: { least: 0.5 },
      detail: detail(single),
    },
    {
      name: 'durable turns, group commit of 64',
      value: grouped / raw,
      unit: '×',
      target: { least: 2 },
      detail: detail(grouped),
    },
  ]
}

export const actors: Benchmark = (size) => {
  const count = size === 'full' ? 10_000 : 200
  const w = world()
  const begin = () => {
    const store = openSqliteStore(w.path)
    const host = w.open({ store, residentMax: count })
    for (let n = 0; n < count; n += 500) {
      store.transaction(() => {
        for (let m = n; m < Math.min(count, n + 500); m++)
          host.post({ from: 'bench', to: `c/${m}`, type: 'add', body: { n: 1 } })
      })
    }
    while (host.run(64) > 0);
    return host
  }
  const before = process.memoryUsage().rss
  const first = begin()
  const rss = process.memoryUsage().rss - before
  first.close()
  const opening = process.hrtime.bigint()
  const host = w.open({ residentMax: count })
  const openedMs = ms(opening)
  const latencies: number[] = []
  for (let n = 0; n < Math.min(count, 2000); n++) {
    const from = process.hrtime.bigint()
    host.post({ from: 'bench', to: `c/${(n * 7919) % count}`, type: 'add', body: { n: 1 } })
    host.run(1)
    latencies.push(ms(from))
  }
  host.close()
  w.dispose()
  const words = `${count} actors`
  return [
    {
      name: 'memory of resident actors',
      value: rss / count / 1024,
      unit: ' kB',
      target: null,
      detail: `${words}: ${(rss / 2 ** 20).toFixed(0)} MB`,
    },
    { name: 'start-up of a store with them', value: openedMs, unit: ' ms', target: null, detail: words },
    {
      name: 'turn latency p50, mail in and committed',
      value: percentile(latencies, 0.5),
      unit: ' ms',
      target: null,
      detail: words,
    },
    { name: 'turn latency p99', value: percentile(latencies, 0.99), unit: ' ms', target: null, detail: words },
  ]
}
