// From the Overseer's word to the worker's first instruction, against the same worktree and session made by hand.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { hasTmux, realTown } from '../fixture/real-town.ts'
import { type Benchmark, type Figure, median, must } from './measure.ts'

/** Says when its first instruction ran, in nanoseconds of the wall clock, then waits to be ended. */
const worker = (marks: string) =>
  `#!/bin/sh\ndate +%s%N > "${marks}/$(basename "$PWD").part"\nmv "${marks}/$(basename "$PWD").part" "${marks}/$(basename "$PWD")"\nexec sleep 1000\n`

const nowMs = () => performance.timeOrigin + performance.now()

async function waitFor(path: string): Promise<number> {
  for (let waited = 0; !existsSync(path); waited++) {
    if (waited > 20_000) throw new Error(`${path} did not appear`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return Number(readFileSync(path, 'utf8')) / 1e6
}

export const spawning: Benchmark = async (size) => {
  const figures: Figure[] = []
  for (const session of hasTmux ? (['process', 'tmux'] as const) : (['process'] as const)) {
    for (const many of [1, 8]) {
      const rounds = size === 'full' ? (many === 1 ? 11 : 5) : 1
      const byHand: number[] = []
      const byTown: number[] = []
      const byDaemon: number[] = []
      for (let round = 0; round < rounds; round++) {
        byHand.push(await handMs(session, many))
        const { wholeMs, daemonMs } = await townMs(session, many)
        byTown.push(wholeMs)
        byDaemon.push(daemonMs)
      }
      const [hand, whole, daemon] = [median(byHand), median(byTown), median(byDaemon)]
      const what = `${many === 1 ? 'one polecat' : 'eight at once'}, ${session}`
      figures.push({
        name: `spawn to first instruction, ${what}`,
        value: daemon / hand,
        unit: '×',
        target: { most: 1.5 },
        detail: `${daemon.toFixed(1)} ms from the request; by hand ${hand.toFixed(1)} ms`,
      })
      figures.push({
        name: '  with the gt process itself',
        value: whole / hand,
        unit: '×',
        target: null,
        detail: `${whole.toFixed(1)} ms`,
      })
    }
  }
  return figures
}

async function handMs(session: 'tmux' | 'process', many: number): Promise<number> {
  using town = realTown()
  const marks = join(town.dir, 'marks')
  mkdirSync(marks)
  const script = join(town.dir, 'hand.sh')
  must('sh', ['-c', 'cat > "$1" && chmod +x "$1"', 'sh', script], { input: worker(marks) })
  const clone = join(town.rig, 'mayor/rig')
  const socket = `bench-${process.pid}`
  if (session === 'tmux')
    must('tmux', ['-L', socket, '-f', '/dev/null', 'new-session', '-d', '-s', 'first', 'sleep 1000'])
  const from = nowMs()
  const pids: number[] = []
  const ends: Promise<number>[] = []
  for (let n = 0; n < many; n++) {
    const place = join(town.rig, `hand-${n}`)
    must('git', ['worktree', 'add', '--quiet', '-b', `hand-${n}`, place], { cwd: clone })
    if (session === 'tmux') must('tmux', ['-L', socket, 'new-session', '-d', '-s', `hand-${n}`, '-c', place, script])
    else {
      const child = spawn(script, [], { cwd: place, detached: true, stdio: 'ignore' })
      child.unref()
      pids.push(child.pid as number)
    }
    ends.push(waitFor(join(marks, `hand-${n}`)))
  }
  const last = Math.max(...(await Promise.all(ends)))
  if (session === 'tmux') spawnSync('tmux', ['-L', socket, 'kill-server'])
  for (const pid of pids) process.kill(-pid, 'SIGKILL')
  return last - from
}

async function townMs(session: 'tmux' | 'process', many: number): Promise<{ wholeMs: number; daemonMs: number }> {
  const marks = join(import.meta.dirname, `../../node_modules/.bench-marks-${process.pid}`)
  rmSync(marks, { recursive: true, force: true })
  mkdirSync(marks, { recursive: true })
  try {
    using town = realTown({ session, worker: worker(marks), maxWorkers: many + 1 })
    town.issues(many)
    town.okBd('create', 'First', '--id', 'wy-first')
    town.ok('up')
    // The town's tmux server is there already, as it is by hand; the last issue is its session.
    town.ok('spawn', '--issue', 'wy-first')
    await waitFor(join(marks, 'Nux'))
    const from = nowMs()
    town.ok('spawn', '--epic', 'wy-all')
    const marked = () => readdirSync(marks).filter((name) => !name.endsWith('.part') && name !== 'Nux')
    for (let waited = 0; marked().length < many; waited++) {
      if (waited > 20_000) throw new Error(`only ${marked().length} of ${many} polecats began`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const last = Math.max(...(await Promise.all(marked().map((name) => waitFor(join(marks, name))))))
    const log = JSON.parse(`[${town.ok('log', '--json', '--all').trim().split('\n').join(',')}]`) as {
      mailType: string
      at: number
    }[]
    const asked = log.filter((entry) => entry.mailType === 'work.requested').at(-1)?.at ?? Number.NaN
    town.ok('stop', '--all')
    return { wholeMs: last - from, daemonMs: last - asked }
  } finally {
    rmSync(marks, { recursive: true, force: true })
  }
}
