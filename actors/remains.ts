// What a daemon that is gone, or does not answer, has left: its record, its process, and all that the town started.
// Never: signals a process that is not the recorded one.
import { rmSync } from 'node:fs'
import { z } from 'zod'
import { endPrograms, programMarks } from './ends.ts'
import { noteAt } from './files.ts'
import { endLeftover } from './gates/hands.ts'
import { endLeftGits, leftGits } from './git/running.ts'
import { townLayout } from './layout.ts'
import { endEach, isAlive, marked } from './processes.ts'
import { endSessions } from './sessions/session.ts'

const record = z.object({
  pid: z.int().min(2),
  /** Its start; a record of an older version does not have it, and names nobody. */
  pid_start: z.string().min(1),
  started_at: z.iso.datetime(),
})

export interface DaemonRecord {
  pid: number
  pidStart: string
  /** Milliseconds since the epoch. */
  startedAt: number
}

/** The daemon that daemon.json names, alive or not; undefined when it names none. */
export function daemonIn(town: string): DaemonRecord | undefined {
  const noted = noteAt(townLayout(town).daemonJson, record)
  if (!noted) return undefined
  const { pid, pid_start: pidStart, started_at } = noted
  return { pid, pidStart, startedAt: Date.parse(started_at) }
}

/** That of sessions first: they may ask once the other is there. */
export function socketsOf(town: string): readonly string[] {
  const { workSocket, socket } = townLayout(town)
  return [workSocket, socket]
}

/** How long a daemon that says nothing has to end by itself, in milliseconds. */
const daemonGraceMs = 3000
/** The same for a session. */
const sessionGraceMs = 2000

/**
 * Ends a daemon that does not answer; its process number, or undefined when there was none. A stopped one is killed.
 */
export async function endDaemon(town: string): Promise<number | undefined> {
  const daemon = daemonIn(town)
  if (!daemon || !isAlive(daemon)) return undefined
  await endEach([daemon], daemonGraceMs)
  if (isAlive(daemon)) throw new Error(`the daemon (pid ${daemon.pid}) does not end, although it was killed`)
  return daemon.pid
}

/**
 * Ends the gates, setups, plugins and gits that a daemon which is gone had started; how many processes. Nobody waits
 * for them, and they would work beside what is started anew.
 */
export async function endLeftPrograms(town: string, rigs: readonly string[]): Promise<number> {
  const found = (await Promise.all(programMarks(town).map(marked))).flat()
  const gits = leftGits(town)
  await Promise.all([endLeftGits(town), endPrograms(town), ...rigs.map((rig) => endLeftover(town, rig))])
  return new Set([...found, ...gits].map(({ pid }) => pid)).size
}

/** Ends all that a daemon which is gone had started, but for sessions that are to be kept; says which sessions. */
export async function endRemains(town: string, rigs: readonly string[], keepSessions: boolean): Promise<string[]> {
  const { sessions, daemonJson } = townLayout(town)
  const ended = keepSessions ? [] : await endSessions(sessions, null, sessionGraceMs, new AbortController().signal)
  await endLeftPrograms(town, rigs)
  for (const path of socketsOf(town)) rmSync(path, { force: true })
  rmSync(daemonJson, { force: true })
  return ended
}
