// What the kernel tells of processes in /proc: who each is, whose, and with which environment it was started.
// Never: starts a program to find out; every `bd` pays for this file. Elsewhere than on Linux there is nothing.
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'

export interface ProcessIdentity {
  pid: number
  /** What startOf said when it was recorded. */
  pidStart: string
}

export interface Entry extends ProcessIdentity {
  parent: number
  group: number
  session: number
  /** It has ended, and nobody has asked how. */
  isZombie: boolean
  /** Somebody has stopped it: it does nothing until it is let go on. */
  isStopped: boolean
}

export const hasProc = existsSync('/proc/self/stat')

/** Variables by which the town knows what its own programs started, wherever that went; each names one run. */
export type MarkVariable = 'GT_SESSION' | 'GT_GATE' | 'GT_RUN'
/** The numbers of all there are. */
export const pids = () =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)

/** Who a process is and whose; undefined when there is none, or where there is no /proc. */
export function entryOf(pid: number): Entry | undefined {
  const stat = readOf(pid, 'stat')
  if (stat === '') return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent, group, session] = fields
  return {
    pid,
    pidStart: fields[19] ?? '',
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    isZombie: state === 'Z' || state === 'X',
    isStopped: state === 'T',
  }
}

/** Read again and again, of every process there is: into the same memory. */
const piece = Buffer.alloc(64 * 1024)

/** A file of a process in /proc; empty when it is gone, or is somebody else's. */
export function readOf(pid: number, file: string): string {
  let fd: number | undefined
  try {
    fd = openSync(`/proc/${pid}/${file}`, 'r')
    let text = ''
    for (let bytes = readSync(fd, piece); bytes > 0; bytes = readSync(fd, piece))
      text += piece.toString('latin1', 0, bytes)
    return text
  } catch (error) {
    if (['EACCES', 'ENOENT', 'ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** What the town's marks say in the environment a process was started with; none where it cannot be read. */
export const marksOf = (pid: number): ReadonlyMap<string, string> => marksIn(readOf(pid, 'environ'))

/** The town's marks in the text of an environment. */
export function marksIn(environment: string): Map<string, string> {
  if (!environment.includes('GT_')) return new Map()
  return new Map(
    [
      ...Buffer.from(environment, 'latin1')
        .toString('utf8')
        .matchAll(/(?:^|\0)(GT_SESSION|GT_GATE|GT_RUN)=([^\0]*)/g),
    ].map(([, variable = '', value = '']) => [variable, value]),
  )
}
