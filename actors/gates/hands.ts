// Gates: the rig's checks, run on exactly the commit that would land, in a detached worktree of the Refinery's clone.
// Never: runs in a place that is not that commit; leaves a process behind.
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from 'node:process'
import type { EffectInput, EffectOutput } from '../../machines/effects.ts'
import type { Hands } from '../binding.ts'
import type { RigConfig } from '../config.ts'
import { git } from '../git/git.ts'
import { rigLayout, townLayout } from '../layout.ts'

export interface GateDeps {
  town: string
  rig(name: string): RigConfig
  /** What a gate's environment starts from: PATH, HOME, language; nothing of an agent. */
  env: Record<string, string>
}

const tailLinesMax = 60
const tailBytesMax = 8192

export const gateHands = (deps: GateDeps): Pick<Hands, 'runGates'> => ({ runGates: (input, call) => runGates(deps, input, call.signal) })

async function runGates(deps: GateDeps, { rig, commit }: EffectInput<'runGates'>, signal: AbortSignal): Promise<EffectOutput<'runGates'>> {
  const config = deps.rig(rig)
  const gates: { name: string; durationMs: number }[] = []
  if (config.no_gate) return { kind: 'green', gates }
  let place: string
  try {
    place = await checkOut(deps.town, rig, commit)
  } catch (error) {
    return { kind: 'broken', why: `no place to run the gates: ${error instanceof Error ? error.message : error}` }
  }
  for (const [name, argv] of Object.entries(config.gates)) {
    const log = join(townLayout(deps.town).gateLogs, `${rig}-${commit.slice(0, 12)}-${name}.log`)
    const run = await runGate(deps, argv, place, log, config.gate_timeout, signal)
    if ('broken' in run) return { kind: 'broken', why: `the gate “${name}” (${argv.join(' ')}) cannot run: ${run.broken}` }
    if (run.exitCode !== 0) return { kind: 'red', gate: name, exitCode: run.exitCode, timedOut: run.timedOut, tail: tailOf(log), log }
    gates.push({ name, durationMs: run.durationMs })
  }
  return { kind: 'green', gates }
}

/** The pool's worktree at exactly this commit, with nothing else in it. */
async function checkOut(town: string, rig: string, commit: string): Promise<string> {
  const { gatePool, refineryClone } = rigLayout(town, rig)
  const place = join(gatePool, '1')
  if (!existsSync(join(place, '.git'))) {
    mkdirSync(gatePool, { recursive: true })
    await git(refineryClone, ['worktree', 'prune'])
    await git(refineryClone, ['worktree', 'add', '--quiet', '--force', '--detach', place, commit])
  } else {
    await git(place, ['checkout', '--quiet', '--force', '--detach', commit])
    await git(place, ['clean', '-ffdxq'])
  }
  const { stdout: head } = await git(place, ['rev-parse', 'HEAD'])
  const { stdout: dirt } = await git(place, ['status', '--porcelain'])
  if (head !== commit || dirt !== '') throw new Error(`${place} is not the clean commit ${commit}`)
  return place
}

async function runGate(deps: GateDeps, argv: readonly string[], cwd: string, log: string, limitMs: number, signal: AbortSignal) {
  const [program = '', ...args] = argv
  const out = createWriteStream(log, { mode: 0o600 })
  const { execa } = await import('execa')
  const child = execa(program, args, {
    cwd,
    env: { ...deps.env, CI: 'true', GT_GATE: '1' },
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
  // The gate leads a process group of its own: all of it ends with it.
  const endGroup = () => {
    if (child.pid === undefined) return
    try {
      kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const limit = setTimeout(() => {
    timedOut = true
    endGroup()
  }, limitMs)
  signal.addEventListener('abort', endGroup, { once: true })
  const done = await child
  clearTimeout(limit)
  signal.removeEventListener('abort', endGroup)
  endGroup()
  await new Promise<void>((resolve) => out.end(resolve))
  if (child.pid === undefined) return { broken: done.shortMessage ?? 'it could not be started' }
  return { exitCode: done.exitCode ?? null, timedOut, durationMs: done.durationMs }
}

function tailOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-tailBytesMax).split('\n').slice(-tailLinesMax).join('\n').trim()
}
