// A running town: landing against the same plumbing by hand, coming back after kill -9, and doing nothing at no cost.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type Benchmark, interleaved, median, must } from './measure.ts'
import { benchTown, gt } from './town.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Commits one file of its own and hands over. */
const committer = '#!/bin/sh\nset -e\necho "$GT_ISSUE" > "done-$GT_ISSUE.txt"\ngit add --all\ngit commit --quiet -m "$GT_ISSUE"\ngt handoff\nexec sleep 1000\n'

export const landing: Benchmark = async (size) => {
  const count = size === 'full' ? 12 : 2
  using town = benchTown({ issues: count, worker: committer, maxWorkers: 1 })
  town.bd('create', 'All', '-t', 'epic', '--id', 'be-all')
  for (let n = 1; n <= count; n++) town.bd('update', `be-${n}`, '--parent', 'be-all')
  town.up()
  town.gt('spawn', '--epic', 'be-all')
  town.gt('wait', 'be-all', '--timeout', '120')
  const log = JSON.parse(`[${town.gt('log', '--json', '--all').trim().split('\n').join(',')}]`) as { address: string; mailType: string; at: number; before: string; notes: { text: string; issue: string | null }[] }[]
  const asked = log.filter((entry) => entry.address === 'bench/refinery' && entry.mailType === 'merge.requested').map((entry) => entry.at)
  const landed = log.filter((entry) => entry.address === 'bench/refinery' && entry.notes.some((note) => note.text.includes('is on main'))).map((entry) => entry.at)
  if (landed.length !== count) throw new Error(`${landed.length} of ${count} landed`)
  const townMs = median(landed.map((at, n) => at - (asked[n] ?? Number.NaN)))
  const handMs = median(byHand(town, count))
  return [{ name: 'landing without gates', value: townMs / handMs, unit: '×', target: { most: 2 }, detail: `${townMs.toFixed(0)} ms from request to landed; the same git by hand ${handMs.toFixed(0)} ms` }]
}

/** fetch, merge-tree, commit-tree, push with a lease, fetch again, and the Mayor's clone: in the Refinery's own clone, for commits like the workers'. */
function byHand(town: ReturnType<typeof benchTown>, count: number): number[] {
  const clone = join(town.rig, 'refinery/rig')
  const git = (...args: string[]) => town.git(clone, ...args)
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const parent = git('rev-parse', 'origin/main~1')
    const blob = git('hash-object', '-w', '--stdin', '--path', 'x', '--literally', '-t', 'blob')
    const tree = must('git', ['mktree'], { cwd: clone, input: `${git('ls-tree', parent)}\n100644 blob ${blob}\thand-${n}.txt\n` }).trim()
    const work = git('commit-tree', tree, '-p', parent, '-m', 'by hand')
    const from = performance.now()
    git('fetch', '--quiet', '--prune', 'origin')
    const base = git('rev-parse', 'origin/main')
    const merged = git('merge-tree', '--write-tree', '--no-messages', base, work)
    const commit = git('commit-tree', merged, '-p', base, '-p', work, '-m', `hand ${n}`)
    git('push', '--quiet', `--force-with-lease=refs/heads/main:${base}`, 'origin', `${commit}:refs/heads/main`)
    git('fetch', '--quiet', 'origin')
    git('merge-base', '--is-ancestor', commit, 'origin/main')
    town.git(join(town.rig, 'mayor/rig'), 'fetch', '--quiet', '--no-tags', clone, '+refs/remotes/origin/main:refs/remotes/origin/main')
    times.push(performance.now() - from)
  }
  return times
}

const pidOf = (root: string) => (JSON.parse(readFileSync(join(root, 'daemon/daemon.json'), 'utf8')) as { pid: number }).pid

export const restart: Benchmark = async (size) => {
  using town = benchTown({ issues: 20 })
  town.up()
  const rounds = size === 'full' ? 15 : 1
  const samples: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { 'node -e 0': ms = 1 } = await interleaved(1, { 'node -e 0': () => must(process.execPath, ['-e', '0']) })
    bare.push(ms)
    process.kill(pidOf(town.root), 'SIGKILL')
    const from = performance.now()
    must(process.execPath, [gt, 'up'], { cwd: town.root, env: town.env })
    must(process.execPath, [gt, 'status'], { cwd: town.root, env: town.env })
    samples.push(performance.now() - from)
  }
  const [up, node] = [median(samples), median(bare)]
  return [{ name: 'kill -9 until gt up and gt status have answered', value: up / node, unit: '×', target: { most: 5 }, detail: `${up.toFixed(0)} ms; node -e 0 takes ${node.toFixed(1)} ms` }]
}

export const idle: Benchmark = async (size) => {
  using town = benchTown({ issues: 5 })
  town.up()
  await sleep(1000)
  const seconds = size === 'full' ? 60 : 3
  // Fields of proc(5): minor faults of waited-for children (11) tell every subprocess, however short; user and system time (14, 15) in ticks of 10 ms.
  const read = () => {
    const fields = readFileSync(`/proc/${pidOf(town.root)}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number)
    return { childFaults: fields[8] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) }
  }
  const before = read()
  await sleep(seconds * 1000)
  const after = read()
  const used = (after.ticks - before.ticks) / 100
  return [
    { name: 'CPU of an idle town', value: (used / seconds) * 100, unit: ' %', target: { most: 0.1 }, detail: `${used.toFixed(2)} s in ${seconds} s` },
    { name: 'subprocesses of an idle town', value: after.childFaults - before.childFaults === 0 ? 0 : 1, unit: '', target: { most: 0 }, detail: 'by the page faults of ended children' },
  ]
}
