// Many agents at work at once in one town: what they take of the machine, what the town takes for them, and that all of
// it lands.
// Never: takes more memory than its bound: the town is stopped before.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { clis, isHere } from '../agents/clis.ts'
import { processesOf } from '../fixture/processes.ts'
import { type AgentRig, agentRig, cpuOf, memoryOf, nowMs, sleep } from './agent-rig.ts'
import type { Benchmark, Figure } from './measure.ts'

const standIn = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
/** Of all processes of the town together, in megabytes; what they share is counted once. */
const mostMb = 7500

const { claude } = clis
if (!claude) throw new Error('there is no claude among the agents')

export const crowd: Benchmark = async (size) => {
  const many = size === 'full' ? 20 : 2
  const figures = await atWork('stand-ins', many, false)
  return isHere(claude) ? [...figures, ...(await atWork('Claude Codes', many, true))] : figures
}

/** Each waits in a tool until all are there, then commits a file of its own and hands over. */
async function atWork(who: string, many: number, isReal: boolean): Promise<Figure[]> {
  const path = join(tmpdir(), `crowd-${process.pid}`)
  const script = [
    `until test -e ${path}.go; do timeout 1 tail -f /dev/null; done`,
    'echo "$GT_ISSUE" > "$GT_ISSUE.txt" && git add . && git commit -qm "$GT_ISSUE"',
    'gt handoff',
    { say: 'Handed over.', times: 'always' as const },
  ]
  writeFileSync(`${path}.json`, JSON.stringify(script))
  try {
    const worker = `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "${path}.json" "$@"\n`
    await using town = await agentRig(claude as never, script, { maxWorkers: many, ...(isReal ? {} : { worker }) })
    town.issues(many)
    const daemon = town.daemonPid()
    const [from, before] = [nowMs(), cpuOf(daemon)]
    await town.gt('spawn', '--epic', 'wy-all')
    const there = () => town.facts().filter(({ what }) => what === 'tool_began').length
    let memory = memoryIn(town)
    while (there() < many && memory.all < mostMb && nowMs() - from < 300_000) {
      await sleep(500)
      memory = memoryIn(town)
    }
    const [began, startedS] = [there(), (nowMs() - from) / 1000]
    const started = cpuOf(daemon) - before
    await sleep(10_000)
    const waited = cpuOf(daemon) - before - started
    memory = memoryIn(town)
    writeFileSync(`${path}.go`, '')
    if (began === many) await town.gt('wait', 'wy-all', '--timeout', '300')
    const landed = town.git(town.origin, 'ls-tree', '--name-only', 'main').match(/^wy-\d+\.txt$/gm)?.length ?? 0
    const detail = `${began} of ${many} at work after ${startedS.toFixed(0)} s`
    return [
      {
        name: `${many} ${who} at once: landed`,
        value: landed,
        unit: '',
        target: { least: many },
        counted: true,
        detail: `${detail}; ${((nowMs() - from) / 1000 - 10).toFixed(0)} s in all, ${(cpuOf(daemon) - before).toFixed(1)} s of CPU of the daemon, ${started.toFixed(1)} until all were there`,
      },
      {
        name: '  memory of all, each byte once',
        value: memory.all,
        unit: ' MB',
        target: { most: 8000 },
        detail: `agents ${memory.theirs.toFixed(0)}; ours ${memory.ours.toFixed(0)}: daemon ${memory.daemon.toFixed(0)}, ${memory.supervisors} supervisors ${memory.ofSupervisors.toFixed(0)} (RSS ${memory.rss.toFixed(0)} each at most)`,
      },
      {
        name: '  CPU of the daemon while all are in a tool',
        value: (waited / 10) * 100,
        unit: ' %',
        target: null,
        detail: `${waited.toFixed(2)} s in 10 s`,
      },
    ]
  } finally {
    for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(`crowd-${process.pid}`)))
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

/** Megabytes of what runs in this town. */
function memoryIn(town: AgentRig) {
  const sum = { all: 0, ours: 0, theirs: 0, daemon: 0, supervisors: 0, ofSupervisors: 0, rss: 0 }
  const isSupervisor = new Set(town.supervisors())
  for (const { pid, command } of processesOf(town.dir)) {
    const { share, now } = tried(() => memoryOf(pid)) ?? { share: 0, now: 0 }
    const isOurs = isSupervisor.has(pid) || /dist\/(gt|daemon|gits)\.cjs|gt-session/.test(command)
    sum.all += share
    sum[isOurs ? 'ours' : 'theirs'] += share
    if (pid === town.daemonPid()) sum.daemon += share
    if (!isSupervisor.has(pid)) continue
    sum.supervisors++
    sum.ofSupervisors += share
    sum.rss = Math.max(sum.rss, now)
  }
  return sum
}

/** A process may go while it is looked at. */
function tried<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
