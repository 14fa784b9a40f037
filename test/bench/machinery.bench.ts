// The machinery around the work: what one landed issue costs in git processes, CPU and time, against the same merges
// by plumbing by hand. Workers here only write a file, commit it and hand off.
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { type RealTown, realTown } from '../fixture/real-town.ts'
import { countingGit, cpuMs, cpuOf, timesMs } from './counting.ts'
import { type Benchmark, type Figure, median, must, percentile } from './measure.ts'

interface Entry {
  address: string
  mailType: string
  at: number
  notes: { text: string; issue: string | null }[]
}
const journal = (town: RealTown) =>
  JSON.parse(`[${town.ok('log', '--json', '--all', '--last', '200000').trim().split('\n').join(',')}]`) as Entry[]

/** When each issue was on main, in the order in which they were; several may land with one push. */
const landings = (log: readonly Entry[]) =>
  log
    .filter((entry) => entry.address === 'wyvern/refinery')
    .flatMap((entry) =>
      entry.notes.flatMap((note) => {
        const [, issues] = /^(.+) is on main as /.exec(note.text) ?? []
        return (issues?.split(', ') ?? []).map((issue) => ({ issue, at: entry.at }))
      }),
    )

/** `marks` in the worker's environment is a folder; `before` runs between its commit and its handoff. */
const worker = (marks: string, before = '') => `#!/bin/bash
set -e
echo "$GT_ISSUE" > "done-$GT_ISSUE.txt"
git add --all
git commit --quiet -m "$GT_ISSUE"
marks='${marks}'
${before}
date +%s%N > "$marks/$GT_ISSUE.handoff"
gt handoff
times > "$marks/$GT_ISSUE.times"
exec sleep 1000
`

/** A town whose workers leave their marks in a folder. */
function markedTown(options: {
  maxWorkers: number
  issues: number
  before?: (marks: string) => string
  env?: Record<string, string>
}) {
  const town = realTown({ maxWorkers: options.maxWorkers, ...(options.env ? { env: options.env } : {}) })
  const marks = join(town.dir, 'marks')
  mkdirSync(marks)
  town.writeScript('worker.sh', worker(marks, options.before?.(marks)))
  town.issues(options.issues)
  town.ok('up')
  return { town, marks, pid: town.daemonPid() }
}

/** A busy machine may take its time; a town that asks for somebody does not go on by itself. */
function allLand(town: RealTown, secondsMax = 600) {
  for (const from = performance.now(); ; ) {
    const { status, stdout } = town.gt('wait', 'wy-all', '--timeout', '100')
    if (status === 0) return
    if (!stdout.includes('is not done within') || performance.now() - from > secondsMax * 1000)
      throw new Error(`not all have landed: ${stdout}${town.gt('log', '--last', '40').stdout}`)
  }
}

const numberIn = (path: string) => Number(readFileSync(path, 'utf8'))
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
async function until(fact: () => boolean, what: string, seconds = 120) {
  for (const from = performance.now(); !fact(); await sleep(5))
    if (performance.now() - from > seconds * 1000) throw new Error(`${what}: not within ${seconds} s`)
}

/** `count` branches beside each other, merged, pushed and asked for one after the other by a shell. */
function byHand(count: number): { wallMs: number; cpuMs: number } {
  using town = realTown()
  const clone = join(town.dir, 'hand')
  town.git(town.dir, 'clone', '--quiet', town.origin, clone)
  const tree = town.git(clone, 'ls-tree', 'main')
  for (let n = 0; n < count; n++) {
    const blob = must('git', ['hash-object', '-w', '--stdin'], { cwd: clone, input: `${n}\n` }).trim()
    const made = must('git', ['mktree'], { cwd: clone, input: `${tree}\n100644 blob ${blob}\tdone-${n}.txt\n` }).trim()
    town.git(clone, 'branch', `b${n}`, town.git(clone, 'commit-tree', made, '-p', 'main', '-m', `work ${n}`))
  }
  const script = `set -e
export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.invalid GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.invalid
for n in ${Array.from({ length: count }, (_, n) => n).join(' ')}; do
  read -r base _ < <(git ls-remote origin refs/heads/main)
  tree=$(git merge-tree --write-tree "$base" "b$n")
  merge=$(git commit-tree "$tree" -p "$base" -p "b$n" -m "Merge $n")
  git push -q --force-with-lease="refs/heads/main:$base" origin "$merge:refs/heads/main" 2>/dev/null
  git ls-remote origin refs/heads/main > /dev/null
done
times`
  const from = performance.now()
  const cpuMs = timesMs(must('bash', ['-c', script], { cwd: clone }))
  return { wallMs: performance.now() - from, cpuMs }
}

