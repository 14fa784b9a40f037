// A run of a rig's gates on one commit, and what is said of it: green, flaky, red, or that they could not be run.
// Never: calls work red that failed only once, or whose setup failed; lets a gate see what another one did to the
// commit's own files.
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { EffectOutput } from '../../machines/effects.ts'
import type { RigConfig } from '../config.ts'
import type { Environment } from '../environment.ts'
import { append, lastLines } from '../files.ts'
import { type CheckedOut, changedFiles, checkOut, forget, restore } from '../git/checkout.ts'
import { emptyTrash, setAside } from '../git/staging.ts'
import { rigLayout } from '../layout.ts'
import type { ProcessIdentity } from '../proc.ts'
import { logOf, newPlace } from './places.ts'
import { copyFiles, gitOf, setupSteps } from './setup.ts'
import { endWords, makeHome, runStep, type Step, type StepEnd, type Surroundings, stepEnv } from './step.ts'

export interface GateRun {
  town: string
  rig: RigConfig
  commit: string
  env: Environment
  namespace: readonly string[]
  started(gate: ProcessIdentity): void
  signal: AbortSignal
}

type Verdict = EffectOutput<'runGates'>
type Green = Extract<Verdict, { kind: 'green' }>
type Failed = Extract<StepEnd, { kind: 'failed' }>

/** A place of this run, with all that belongs to it. */
interface Place {
  checkedOut: CheckedOut
  at: Surroundings
}

class CannotRun extends Error {
  override name = 'CannotRun'
}

/** Runs the setup and every gate, in order, until one is red. */
export async function runAll(run: GateRun): Promise<Verdict> {
  const { rig, town } = run
  const steps = [
    ...setupSteps(rig, rigLayout(town, rig.name).gateCache),
    ...Object.entries(rig.gates).map(([name, command]) => ({ name, command, limitMs: rig.gate_timeout })),
  ]
  const green: Green = { kind: 'green', gates: [], flaky: [] }
  const places: Place[] = []
  const makePlace = async () => {
    const place = await newPlaceOf(run)
    places.push(place)
    return place
  }
  try {
    let place = await makePlace()
    for (const [n, step] of steps.entries()) {
      let done = await runOne(run, step, place)
      if (done.kind === 'failed' && !done.timedOut) {
        // Once more, where nothing of the first time is left.
        place = await makePlace()
        const again = await repeated(run, steps.slice(0, n), step, place, green)
        if (again.kind === 'passed') green.flaky.push({ gate: step.name, tail: done.tail })
        // Of a red gate the second log is kept, in place of the first; of a flaky one both.
        if (again.kind === 'failed') await rename(again.log, done.log)
        done = again.kind === 'failed' ? { ...again, log: done.log } : again
      }
      if (done.kind === 'failed' && isSetup(step)) throw notReady(step, done)
      if (done.kind === 'failed') return redOf(step, done, green)
      if (!isSetup(step)) green.gates.push({ name: step.name, durationMs: done.durationMs })
    }
    return green
  } catch (error) {
    run.signal.throwIfAborted()
    if (error instanceof CannotRun) return { kind: 'broken', why: error.message }
    throw error
  } finally {
    await removePlaces(run, places)
  }
}

const isSetup = ({ name }: Step) => name.startsWith('setup/')

/** A registry may be away as well as the work be at fault: which of them it is, main's own setup tells. */
const notReady = (step: Step, done: Failed) =>
  new CannotRun(`${step.name} (${step.command.argv.join(' ')}) ${endWords(step, done)}\n${lastLines(done.tail, 20)}`)

const redOf = ({ name }: Step, { exitCode, timedOut, tail, log }: Failed, { gates }: Green): Verdict => ({
  kind: 'red',
  gate: name,
  passed: gates.map((each) => each.name),
  exitCode,
  timedOut,
  tail,
  log,
})

/** All that came before it, and it: one that passed then and fails now is flaky, and says nothing against the work. */
async function repeated(
  run: GateRun,
  before: readonly Step[],
  step: Step,
  place: Place,
  green: Green,
): Promise<Exclude<StepEnd, { kind: 'broken' }>> {
  for (const each of before) {
    const done = await runOne(run, each, place, '-again')
    if (done.kind === 'failed' && isSetup(each)) throw notReady(each, done)
    if (done.kind === 'failed') green.flaky.push({ gate: each.name, tail: done.tail })
  }
  return runOne(run, step, place, '-again')
}

/** One step, and its tracks in the commit's own files wiped out: what lands is what every gate sees. */
async function runOne(
  run: GateRun,
  step: Step,
  place: Place,
  more = '',
): Promise<Exclude<StepEnd, { kind: 'broken' }>> {
  const log = logOf(run.town, `${run.rig.name}-${run.commit.slice(0, 12)}-${step.name}${more}`)
  const done = await runStep(step, place.at, log, run.signal)
  if (done.kind === 'broken')
    throw new CannotRun(`the gate “${step.name}” (${step.command.argv.join(' ')}) cannot run: ${done.why}`)
  const changed = await putBack(step, place)
  if (changed.length === 0) return done
  const shown = `${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`
  const told = `[${step.name} changed files of the commit: ${shown}. They were put back: what lands is the commit]`
  append(log, `\n${told}\n`)
  return done.kind === 'failed' ? { ...done, tail: `${done.tail}\n${told}` } : done
}

/** The commit's own files that a step changed; they are as they were when this returns. */
async function putBack({ name }: Step, { checkedOut }: Place): Promise<string[]> {
  try {
    const changed = await changedFiles(checkedOut)
    if (changed.length > 0) await restore(checkedOut)
    return changed
  } catch (error) {
    throw new CannotRun(`the gate “${name}” left its place in ruins: ${error instanceof Error ? error.message : error}`)
  }
}

async function newPlaceOf(run: GateRun): Promise<Place> {
  const { town, rig, commit, signal } = run
  const { gatePool, gateCache, refineryClone } = rigLayout(town, rig.name)
  const place = newPlace(gatePool, commit.slice(0, 12))
  const home = `${place}.home`
  signal.throwIfAborted()
  try {
    await mkdir(gateCache, { recursive: true })
    await makeHome(home)
    const checkedOut = await checkOut(gitOf(town, rig), rig.name, commit, place)
    await copyFiles(town, rig, place)
    return {
      checkedOut,
      at: {
        place,
        home,
        env: stepEnv(run.env, rig, { place, home, cache: gateCache, own: rig.gate_home === 'own' }),
        namespace: run.namespace,
        history: { repository: refineryClone, commit, main: `refs/remotes/origin/${rig.default_branch}` },
        onStarted: run.started,
      },
    }
  } catch (error) {
    discard(gatePool, [place, home])
    throw new CannotRun(`no place to run the gates: ${error instanceof Error ? error.message : error}`)
  }
}

async function removePlaces({ town, rig }: GateRun, places: readonly Place[]): Promise<void> {
  const { gatePool } = rigLayout(town, rig.name)
  discard(
    gatePool,
    places.flatMap(({ at }) => [at.place, at.home]),
  )
  for (const { checkedOut } of places) await forget(checkedOut)
}

/** They lose their names now; what was in them is deleted by and by. */
function discard(pool: string, folders: readonly string[]): void {
  const trash = join(pool, '.trash')
  for (const dir of folders) if (existsSync(dir)) setAside(dir, trash)
  void emptyTrash(trash)
}
