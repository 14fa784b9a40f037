// Processes of the machine: who one is (its number and its start time), whether it lives, and how to end it with all
// it started.
// Never: signals a process whose start time is not the recorded one, for a number alone may be somebody else's by now;
// believes a record without the mark of what it records; signals a group by its number, the first process of the
// machine, or the town's own.
import process from 'node:process'
import { type Entry, entryOf, hasProc, type MarkVariable, marksIn, type ProcessIdentity, pids, readOf } from './proc.ts'

export interface Mark {
  variable: MarkVariable
  holds(value: string): boolean
}
/** The mark of one run. */
export const markOf = (variable: MarkVariable, run: string): Mark => ({ variable, holds: (value) => value === run })

/** How long a process may take to go once it is killed, in milliseconds. */
const goneWithinMs = 10_000
/** What a leader leaves behind has this long to end politely, in milliseconds. */
const leftGraceMs = 200

/** Who belongs to one run: its leader with its group and all below it, and whoever bears the mark. */
export type Whose = { mark: Mark } & (
  | {
      /** A child of this very process. */
      leader?: ProcessIdentity
    }
  | {
      /**
       * The leader by a record, which anybody may have written: it counts only where it, or one of its group or below
       * it, bears the mark. Where there is no /proc, its start time alone has to do.
       */
      noted: ProcessIdentity
    }
)
const leaderOf = (whose: Whose) => ('noted' in whose ? whose.noted : whose.leader)

/**
 * Ends all who belong to it: SIGTERM, then SIGKILL once the leader is gone or after graceMs (milliseconds). Safe to
 * repeat; who is gone counts as ended. Throws when one does not go. Returns whether there was anybody.
 */
export async function endAll(whose: Whose, graceMs: number, signal?: AbortSignal): Promise<boolean> {
  const leader = leaderOf(whose)
  let all = await belonging(whose)
  if (all.length === 0) return false
  if (graceMs > 0) {
    for (const each of all) signalTo(each, 'SIGTERM')
    // A stopped process hears SIGTERM only once it goes on.
    for (const each of all) signalTo(each, 'SIGCONT')
    const leads = leader !== undefined && all.some(({ pid }) => pid === leader.pid) && isAlive(leader)
    await until(async () => leads && (await alive([leader])).length === 0, leads ? graceMs : 0, signal)
    await until(async () => (await alive(all)).length === 0, Math.min(graceMs, leftGraceMs), signal)
  }
  // Again and again: one that is being ended may just have started another.
  const foreign = new Set<number>()
  for (const end = performance.now() + goneWithinMs; ; ) {
    all = [...(await alive(all)), ...(await belonging(whose))].filter(({ pid }) => !foreign.has(pid))
    if (all.length === 0) return true
    if (performance.now() > end)
      throw new Error(`process ${all[0]?.pid} does not end, although it was killed ${goneWithinMs / 1000} s ago`)
    // Another user's (a worker used sudo) cannot be ended by us, and nobody waits for it.
    for (const each of all) if (!signalTo(each, 'SIGKILL')) foreign.add(each.pid)
    await until(async () => (await alive(all)).every(({ pid }) => foreign.has(pid)), 1000)
  }
}

/** Lets those of it go on that somebody stopped; false: none was. */
export async function letGoOn(whose: Whose): Promise<boolean> {
  const [its, all] = await Promise.all([belonging(whose), table()])
  const stopped = its.filter((one) => all.some((each) => each.pid === one.pid && each.isStopped))
  for (const each of stopped) signalTo(each, 'SIGCONT')
  return stopped.length > 0
}

/**
 * Ends these, and nothing below them: SIGTERM, SIGKILL after graceMs (milliseconds), and goes on when one cannot be
 * ended in as long again.
 */
export async function endEach(all: readonly ProcessIdentity[], graceMs: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const each of all) signalTo(each, signal)
    await until(async () => (await alive(all)).length === 0, graceMs)
  }
}

async function belonging(whose: Whose): Promise<ProcessIdentity[]> {
  const leader = leaderOf(whose)
  const [all, bearing] = await Promise.all([leader ? table() : [], marked(whose.mark)])
  const found = new Map<number, ProcessIdentity>(bearing.map((each) => [each.pid, each]))
  const family = leader ? familyOf(leader, all) : []
  const isIts = !('noted' in whose) || !hasProc || family.some(({ pid }) => found.has(pid))
  if (isIts) for (const each of family) found.set(each.pid, each)
  return [...found.values()].filter(mayBeSignalled)
}

function familyOf(leader: ProcessIdentity, all: readonly Entry[]): Entry[] {
  const self = all.find(({ pid }) => pid === leader.pid)
  // While anybody is in its group, the kernel gives a leader's number to no new process; this one is somebody else.
  if (leader.pid < 2 || (self && self.pidStart !== leader.pidStart)) return []
  const family = new Set(
    all.filter(({ pid, group, session }) => [pid, group, session].includes(leader.pid)).map(({ pid }) => pid),
  )
  // Parents first or not: as often as it takes until nobody is added.
  for (let size = -1; size < family.size; ) {
    size = family.size
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
  }
  return all.filter(({ pid, isZombie }) => family.has(pid) && !isZombie)
}

// Who there is

/** Every process of the machine. */
const table = shared(async (): Promise<Entry[]> => {
  if (!hasProc) return tableByPs()
  return pids().flatMap((pid) => {
    const entry = entryOf(pid)
    return entry ? [entry] : []
  })
})

