// Gates: the rig's checks, run on exactly the commit that would land, in a detached worktree of the Refinery's clone.
// Never: runs in a place that is not that commit; leaves a process behind.
import { createWriteStream, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { Hands } from '../binding.ts'
import { type RigConfig, writeWhole } from '../config.ts'
import { git, longMs } from '../git/git.ts'
import { emptyTrash, setAside } from '../git/staging.ts'
import { rigLayout, townLayout } from '../layout.ts'
import { endGroup, endTree, marked, startOf } from '../processes.ts'

export interface GateDeps {
  town: string
  rig(name: string): RigConfig
  /** What a gate's environment starts from: PATH, HOME, language; nothing of an agent. */
  env: Record<string, string>
}

const tailLinesMax = 60
const tailBytesMax = 8192

export function gateHands(deps: GateDeps): Pick<Hands, 'runGates'> {
  const looked = new Set<string>()
  return {
    async runGates(input, call) {
      // Once for each daemon: a gate that its killed forerunner had no time to note.
      if (!looked.has(input.rig)) {
        const { gatePool } = rigLayout(deps.town, input.rig)
        await Promise.all(marked('GT_GATE', (place) => place.startsWith(gatePool)).map((left) => endTree(left, 0)))
        looked.add(input.rig)
      }
      return runGates(deps, input, call.signal)
    },
  }
}

async function runGates(
  deps: GateDeps,
  { rig, commit }: EffectInput<'runGates'>,
  signal: AbortSignal,
): Promise<EffectOutput<'runGates'>> {
  const config = deps.rig(rig)
  const gates: { name: string; durationMs: number }[] = []
  if (config.no_gate) return { kind: 'green', gates }
  let place: string
  try {
    await endLeftover(deps.town, rig)
    place = await checkOut(deps.town, rig, commit)
  } catch (error) {
    return { kind: 'broken', why: `no place to run the gates: ${error instanceof Error ? error.message : error}` }
  }
  for (const [name, argv] of Object.entries(config.gates)) {
    const log = join(townLayout(deps.town).gateLogs, `${rig}-${commit.slice(0, 12)}-${name}.log`)
    const run = await runGate(deps, rig, argv, place, log, config.gate_timeout, signal)
    if ('broken' in run)
      return { kind: 'broken', why: `the gate “${name}” (${argv.join(' ')}) cannot run: ${run.broken}` }
    if (run.exitCode !== 0)
      return { kind: 'red', gate: name, exitCode: run.exitCode, timedOut: run.timedOut, tail: tailOf(log), log }
    gates.push({ name, durationMs: run.durationMs })
  }
  return { kind: 'green', gates }
}

/**
 * The pool's worktree at exactly this commit, with nothing else in it. Nothing in it is anybody's work: one that
 * cannot be used is made anew.
 */
async function checkOut(town: string, rig: string, commit: string): Promise<string> {
  const { gatePool, refineryClone } = rigLayout(town, rig)
  const place = join(gatePool, '1')
  if (existsSync(join(place, '.git'))) {
    try {
      await git(place, ['checkout', '--quiet', '--force', '--detach', commit], { timeoutMs: longMs })
      await git(place, ['clean', '-ffdxq'])
      return await proven(place, commit)
    } catch {
      // A gate or a git that was killed broke it, in whatever way.
    }
  }
  const trash = join(gatePool, '.trash')
  if (existsSync(place)) setAside(place, trash)
  await emptyTrash(trash)
  await git(refineryClone, ['worktree', 'prune'])
  // Twice: also over a registration that a killed git left locked.
  await git(refineryClone, ['worktree', 'add', '--quiet', '--force', '--force', '--detach', place, commit], {
    timeoutMs: longMs,
  })
  return proven(place, commit)
}

async function proven(place: string, commit: string): Promise<string> {
  const { stdout: head } = await git(place, ['rev-parse', 'HEAD'])
  const { stdout: dirt } = await git(place, ['status', '--porcelain'])
  if (head !== commit || dirt !== '') throw new Error(`${place} is not the clean commit ${commit}`)
  return place
}

async function runGate(
  deps: GateDeps,
  rig: string,
  argv: readonly string[],
  cwd: string,
  log: string,
  limitMs: number,
  signal: AbortSignal,
) {
  const [program = '', ...args] = argv
  const out = createWriteStream(log, { mode: 0o600 })
  const { execa } = await import('execa')
  const child = execa(program, args, {
    cwd,
    env: { ...deps.env, CI: 'true', GT_GATE: cwd },
    extendEnv: false,
    detached: true,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    cleanup: true,
  })
  child.all?.pipe(out)
  let timedOut = false
  // The gate leads a process group of its own: all of it ends with it, also after a daemon that was killed.
  const gate = child.pid === undefined ? undefined : { pid: child.pid, pidStart: startOf(child.pid) ?? '' }
  if (gate) writeWhole(runningFile(deps.town, rig), JSON.stringify(gate), 0o600)
  const endGate = () => void (gate && endTree(gate, 0))
  const limit = setTimeout(() => {
    timedOut = true
    endGate()
  }, limitMs)
  signal.addEventListener('abort', endGate, { once: true })
  const done = await child
  clearTimeout(limit)
  signal.removeEventListener('abort', endGate)
  if (gate) endGroup(gate.pid)
  rmSync(runningFile(deps.town, rig), { force: true })
  await new Promise<void>((resolve) => out.end(resolve))
  if (child.pid === undefined) return { broken: done.shortMessage ?? 'it could not be started' }
  // Killed from outside (a person, the kernel short of memory) it has said nothing of the work.
  if (done.signal === 'SIGKILL' && !timedOut && !signal.aborted)
    return { broken: 'it was killed from outside (SIGKILL)' }
  return { exitCode: done.exitCode ?? null, timedOut, durationMs: done.durationMs }
}

const leftover = z.object({ pid: z.int().positive(), pidStart: z.string() })
const runningFile = (town: string, rig: string) => join(townLayout(town).gateLogs, `running-${rig}.json`)

/** A gate that a killed daemon left running would write into the place of the next. */
export async function endLeftover(town: string, rig: string): Promise<void> {
  const path = runningFile(town, rig)
  if (!existsSync(path)) return
  const left = leftover.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (left.success) await endTree(left.data, 0)
  rmSync(path, { force: true })
}

/** Removes logs that were written before this moment, in milliseconds since the epoch. */
export function pruneLogs(dir: string, before: number): void {
  if (!existsSync(dir)) return
  for (const file of readdirSync(dir).filter((each) => each.endsWith('.log')))
    if (statSync(join(dir, file)).mtimeMs < before) rmSync(join(dir, file))
}

function tailOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-tailBytesMax).split('\n').slice(-tailLinesMax).join('\n').trim()
}
