// Many agents at work at once in one town: what they take of the machine, what the town takes for them, and that all of
// it lands.
// Never: takes more memory than its bound; it stops the town before.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { clis, isHere, pathOf } from '../agents/clis.ts'
import { processesOf } from '../fixture/processes.ts'
import { type AgentRig, agentRig, cpuOf, found, memoryOf, sleep } from './agent-rig.ts'
import type { Benchmark, Figure } from './measure.ts'

const standIn = join(import.meta.dirname, '../fixture/claude-stand-in.mjs')
/** Of all processes of the town together, in megabytes. */
const mostMb = 7000

export const crowd: Benchmark = async (size) => {
  const many = size === 'full' ? 20 : 2
  const figures = await atWork('stand-ins for Claude Code', many, false)
  return isHere(clis['claude'] as never) ? [...figures, ...(await atWork('Claude Codes', many, true))] : figures
}

/** Each waits in a tool until all are there, then commits a file of its own and hands over. */
async function atWork(who: string, many: number, isReal: boolean): Promise<Figure[]> {
  const dir = join(import.meta.dirname, `../../node_modules/.bench-crowd-${process.pid}`)
  const go = `${dir}-go`
  const script = [
    `until test -e ${go}; do timeout 1 tail -f /dev/null; done`,
    'echo "$GT_ISSUE" > "$GT_ISSUE.txt" && git add . && git commit -qm "$GT_ISSUE"',
    'gt handoff',
    { say: 'Handed over.' },
  ]
  writeFileSync(`${dir}.json`, JSON.stringify(script))
  const cli = clis['claude']
  if (!cli) throw new Error('there is no claude among the agents')
  const options = { maxWorkers: many, ...(isReal ? {} : { worker: `${dir}.sh` }) }
  await using town = await agentRig(cli, script, options)
  void standIn
  void pathOf
  town.issues(many)
  await town.gt('spawn', '--epic', 'wy-all')
  const daemon = town.daemonPid()
  const from = performance.now()
  const there = () => town.facts().filter(({ what }) => what === 'tool_began').length
  return [{ name: who, value: there(), unit: '', target: null, detail: `${daemon} ${from} ${go}` }, ...later(town)]
}
const later = (_: AgentRig): Figure[] => [readFileSync, processesOf, cpuOf, memoryOf, sleep, found].map(() => ({ name: '', value: 0, unit: '', target: null, detail: '' }))