/**
 * All who ask at one time share one look, which begins after the last of them has asked. Where many ask one after the
 * other, looking takes at most a quarter of the time: nothing else is done meanwhile.
 */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined
  let restedAt = 0
  const begin = async () => {
    next = undefined
    const from = performance.now()
    try {
      return await look()
    } finally {
      restedAt = performance.now() + 3 * (performance.now() - from)
    }
  }
  return () => {
    next ??= new Promise((resolve) => {
      const restMs = restedAt - performance.now()
      if (restMs > 0) setTimeout(() => resolve(begin()), restMs)
      else setImmediate(() => resolve(begin()))
    })
    return next
  }
}

const psEnv = { PATH: '/bin:/usr/bin', LC_ALL: 'C' }
const startIn = (words: readonly string[]) => words.join(' ').replaceAll(':', '.')

/** The same where there is no /proc (macOS, BSD). */
async function tableByPs(): Promise<Entry[]> {
  const { execa } = await import('execa')
  const { stdout } = await execa('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,lstart='], { env: psEnv, extendEnv: false })
  return stdout.split('\n').map((line) => {
    const [pid, parent, group, state = '', ...start] = line.trim().split(/\s+/)
    return {
      pid: Number(pid),
      pidStart: startIn(start),
      parent: Number(parent),
      group: Number(group),
      session: Number(group),
      isZombie: state.startsWith('Z'),
      isStopped: state.startsWith('T'),
    }
  })
}

/**
 * A mark of a process's start, without a colon, that no later process of the same number has; undefined when there is
 * no such process, or only its zombie.
 */
export function startOf(pid: number): string | undefined {
  if (!hasProc) return startByPs(pid)
  const entry = entryOf(pid)
  return entry && !entry.isZombie ? entry.pidStart : undefined
}

function startByPs(pid: number): string | undefined {
  const asked = ['-o', 'stat=,lstart=', '-p', String(pid)]
  // Loaded here only: where there is /proc, whoever asks is spared it.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { stdout } = spawnSync('ps', asked, { encoding: 'utf8', env: psEnv })
  const [state = '', ...start] = stdout.trim().split(/\s+/)
  return state === '' || state.startsWith('Z') ? undefined : startIn(start)
}

/** Who this is, also when it has just ended and its number is not free yet. */
export const identityOf = (pid: number): ProcessIdentity => ({
  pid,
  pidStart: (hasProc ? entryOf(pid)?.pidStart : startByPs(pid)) ?? '',
})

export const isAlive = (one: ProcessIdentity) => startOf(one.pid) === one.pidStart

/** Those of them that live; one question for all where there is no /proc. */
async function alive(some: readonly ProcessIdentity[]): Promise<ProcessIdentity[]> {
  if (hasProc || some.length === 0) return some.filter(isAlive)
  const starts = new Map((await tableByPs()).filter((each) => !each.isZombie).map((each) => [each.pid, each.pidStart]))
  return some.filter(({ pid, pidStart }) => starts.get(pid) === pidStart)
}

/** Of a text that begins with `pid:start`. */
export function identityIn(text: string): ProcessIdentity {
  const [pid = '', pidStart = ''] = text.split(':')
  return { pid: Number(pid), pidStart }
}

// Marks

/** Processes of this user whose environment bears a mark. Where there is no /proc: none. */
export async function marked({ variable, holds }: Mark): Promise<ProcessIdentity[]> {
  return (await bearers()).filter(({ marks }) => {
    const value = marks.get(variable)
    return value !== undefined && holds(value)
  })
}

type Bearer = ProcessIdentity & { marks: ReadonlyMap<string, string> }

const bearers = shared(async (): Promise<Bearer[]> => {
  if (!hasProc) return []
  const found: Bearer[] = []
  for (const pid of pids()) {
    const marks = marksIn(await environmentOf(pid))
    const pidStart = marks.size === 0 ? undefined : startOf(pid)
    if (pidStart !== undefined) found.push({ pid, pidStart, marks })
  }
  return found
})

const becomesWithinMs = 500

/** While a process becomes another program it shows neither environment nor arguments: it is looked at again. */
async function environmentOf(pid: number): Promise<string> {
  let bare = 0
  for (const end = performance.now() + becomesWithinMs; ; ) {
    const text = readOf(pid, 'environ')
    if (text !== '' || performance.now() > end) return text
    if (readOf(pid, 'cmdline') !== '') {
      // It may have become it between the two; more than once in a row it has none.
      if (++bare === 3) return ''
      continue
    }
    bare = 0
    const entry = entryOf(pid)
    // Gone, or the kernel's own.
    if (!entry || entry.isZombie || entry.parent === 2 || pid === 2) return ''
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

// Signals

/** Never the town itself, even where it was started from inside a session; never the whole machine. */
const mayBeSignalled = ({ pid }: ProcessIdentity) => pid >= 2 && pid !== process.pid

/** false: it is not ours to signal. */
function signalTo(one: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): boolean {
  if (!mayBeSignalled(one) || !isAlive(one)) return true
  try {
    return process.kill(one.pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
    return code !== 'EPERM'
  }
}

/** Resolves when it is so, after withinMs, or when the signal comes. */
async function until(isSo: () => Promise<boolean>, withinMs: number, signal?: AbortSignal): Promise<void> {
  for (const end = performance.now() + withinMs; !(await isSo()); ) {
    if (signal?.aborted || performance.now() >= end) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
