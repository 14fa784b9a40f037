// A town with much to do: what a landing costs in an epic of thousands, and how a full town answers.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { bdScript, committer, gtScript, type RealTown, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, median, must, percentile } from './measure.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What the town's store says of itself while the town is at work. */
function openEyes(town: RealTown) {
  const db = new DatabaseSync(town.layout.db, { readOnly: true, timeout: 10_000 })
  const landed = db.prepare("SELECT count(*) AS n FROM mail WHERE type = 'merge.landed'")
  const size = db.prepare(
    'SELECT (page_count - freelist_count) * page_size AS n FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
  )
  const number = (of: typeof landed) => (of.get() as { n: number }).n
  return { landed: () => number(landed), bytes: () => number(size), [Symbol.dispose]: () => db.close() }
}

/** A landing's bytes in town.db and milliseconds, from the `first` landing of an epic to the `last`. */
async function aLanding(issues: number, first: number, last: number) {
  using town = realTown({ worker: committer, maxWorkers: 4 })
  town.issues(issues, undefined, 'What is to be done, and why. '.repeat(12))
  town.ok('up')
  town.ok('spawn', '--epic', 'wy-all')
  using eyes = openEyes(town)
  const reached = async (count: number) => {
    for (const from = performance.now(); eyes.landed() < count; await sleep(5))
      if (performance.now() - from > 600_000) throw new Error(`${eyes.landed()} of ${count} have landed in ten minutes`)
    return { landed: eyes.landed(), bytes: eyes.bytes(), at: performance.now() }
  }
  const [before, after] = [await reached(first), await reached(last)]
  const count = after.landed - before.landed
  return { bytes: (after.bytes - before.bytes) / count, ms: (after.at - before.at) / count }
}

export const backlog: Benchmark = async (size) => {
  const [small, large, first, last] = size === 'full' ? [100, 10_000, 10, 80] : [40, 600, 4, 20]
  const few = await aLanding(small, first, last)
  const many = await aLanding(large, first, last)
  return [
    {
      name: `bytes of town.db a landing, epic of ${large}`,
      value: many.bytes / 1000,
      unit: ' kB',
      target: { most: 20 },
      counted: true,
      detail: `mail, journal, snapshots, with descriptions of 348 bytes; of ${small}: ${(few.bytes / 1000).toFixed(1)} kB`,
    },
    {
      name: `time a landing, epic of ${large} against ${small}`,
      value: many.ms / few.ms,
      unit: '×',
      target: { most: 1.1 },
      detail: `${many.ms.toFixed(0)} ms, ${few.ms.toFixed(0)} ms; 4 workers that only write a file, no gate`,
    },
  ]
}

/** Rigs beside the first, each with as many workers and issues; all their origins are copies of one. */
function moreRigs(town: RealTown, rigs: number, workers: number): string[] {
  const lines = readFileSync(join(town.dir, 'issues.jsonl'), 'utf8')
  return Array.from({ length: rigs }, (_, n) => {
    const [name, prefix] = [`rig${n}`, `r${n}`]
    const origin = join(town.dir, `${name}.git`)
    town.git(town.dir, 'clone', '--quiet', '--bare', town.work, origin)
    const how = ['--no-gate', '--prefix', prefix, '--session', 'process', '--max-workers', String(workers)]
    town.ok('rig', 'add', name, origin, '--worker', join(town.dir, 'worker.sh'), ...how)
    const path = join(town.dir, `${name}.jsonl`)
    writeFileSync(path, lines.replaceAll('"wy-', `"${prefix}-`))
    must(process.execPath, [bdScript, 'import', path], { cwd: join(town.town, name), env: town.env })
    return `${prefix}-all`
  })
}

/** How long a command takes, from its start to its end, in milliseconds. */
function timed(town: RealTown, ...argv: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const from = performance.now()
    const child = spawn(process.execPath, argv, { cwd: town.town, env: town.env, stdio: 'ignore' })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(performance.now() - from) : reject(new Error(`${argv.join(' ')} ended with ${code}`)),
    )
  })
}

/** Megabytes a process has in memory, and had at most. */
function memoryOf(pid: number) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024
  return { now: mb('VmRSS'), most: mb('VmHWM') }
}

export const load: Benchmark = async (size) => {
  const [rigs, workers, issues] = size === 'full' ? [8, 10, 25] : [2, 2, 2]
  using town = realTown({ worker: committer, maxWorkers: workers })
  town.issues(issues)
  const epics = ['wy-all', ...moreRigs(town, rigs - 1, workers)]
  const bare = await interleaved(size === 'full' ? 15 : 1, { node: () => must(process.execPath, ['-e', '0']) })
  town.ok('up')
  for (const epic of epics) town.ok('spawn', '--epic', epic)
  using eyes = openEyes(town)
  const from = performance.now()
  const samples: number[] = []
  /** What the machine leaves a command that does nothing at all. */
  const bareAtLoad: number[] = []
  const all = rigs * issues
  while (eyes.landed() < all) {
    samples.push(await timed(town, gtScript, 'status'))
    bareAtLoad.push(await timed(town, '-e', '0'))
    await sleep(100)
    if (performance.now() - from > 900_000) throw new Error(`${eyes.landed()} of ${all} have landed in 15 minutes`)
  }
  const seconds = (performance.now() - from) / 1000
  for (const epic of epics) town.ok('wait', epic, '--timeout', '120')
  const memory = memoryOf(town.daemonPid())
  const what = `${rigs} rigs × ${workers} workers, ${all} issues in ${seconds.toFixed(0)} s`
  const idle = bare['node'] ?? Number.NaN
  return [
    {
      name: 'gt status in a full town, p95',
      value: percentile(samples, 0.95),
      unit: ' ms',
      target: { most: 100 },
      detail: `${what}; p50 ${median(samples).toFixed(0)} ms of ${samples.length}; node -e 0 meanwhile p50 ${median(bareAtLoad).toFixed(0)} and p95 ${percentile(bareAtLoad, 0.95).toFixed(0)} ms, at rest ${idle.toFixed(0)} ms`,
    },
    {
      name: 'gt status in a full town, at worst',
      value: Math.max(...samples) / 1000,
      unit: ' s',
      target: { most: 1 },
      detail: what,
    },
    {
      name: 'memory of the daemon in a full town',
      value: memory.most,
      unit: ' MB',
      target: { most: 150 },
      detail: `at most; ${memory.now.toFixed(0)} MB at the end`,
    },
  ]
}
