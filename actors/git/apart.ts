// Gits are started by a small process beside the daemon. To start a process copies the memory map of who starts it, and
// holds it up until the new one has begun: the daemon is big, and has others to answer.
// Never: lives longer than the daemon, or lets a git do so; knows more of a git than its own answer.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import process from 'node:process'
import { endEach } from '../processes.ts'
import { asThePerson } from '../umask.ts'
import type { At } from './at.ts'
import { endEveryRunning, type Ran, type RunOptions, runHere, type Starter } from './run.ts'
import { ownerOfMine, ownerVariable, runningGits } from './running.ts'
import { inTurn } from './turns.ts'

type Request =
  | { id: number; at: At; args: readonly string[]; options: Omit<RunOptions, 'signal' | 'heard'>; hears: boolean }
  | { id: number; abort: true }
type Answer = { id: number; ran: Ran } | { id: number; heard: string }

interface Waiting {
  done(ran: Ran): void
  heard: RunOptions['heard']
}

/** How long a git has to end, in milliseconds. */
const graceMs = 2000

/** Starts that process with the first git, and another one where it was killed. */
export function gitsApart(node: string, script: string): Starter {
  let last = 0
  let beside: { child: ChildProcess; waiting: Map<number, Waiting> } | undefined
  const theOne = () => {
    if (beside?.child.connected) return beside
    const waiting = new Map<number, Waiting>()
    const { PATH, TMPDIR } = process.env
    const how: ForkOptions = {
      execPath: node,
      execArgv: [],
      env: { ...(PATH ? { PATH } : {}), ...(TMPDIR ? { TMPDIR } : {}) },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // What a terminal says to the daemon is not for it.
      detached: true,
    }
    const child = asThePerson(() => fork(script, [], how))
    child.on('message', (answer: Answer) => {
      const one = waiting.get(answer.id)
      if ('heard' in answer) return one?.heard?.(answer.heard)
      waiting.delete(answer.id)
      holdUp(child, waiting)
      one?.done({ ...answer.ran, stdout: Buffer.from(answer.ran.stdout) })
    })
    const gone = async () => {
      if (beside?.child === child) beside = undefined
      const all = [...waiting.values()]
      waiting.clear()
      // Nobody waits for what it had started: it would go on beside what is tried again.
      await endEach(all.length === 0 ? [] : runningGits().filter(({ owner }) => owner === ownerOfMine()), graceMs)
      for (const { done } of all) done(killed)
    }
    child.on('error', gone)
    child.on('exit', gone)
    child.unref()
    beside = { child, waiting }
    return beside
  }
  /** The daemon stays for an answer, and for nothing else of it. */
  const holdUp = ({ channel }: ChildProcess, { size }: Map<number, Waiting>) =>
    size > 0 ? channel?.ref() : channel?.unref()
  const run: Starter['run'] = (at, args, { signal, heard, ...options }) => {
    const id = ++last
    const env = { ...options.env, [ownerVariable]: ownerOfMine() }
    const { child, waiting } = theOne()
    const say = (request: Request) => child.send(request)
    return new Promise((resolve) => {
      const abort = () => void (waiting.has(id) && say({ id, abort: true }))
      const done = (ran: Ran) => {
        signal?.removeEventListener('abort', abort)
        resolve(ran)
      }
      waiting.set(id, { done, heard })
      say({ id, at, args, options: { ...options, env }, hears: heard !== undefined })
      holdUp(child, waiting)
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted) abort()
    })
  }
  return { run, end: () => void (beside?.child.connected && beside.child.disconnect()) }
}

/** As a git that somebody killed: it has said nothing. */
const killed: Ran = { stdout: Buffer.alloc(0), stderr: '', exitCode: undefined, killed: true, trouble: undefined }

/** More gits at a time than the machine can run make each slower, and all else. */
const atOnceMax = availableParallelism()
/** What waits for another machine keeps nobody from running. */
const mayWait: readonly (string | undefined)[] = ['fetch', 'push', 'ls-remote', 'clone']

/** Is that process, until the daemon is gone. */
export function serveGits(): void {
  const aborts = new Map<number, AbortController>()
  const line = inTurn(atOnceMax)
  const answer = (words: Answer) => void (process.connected && process.send?.(words))
  process.on('message', async (request: Request) => {
    const { id } = request
    if ('abort' in request) return aborts.get(id)?.abort()
    const abort = new AbortController()
    aborts.set(id, abort)
    const { at, args, options, hears } = request
    const heard = hears ? { heard: (words: string) => answer({ id, heard: words }) } : {}
    const begin = () => runHere(at, args, { ...options, ...heard, signal: abort.signal })
    const ran = await (mayWait.includes(args.find((word) => !word.startsWith('-'))) ? begin() : line(begin))
    aborts.delete(id)
    answer({ id, ran })
  })
  // It goes by itself once the last of them has.
  process.on('disconnect', endEveryRunning)
}
