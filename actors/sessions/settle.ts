// A session that is to end and is in the midst of something: a moment to finish it. Who hands over and then closes its
// issue, says its last words, or commits once more, is not cut off within the very command.
// Never: waits for one that waits itself; reads more of the machine than the session's own processes.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProcessIdentity } from '../proc.ts'
import { isAlive } from '../processes.ts'

const mostMs = 1500
const stepMs = 15
/** Looks in a row at which nothing of it moved. */
const quietLooks = 2

/** Resolves when the session has gone, or does nothing, or after `mostMs`; at once where there is no /proc. */
export async function settled(leader: ProcessIdentity, signal: AbortSignal): Promise<void> {
  let before: string | undefined
  let quiet = 0
  for (const end = performance.now() + mostMs; performance.now() < end && quiet < quietLooks; ) {
    const now = isAlive(leader) ? activityOf(leader.pid) : undefined
    if (now === undefined || signal.aborted) return
    quiet = now.isBusy || now.text !== before ? 0 : quiet + 1
    before = now.text
    await pause(stepMs)
  }
}

/** Of a process and all below it: who they are, and what of memory and processor they have used; undefined: cannot be seen. */
function activityOf(pid: number): { text: string; isBusy: boolean } | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === '') return undefined
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const below = read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter(Boolean)
    .flatMap((child) => activityOf(Number(child)) ?? [])
  const used = fields.slice(6, 14).join(' ')
  return {
    text: [`${pid} ${used}`, ...below.map(({ text }) => text)].join(';'),
    isBusy: state === 'R' || state === 'D' || below.some(({ isBusy }) => isBusy),
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (['EACCES', 'ENOENT', 'ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}
