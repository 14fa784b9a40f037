// A running town: landing against the same plumbing by hand, coming back after kill -9, and doing nothing at no cost.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { startOf } from '../../actors/processes.ts'
import { committer, gtScript, type RealTown, realTown } from '../fixture/real-town.ts'
import { type Benchmark, interleaved, median, must } from './measure.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export const landing: Benchmark = async (size) => {
  const count = size === 'full' ? 12 : 2
  using town = realTown({ worker: committer, maxWorkers: 1 })
  town.issues(count)
  town.ok('up')
  town.ok('spawn', '--epic', 'wy-all')
  town.ok('wait', 'wy-all', '--timeout', '120')
  const log = JSON.parse(`[${town.ok('log', '--json', '--all').trim().split('\n').join(',')}]`) as {
    address: string
    mailType: string
    at: number
    before: string
    notes: { text: string; issue: string | null }[]
  }[]
  const asked = log
    .filter((entry) => entry.address === 'wyvern/refinery' && entry.mailType === 'merge.requested')
    .map((entry) => entry.at)
  const landed = log
    .filter(
      (entry) => entry.address === 'wyvern/refinery' && entry.notes.some((note) => note.text.includes('is on main')),
    )
    .map((entry) => entry.at)
  if (landed.length !== count) throw new Error(`${landed.length} of ${count} landed`)
  const townMs = median(landed.map((at, n) => at - (asked[n] ?? Number.NaN)))
  const handMs = median(byHand(town, count))
  return [
    {
      name: 'landing without gates',
      value: townMs / handMs,
      unit: '×',
      target: { most: 2 },
      detail: `${townMs.toFixed(0)} ms from request to landed; the same git by hand ${handMs.toFixed(0)} ms`,
    },
  ]
}

/**
 * fetch, merge-tree, commit-tree, push with a lease, fetch again, and the Mayor's clone: in the Refinery's own clone,
 * for commits like the workers'.
 */
function byHand(town: RealTown, count: number): number[] {
  const clone = join(town.rig, 'refinery/rig')
  const git = (...args: string[]) => town.git(clone, ...args)
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const parent = git('rev-parse', 'origin/main~1')
    const blob = git('hash-object', '-w', '--stdin', '--path', 'x', '--literally', '-t', 'blob')
    const tree = must('git', ['mktree'], {
      cwd: clone,
      input: `${git('ls-tree', parent)}\n100644 blob ${blob}\thand-${n}.txt\n`,
    }).trim()
    const work = git('commit-tree', tree, '-p', parent, '-m', 'by hand')
    const from = performance.now()
    git('fetch', '--quiet', '--prune', 'origin')
    const base = git('rev-parse', 'origin/main')
    const merged = git('merge-tree', '--write-tree', '--no-messages', base, work)
    const commit = git('commit-tree', merged, '-p', base, '-p', work, '-m', `hand ${n}`)
    git('push', '--quiet', `--force-with-lease=refs/heads/main:${base}`, 'origin', `${commit}:refs/heads/main`)
    git('fetch', '--quiet', 'origin')
    git('merge-base', '--is-ancestor', commit, 'origin/main')
    town.git(
      join(town.rig, 'mayor/rig'),
      'fetch',
      '--quiet',
      '--no-tags',
      clone,
      '+refs/remotes/origin/main:refs/remotes/origin/main',
    )
    times.push(performance.now() - from)
  }
  return times
}

export const restart: Benchmark = async (size) => {
  using town = realTown()
  town.issues(20)
  town.ok('up')
  const rounds = size === 'full' ? 15 : 1
  const samples = { bare: [] as number[], typed: [] as number[], managed: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const { 'node -e 0': ms = 1 } = await interleaved(1, { 'node -e 0': () => must(process.execPath, ['-e', '0']) })
    samples.bare.push(ms)
    await killed(town)
    let from = performance.now()
    town.ok('up')
    town.ok('status')
    samples.typed.push(performance.now() - from)

    // As a service manager does it: the daemon itself, started at once.
    await killed(town)
    from = performance.now()
    spawn(process.execPath, [gtScript, 'up', '--foreground'], { cwd: town.town, env: town.env, stdio: 'ignore' })
    while (!(await answers(town.layout.socket))) await sleep(1)
    town.ok('status')
    samples.managed.push(performance.now() - from)
  }
  const [bare, typed, managed] = [median(samples.bare), median(samples.typed), median(samples.managed)]
  const detail = (ms: number) => `${ms.toFixed(0)} ms; node -e 0 takes ${bare.toFixed(1)} ms`
  return [
    {
      name: 'kill -9, restarted, until gt status has answered',
      value: managed / bare,
      unit: '×',
      target: { most: 5 },
      detail: detail(managed),
    },
    {
      name: 'kill -9, gt up typed, until gt status has answered',
      value: typed / bare,
      unit: '×',
      target: { most: 5 },
      detail: detail(typed),
    },
  ]
}

async function killed(town: RealTown): Promise<void> {
  const pid = town.daemonPid()
  process.kill(pid, 'SIGKILL')
  // The kernel takes its sockets away a moment after the process itself.
  while (startOf(pid) !== undefined || (await answers(town.layout.socket))) await sleep(1)
}

const answers = (path: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

export const idle: Benchmark = async (size) => {
  using town = realTown()
  town.issues(5)
  town.ok('up')
  await sleep(1000)
  const seconds = size === 'full' ? 60 : 3
  // Fields of proc(5): minor faults of waited-for children (11) tell every subprocess, however short; user and system
  // time (14, 15) in ticks of 10 ms.
  const read = () => {
    const fields = readFileSync(`/proc/${town.daemonPid()}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .map(Number)
    return { childFaults: fields[8] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) }
  }
  const before = read()
  await sleep(seconds * 1000)
  const after = read()
  const used = (after.ticks - before.ticks) / 100
  return [
    {
      name: 'CPU of an idle town',
      value: (used / seconds) * 100,
      unit: ' %',
      target: { most: 0.1 },
      detail: `${used.toFixed(2)} s in ${seconds} s`,
    },
    {
      name: 'subprocesses of an idle town',
      value: after.childFaults - before.childFaults === 0 ? 0 : 1,
      unit: '',
      target: { most: 0 },
      detail: 'by the page faults of ended children',
    },
  ]
}
