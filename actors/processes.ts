// Processes of the machine: who one is (its number and its start time), whether it lives, and how to end it with all
// it started.
// Never: signals a process whose start time is not the recorded one; a number alone may be somebody else's by now.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { kill } from 'node:process'

export interface ProcessIdentity {
  pid: number
  /** What startOf said when it was recorded. */
  pidStart: string
}

/**
 * A mark of a process's start, without a colon, that no later process of the same number has; undefined when there is
 * no such process, or only its zombie.
 */
export function startOf(pid: number): string | undefined {
  if (!existsSync('/proc/self/stat')) return startByPs(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

/** Where there is no /proc (macOS, BSD). */
function startByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
  })
  const [state = '', ...start] = stdout.trim().split(/\s+/)
  return state === '' || state.startsWith('Z') ? undefined : start.join(' ').replaceAll(':', '.')
}

export const isAlive = (process: ProcessIdentity) => startOf(process.pid) === process.pidStart

/** Of a text that begins with `pid:start`. */
export function identityIn(text: string): ProcessIdentity {
  const [pid = '', pidStart = ''] = text.split(':')
  return { pid: Number(pid), pidStart }
}

/**
 * Ends these, and nothing below them: SIGTERM, SIGKILL after graceMs (milliseconds), and goes on when one cannot be
 * ended in as long again.
 */
export async function endEach(all: readonly ProcessIdentity[], graceMs: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const each of all) if (isAlive(each)) signalTo(each.pid, signal)
    for (let waitedMs = 0; all.some(isAlive) && waitedMs < graceMs; waitedMs += 20) await pause(20)
  }
}

/**
 * Ends a process group's leader and everything below it: SIGTERM, then SIGKILL after graceMs (milliseconds). Safe to
 * repeat; one that is gone counts as ended.
 */
export async function endTree(leader: ProcessIdentity, graceMs: number, signal?: AbortSignal): Promise<void> {
  if (!isAlive(leader)) return endOrphans(leader)
  const family = descendants(leader.pid)
  signalTo(-leader.pid, graceMs > 0 ? 'SIGTERM' : 'SIGKILL')
  // A stopped process hears SIGTERM only once it goes on.
  if (graceMs > 0) signalTo(-leader.pid, 'SIGCONT')
  for (let waitedMs = 0; isAlive(leader) && waitedMs < graceMs && !signal?.aborted; waitedMs += 20) await pause(20)
  if (isAlive(leader)) signalTo(-leader.pid, 'SIGKILL')
  for (const child of family) if (isAlive(child)) signalTo(child.pid, 'SIGKILL')
  while (isAlive(leader) && !signal?.aborted) await pause(10)
}

/**
 * Ends what a leader that is gone left in its group: killed from outside it takes nobody with it. A number that is
 * somebody else's by now is left alone.
 */
function endOrphans(leader: ProcessIdentity): void {
  // While anybody is in the group, the kernel gives its number to no new process.
  if (startOf(leader.pid) === undefined) signalTo(-leader.pid, 'SIGKILL')
}

/** Ends what is left of a group whose leader has only just ended. */
export const endGroup = (leader: number): void => signalTo(-leader, 'SIGKILL')

/**
 * Processes of this user whose environment says so, by a variable only the town sets. Where there is no /proc: none.
 */
export function marked(variable: string, holds: (value: string) => boolean): ProcessIdentity[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const value = environmentOf(entry)
        .split('\0')
        .find((line) => line.startsWith(`${variable}=`))
        ?.slice(variable.length + 1)
      const pidStart = value !== undefined && holds(value) ? startOf(Number(entry)) : undefined
      return pidStart === undefined ? [] : [{ pid: Number(entry), pidStart }]
    })
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch (error) {
    // Somebody else's, or gone since it was listed.
    if (['EACCES', 'ENOENT', 'ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

/** Every process below this one, also those that left its group. */
function descendants(pid: number): ProcessIdentity[] {
  return childrenOf(pid).flatMap((child) => [{ pid: child, pidStart: startOf(child) ?? '' }, ...descendants(child)])
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`
  if (existsSync(path)) return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number)
  if (existsSync('/proc/self/stat')) return []
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return stdout.split('\n').filter(Boolean).map(Number)
}

function signalTo(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): void {
  try {
    kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