/** Four workers, no gate: what an issue costs. */
export const machinery: Benchmark = async (size) => {
  const count = size === 'full' ? 60 : 4
  const hand = byHand(Math.min(count, 30))
  const handCpuMs = hand.cpuMs / Math.min(count, 30)
  const [counts, cost] = [countedGits(count), await shimCost(size)]
  const plain = landAll(count)
  const perIssueMs = plain.cpuMs / count
  return [
    {
      name: 'git processes of the town, a landed issue',
      value: counts.town / count,
      unit: '',
      target: { most: 25 },
      counted: true,
      detail: `in all: ${counts.words}; the shim adds ${cost.toFixed(1)} ms each and is used for this figure alone`,
    },
    {
      name: 'git processes of a worker that applies a change',
      value: counts.workers / count,
      unit: '',
      target: null,
      detail: 'add, commit, and what gt handoff calls',
    },
    {
      name: 'CPU of the town a landed issue',
      value: perIssueMs / handCpuMs,
      unit: '×',
      target: { most: 6 },
      detail: `${perIssueMs.toFixed(0)} ms with its gits, workers’ own ${plain.workersMs.toFixed(0)} ms apart; merge-tree, commit-tree, push and ls-remote by hand ${handCpuMs.toFixed(0)} ms`,
    },
    {
      name: 'handed off → on main, 4 workers, no gate, p50',
      value: median(plain.landedMs) / 1000,
      unit: ' s',
      target: { most: 1 },
      detail: `p90 ${(percentile(plain.landedMs, 0.9) / 1000).toFixed(2)} s, the gt process included; ${(count / (plain.wallMs / 60_000)).toFixed(0)} landings a minute`,
    },
  ]
}

async function shimCost(size: 'full' | 'share') {
  using gits = countingGit()
  return await gits.costMs(size === 'full' ? 41 : 3)
}

function countedGits(count: number) {
  using gits = countingGit()
  const { town } = markedTown({ maxWorkers: 4, issues: count, env: { PATH: gits.path } })
  using _ = town
  gits.reset()
  town.ok('spawn', '--epic', 'wy-all')
  allLand(town)
  return gits.counted()
}

function landAll(count: number) {
  const { town, marks, pid } = markedTown({ maxWorkers: 4, issues: count })
  using _ = town
  const [cpuBefore, from] = [cpuOf(pid), performance.now()]
  town.ok('spawn', '--epic', 'wy-all')
  allLand(town)
  const wallMs = performance.now() - from
  const all = cpuOf(pid) - cpuBefore
  const names = readdirSync(marks)
  const workers = names
    .filter((name) => name.endsWith('.times'))
    .reduce((sum, name) => sum + timesMs(readFileSync(join(marks, name), 'utf8')), 0)
  const landed = landings(journal(town))
  if (landed.length !== count) throw new Error(`${landed.length} of ${count} landed`)
  return {
    wallMs,
    // Sessions that the daemon itself started and saw end are among its children.
    cpuMs: workersAreChildren(all, workers) ? all - workers : all,
    workersMs: workers / count,
    landedMs: landed.map(({ issue, at }) => at - numberIn(join(marks, `${issue}.handoff`)) / 1e6),
  }
}

/** A daemon that waited for its workers cannot have used less than they did. */
const workersAreChildren = (allMs: number, workersMs: number) => allMs > workersMs

/** From the word "handed off" in the daemon's mailbox until the place is free for the next. */
export const retiring: Benchmark = async (size) => {
  const figures: Figure[] = []
  for (const [many, mostMs] of [
    [1, 300],
    [size === 'full' ? 30 : 3, 1000],
  ] as const) {
    const rounds = many === 1 ? (size === 'full' ? 9 : 1) : size === 'full' ? 2 : 1
    const samples: number[] = []
    for (let round = 0; round < rounds; round++) samples.push(...(await slotsFreed(many)))
    figures.push({
      name: `handoff → slot free, ${many === 1 ? 'alone' : `${many} at once`}, p50`,
      value: median(samples) / 1000,
      unit: ' s',
      target: { most: mostMs / 1000 },
      detail: `p90 ${(percentile(samples, 0.9) / 1000).toFixed(2)} s of ${samples.length}`,
    })
  }
  return figures
}

async function slotsFreed(many: number): Promise<number[]> {
  const { town, marks } = markedTown({ maxWorkers: many, issues: many, before: waitForGo })
  using _ = town
  const gate = join(marks, 'go')
  must('mkfifo', [gate])
  watchSlots(town)
  town.ok('spawn', '--epic', 'wy-all')
  await allReady(marks, many)
  await openGate(gate, () => readdirSync(marks).filter((name) => name.endsWith('.handoff')).length === many)
  await until(() => freed(town).length === many, 'every slot is free')
  const asked = journal(town).filter((entry) => entry.mailType === 'handoff.requested')
  return freed(town).map(({ holder, at }) => {
    const name = nameOf(holder)
    const from = asked.find((entry) => nameOf(entry.address) === name)?.at
    if (from === undefined) throw new Error(`${holder} never handed off`)
    return at - from
  })
}

const nameOf = (address: string) => (address.split('/').at(-1) ?? '').replace(/-\d+$/, '')

/** The store's own clock says when a place is given back, in the transaction that does it. */
function watchSlots(town: RealTown) {
  const db = new DatabaseSync(town.layout.db, { timeout: 10_000 })
  db.exec(`CREATE TABLE freed_slot (holder TEXT, at REAL);
CREATE TRIGGER freed_slot AFTER DELETE ON slot BEGIN INSERT INTO freed_slot VALUES (old.holder, unixepoch('subsec')); END`)
  db.close()
}
function freed(town: RealTown): { holder: string; at: number }[] {
  const db = new DatabaseSync(town.layout.db, { readOnly: true, timeout: 10_000 })
  const rows = db.prepare('SELECT holder, at FROM freed_slot').all() as { holder: string; at: number }[]
  db.close()
  return rows.map(({ holder, at }) => ({ holder, at: at * 1000 }))
}

/** Workers wait at a named pipe, which costs nothing; all go on when it is opened for writing. */
const waitForGo = (marks: string) => `touch "${marks}/$GT_ISSUE.ready"; read -r _ < "${marks}/go" || true`
const allReady = (marks: string, many: number) =>
  until(() => readdirSync(marks).filter((name) => name.endsWith('.ready')).length === many, `${many} workers are ready`)
async function openGate(gate: string, through: () => boolean) {
  await until(() => {
    try {
      closeSync(openSync(gate, constants.O_WRONLY | constants.O_NONBLOCK))
    } catch (error) {
      // Nobody waits there any more.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
    }
    return through()
  }, 'all are through')
}

/** Committed branches that are handed over at once, until the last is on main. */
export const flood: Benchmark = async (size) => {
  const many = size === 'full' ? 50 : 4
  const { town, marks } = markedTown({ maxWorkers: many, issues: many, before: waitForGo })
  using _ = town
  must('mkfifo', [join(marks, 'go')])
  town.ok('spawn', '--epic', 'wy-all')
  await allReady(marks, many)
  await openGate(
    join(marks, 'go'),
    () => readdirSync(marks).filter((name) => name.endsWith('.handoff')).length === many,
  )
  allLand(town)
  const log = journal(town)
  const asked = log.filter((entry) => entry.mailType === 'handoff.requested').map((entry) => entry.at)
  const landed = landings(log).map(({ at }) => at)
  if (landed.length !== many) throw new Error(`${landed.length} of ${many} landed`)
  const [ms, hand] = [Math.max(...landed) - Math.min(...asked), byHand(many).wallMs]
  return [
    {
      name: `${many} branches handed over at once → on main`,
      value: ms / hand,
      unit: '×',
      target: { most: 1.5 },
      detail: `${(ms / 1000).toFixed(2)} s from the first handoff; by hand ${(hand / 1000).toFixed(2)} s`,
    },
  ]
}

/**
 * What an issue costs early and late in a town's life. GT_BENCH_ISSUES=5000 makes the life longer; workers note the
 * daemon's own counters as they start.
 */
export const ageing: Benchmark = async (size) => {
  const count = size === 'full' ? Number(process.env['GT_BENCH_ISSUES'] ?? 300) : 12
  const span = Math.max(2, Math.min(30, Math.floor(count / 5)))
  using gits = countingGit()
  const before = (marks: string) =>
    `echo "$(date +%s%N) $(wc -l < '${gits.log}') $(cat "/proc/$(cat "${marks}/daemon")/stat")" > "${marks}/$GT_ISSUE.part"; mv "${marks}/$GT_ISSUE.part" "${marks}/$GT_ISSUE.sample"`
  const { town, marks, pid } = markedTown({ maxWorkers: 4, issues: count, before, env: { PATH: gits.path } })
  using _ = town
  writeFileSync(join(marks, 'daemon'), String(pid))
  town.ok('spawn', '--epic', 'wy-all')
  allLand(town, count * 5)
  const samples = readdirSync(marks)
    .filter((name) => name.endsWith('.sample'))
    .map((name) => {
      const [at = '', lines = '', ...stat] = readFileSync(join(marks, name), 'utf8').trim().split(' ')
      return { at: Number(at), gits: Number(lines), ticks: stat.join(' ') }
    })
    .sort((a, b) => a.at - b.at)
    .map((sample) => ({ gits: sample.gits, ms: cpuMs(sample.ticks) }))
  const slope = (from: number) => {
    const [a, b] = [samples[from], samples[from + span]]
    if (!a || !b) throw new Error(`${samples.length} samples of ${count} issues`)
    return { gits: (b.gits - a.gits) / span, ms: (b.ms - a.ms) / span }
  }
  const [early, late] = [slope(Math.min(10, Math.floor(samples.length / 4))), slope(samples.length - span - 1)]
  return [
    {
      name: `CPU an issue, at issue ${count} against issue 10`,
      value: late.ms / early.ms,
      unit: '×',
      target: { most: 1.25 },
      detail: `${early.ms.toFixed(0)} ms, then ${late.ms.toFixed(0)} ms; workers and the counting shim included`,
    },
    {
      name: `git processes an issue, at issue ${count} against issue 10`,
      value: late.gits / early.gits,
      unit: '×',
      target: { most: 1.1 },
      detail: `${early.gits.toFixed(1)}, then ${late.gits.toFixed(1)}, workers’ own included`,
    },
  ]
}
